//! A task on one page.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use expect_test::expect;
use roundsman_model::{Finding, RunState};
use roundsman_store::CheckRow;

use super::{Told, Unconfirmed, definition::Key, render};
use crate::cli::{checks, look::Look, next::coming, plan::Standing, sample};

fn key(path: &str, value: &str, origin: &str) -> Key {
    Key { path: path.to_owned(), value: value.to_owned(), origin: origin.to_owned() }
}

#[test]
fn a_task_in_force() {
    let mut definition = sample::definition("palo-hardware", "30 2 * * *");
    definition.about = Some("reads all firewalls".to_owned());
    let task = sample::in_force(definition);
    let now = sample::at(sample::NOW);
    let told = Told {
        keys: vec![
            key("schedule", "30 2 * * *", "/etc/roundsman/roundsman.toml:12"),
            key("timeout", "10m", "kind hardware-refresh"),
        ],
        next: coming(&task, 3, now),
        runs: vec![sample::reported(sample::run(41, RunState::Succeeded))],
        unconfirmed: Unconfirmed::new(),
        past_known: true,
        ledger: Vec::new(),
        sums: Vec::new(),
        checks: Vec::new(),
        followers: Vec::new(),
        task,
    };
    expect![[r#"
        palo-hardware: reads all firewalls
          kind      hardware-refresh
          runs      every day at 02:30 (30 2 * * *, in Europe/Berlin)
          in force  since 2026-11-11 09:00:00 +01:00 Europe/Berlin, 10 d ago
          known     since 2026-11-11 09:00:00 +01:00 Europe/Berlin, 10 d ago
          ledger    complete up to 2026-11-21 13:48:00 +01:00 Europe/Berlin, now

        Definition
        KEY       VALUE       FROM
        schedule  30 2 * * *  /etc/roundsman/roundsman.toml:12
        timeout   10m         kind hardware-refresh

        Next
        SLOT (Europe/Berlin)        IN
        2026-11-22 02:30:00 +01:00  13 h
        2026-11-23 02:30:00 +01:00  37 h
        2026-11-24 02:30:00 +01:00  3 d

        Last runs
        RUN  TASK           STATE      FOR            STARTED (Europe/Berlin)      TOOK  SUMMARY
         41  palo-hardware  succeeded  slot 02:00:00  2026-11-21 02:00:00 +01:00  1.2 s  118 devices, 9 changed, 2 failed
    "#]].assert_eq(&render(&told, now, Look::PLAIN));
}

#[test]
fn a_task_that_no_daemon_has_read() {
    let mut task = sample::in_force(sample::definition("new", ""));
    (task.row, task.standing) = (None, Standing::New);
    let told = Told {
        keys: Vec::new(),
        next: Vec::new(),
        runs: Vec::new(),
        unconfirmed: Unconfirmed::new(),
        past_known: true,
        ledger: Vec::new(),
        sums: Vec::new(),
        checks: Vec::new(),
        followers: Vec::new(),
        task,
    };
    expect![[r#"
        new
          kind  hardware-refresh
          runs  on request only

        Last runs
          it has not run yet
    "#]]
    .assert_eq(&render(&told, sample::at(sample::NOW), Look::PLAIN));
}

/// What is in order is told too, with the node that looked and how long ago.
#[test]
fn a_task_that_was_looked_at() {
    let task = sample::in_force(sample::definition("palo-hardware", "30 2 * * *"));
    let check = |node: &str, findings| CheckRow {
        task: task.name().clone(),
        definition: task.definition.hash(),
        node: node.to_owned(),
        at: sample::at("2026-11-21T09:48:00Z"),
        findings,
    };
    let rows = [
        check(
            "host-a",
            vec![
                Finding::ok("reach https://192.0.2.7", "answered in 12 ms"),
                Finding::warning("read its certificate", "it ends in 9 d", "have it renewed"),
            ],
        ),
        check("host-b", Vec::new()),
    ];
    let text = checks::task_lines(&rows.iter().collect::<Vec<_>>(), sample::at(sample::NOW), Look::PLAIN);
    expect![[r#"
        Last check
          on host-a, 3 h ago:
            ok  reach https://192.0.2.7: answered in 12 ms
            warning  read its certificate: it ends in 9 d
              have it renewed
          on host-b, 3 h ago: its kind has nothing to look at
    "#]]
    .assert_eq(&format!("Last check\n{text}"));
}
