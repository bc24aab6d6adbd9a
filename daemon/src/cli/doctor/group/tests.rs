//! The page in a pipe and on a narrow terminal, levels, and time limits. Nothing is looked at.

use expect_test::expect;
use roundsman_model::Finding;

use super::{Group, Tally, look, page};
use crate::cli::look::Look;

fn groups() -> Vec<Group> {
    let host = vec![
        Finding::ok("kernel", "Linux 6.1"),
        Finding::warning("clock", "nothing keeps it in step", "install chrony or systemd-timesyncd"),
    ];
    let task = vec![
        Finding::failure("reach https://netbox.example.com", "refused \u{1b}[2J", "start it")
            .about_credential("netbox"),
    ];
    vec![Group::new("host".to_owned(), false, host), Group::of_task("sync", task)]
}

#[test]
fn a_pipe_gets_plain_words() {
    expect![["
        host
          ok       kernel: Linux 6.1
          warning  clock: nothing keeps it in step
                   -> install chrony or systemd-timesyncd

        task sync
          failure  reach https://netbox.example.com (credential netbox): refused
                   -> start it

        1 failure, 1 warning, 1 in order
    "]]
    .assert_eq(&page(&groups(), Look::PLAIN));
}

#[test]
fn a_narrow_terminal_gets_broken_lines_in_colour() {
    let told = page(&groups(), Look { width: Some(40), color: true });
    assert!(told.contains("\u{1b}[33mwarning\u{1b}[0m"), "{told:?}");
    assert!(told.contains("\u{1b}[31m1 failure\u{1b}[0m"), "{told:?}");
    assert!(!told.contains("[2J"), "what a far side says does not reach the terminal: {told:?}");
}

#[test]
fn the_worst_level_is_that_of_the_group() {
    let json = serde_json::to_value(groups()).unwrap();
    assert_eq!(json[0]["level"], "warning");
    assert_eq!(json[1]["level"], "failure");
    assert_eq!(json[1]["findings"][0]["credential"], "netbox");
    let tally = Tally::of(&groups());
    assert_eq!((tally.failures, tally.warnings, tally.fine), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_found_before_the_time_was_up_is_told() {
    let group = look("store", std::time::Duration::from_secs(15), async |found| {
        found.push(Finding::ok("reach it", "there"));
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(group.findings.len(), 2);
    assert!(group.findings[1].found.contains("15 s"), "{:?}", group.findings[1]);
}
