//! Which versions of kinds from files count, and all definitions made with them: the newest that fit the configuration and
//! each other. It reads no file, and does not know which version a daemon accepted; the caller says so.

use roundsman_model::TaskDefinition;

use crate::{
    chain::{Chains, Unchained},
    definition::{self, Surroundings},
    draft::{self, Draft},
    kinds::Unscheduled,
    node::{Entry, Table, Written},
    origin::Row,
    pass::Pass,
};

/// What definitions are made from.
pub(crate) struct Wanted<'a> {
    pub(crate) tasks: &'a Table,
    /// Whether kinds that need no configuration have a task of their own.
    pub(crate) builtin_tasks: bool,
    pub(crate) around: Surroundings<'a>,
}

/// A definition and its rows of `config show`.
pub(crate) type Defined = (TaskDefinition, Vec<Row>);

/// A kind whose version of now does not fit, and why.
struct Blamed {
    kind: String,
    drafts: Vec<Draft>,
}

/// Makes all definitions. A mistake in the file of a kind never stands in the way: then the version before counts, or the
/// kind is left out. Everything else that is wrong is reported.
pub(crate) fn define(pass: &mut Pass<'_>, wanted: &Wanted<'_>) -> Vec<Defined> {
    let start = pass.mark();
    let mut held = Vec::new();
    loop {
        // Each further turn gives up a version of a kind or takes one more gone kind along, so that there is a last one.
        match turn(pass, wanted, &held) {
            Turn::Done(defined) => return defined,
            Turn::Blames(blamed) => {
                pass.rewind(start);
                for Blamed { kind, drafts } in blamed {
                    let reason = draft::reason(drafts, &pass.secrets);
                    pass.step_back(&kind, &reason);
                }
            }
            Turn::Holds(kinds) => {
                pass.rewind(start);
                held.extend(kinds);
            }
        }
    }
}

/// What came of one try.
enum Turn {
    /// Whatever is wrong now is not the fault of a file of a kind.
    Done(Vec<Defined>),
    Blames(Vec<Blamed>),
    /// Tasks of kinds that are gone, which others still follow.
    Holds(Vec<String>),
}

fn turn(pass: &mut Pass<'_>, wanted: &Wanted<'_>, held: &[String]) -> Turn {
    let mut defined = Vec::new();
    let mut blamed = Vec::new();
    pass.unscheduled.clear();
    for kind in pass.present.clone().iter().chain(held) {
        match of_header(pass, kind, wanted) {
            Ok(made) => defined.extend(made),
            Err(one) => blamed.push(one),
        }
    }
    if !blamed.is_empty() {
        return Turn::Blames(blamed);
    }
    for (name, entry) in wanted.tasks {
        match configured(pass, name, entry, wanted) {
            Ok(made) => defined.extend(made),
            Err(one) => blamed.push(one),
        }
    }
    if !blamed.is_empty() {
        return Turn::Blames(blamed);
    }
    if wanted.builtin_tasks {
        for kind in pass.present.clone() {
            if !wanted.tasks.contains_key(&kind)
                && !defined.iter().any(|(made, _)| made.name.as_str() == kind)
            {
                defined.extend(definition::built_in(pass, &kind, &wanted.around));
            }
        }
    }
    let names = wanted.tasks.keys().map(String::as_str);
    let unchained = Chains::new(&pass.links, names, wanted.around.incomplete).problems();
    chained(pass, unchained, defined, held)
}

