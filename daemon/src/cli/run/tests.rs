//! A run on one page, from a plain success to a crash after a retry.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::collections::BTreeMap;

use chrono_tz::Tz;
use expect_test::expect;
use roundsman_model::{
    Artifact, AttemptEnd, NodeId, Origin, Outcome, Run, RunId, RunState, StopOrder, TaskError,
};

use super::{Told, render};
use crate::cli::{look::Look, sample};

fn told(run: Run, zone: Tz) -> Told {
    Told {
        run,
        attempts: Vec::new(),
        artifacts: Vec::new(),
        unconfirmed: false,
        zone,
        nodes: BTreeMap::new(),
        round: Vec::new(),
        held: None,
        confirmed: None,
        progress: None,
    }
}

#[test]
fn a_success() {
    let run = sample::reported(sample::run(41, RunState::Succeeded));
    let end = AttemptEnd::Finished { outcome: run.outcome.clone().unwrap() };
    let artifact = Artifact {
        name: "record.json".to_owned(),
        media_type: "application/json".to_owned(),
        size: 1434,
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
    };
    let attempts = vec![sample::attempt(&run, 1, Some(end))];
    let told = Told { attempts, artifacts: vec![artifact], ..told(run, Tz::Europe__Berlin) };
    expect![[r#"
        Run 41 of palo-hardware: succeeded
          kind        hardware-refresh
          slot        2026-11-21 02:00:00 +01:00 Europe/Berlin
          asked by    its schedule
          queued      2026-11-21 02:00:00 +01:00 Europe/Berlin, 12 h ago
          started     2026-11-21 02:00:00 +01:00 Europe/Berlin, 40 ms after its slot
          ended       2026-11-21 02:00:01 +01:00 Europe/Berlin, 12 h ago, took 1.2 s
          definition  0123456789abcdef
          summary     118 devices, 9 changed, 2 failed
          counts      118 processed, 116 ok, 2 failed, 9 changed

        Attempts
        NUMBER  STARTED (Europe/Berlin)      TOOK  END  NODE    CPU     MEMORY  MESSAGE
             1  2026-11-21 02:00:00 +01:00  1.2 s  ok   node-a  310 ms  24 MiB  118 devices, 9 changed, 2 failed

        Artifacts
        NAME            SIZE  TYPE              SHA-256
        record.json  1.4 KiB  application/json  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

        Detail
        {
          "failed": [
            "fw1.example.com",
            "fw2.example.com"
          ]
        }

        Its log: roundsman logs 41
    "#]].assert_eq(&render(&told, sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn a_crash_after_a_retry() {
    let mut run = sample::run(42, RunState::Failed);
    (run.attempt, run.cause) = (2, Some("worker ended by signal 6".to_owned()));
    let erred = AttemptEnd::Erred { error: TaskError::retry("cannot reach 192.0.2.7") };
    let crashed = AttemptEnd::Crashed {
        signal: Some(6),
        exit: None,
        message: String::new(),
        stderr: "free(): invalid pointer\n\x1b[31maborted".to_owned(),
    };
    let mut late = sample::attempt(&run, 1, Some(erred));
    late.late = true;
    let attempts = vec![late, sample::attempt(&run, 2, Some(crashed))];
    let told = Told { attempts, ..told(run, Tz::UTC) };
    expect![[r#"
        Run 42 of palo-hardware: failed
          kind        hardware-refresh
          slot        2026-11-21 01:00:00 +00:00 UTC
          asked by    its schedule
          queued      2026-11-21 01:00:00 +00:00 UTC, 12 h ago
          started     2026-11-21 01:00:00 +00:00 UTC, 40 ms after its slot
          ended       2026-11-21 01:00:01 +00:00 UTC, 12 h ago, took 1.2 s
          definition  0123456789abcdef
          cause       worker ended by signal 6

        Attempts
        NUMBER  STARTED (UTC)                TOOK  END                                           NODE    CPU     MEMORY  MESSAGE
             1  2026-11-21 01:00:00 +00:00  1.2 s  error (late: another attempt had taken over)  node-a  310 ms  24 MiB  cannot reach 192.0.2.7
             2  2026-11-21 01:00:00 +00:00  1.2 s  crash                                         node-a  310 ms  24 MiB  worker ended by signal 6

        Standard error of attempt 2, its end
          free(): invalid pointer
          aborted

        Its log: roundsman logs 42
    "#]].assert_eq(&render(&told, sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn a_run_that_waits() {
    let mut run = sample::run(43, RunState::Waiting);
    (run.due_at, run.cause) = (sample::at("2026-11-21T12:49:00Z"), Some("cannot reach 192.0.2.7".to_owned()));
    run.outcome = Some(Outcome::partial("nothing"));
    let attempts = vec![sample::attempt(&run, 1, None)];
    let told = Told { attempts, ..told(run, Tz::UTC) };
    expect![[r#"
        Run 43 of palo-hardware: waiting
          kind        hardware-refresh
          slot        2026-11-21 01:00:00 +00:00 UTC
          asked by    its schedule
          queued      2026-11-21 01:00:00 +00:00 UTC, 12 h ago
          due         2026-11-21 12:49:00 +00:00 UTC, in 1 min
          started     2026-11-21 01:00:00 +00:00 UTC, 40 ms after its slot
          definition  0123456789abcdef
          cause       cannot reach 192.0.2.7
          summary     nothing

        Attempts
        NUMBER  STARTED (UTC)               END      NODE    CPU     MEMORY
             1  2026-11-21 01:00:00 +00:00  running  node-a  310 ms  24 MiB

        Its log: roundsman logs 43
    "#]]
    .assert_eq(&render(&told, sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn a_run_in_a_round_that_somebody_ended() {
    let mut run = sample::run(52, RunState::Cancelled);
    run.origin = Origin::Rerun;
    run.requested_by = Some("grace@host-b".to_owned());
    (run.rerun_of, run.round) = (Some(RunId(41)), Some("run:52".to_owned()));
    run.cause = Some("cancelled by ada@host-a: wrong collector".to_owned());
    run.stop = Some(StopOrder {
        by: "ada@host-a".to_owned(),
        reason: Some("wrong collector".to_owned()),
        at: sample::at("2026-11-21T01:00:01Z"),
        replaced_by: None,
    });
    let mut follower = sample::run(53, RunState::Skipped);
    follower.task = "report".parse().unwrap();
    (follower.started_at, follower.cause) = (None, Some("upstream palo-hardware cancelled".to_owned()));
    let told = Told {
        attempts: vec![sample::attempt(&run, 1, Some(AttemptEnd::Erred { error: TaskError::Cancelled }))],
        nodes: BTreeMap::from([(NodeId::new("node-a"), "host-a".to_owned())]),
        round: vec![run.clone(), follower],
        ..told(run, Tz::UTC)
    };
    expect![[r#"
        Run 52 of palo-hardware: cancelled
          kind        hardware-refresh
          slot        2026-11-21 01:00:00 +00:00 UTC
          asked by    grace@host-b, with rerun
          repeats     run 41
          round       of run 52
          queued      2026-11-21 01:00:00 +00:00 UTC, 12 h ago
          order       cancelled by ada@host-a: wrong collector, at 2026-11-21 01:00:01 +00:00 UTC
          started     2026-11-21 01:00:00 +00:00 UTC, 40 ms after its slot
          ended       2026-11-21 01:00:01 +00:00 UTC, 12 h ago, took 1.2 s
          definition  0123456789abcdef
          cause       cancelled by ada@host-a: wrong collector

        Attempts
        NUMBER  STARTED (UTC)                TOOK  END        NODE    CPU     MEMORY  MESSAGE
             1  2026-11-21 01:00:00 +00:00  1.2 s  cancelled  host-a  310 ms  24 MiB  cancelled

        Its round
        RUN  TASK                      STATE       TOOK  SUMMARY
         52  palo-hardware (this run)  cancelled  1.2 s  cancelled by ada@host-a: wrong collector
         53  report                    skipped           upstream palo-hardware cancelled

        Its log: roundsman logs 52
    "#]]
    .assert_eq(&render(&told, sample::at(sample::NOW), Look::PLAIN));
}
