//! The overview names what is wrong first, and is short when all is well.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::collections::BTreeMap;

use chrono_tz::Tz;
use expect_test::expect;
use roundsman_engine::Progress;
use roundsman_model::{BootId, Finding, NodeId, Pause, RunId, RunState};
use roundsman_store::{CheckRow, Held, HeldBy, Holder, Leader};

use super::overview::{Access, Overview, sum_active};
use crate::{
    cli::{confirm::Unconfirmed, look::Look, sample, tasks::Row},
    control::Status,
};

fn overview() -> Overview {
    Overview {
        store: "sqlite:/var/lib/roundsman/roundsman.db".to_owned(),
        access: Access::Open,
        nodes: vec![sample::node("host-a", "2026-11-21T12:47:57Z")],
        leader: None,
        local: None,
        held: Vec::new(),
        tasks: vec![Row {
            task: sample::in_force(sample::definition("palo-hardware", "0 2 * * *")),
            last: Some(sample::reported(sample::run(41, RunState::Succeeded))),
            past_known: true,
        }],
        active: Vec::new(),
        unconfirmed: Unconfirmed::new(),
        checks: Vec::new(),
        successes: BTreeMap::new().into_iter().collect(),
        active_counts: BTreeMap::new(),
        now: sample::at(sample::NOW),
        pulse: sample::pulse(),
    }
}

