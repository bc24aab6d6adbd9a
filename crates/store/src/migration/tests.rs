//! Which stores may be used, created or migrated, and by whom.

use super::{Found, NEWEST, Todo, decide};
use crate::{StoreError, open::Role};

fn word(found: Found, role: Role) -> &'static str {
    match decide(found, role, "sqlite:x".to_owned()) {
        Ok(Todo::Ready) => "ready",
        Ok(Todo::Steps { from: 0 }) => "create",
        Ok(Todo::Steps { .. }) => "migrate",
        Err(StoreError::Missing { .. }) => "missing",
        Err(StoreError::Foreign { .. }) => "foreign",
        Err(StoreError::TooNew { .. }) => "too new",
        Err(StoreError::NeedsMigration { .. }) => "needs migration",
        Err(StoreError::HalfImported { .. }) => "half imported",
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn who_may_do_what_with_which_store() {
    let store = |schema, min_reader| Found::Store { schema, min_reader, importing: false };
    for (found, daemon, one_shot, reader) in [
        (Found::Empty, "create", "create", "missing"),
        (Found::Foreign, "foreign", "foreign", "foreign"),
        (store(NEWEST, NEWEST), "ready", "ready", "ready"),
        (store(NEWEST + 3, NEWEST), "ready", "ready", "ready"),
        (store(NEWEST + 3, NEWEST + 1), "too new", "too new", "too new"),
    ] {
        assert_eq!(word(found, Role::Daemon), daemon, "{found:?}");
        assert_eq!(word(found, Role::OneShot), one_shot, "{found:?}");
        assert_eq!(word(found, Role::Reader), reader, "{found:?}");
    }
    let old = Found::Store { schema: NEWEST - 1, min_reader: 1, importing: false };
    assert_eq!(word(old, Role::OneShot), "needs migration");
    assert_eq!(word(old, Role::Reader), "needs migration");
    assert_eq!(decide(old, Role::Daemon, String::new()).unwrap(), Todo::Steps { from: NEWEST - 1 });
}

#[test]
fn only_an_import_goes_on_with_what_an_import_left() {
    let half = Found::Store { schema: NEWEST, min_reader: NEWEST, importing: true };
    for role in [Role::Daemon, Role::OneShot, Role::Reader] {
        assert_eq!(word(half, role), "half imported");
    }
    assert_eq!(word(half, Role::Importer), "ready");
    assert_eq!(word(Found::Empty, Role::Importer), "create");
}
