//! Who gets a mail. What it says is elsewhere.

use roundsman_databricks::mails::{About, MailKind};
use roundsman_simulators::Fault;

use crate::stage::{Stage, day, lab};

#[tokio::test]
async fn active_members_get_it_also_of_groups_within_and_admins_a_copy() {
    let stage = Stage::new().await;
    stage.sim.world(|world| {
        world.add_group("tutors");
        world.add_member("tutors", "tutor@example.edu");
        world.add_member("group_07", "tutors");
        world.set_active("s7b@example.edu", false);
    });
    stage.post().warn(&stage.about(7, 180)).await.unwrap();
    let mail = stage.only_mail().await;
    assert_eq!(mail.to, ["s7a@example.edu", "tutor@example.edu"]);
    assert_eq!(mail.cc, ["admin@example.edu"]);
    assert_eq!(mail.body["replyTo"][0]["address"], "admin@example.edu");
}

#[tokio::test]
async fn copies_can_be_switched_off() {
    let stage = Stage::new().await.set("cc_admin", false);
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    let mail = stage.only_mail().await;
    assert_eq!((mail.to.len(), mail.cc.len()), (2, 0));
}

#[tokio::test]
async fn without_an_active_member_it_comes_to_admins_and_says_why() {
    let stage = Stage::new().await;
    stage.sim.world(|world| {
        world.set_active("s7a@example.edu", false);
        world.set_active("s7b@example.edu", false);
    });
    let gone = About { group: Some("group_99".to_owned()), ..stage.about(8, 210) };
    let post = stage.post();
    assert!(post.stop(&stage.about(7, 210)).await.unwrap());
    assert!(post.stop(&gone).await.unwrap());
    stage.drain().await;
    let mut mails = stage.sim.mails();
    mails.sort_by(|one, other| one.subject.cmp(&other.subject));
    for (mail, group) in mails.iter().zip(["group_07", "group_99"]) {
        assert_eq!((mail.to.as_slice(), mail.cc.len()), (&["admin@example.edu".to_owned()][..], 0));
        let why = format!("This mail comes to you because {group} has no active member.");
        assert!(mail.text.starts_with(&why) && mail.html.contains(&why), "{}", mail.text);
    }
}

#[tokio::test]
async fn members_are_asked_for_once_and_only_if_somebody_is_told_something() {
    let stage = Stage::new().await;
    let post = stage.post();
    post.reoffence(&stage.about(7, 220), None).await.unwrap();
    assert_eq!(stage.sim.asked("GET *scim*").len(), 0, "admins are known");
    for number in 1..=5 {
        post.warn(&stage.about(number, 180)).await.unwrap();
    }
    let asked = stage.sim.asked("GET *scim*").len();
    let stage = Stage { test: stage.test.next_run(), ..stage };
    let again = stage.post();
    for number in 1..=5 {
        assert!(again.warn(&stage.about(number, 200)).await.unwrap());
    }
    assert_eq!(stage.sim.asked("GET *scim*").len(), asked, "what is entered already needs nobody's address");
    let first = stage.sim.asked("GET *scim*");
    let starts = |entry: &roundsman_simulators::Entry| entry.query.contains("startIndex=1&");
    assert_eq!(first.iter().filter(|entry| starts(entry)).count(), 2, "users once, groups once");
}

#[tokio::test]
async fn a_workspace_that_does_not_answer_is_asked_again_by_the_next_run() {
    let mut stage = Stage::new().await;
    stage.sim.fault(Fault::on("GET *scim*").status(500));
    let post = stage.post();
    post.stop(&stage.about(7, 210)).await.unwrap_err();
    let asked = stage.sim.asked("GET *scim*").len();
    post.stop(&stage.about(8, 210)).await.unwrap_err();
    assert_eq!(stage.sim.asked("GET *scim*").len(), asked, "not once for each cluster");
    assert!(stage.open().await.is_empty());
    stage.sim.clear_faults();
    stage.later(15);
    assert!(stage.post().stop(&stage.about(7, 210)).await.unwrap());
    assert_eq!(stage.only_mail().await.to.len(), 2);
}

