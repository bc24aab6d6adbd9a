//! Block and release of groups: single lists, and any sequence of them with the doings of others in between.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod any_sequence;
mod lists;

use super::{Block, BlockLevel, Entry, Grant, Level, Permission, Principal};

fn user(name: &str) -> Principal {
    Principal::User(format!("{name}@example.edu"))
}

fn group(name: &str) -> Principal {
    Principal::Group(name.to_owned())
}

fn entry(principal: Principal, level: Level, inherited: bool) -> Entry {
    Entry { principal, permissions: vec![Permission { level, inherited }] }
}

fn block(level: BlockLevel, students: &[String]) -> Block<'_> {
    Block { group: "group_07", level, students }
}

/// One grant a line: who, what.
fn shown(grants: &[Grant]) -> String {
    let line = |grant: &Grant| {
        let who = match &grant.principal {
            Principal::User(name) | Principal::Group(name) | Principal::ServicePrincipal(name) => name,
        };
        format!("{who} {}\n", grant.level.as_str())
    };
    grants.iter().map(line).collect()
}
