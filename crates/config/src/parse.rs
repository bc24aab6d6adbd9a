//! From the text of a file to its tree, or to what is wrong with its syntax. It does not know which keys exist.

use std::sync::Arc;

use toml::de::DeTable;

use crate::{
    draft::Draft,
    node::{Node, Table},
    source::{Source, Span},
};

/// How the parser names what is written twice.
const DUPLICATE: &str = "duplicate key";

/// The tree of a file. Everything that is wrong with the syntax is reported, and then there is no tree.
pub(crate) fn parse(source: &Arc<Source>, drafts: &mut Vec<Draft>) -> Option<Table> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return Some(Node::of_table(table.get_ref(), source, drafts));
    }
    let mut table_twice = false;
    for error in &errors {
        let end = source.text.len();
        let span = Span { source: Arc::clone(source), range: error.span().unwrap_or(end..end) };
        if error.message() == DUPLICATE {
            let is_table = on_header(&span);
            let earlier = earlier(&span);
            // The keys of a table that is written twice are written twice too: once is enough said.
            if is_table || !table_twice || earlier.is_some() {
                drafts.push(duplicate(&span, earlier));
            }
            table_twice |= is_table;
        } else {
            let draft = Draft::new("", Some(&span), format!("this is not TOML: {}", error.message()));
            drafts.push(Draft { unparsed: true, ..draft });
        }
    }
    None
}

fn on_header(span: &Span) -> bool {
    span.source.text[span.line()].trim_start().starts_with('[')
}

fn name(span: &Span) -> &str {
    span.source.text.get(span.range.clone()).unwrap_or_default()
}

fn duplicate(span: &Span, earlier: Option<Span>) -> Draft {
    let line = span.source.text[span.line()].trim();
    let what = match line.strip_prefix('[') {
        Some(header) => {
            format!("the table [{}] is written twice", header.split(']').next().unwrap_or(header))
        }
        None => format!("the key `{}` is written twice in one table", name(span)),
    };
    let draft = Draft::new("", Some(span), what).expected("it once");
    Draft { also: earlier, unparsed: true, ..draft }
}

/// The same header, or the same key in the same table, further up.
fn earlier(span: &Span) -> Option<Span> {
    let text = &span.source.text;
    let line = span.line();
    let is_header = on_header(span);
    let header = |text: &str| text.split('#').next().unwrap_or(text).trim().to_owned();
    let wanted = header(&text[line.clone()]);
    let mut end = line.start;
    while end > 0 {
        let start = text[..end - 1].rfind('\n').map_or(0, |at| at + 1);
        let candidate = &text[start..end];
        let found = if is_header {
            header(candidate) == wanted
        } else if candidate.trim_start().starts_with('[') {
            return None;
        } else {
            candidate.split('=').next().is_some_and(|key| key.trim() == name(span)) && candidate.contains('=')
        };
        if found {
            let lead = candidate.len() - candidate.trim_start().len();
            return Some(Span { source: Arc::clone(&span.source), range: start + lead..end });
        }
        end = start;
    }
    None
}
