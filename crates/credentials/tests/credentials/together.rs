//! Several processes and threads at one vault: nothing that was set is lost, and readers never meet half a change.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use roundsman_credentials::{KEY_FILE, KeyLookup, Which};

use crate::stage::{Stage, value, vault_at};

const FOLDER: &str = "WRITER_FOLDER";
const NAME: &str = "WRITER_NAME";
const SETS: usize = 25;

#[test]
#[expect(clippy::disallowed_methods, reason = "the writers are this program again")]
fn processes_that_set_at_once_lose_nothing() {
    if let (Some(folder), Ok(name)) = (std::env::var_os(FOLDER), std::env::var(NAME)) {
        let lookup = KeyLookup { own: Path::new(&folder).join(KEY_FILE), ..KeyLookup::default() };
        let vault = vault_at(Path::new(&folder).join("vault.ini"), lookup);
        for number in 0..SETS {
            vault.set(&name, &format!("field{number}"), Which::Current, &format!("{name} {number}")).unwrap();
        }
        return;
    }
    let stage = Stage::new();
    let writer = |name: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "together::processes_that_set_at_once_lose_nothing"]);
        command.env(FOLDER, stage.path("")).env(NAME, name).spawn().unwrap()
    };
    let writers = ["one", "two", "three"].map(writer);
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    for name in ["one", "two", "three"] {
        for number in 0..SETS {
            let there = value(&stage.vault(), name, &format!("field{number}"));
            assert_eq!(there, Some(format!("{name} {number}")));
        }
    }
}

#[test]
fn readers_see_every_value_while_keys_are_rotated() {
    let stage = Stage::new();
    for number in 0..20 {
        stage
            .vault()
            .set("a", &format!("field{number}"), Which::Current, &format!("value {number}"))
            .unwrap();
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut read = 0;
                    while !over.load(Ordering::SeqCst) {
                        let section = stage.vault().section("a").unwrap().unwrap();
                        assert_eq!(section.len(), 20);
                        assert_eq!(section["field7"].as_str(), "value 7");
                        read += 1;
                    }
                    read
                })
            })
            .collect();
        for _ in 0..15 {
            stage.vault().rotate().unwrap();
            stage.vault().finish_rotation().unwrap();
        }
        over.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}

#[test]
fn an_unfinished_rotation_is_not_begun_again() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    let rotated = stage.vault().rotate().unwrap();
    assert_eq!((rotated.values, rotated.made_key, rotated.older), (1, true, 1));
    let again = stage.vault().rotate().unwrap_err().to_string();
    assert!(again.contains("rotate --finish"), "{again}");
    let finished = stage.vault().finish_rotation().unwrap();
    assert_eq!((finished.values, finished.older), (0, 1));
    assert_eq!(stage.mode("vault.key"), 0o600);
}

#[test]
fn a_key_that_somebody_put_in_front_is_rotated_to() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    let old = stage.lookup().load().unwrap().newest().text();
    let new = roundsman_credentials::Key::generate().text();
    let mut lookup = stage.lookup();
    lookup.variable = Some(zeroize::Zeroizing::new(format!("{},{}", *new, *old)));
    let rotated = stage.vault_with(lookup.clone()).rotate().unwrap();
    assert_eq!((rotated.values, rotated.made_key, rotated.older), (1, false, 1));
    lookup.variable = Some(new);
    assert_eq!(value(&stage.vault_with(lookup), "a", "b").as_deref(), Some("some value"));
}

#[test]
fn a_vault_with_the_same_key_file_opens_again_with_the_keys_that_were_dropped() {
    let stage = Stage::new();
    let other = crate::stage::vault_at(stage.path("other.ini"), stage.lookup());
    other.init().unwrap();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    other.set("a", "b", Which::Current, "of the other").unwrap();
    for _ in 0..2 {
        stage.vault().rotate().unwrap();
        let finished = stage.vault().finish_rotation().unwrap();
        assert_eq!(finished.kept, Some(stage.path("vault.key.dropped")));
    }
    assert_eq!(stage.mode("vault.key.dropped"), 0o600);
    let inspection = stage.vault().inspect().unwrap();
    assert_eq!((inspection.keys, inspection.newest), (1, 1));
    assert_eq!(inspection.dropped, Some((2, stage.path("vault.key.dropped"))));
    assert!(other.section("a").is_err());
    stage.write("vault.key", &(stage.text("vault.key") + &stage.text("vault.key.dropped")));
    assert_eq!(value(&other, "a", "b").as_deref(), Some("of the other"));
    assert!(stage.lookup().files().contains(&stage.path("vault.key.dropped")), "tasks are kept from it");
}
