//! Rules about what is written in a source file: length of functions, names others can see, and what has no
//! place in the tree. It knows no types, only syntax.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{Visibility, visit::Visit};

use super::{finding::Finding, names};

/// Over this, a function is split; tests too.
const TOO_MANY_LINES: usize = 60;

/// Why a test may wait for time to pass stands behind these words, on the line or the one above.
const SLEEP_REASON: &str = "// sleep: ";

/// Checks one file.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let parsed = text.parse::<TokenStream>().map_err(syn::Error::from);
    match parsed.and_then(|tokens| Ok((syn::parse2::<syn::File>(tokens.clone())?, tokens))) {
        Ok((file, tokens)) => {
            let mut shape = Shape { path, findings: Vec::new() };
            shape.visit_file(&file);
            let mut words = Tokens { path, text, is_test: is_test(path), findings: shape.findings };
            words.scan(tokens);
            words.findings
        }
        Err(error) => {
            vec![Finding::error(path, error.span().start().line, format!("does not parse: {error}"))]
        }
    }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').rev().skip(1).any(|folder| folder == "tests")
}

/// Looks at functions and names.
struct Shape<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Shape<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line - first + 1;
        if lines > TOO_MANY_LINES {
            let text = format!("fn {} has {lines} lines: split it (limit {TOO_MANY_LINES})", signature.ident);
            self.findings.push(Finding::error(self.path, first, text));
        }
    }

    /// A name that others can see.
    fn seen(&mut self, ident: &syn::Ident) {
        self.complain(ident, names::complain_about_word(&ident.to_string()));
    }

    fn seen_if_public(&mut self, visibility: &Visibility, ident: &syn::Ident) {
        if !matches!(visibility, Visibility::Inherited) {
            self.seen(ident);
        }
    }

    fn complain(&mut self, ident: &syn::Ident, complaint: Option<String>) {
        let line = ident.span().start().line;
        self.findings.extend(complaint.map(|complaint| Finding::error(self.path, line, complaint)));
    }
}

impl<'ast> Visit<'ast> for Shape<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        use syn::Item::{Const, Enum, Fn, Static, Struct, Trait, Type, Union};
        match item {
            Const(item) => self.seen_if_public(&item.vis, &item.ident),
            Enum(item) => self.seen_if_public(&item.vis, &item.ident),
            Fn(item) => self.seen_if_public(&item.vis, &item.sig.ident),
            Static(item) => self.seen_if_public(&item.vis, &item.ident),
            Struct(item) => self.seen_if_public(&item.vis, &item.ident),
            Trait(item) => self.seen_if_public(&item.vis, &item.ident),
            Type(item) => self.seen_if_public(&item.vis, &item.ident),
            Union(item) => self.seen_if_public(&item.vis, &item.ident),
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.complain(&module.ident, names::complain_about_place(&module.ident.to_string()));
        syn::visit::visit_item_mod(self, module);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.seen_if_public(&function.vis, &function.sig.ident);
        self.measure(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.seen(&function.sig.ident);
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.seen(&variant.ident);
        syn::visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(ident) = &field.ident {
            self.seen_if_public(&field.vis, ident);
        }
        syn::visit::visit_field(self, field);
    }
}

/// Looks at bare tokens, because what stands inside a macro call is no syntax tree.
struct Tokens<'a> {
    path: &'a str,
    text: &'a str,
    is_test: bool,
    findings: Vec<Finding>,
}

impl Tokens<'_> {
    fn scan(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let before = index.checked_sub(1).map(|index| &tokens[index]);
            let after = &tokens[index + 1..];
            match token {
                TokenTree::Group(group) if is_attribute(group, &tokens[..index]) => self.attribute(group),
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) => self.ident(ident, before, after),
                _ => {}
            }
        }
    }

    fn ident(&mut self, ident: &proc_macro2::Ident, before: Option<&TokenTree>, after: &[TokenTree]) {
        let line = ident.span().start().line;
        let is_macro = matches!(after, [bang, TokenTree::Group(_), ..] if is_punct(bang, '!'));
        if is_macro && (*ident == "todo" || *ident == "unimplemented") {
            self.findings.push(Finding::error(
                self.path,
                line,
                format!("{ident}! has no place in the tree: write it"),
            ));
        }
        let is_call =
            matches!(after, [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis);
        let is_definition = before.is_some_and(|token| is_ident(token, "fn"));
        if self.is_test && *ident == "sleep" && is_call && !is_definition && !self.has_sleep_reason(line) {
            let advice = "a test waits for a condition with a deadline or uses a fake clock; \
                          where time itself is the subject, say why behind `// sleep: `";
            self.findings.push(Finding::error(self.path, line, advice));
        }
    }

    fn attribute(&mut self, group: &Group) {
        let tokens: Vec<TokenTree> = flat(group.stream());
        let Some(first) = tokens.first() else { return };
        let line = first.span().start().line;
        let is_conditional = is_ident(first, "cfg_attr");
        for (name, advice) in [
            ("ignore", "mend the test or remove it"),
            ("should_panic", "return the error as a value and compare it"),
        ] {
            if is_ident(first, name) || is_conditional && tokens.iter().any(|token| is_ident(token, name)) {
                self.findings.push(Finding::error(
                    self.path,
                    line,
                    format!("{name} has no place in the tree: {advice}"),
                ));
            }
        }
        let is_exception = is_ident(first, "allow") || is_ident(first, "expect");
        if is_exception && !tokens.iter().any(|token| is_ident(token, "reason")) {
            let advice = "an exception from a lint says why: add `reason = \"…\"`";
            self.findings.push(Finding::error(self.path, line, advice));
        }
    }

    fn has_sleep_reason(&self, line: usize) -> bool {
        let above = line.saturating_sub(2);
        self.text.lines().skip(above).take(line - above).any(|line| line.contains(SLEEP_REASON))
    }
}

/// `#[…]` or `#![…]`.
fn is_attribute(group: &Group, before: &[TokenTree]) -> bool {
    let before = match before {
        [rest @ .., last] if is_punct(last, '!') => rest,
        other => other,
    };
    group.delimiter() == Delimiter::Bracket && before.last().is_some_and(|token| is_punct(token, '#'))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if *ident == name)
}

/// The tokens without the structure of their groups.
fn flat(stream: TokenStream) -> Vec<TokenTree> {
    let tokens = stream.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => flat(group.stream()),
        other => vec![other],
    });
    tokens.collect()
}

#[cfg(test)]
mod tests;