#[tokio::test]
async fn who_may_not_read_members_still_tells_admins() {
    let stage = Stage::new().await;
    stage.sim.fault(Fault::on("GET *scim*").status(403));
    assert!(stage.post().stop(&stage.about(7, 210)).await.unwrap());
    let mail = stage.only_mail().await;
    assert_eq!(mail.to, ["admin@example.edu"]);
    assert!(mail.text.starts_with("This mail comes to you because the members of group_07 cannot be read"));
}

#[tokio::test]
async fn a_large_group_gets_several_mails_each_person_one() {
    let people: Vec<_> = (0..120).map(|number| format!("p{number:03}@example.edu")).collect();
    let names: Vec<_> = people.iter().map(String::as_str).collect();
    let stage = Stage::of(lab().lab(77, &names, Vec::new())).await;
    let about = stage.about(77, 180);
    assert!(stage.post().warn(&about).await.unwrap());
    assert!(stage.post().warn(&about).await.unwrap());
    assert!(stage.post().cluster_is_off(&about.cluster_id, day(), stage.now_ms()).await.unwrap());
    let off = stage.now() + std::time::Duration::from_mins(30);
    assert!(stage.open().await.iter().all(|(_, record)| record.expires_at == off));
    assert_eq!(stage.drain().await.sent, 3);
    let mails = stage.sim.mails();
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort();
    assert_eq!(to, people);
    assert!(mails.iter().all(|mail| mail.to.len() + mail.cc.len() <= 50));
    assert_eq!(mails.iter().filter(|mail| !mail.cc.is_empty()).count(), 1, "one copy");
    assert!(mails.iter().any(|mail| mail.id == stage.id(MailKind::Warn, 77).to_string()));
}

#[tokio::test]
async fn a_report_goes_to_its_recipients_and_admins_once_each() {
    let stage = Stage::new().await.set("admin_email", "admin@example.edu, second@example.edu");
    let report = roundsman_databricks::mails::Report {
        day: "2026-11-15".parse().unwrap(),
        rows: Vec::new(),
        managed: 0,
        unmanaged: Vec::new(),
        problems: Vec::new(),
    };
    stage.post().report(&report).await.unwrap();
    stage.post().report(&report).await.unwrap();
    let mail = stage.only_mail().await;
    assert_eq!(mail.to, ["head@example.edu", "admin@example.edu"]);
    assert_eq!(mail.cc, ["second@example.edu"]);
}

#[tokio::test]
async fn where_nothing_is_to_be_mailed_everything_counts_as_told() {
    let stage = Stage::new().await.set("mail_enabled", false);
    let post = stage.post();
    assert!(post.warn(&stage.about(7, 180)).await.unwrap());
    assert!(post.stop(&stage.about(7, 210)).await.unwrap());
    assert!(!post.cluster_is_off(&stage.about(7, 0).cluster_id, day(), 0).await.unwrap());
    assert_eq!(stage.drain().await, roundsman_notify::Drained::default());
    assert!(stage.test.documents_in("databricks", "mail").is_empty());
    assert!(stage.sim.journal().is_empty(), "nobody was asked anything");
}

async fn enters_nothing(stage: &Stage) {
    let (asked, documents) = (stage.sim.journal().len(), stage.test.documents_in("databricks", "mail"));
    let post = stage.post();
    assert!(!post.stop(&stage.about(7, 210)).await.unwrap(), "it is not in the outbox");
    assert!(post.warn(&stage.about(1, 190)).await.unwrap(), "it is, since the run before");
    assert!(!post.cluster_is_off(&stage.about(1, 0).cluster_id, day(), 0).await.unwrap());
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting), (0, 1));
    post.test(None).await.unwrap();
    assert_eq!(stage.test.documents_in("databricks", "mail"), documents);
    assert_eq!(stage.sim.journal().len(), asked, "nobody was asked anything");
}

#[tokio::test]
async fn a_dry_run_of_either_kind_enters_and_sends_nothing() {
    let stage = Stage::new().await;
    stage.post().warn(&stage.about(1, 180)).await.unwrap();
    let stage = Stage { test: stage.test.next_dry_run(), ..stage };
    enters_nothing(&stage).await;
    let stage = Stage::new().await;
    stage.post().warn(&stage.about(1, 180)).await.unwrap();
    enters_nothing(&stage.set("dry_run", true)).await;
}
