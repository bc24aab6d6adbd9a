//! The report as it arrives: what a whole day comes to, with all that went wrong. How a report is laid out is tested with the
//! other mails.

use base64::{Engine, prelude::BASE64_STANDARD};
use expect_test::expect_file;
use roundsman_simulators::{ClusterSetup, Fault, Principal, RunSetup, Scenario};
use serde_json::json;

use crate::{
    night::{id, lab, three},
    stage::{CLUSTER, Stage},
};

/// The worked example, beside clusters that are strange.
fn strange() -> Scenario {
    let foreign = ClusterSetup::new("Staff shared compute").id("1116-060000-staff001").source("UI");
    let twice = ClusterSetup::new("cluster_7").id("1116-060000-twice001");
    let group = Principal::Group("group_07".to_owned());
    Scenario::named("day")
        .unwrap()
        .user("staff@example.edu")
        .cluster(foreign.creator("staff@example.edu").run(RunSetup::between("09:00", "18:00")))
        .cluster(twice.grant(group, "CAN_RESTART").run(RunSetup::between("10:00", "10:45")))
        .lab(8, &[], vec![RunSetup::between("11:00", "11:30")])
        .lab(9, &["s9@example.edu"], Vec::new())
}

fn whole(stage: &Stage) -> String {
    let report = stage.reports().remove(0);
    let (name, content) = &report.attachments[0];
    let csv = String::from_utf8(BASE64_STANDARD.decode(content).unwrap()).unwrap();
    let text = format!(
        "To: {}\nCc: {}\nSubject: {}\n\n{}\n==== {name} ====\n{csv}",
        report.to.join(", "),
        report.cc.join(", "),
        report.subject,
        report.text
    );
    let url = stage.sim.url();
    text.replace(url.trim_start_matches("http://"), "HOST").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[tokio::test]
async fn a_whole_day_with_all_that_went_wrong() {
    let mut stage = lab(strange()).await;
    stage.poll_every_15_min_until("14:30").await;
    // A teacher starts the blocked cluster again, and it is stopped again.
    stage.sim.world(|world| world.start(CLUSTER, "ta@example.edu").unwrap());
    stage.go_to("14:45");
    stage.poll_well().await;
    stage.go_to("18:15");
    stage.poll_well().await;
    stage.go_to("17 00:07");
    let path = format!("* /api/2.0/permissions/clusters/{CLUSTER}");
    stage.sim.fault(Fault::on(&path).status(403));
    stage.night().await;
    expect_file!["golden/report.txt"].assert_eq(&whole(&stage));
    let strange = stage.sim.asked("* /api/2.0/permissions/clusters/1116-060000-staff001");
    assert_eq!(strange.len(), 0, "nobody looks at or changes rights on clusters of others");
}

#[tokio::test]
async fn a_day_on_which_mails_were_lost_and_times_were_sampled() {
    let run = RunSetup::from("08:00").requested("07:57");
    let scenario = Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], vec![run]);
    let mut stage = lab(scenario).await;
    stage.sim.fault(Fault::on("POST /api/2.1/clusters/events").status(403));
    stage.go_to("08:15");
    stage.poll_well().await;
    stage.go_to("11:45");
    stage.sim.close_acs().await;
    stage.poll_well().await;
    stage.go_to("23:59");
    stage.poll_well().await;
    stage.sim.reopen_acs().await.unwrap();
    stage.go_to("17 00:07");
    stage.night().await;
    let report = whole(&stage);
    assert!(report.contains("could not be sent in time"), "{report}");
    assert!(report.contains("times known only from looks at the list: cluster_01"), "{report}");
    assert!(report.contains(&format!("2026-11-16,cluster_01,{}", id(1))), "{report}");
    assert!(report.lines().any(|line| line.ends_with(",sampled")), "{report}");
}

#[tokio::test]
async fn with_mail_off_days_are_closed_all_the_same() {
    let run = RunSetup::between("09:00", "10:00");
    let scenario = Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], vec![run]);
    let mut stage = lab(scenario).await;
    stage.configure("mail_enabled", json!(false));
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.night().await;
    assert_eq!((stage.last_closed().as_str(), stage.sim.mails().len()), ("2026-11-16", 0));
}

#[tokio::test]
async fn what_was_released_in_between_or_never_blocked_is_told() {
    let mut stage = lab(three()).await;
    // The third has no right to be changed all day.
    let refused = format!("* /api/2.0/permissions/clusters/{}", id(3));
    stage.sim.fault(Fault::on(&refused).status(403));
    stage.go_to("12:00");
    stage.poll_well().await;
    stage.configure("overrides", json!({ "cluster_01": { "hard": 600 } }));
    stage.go_to("12:15");
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.night().await;
    let report = whole(&stage);
    let told = "cluster_01: it was below its limit again, and its block ended at 12:15";
    assert!(report.contains(told), "{report}");
    assert!(report.contains("cluster_03: the block failed 2 times, last with:"), "{report}");
    assert_eq!(report.matches("cluster_02: ").count(), 0, "{report}");
}
