//! A change that is cut off by kill -9 at any of its steps leaves a vault whose values all open, and can be done again.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, ExitStatus},
    sync::atomic::{AtomicUsize, Ordering},
};

use roundsman_credentials::{Error, KEY_FILE, KeyLookup, Step, Vault, Which};
use rustix::process::{Signal, getpid, kill_process};

use crate::stage::{Stage, value, vault_at};

/// The step before which the process ends itself.
const CUT_AT: &str = "CUT_AT";
/// The folder of its vault.
const FOLDER: &str = "CUT_FOLDER";

static STEPS: AtomicUsize = AtomicUsize::new(0);

fn cut(_: Step) {
    let at: usize = std::env::var(CUT_AT).unwrap().parse().unwrap();
    if STEPS.fetch_add(1, Ordering::SeqCst) == at {
        kill_process(getpid(), Signal::KILL).unwrap();
    }
}

/// Runs the named test again as a process that is cut off before step `at` of its change.
#[expect(clippy::disallowed_methods, reason = "the process that is cut off is this program again")]
fn cut_off(test: &str, folder: &Path, at: usize) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("cut_off::{test}")]).env(CUT_AT, at.to_string()).env(FOLDER, folder);
    command.output().unwrap().status
}

/// The vault of the process that is to be cut off, if this is that process.
fn victim() -> Option<Vault> {
    let folder = std::env::var_os(FOLDER)?;
    let lookup = KeyLookup { own: Path::new(&folder).join(KEY_FILE), ..KeyLookup::default() };
    Some(vault_at(Path::new(&folder).join("vault.ini"), lookup).told(cut))
}

fn filled() -> Stage {
    let stage = Stage::new();
    for number in 0..5 {
        stage
            .vault()
            .set("a", &format!("field{number}"), Which::Current, &format!("value {number}"))
            .unwrap();
    }
    stage
}

fn all_open(stage: &Stage, at: usize) {
    for number in 0..5 {
        let there = value(&stage.vault(), "a", &format!("field{number}"));
        assert_eq!(there, Some(format!("value {number}")), "cut off before step {at}");
    }
}

/// Cuts a change off before each of its steps, one after the other, and looks at what is left.
fn at_every_step(test: &str, before: impl Fn(&Stage), after: impl Fn(&Stage, usize)) -> usize {
    for at in 0.. {
        let stage = filled();
        before(&stage);
        let status = cut_off(test, &stage.path(""), at);
        all_open(&stage, at);
        after(&stage, at);
        all_open(&stage, at);
        assert_eq!(
            stage.files().iter().filter(|name| name.contains(".tmp")).count(),
            0,
            "{:?}",
            stage.files()
        );
        if status.success() {
            return at;
        }
        assert_eq!(status.signal(), Some(9), "{status}");
    }
    unreachable!("there are fewer steps than numbers")
}

#[test]
fn a_rotation_can_be_cut_off_anywhere() {
    if let Some(vault) = victim() {
        vault.rotate().unwrap();
        return;
    }
    let steps = at_every_step(
        "a_rotation_can_be_cut_off_anywhere",
        |_| {},
        |stage, at| {
            match stage.vault().rotate() {
                // Cut off after the vault was replaced: all is done.
                Err(Error::Unfinished) => {}
                other => drop(other.unwrap()),
            }
            let inspection = stage.vault().inspect().unwrap();
            assert_eq!((inspection.keys, inspection.newest), (2, 5), "cut off before step {at}");
            stage.vault().finish_rotation().unwrap();
            assert_eq!(stage.lookup().load().unwrap().count(), 1);
        },
    );
    assert_eq!(steps, 12, "six steps for the keys, six for the vault");
}

#[test]
fn the_end_of_a_rotation_can_be_cut_off_anywhere() {
    if let Some(vault) = victim() {
        vault.finish_rotation().unwrap();
        return;
    }
    let begin = |stage: &Stage| drop(stage.vault().rotate().unwrap());
    let steps = at_every_step("the_end_of_a_rotation_can_be_cut_off_anywhere", begin, |stage, _| {
        stage.vault().finish_rotation().unwrap();
        let inspection = stage.vault().inspect().unwrap();
        assert_eq!((inspection.keys, inspection.newest), (1, 5));
        stage.vault().set("a", "other", Which::Current, "some value").unwrap();
    });
    assert_eq!(steps, 12, "six steps for the keys that are dropped, six for those that stay");
}

#[test]
fn a_set_can_be_cut_off_anywhere() {
    if let Some(vault) = victim() {
        vault.set("a", "another", Which::Current, "some value").unwrap();
        return;
    }
    let steps = at_every_step(
        "a_set_can_be_cut_off_anywhere",
        |_| {},
        |stage, at| {
            let there = value(&stage.vault(), "a", "another");
            assert_eq!(
                there.is_some(),
                at > 3,
                "it is there once the file was renamed (cut off before step {at})"
            );
            stage.vault().set("a", "another", Which::Current, "some value").unwrap();
        },
    );
    assert_eq!(steps, 6);
}
