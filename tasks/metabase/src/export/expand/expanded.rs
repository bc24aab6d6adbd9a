//! What items come to, and what is to be told of those that come to nothing. It asks nothing.

use crate::{
    config::{CardRef, Item, What},
    export::unit::Unit,
};

/// What items come to.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// The files to be.
    pub units: Vec<Unit>,
    /// What a person should know of what is not among them; a sentence each.
    pub notes: Vec<String>,
}

/// Why an item comes to no file at all.
pub(super) fn why_nothing(item: &Item) -> String {
    match item.what() {
        Some(What::Collection(of)) if item.include.is_empty() && item.exclude.is_empty() => {
            let of = shown(of);
            let deeper =
                if item.recursive { "" } else { " itself (recursive = true looks into those within it)" };
            format!("nothing is exported: there is no question in collection {of}{deeper}")
        }
        Some(What::Collection(of)) => {
            let of = shown(of);
            format!("nothing is exported: include and exclude let no question of collection {of} through")
        }
        Some(What::Dashboard(of)) => {
            format!("nothing is exported: dashboard {} shows no question", shown(of))
        }
        _ => "nothing is exported".to_owned(),
    }
}

/// A question, dashboard or collection as people wrote it.
pub(super) fn shown(of: &CardRef) -> String {
    match of {
        CardRef::Number(number) => number.to_string(),
        CardRef::Entity(id) => id.clone(),
    }
}
