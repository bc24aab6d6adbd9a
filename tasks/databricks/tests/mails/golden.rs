//! Every mail in both of its forms, as it arrives: usual ones, and ones with names that want to be more than names.

use base64::{Engine, prelude::BASE64_STANDARD};
use expect_test::{ExpectFile, expect_file};
use roundsman_databricks::{
    mails::{About, Incident, Report, ReportRow, UnmanagedRow},
    state::WorkspaceRow,
    uptime::{Certainty, DayUsage},
};
use roundsman_simulators::SentMail;

use crate::stage::{MINUTE, Stage};

const HOSTILE: &str = "<b>&\"'";
const RIGHT_TO_LEFT: &str = "אשכול\u{202e} 7";
/// Midnight before the reported day, in Jerusalem.
const MIDNIGHT: i64 = 1_794_693_600_000;

/// The mail as a whole, with what differs between runs of the tests covered.
fn check(stage: &Stage, mail: &SentMail, expected: &ExpectFile) {
    let mut whole = format!(
        "From: {}\nTo: {}\nCc: {}\nSubject: {}\n\n{}\n==== HTML ====\n{}",
        mail.sender,
        mail.to.join(", "),
        mail.cc.join(", "),
        mail.subject,
        mail.text,
        mail.html
    );
    for (name, content) in &mail.attachments {
        let content = String::from_utf8(BASE64_STANDARD.decode(content).unwrap()).unwrap();
        whole = format!("{whole}\n==== {name} ====\n{content}");
    }
    let host = stage.lab().host();
    expected.assert_eq(&whole.replace(&host, "HOST").replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

async fn hostile() -> Stage {
    let stage = Stage::new().await.set("workspace_name", format!("Lab {HOSTILE}"));
    stage.sim.world(|world| {
        world.add_group(HOSTILE);
        world.add_member(HOSTILE, "s1a@example.edu");
        world.add_group(RIGHT_TO_LEFT);
        world.add_member(RIGHT_TO_LEFT, "s2a@example.edu");
    });
    stage
}

fn named(about: About, name: &str) -> About {
    About { name: name.to_owned(), group: Some(name.to_owned()), ..about }
}

#[tokio::test]
async fn a_limit_is_near() {
    let stage = Stage::new().await;
    assert!(stage.post().warn(&stage.about(7, 180)).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/warn.txt"]);
    let stage = hostile().await;
    stage.post().warn(&named(stage.about(7, 185), HOSTILE)).await.unwrap();
    check(&stage, &stage.only_mail().await, &expect_file!["golden/warn_hostile.txt"]);
    let stage = hostile().await;
    stage.post().warn(&named(stage.about(7, 185), RIGHT_TO_LEFT)).await.unwrap();
    check(&stage, &stage.only_mail().await, &expect_file!["golden/warn_right_to_left.txt"]);
}

#[tokio::test]
async fn a_limit_is_reached() {
    let stage = Stage::new().await;
    assert!(stage.post().stop(&stage.about(7, 210)).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/stop.txt"]);
    let stage = hostile().await;
    stage.post().stop(&named(stage.about(7, 211), HOSTILE)).await.unwrap();
    check(&stage, &stage.only_mail().await, &expect_file!["golden/stop_hostile.txt"]);
    let stage = Stage::new().await;
    let about = About { name: "Staff\r\nBcc: x@example.com".to_owned(), group: None, ..stage.about(7, 540) };
    stage.post().stop(&about).await.unwrap();
    check(&stage, &stage.only_mail().await, &expect_file!["golden/stop_unmanaged.txt"]);
}

#[tokio::test]
async fn it_was_started_again() {
    let stage = Stage::new().await;
    assert!(stage.post().reoffence(&stage.about(7, 221), Some("s1a@example.edu")).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/reoffence.txt"]);
    let stage = hostile().await;
    stage.post().reoffence(&named(stage.about(7, 221), RIGHT_TO_LEFT), Some(HOSTILE)).await.unwrap();
    check(&stage, &stage.only_mail().await, &expect_file!["golden/reoffence_hostile.txt"]);
    let stage = Stage::new().await;
    stage.post().reoffence(&stage.about(7, 221), None).await.unwrap();
    let mail = stage.only_mail().await;
    assert!(mail.text.contains("started by: somebody whom the workspace does not name"), "{}", mail.text);
}

#[tokio::test]
async fn polls_fail_and_work_again() {
    let mut stage = Stage::new().await;
    let mut row = WorkspaceRow {
        failures: 3,
        failing_since_ms: Some(stage.now_ms() - 30 * MINUTE),
        last_error: Some(format!("GET clusters/list: 500 {HOSTILE}\nsecond line")),
        ..WorkspaceRow::default()
    };
    let over_limit = vec!["cluster_07".to_owned(), HOSTILE.to_owned(), RIGHT_TO_LEFT.to_owned()];
    let incident = Incident { class: "server".to_owned(), is_refused: false, over_limit };
    assert!(stage.post().failing(&mut row, &incident, stage.now_ms()).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/failing.txt"]);
    stage.later(40);
    assert!(stage.post().recovered(&mut row, stage.now_ms()).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/recovered.txt"]);
}

fn row(name: &str, number: u32, used_ms: i64) -> ReportRow {
    ReportRow {
        name: name.to_owned(),
        cluster_id: format!("id-{number}"),
        number: Some(number),
        group: format!("group_{number:02}"),
        usage: DayUsage {
            used_ms,
            sessions: 2,
            first_start_ms: Some(MIDNIGHT + 483 * MINUTE),
            last_stop_ms: Some(MIDNIGHT + 485 * MINUTE + used_ms),
            certainty: Some(Certainty::Exact),
        },
        soft_ms: 180 * MINUTE,
        hard_ms: 210 * MINUTE,
        warned_ms: None,
        stopped_ms: None,
        restarts_blocked: 0,
        source: "exact".to_owned(),
    }
}

fn report() -> Report {
    let mut stopped = row("cluster_07", 7, 210 * MINUTE + 31_999);
    (stopped.warned_ms, stopped.stopped_ms) = (Some(MIDNIGHT + 690 * MINUTE), Some(MIDNIGHT + 720 * MINUTE));
    (stopped.restarts_blocked, stopped.source) = (1, "mixed".to_owned());
    let mut through = row("=HYPERLINK(\"http://example.com\")", 8, 120 * MINUTE);
    through.usage.first_start_ms = Some(MIDNIGHT + 22 * 60 * MINUTE);
    through.usage.last_stop_ms = Some(MIDNIGHT + 24 * 60 * MINUTE);
    let mut own_limit = row(RIGHT_TO_LEFT, 9, 26 * 60 * MINUTE);
    (own_limit.soft_ms, own_limit.hard_ms, own_limit.group) =
        (90_000, 1_440 * MINUTE, "@group, \"9\"".to_owned());
    let unmanaged = vec![
        UnmanagedRow {
            name: "Staff shared compute".to_owned(),
            creator: Some("staff@example.edu".to_owned()),
            used_ms: 540 * MINUTE,
        },
        UnmanagedRow { name: HOSTILE.to_owned(), creator: None, used_ms: 59_999 },
    ];
    Report {
        day: "2026-11-15".parse().unwrap(),
        rows: vec![row(HOSTILE, 1, 59_999), stopped, through, own_limit, row("cluster_10", 10, 0)],
        managed: 6,
        unmanaged,
        problems: vec!["cluster_03: not released: 403\n<b>Denied</b>".to_owned()],
    }
}

#[tokio::test]
async fn what_was_used_on_a_day() {
    let stage = Stage::new().await;
    assert!(stage.post().report(&report()).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/report.txt"]);
}

#[tokio::test]
async fn nothing_was_used_on_a_day() {
    let stage = Stage::new().await;
    let nothing = Report { rows: Vec::new(), unmanaged: Vec::new(), problems: Vec::new(), ..report() };
    assert!(stage.post().report(&nothing).await.unwrap());
    check(&stage, &stage.only_mail().await, &expect_file!["golden/report_empty.txt"]);
}

#[tokio::test]
async fn mail_works() {
    let stage = Stage::new().await;
    stage.post().test(None).await.unwrap();
    check(&stage, &stage.sim.mails()[0], &expect_file!["golden/test.txt"]);
}

#[tokio::test]
async fn warnings_pile_up() {
    let mut stage = hostile().await.set("mail_per_hour", 4).set("digest_threshold", 2);
    for number in 1..=6 {
        let about = stage.about(number, 180 + i64::from(number));
        let about = match number % 3 {
            0 => named(about, HOSTILE),
            1 => named(about, RIGHT_TO_LEFT),
            _ => about,
        };
        stage.post().warn(&about).await.unwrap();
    }
    for _ in 0..4 {
        stage.drain().await;
        stage.later(61);
    }
    let mails = stage.sim.mails();
    let digest = mails.iter().find(|mail| mail.subject.contains("clusters have used")).unwrap();
    let entries = digest.text.lines().filter(|line| line.starts_with("- ")).count();
    assert_eq!((mails.len(), entries), (7, 3));
    // Which of the warnings went first depends on ids, and those on the port.
    let mut lines: Vec<_> = digest.text.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with("- "));
    expect_file!["golden/digest.txt"].assert_eq(&lines.join("\n"));
    let entry = digest.text.lines().find(|line| line.starts_with("- ")).unwrap();
    assert!(
        entry.contains(": most of today's running time is used. ") && entry.contains(" minutes are left."),
        "{entry}"
    );
    assert!(!digest.html.contains(HOSTILE), "{}", digest.html);
}