#[test]
fn all_is_well() {
    expect![[r#"
          daemon  alive
          store   sqlite:/var/lib/roundsman/roundsman.db
          tasks   1 scheduled
          runs    none active

        Nodes
        NODE    STATE  AS       PID  VERSION  SERVES                 LAST BEAT  SINCE (Europe/Berlin)
        host-a  alive  daemon  4711  0.1.0    http://127.0.0.1:9464  3 s ago    2026-11-20 10:00:00 +01:00
    "#]]
    .assert_eq(&overview().render(Tz::Europe__Berlin, Look::PLAIN));
}

#[test]
fn a_lot_is_wrong() {
    let mut overview = overview();
    overview.nodes =
        vec![sample::node("host-a", "2026-11-21T12:40:00Z"), sample::node("host-b", "2026-11-21T12:47:59Z")];
    overview.nodes[1].ended_at = Some(sample::at("2026-11-21T12:47:59Z"));
    let mut late = sample::in_force(sample::definition("versa-hardware", "*/5 * * * *"));
    late.row.as_mut().unwrap().ledger_until = Some(sample::at("2026-11-21T12:40:00Z"));
    let mut failed = sample::run(42, RunState::Failed);
    failed.cause = Some("cannot reach 192.0.2.7: connection refused".to_owned());
    failed.task = "versa-hardware".parse().unwrap();
    overview.tasks.push(Row { task: late, last: Some(failed), past_known: true });
    overview.active = vec![sample::run(43, RunState::Running)];
    overview.unconfirmed = Unconfirmed::from([RunId(43)]);
    overview.active_counts = BTreeMap::from([(RunState::Running, 1), (RunState::Waiting, 2)]);
    expect![[r#"
          daemon  none is alive: nothing fires until `roundsman daemon` is started
          store   sqlite:/var/lib/roundsman/roundsman.db
          tasks   2 scheduled
          runs    1 running, 2 waiting, 1 of them unconfirmed: their node is silent

        Nodes
        NODE    STATE    AS       PID  VERSION  LAST BEAT  SINCE (Europe/Berlin)
        host-a  silent   daemon  4711  0.1.0    8 min ago  2026-11-20 10:00:00 +01:00
        host-b  stopped  daemon  4711  0.1.0    1 s ago    2026-11-20 10:00:00 +01:00
        host-a is silent for 8 min; its runs are unconfirmed

        Active runs
        RUN  TASK           STATE        FOR            STARTED (Europe/Berlin)
         43  palo-hardware  unconfirmed  slot 02:00:00  2026-11-21 02:00:00 +01:00

        Overdue slots
        versa-hardware  2026-11-21 13:45:00 +01:00 Europe/Berlin, 3 min ago

        Tasks whose last run went wrong
        RUN  TASK            STATE   FOR            STARTED (Europe/Berlin)      TOOK  SUMMARY
         42  versa-hardware  failed  slot 02:00:00  2026-11-21 02:00:00 +01:00  1.2 s  cannot reach 192.0.2.7: connection refused
    "#]].assert_eq(&overview.render(Tz::Europe__Berlin, Look::PLAIN));
}

fn without(access: Access) -> String {
    let task = sample::in_force(sample::definition("palo-hardware", "0 2 * * *"));
    let overview = Overview::without_store("sqlite:/x.db".to_owned(), access, vec![task], sample::pulse());
    // Indentation that all lines share is not compared.
    format!("{access:?}\n{}", overview.render(Tz::UTC, Look::PLAIN))
}

#[test]
fn nothing_is_there_yet() {
    expect![[r#"
        Missing
          daemon  none is alive: nothing fires until `roundsman daemon` is started
          store   sqlite:/x.db (not there yet)
          tasks   1 scheduled
          runs    none active
    "#]]
    .assert_eq(&without(Access::Missing));
}

#[test]
fn what_cannot_be_read_is_not_called_empty() {
    expect![[r#"
        Unreadable
          daemon  not known
          store   sqlite:/x.db (cannot be read)
          tasks   1 scheduled
    "#]]
    .assert_eq(&without(Access::Unreadable));
}

#[test]
fn active_runs_are_summed_over_tasks() {
    let totals = |counts: &[(RunState, u64)]| roundsman_store::TaskTotals {
        active: counts.to_vec(),
        ..Default::default()
    };
    let name = |name: &str| name.parse().unwrap();
    let sums = sum_active(&[
        (name("a"), totals(&[(RunState::Running, 1), (RunState::Queued, 2)])),
        (name("b"), totals(&[(RunState::Running, 3)])),
    ]);
    assert_eq!(sums, BTreeMap::from([(RunState::Queued, 2), (RunState::Running, 4)]));
}

/// Two nodes, a pause, a blackout, a run that waits and one that takes too long.
fn busy() -> Overview {
    let mut overview = overview();
    let mut second = sample::node("host-b", "2026-11-21T12:47:58Z");
    second.entry.holder = Holder { node: NodeId::new("node-b"), boot: BootId::new("boot-2") };
    second.entry.labels = vec!["dmz".parse().unwrap(), "arm".parse().unwrap()];
    second.entry.configuration = Some("2222".to_owned());
    overview.nodes[0].entry.configuration = Some("1111".to_owned());
    let (holder, since) = (Some(overview.nodes[0].entry.holder.clone()), sample::at("2026-11-20T09:00:01Z"));
    overview.leader = Some(Leader { holder, epoch: 3, renewals: 70, since });
    overview.nodes.push(second);
    let mut queued = sample::run(50, RunState::Queued);
    (queued.started_at, queued.task) = (None, "versa-hardware".parse().unwrap());
    let by = HeldBy::Pool("netbox".parse().unwrap(), vec![sample::run(43, RunState::Running)]);
    overview.held = vec![Held { run: queued, by }];
    let mut often = sample::in_force(sample::definition("often", "*/5 * * * *"));
    often.row.as_mut().unwrap().pauses = vec![Pause {
        until: Some(sample::at("2026-11-21T17:00:00Z")),
        reason: Some("firewall upgrade.".to_owned()),
        ..sample::pause(sample::at("2026-11-21T09:00:00Z"))
    }];
    let mut dark = sample::definition("dark", "0 5 * * *");
    dark.blackouts = vec![sample::blackout("0 12 * * *", "4h", "stocktaking")];
    let row = |task| Row { task, last: None, past_known: true };
    overview.tasks.extend([row(often), row(sample::in_force(dark))]);
    let mut long = sample::run(51, RunState::Running);
    long.task = "often".parse().unwrap();
    overview.active = vec![long];
    overview.active_counts = BTreeMap::from([(RunState::Queued, 1), (RunState::Running, 1)]);
    overview
}

#[test]
fn how_far_runs_of_this_host_are() {
    let mut overview = busy();
    let progress = |run| Progress {
        run: RunId(run),
        at: sample::at("2026-11-21T12:47:57Z"),
        done: 3,
        total: Some(10),
        note: "fetching".to_owned(),
    };
    // A run that has ended meanwhile is not among the active ones.
    overview.local = Some(Status {
        boot: BootId::new("boot-1"),
        leader: true,
        uptime_secs: 90.0,
        tick_age_secs: Some(0.5),
        version: None,
        replaced: false,
        abilities: None,
        progress: vec![progress(49), progress(51)],
    });
    let page = overview.render(Tz::Europe__Berlin, Look::PLAIN);
    let told = page.split("How far runs of this host are\n").nth(1).unwrap().split("\n\n").next();
    assert_eq!(told, Some("run 51 of often  3 of 10: fetching, 3 s ago"));
}

#[test]
fn several_nodes_and_what_holds_runs_back() {
    let overview = busy();
    expect![[r#"
          daemon  2 are alive
          store   sqlite:/var/lib/roundsman/roundsman.db
          tasks   3 scheduled, 1 paused, 1 in a blackout
          runs    1 queued, 1 running

        Nodes
        NODE    STATE  AS             LABELS    CONFIGURATION   PID  VERSION  SERVES                 LAST BEAT  SINCE (Europe/Berlin)
        host-a  alive  daemon, leads                           4711  0.1.0    http://127.0.0.1:9464  3 s ago    2026-11-20 10:00:00 +01:00
        host-b  alive  daemon         dmz, arm  differs        4711  0.1.0    http://127.0.0.1:9464  2 s ago    2026-11-20 10:00:00 +01:00
        host-b has loaded another configuration than the leader, whose tasks are those that fire

        Active runs
        RUN  TASK   STATE    FOR            STARTED (Europe/Berlin)
         51  often  running  slot 02:00:00  2026-11-21 02:00:00 +01:00

        Runs that are due and wait
        RUN  TASK            DUE       WAITS FOR
         50  versa-hardware  12 h ago  pool netbox full: palo-hardware since 02:00:00

        Runs that take longer than their interval
        often  run 51 runs for 11 h 48 min; its next slot was 12 h ago

        Paused tasks
        often  paused by ada since 2026-11-21 10:00:00 +01:00 until 2026-11-21 18:00:00 +01:00: firewall upgrade

        Blackouts in force
        dark  blackout from 2026-11-21 12:00:00 +01:00 to 2026-11-21 16:00:00 +01:00: stocktaking
    "#]].assert_eq(&overview.render(Tz::Europe__Berlin, Look::PLAIN));
    let told = overview.as_json();
    assert_eq!(
        (&told["nodes"][0]["leader"], &told["nodes"][1]["configuration_differs"]),
        (&true.into(), &true.into())
    );
    assert_eq!((&told["held"][0]["by"], &told["held"][0]["runs"][0]), (&"pool".into(), &43.into()));
    assert_eq!(told["overruns"][0]["run"], 51);
    assert_eq!(told["blackouts"][0]["reason"], "stocktaking");
}

/// Of tasks as they are now and nodes that are there, the worst first, what is the same once.
#[test]
fn what_checks_found() {
    let mut overview = overview();
    let warning = Finding::warning("enforce sandbox.network", "the daemon must be root", "run it as root");
    let failure = Finding::failure("reach https://192.0.2.7", "connection refused", "start it");
    let mut names = vec!["palo-hardware".to_owned()];
    names.extend((1..=5).map(|number| format!("task-{number}")));
    for name in &names[1..] {
        let task = sample::in_force(sample::definition(name, "0 2 * * *"));
        overview.tasks.push(Row { task, last: None, past_known: true });
    }
    let check = |name: &str, node: &str, findings: Vec<Finding>| CheckRow {
        task: name.parse().unwrap(),
        definition: sample::definition(name, "0 2 * * *").hash(),
        node: node.to_owned(),
        at: sample::at("2026-11-21T09:48:00Z"),
        findings,
    };
    overview.checks = names.iter().map(|name| check(name, "host-a", vec![warning.clone()])).collect();
    overview.checks[0].findings.extend([failure.clone(), Finding::ok("read its key", "it is there")]);
    overview.checks.push(check("task-1", "gone", vec![failure.clone()]));
    overview
        .checks
        .push(CheckRow { definition: "other".to_owned(), ..check("task-2", "host-a", vec![failure]) });
    let page = overview.render(Tz::Europe__Berlin, Look::PLAIN);
    let told = page.split_once("What checks of tasks found\n").map(|(_, told)| told).unwrap_or_default();
    expect![[r#"
        palo-hardware  failure: reach https://192.0.2.7: connection refused (on host-a, 3 h ago)
            start it
        palo-hardware, task-1, task-2 and 3 other tasks  warning: enforce sandbox.network: the daemon must be root (on host-a, 3 h ago)
            run it as root
    "#]].assert_eq(told);
    let json = overview.as_json();
    assert_eq!(json["checks"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["checks"][0]["level"], "failure");
    assert_eq!(json["checks"][0]["findings"][2]["found"], "it is there");
    assert_eq!(json["checks"][0]["run_succeeded_since"], false);
    // A run that began after the look succeeded; one that began before it tells nothing.
    let began = |at: &str| [("palo-hardware".parse().unwrap(), sample::at(at))].into();
    overview.successes = began("2026-11-21T09:47:00Z");
    assert_eq!(overview.render(Tz::Europe__Berlin, Look::PLAIN), page);
    overview.successes = began("2026-11-21T10:00:00Z");
    let page = overview.render(Tz::Europe__Berlin, Look::PLAIN);
    let told = page.split_once("What checks of tasks found\n").map(|(_, told)| told).unwrap_or_default();
    let (warning, failure) = told.split_once("    run it as root\n").unwrap();
    assert!(warning.contains("warning: ") && !warning.contains("failure"), "{told}");
    let expected = "palo-hardware  failure: reach https://192.0.2.7: connection refused (on host-a, 3 h ago; a run succeeded since)";
    assert!(failure.starts_with(expected), "{told}");
    assert_eq!(overview.as_json()["checks"][0]["run_succeeded_since"], true);
}
