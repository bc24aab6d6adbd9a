//! Configuration and store side by side.

use expect_test::expect;
use roundsman_store::TaskRow;

use super::{Standing, merge, note, pick};
use crate::cli::sample;

fn row(name: &str, schedule: &str) -> TaskRow {
    sample::in_force(sample::definition(name, schedule)).row.unwrap()
}

#[test]
fn each_standing() {
    let configured = [
        sample::definition("same", "0 2 * * *"),
        sample::definition("changed", "0 3 * * *"),
        sample::definition("new", "0 4 * * *"),
    ];
    let removed = TaskRow { removed_at: Some(sample::at(sample::NOW)), ..row("removed", "0 6 * * *") };
    let rows =
        vec![row("same", "0 2 * * *"), row("changed", "0 2 * * *"), row("dropped", "0 5 * * *"), removed];
    let tasks = merge(&configured, rows);
    let standing: Vec<(&str, Standing)> =
        tasks.iter().map(|task| (task.name().as_str(), task.standing)).collect();
    let expected = [
        ("changed", Standing::Changed),
        ("dropped", Standing::Dropped),
        ("new", Standing::New),
        ("removed", Standing::Removed),
        ("same", Standing::InForce),
    ];
    assert_eq!(standing, expected);
    // What fires is what is in force, not what somebody has written since.
    assert_eq!(tasks[0].reading(), "every day at 02:00");
    assert_eq!(tasks[3].next_slot(sample::at(sample::NOW)), None);
    expect!["the configuration differs from what is in force; `roundsman reload` puts it in force (new: new; changed: changed; dropped: dropped)"].assert_eq(&note(&tasks).unwrap());
}

#[test]
fn a_removed_task_that_is_configured_again_is_new() {
    let removed = TaskRow { removed_at: Some(sample::at(sample::NOW)), ..row("back", "0 6 * * *") };
    let tasks = merge(&[sample::definition("back", "0 7 * * *")], vec![removed]);
    assert_eq!((tasks.len(), tasks[0].standing), (1, Standing::New));
    assert_eq!(tasks[0].reading(), "every day at 07:00");
}

#[test]
fn nothing_to_note_before_the_first_start_and_when_all_agree() {
    assert_eq!(note(&merge(&[sample::definition("new", "0 4 * * *")], Vec::new())), None);
    assert_eq!(
        note(&merge(&[sample::definition("same", "0 2 * * *")], vec![row("same", "0 2 * * *")])),
        None
    );
}

#[test]
fn unknown_tasks_get_suggestions() {
    let told = |name: &str| match pick(merge(&[sample::definition("palo-hardware", "")], Vec::new()), name) {
        Ok(task) => task.name().to_string(),
        Err(failure) => failure.message().to_owned(),
    };
    assert_eq!(told("palo-hardware"), "palo-hardware");
    assert_eq!(told("palo-hardwear"), "there is no task \"palo-hardwear\"; did you mean \"palo-hardware\"?");
    assert_eq!(told("x"), "there is no task \"x\"; `roundsman tasks` lists them");
}
