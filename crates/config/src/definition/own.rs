//! Tasks that no table of the configuration writes: the built-in ones, and those that the files of kinds ask for. It makes
//! none where the configuration has one of that name; the caller sees to that.

use std::{path::PathBuf, sync::Arc};

use roundsman_model::{TaskDefinition, TaskName};
use serde_json::Value;

use super::{Made, Surroundings};
use crate::{
    draft::Draft,
    header,
    kinds::KindFacts,
    node::{Reading, Table, join, table_json},
    origin::Row,
    pass::{Known, Pass},
    source::{Source, Span},
    tables::TaskTable,
    unsupported::Section,
    with,
};

/// Makes the definition of a kind's built-in task, if it has one.
pub(crate) fn built_in(
    pass: &mut Pass<'_>,
    kind: &str,
    around: &Surroundings<'_>,
) -> Option<(TaskDefinition, Vec<Row>)> {
    let known = pass.kind(kind)?;
    let facts = &known.facts;
    let schedule = facts.built_in()?.to_owned();
    let name = kind.parse().ok()?;
    let wanted = TaskTable {
        uses: Some(kind.to_owned()),
        schedule: Some(schedule),
        run_at_first_start: Some(true),
        ..TaskTable::default()
    };
    let path = join("tasks", kind);
    let with = built_in_with(pass, facts, &join(&path, "with"));
    let with_rows = with::rows(&with, facts, kind, &join(&path, "with"));
    let mut made = Made {
        pass,
        path,
        kind: kind.to_owned(),
        table: Table::new(),
        header: None,
        own: true,
        rows: Vec::new(),
    };
    let with = Value::Object(table_json(&with, Reading::Written));
    let definition = made.definition(&name, &wanted, facts, with, around)?;
    let mut rows = made.rows;
    rows.extend(with_rows);
    Some((definition, rows))
}

/// What the environment fills in where nobody writes anything.
fn built_in_with(pass: &mut Pass<'_>, facts: &KindFacts, path: &str) -> Table {
    // It wants a place; the built-in task has none, so it is taken off again.
    let source = Arc::new(Source { path: PathBuf::new(), text: String::new() });
    let span = Span { source, range: 0..0 };
    let (mark, mut with) = (pass.mark(), Table::new());
    with::fill(pass, &mut with, facts, path, &span);
    if !with.is_empty() {
        with::check(pass, &with, facts, path, &span);
    }
    let drafts = pass.drafts_since(mark);
    pass.drafts.extend(drafts.into_iter().map(|draft| Draft { span: None, ..draft }));
    with
}

/// Makes a definition of what the file of a kind says and nothing else. For its own task (`own`) the kind's config must be
/// in order as well; for tasks of the configuration it is theirs.
pub(crate) fn of_header(
    pass: &mut Pass<'_>,
    kind: &str,
    known: &Known,
    around: &Surroundings<'_>,
    own: bool,
) -> Option<(TaskDefinition, Vec<Row>)> {
    let Known { facts, header } = known;
    let header = header.as_ref()?;
    let before = pass.mark();
    pass.drafts.extend(header.drafts.iter().cloned());
    let mut table = Table::new();
    header.lay_below(&mut table);
    let known_keys = pass.keys_of::<TaskTable>();
    let misspelt = header::take_misspelt(&mut table, &known_keys);
    pass.drafts.extend(misspelt);
    let mut wanted: TaskTable = pass.section(Section::Task, &mut table, "", None);
    let name = kind.parse::<TaskName>();
    if let Err(error) = &name {
        pass.drafts.push(Draft::new("", Some(&header.head()), error.to_string()));
    }
    let mut with = Table::new();
    if own {
        with::fill(pass, &mut with, facts, "params", &header.head());
        with::check(pass, &with, facts, "params", &header.head());
    }
    wanted.uses = Some(kind.to_owned());
    let path = join("tasks", kind);
    let with_rows = with::rows(&with, facts, kind, &join(&path, "with"));
    let mut made =
        Made { pass, path, kind: kind.to_owned(), table, header: Some(header), own: true, rows: Vec::new() };
    let with = Value::Object(table_json(&with, Reading::Written));
    let definition = made.definition(&name.ok()?, &wanted, facts, with, around)?;
    made.check_grace(&definition, around);
    let mut rows = made.rows;
    rows.extend(with_rows);
    (!pass.is_wrong_since(before)).then_some((definition, rows))
}