/// Checks the header of a kind by itself, and makes its own task where it has one. Where only its params are in the way of that
/// task, since somebody must say what they are, the kind can be used all the same.
fn of_header(pass: &mut Pass<'_>, kind: &str, wanted: &Wanted<'_>) -> Result<Option<Defined>, Blamed> {
    let Some(known) = pass.kind(kind) else { return Ok(None) };
    let Some(header) = &known.header else { return Ok(None) };
    let own = header.scheduled && !wanted.tasks.contains_key(kind);
    let mark = pass.mark();
    let made = definition::of_header(pass, kind, &known, &wanted.around, own);
    if !pass.is_wrong_since(mark) {
        if !own {
            pass.rewind(mark);
        }
        return Ok(made.filter(|_| own));
    }
    let drafts = pass.rewind(mark);
    // What was accepted before, its own task included, goes on as long as nobody waits for the version of now.
    let is_wanted = pass.before(kind).is_none()
        || wanted.tasks.values().any(|entry| kind_of(entry).as_deref() == Some(kind));
    if own && is_wanted {
        definition::of_header(pass, kind, &known, &wanted.around, false);
        let stands = !pass.is_wrong_since(mark);
        pass.rewind(mark);
        if stands {
            let reason = draft::reason(drafts, &pass.secrets);
            pass.unscheduled.push(Unscheduled { kind: kind.to_owned(), reason });
            return Ok(None);
        }
    }
    Err(Blamed { kind: kind.to_owned(), drafts })
}

/// The kind that a task of the configuration names.
fn kind_of(entry: &Entry) -> Option<String> {
    match &entry.node.table()?.get("uses")?.node.value {
        Written::Text(text) => Some(text.written.clone()),
        _ => None,
    }
}

/// Makes the definition of a task of the configuration. Where it does not fit the version of now of its kind, and fits the
/// version before, the version of now is to blame.
fn configured(
    pass: &mut Pass<'_>,
    name: &str,
    entry: &Entry,
    wanted: &Wanted<'_>,
) -> Result<Option<Defined>, Blamed> {
    let mark = pass.mark();
    let made = definition::written(pass, name, entry, &wanted.around);
    if !pass.is_wrong_since(mark) {
        return Ok(made);
    }
    let Some((kind, before)) =
        kind_of(entry).and_then(|kind| pass.before(&kind).map(|before| (kind, before)))
    else {
        return Ok(made);
    };
    let Some(now) = pass.kind(&kind) else { return Ok(made) };
    let drafts = pass.rewind(mark);
    pass.replace(&kind, Some(before));
    definition::written(pass, name, entry, &wanted.around);
    let fits = !pass.is_wrong_since(mark);
    pass.rewind(mark);
    pass.replace(&kind, Some(now));
    if fits {
        return Err(Blamed { kind, drafts });
    }
    pass.drafts.extend(drafts);
    Ok(made)
}

/// Finds out whose fault it is that tasks cannot follow each other.
fn chained(pass: &mut Pass<'_>, unchained: Vec<Unchained>, defined: Vec<Defined>, held: &[String]) -> Turn {
    let mut blamed = Vec::new();
    let mut holds = Vec::new();
    for Unchained { draft, tasks, missing } in &unchained {
        let blame = |kind: String| Blamed { kind, drafts: vec![draft.clone()] };
        let links = pass.links.iter().filter(|link| tasks.contains(&link.task));
        let kinds: Vec<String> = links.filter_map(|link| link.of_kind.clone()).collect();
        // What has changed is to blame before what has been there.
        let changed: Vec<String> = kinds.iter().filter(|kind| pass.before(kind).is_some()).cloned().collect();
        blamed.extend(if changed.is_empty() { kinds } else { changed }.into_iter().map(blame));
        let Some(kind) = missing else { continue };
        if pass.present.contains(kind) {
            let before = pass.before(kind);
            let was_there = before.and_then(|known| known.header.as_ref().map(|header| header.scheduled));
            blamed.extend(was_there.filter(|was| *was).map(|_| blame(kind.clone())));
        } else if !held.contains(kind) {
            let known = pass.kind(kind);
            let was_there = known.is_some_and(|known| known.header.as_ref().is_some_and(|it| it.scheduled));
            holds.extend(was_there.then(|| kind.clone()));
        }
    }
    if !holds.is_empty() {
        return Turn::Holds(holds);
    }
    if !blamed.is_empty() {
        return Turn::Blames(blamed);
    }
    pass.drafts.extend(unchained.into_iter().map(|unchained| unchained.draft));
    Turn::Done(defined)
}
