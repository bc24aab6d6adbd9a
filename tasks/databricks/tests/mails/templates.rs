//! Texts of a lab's own: those that work, and those that do not. Our own texts are elsewhere.

use std::{fs, path::Path};

use roundsman_databricks::mails::{About, Report};
use roundsman_task::FindingLevel;

use crate::stage::Stage;

async fn with(folder: &Path) -> Stage {
    Stage::new().await.set("mail_templates", folder.to_str().unwrap())
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).unwrap();
}

#[tokio::test]
async fn all_placeholders_are_filled_and_escaped_where_it_is_html() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{cluster}|{group}|{used_hhmm}|{soft_min}|{hard_min}|{remaining_min}|{reset_local}|{contact}";
    write(folder.path(), "warn.subject", "Careful, {cluster}\n");
    write(folder.path(), "warn.txt", format!("{text} {{not one}} {{{{cluster}}}}"));
    write(
        folder.path(),
        "warn.html",
        format!("<style>p {{ color: red }}</style><p title=\"{{group}}\">{text}</p>"),
    );
    let stage = with(folder.path()).await;
    stage.sim.world(|world| {
        world.add_group("a\"<b>&'");
        world.add_member("a\"<b>&'", "s1a@example.edu");
    });
    let about = About {
        name: "x<i>".to_owned(),
        group: Some("a\"<b>&'".to_owned()),
        soft_ms: 90_000,
        ..stage.about(7, 185)
    };
    let post = stage.post();
    assert_eq!(post.problems(), Vec::<String>::new());
    post.warn(&about).await.unwrap();
    let mail = stage.only_mail().await;
    assert_eq!(mail.subject, "[demo] Careful, x<i>");
    let rest = "3h5m|1.5|210|25|2026-11-17 00:00 +02:00 (Asia/Jerusalem)|admin@example.edu";
    assert_eq!(mail.text, format!("x<i>|a\"<b>&'|{rest} {{not one}} {{x<i>}}"));
    let group = "a&quot;&lt;b&gt;&amp;&#39;";
    let html = format!("<style>p {{ color: red }}</style><p title=\"{group}\">x&lt;i&gt;|{group}|{rest}</p>");
    assert_eq!(mail.html, html);
}

#[tokio::test]
async fn a_text_alone_is_shown_as_html_too_and_a_note_comes_before_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "stop.txt", "Stopped: {cluster}\nSee you <tomorrow>.");
    let stage = with(folder.path()).await;
    let about = About { group: Some("nobody".to_owned()), ..stage.about(7, 210) };
    stage.post().stop(&about).await.unwrap();
    let mail = stage.only_mail().await;
    let note = "This mail comes to you because nobody has no active member.";
    assert_eq!(mail.text, format!("{note}\n\nStopped: cluster_07\nSee you <tomorrow>."));
    assert!(mail.html.contains(note) && mail.html.contains("Stopped: cluster_07\nSee you &lt;tomorrow&gt;."));
    assert_eq!(mail.subject, "[demo] cluster_07: daily limit reached, cluster stopped");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_and_our_own_text_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "warn.txt", "You have {minutes} left");
    write(folder.path(), "warn.html", b"\xff\xfe");
    write(folder.path(), "warn.subject", " \n");
    write(folder.path(), "stop.txt", "x".repeat(200_001));
    write(folder.path(), "report.html", "a table");
    write(folder.path(), "README.md", "about this folder");
    fs::create_dir(folder.path().join("stop.html")).unwrap();
    let stage = with(folder.path()).await;
    let post = stage.post();
    let problems = post.problems().join("\n").replace(folder.path().to_str().unwrap(), "DIR");
    let told: Vec<_> = problems.lines().collect();
    assert_eq!(told.len(), 6, "{problems}");
    assert!(
        told[0].starts_with("mail_templates: DIR/report.html is the text of no mail; our own"),
        "{problems}"
    );
    assert!(told[1].starts_with("mail_templates: DIR/stop.html cannot be read: "), "{problems}");
    assert!(
        told[2].starts_with("mail_templates: DIR/stop.txt cannot be read: it is larger than"),
        "{problems}"
    );
    assert!(told[3].starts_with("mail_templates: DIR/warn.html cannot be read: "), "{problems}");
    assert!(told[4].starts_with("mail_templates: DIR/warn.subject is empty"), "{problems}");
    assert!(told[5].contains(
        "warn.txt has the unknown placeholder {minutes}; our own text is used; known are {cluster}"
    ));
    let findings = post.findings();
    assert_eq!(findings.iter().filter(|finding| finding.level == FindingLevel::Warning).count(), 6);
    post.warn(&stage.about(7, 180)).await.unwrap();
    let mail = stage.only_mail().await;
    assert_eq!(mail.subject, "[demo] cluster_07: most of today's running time is used");
    assert!(mail.text.starts_with("cluster_07 (of group_07) has run for 3h0m today."), "{}", mail.text);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let stage = with(Path::new("/nowhere/texts")).await;
    let problems = stage.post().problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("mail_templates: /nowhere/texts cannot be read: "), "{problems:?}");
    assert!(stage.post().stop(&stage.about(7, 210)).await.unwrap());
    stage.only_mail().await;
    let day = "2026-11-15".parse().unwrap();
    let problem = "something else".to_owned();
    let report = Report { day, rows: Vec::new(), managed: 1, unmanaged: Vec::new(), problems: vec![problem] };
    stage.post().report(&report).await.unwrap();
    let text = stage.only_mail().await.text;
    assert!(text.contains(&format!("- something else\n- {}", problems[0])), "{text}");
}
