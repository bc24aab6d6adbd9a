//! The examples of docs/scripts.md, as they stand there. Those for PowerShell are checked for their header only: no package
//! registry has it, so that nothing here could run them.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use roundsman_model::CredentialField;

use super::*;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scripts/examples").join(name).canonicalize().unwrap()
}

#[test]
fn all_examples_have_a_good_header_and_may_be_executed() {
    let mut seen = 0;
    for folder in ["examples", "ported"] {
        for entry in fs::read_dir(example("..").join(folder)).unwrap().flatten() {
            let path = entry.path();
            let header = Header::in_script(&path, &fs::read(&path).unwrap()).unwrap().expect("a header");
            assert!(header.about.is_some(), "{}", path.display());
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o111, 0o111, "{}", path.display());
            let page = if folder == "examples" { "scripts.md" } else { "port-a-cron-script.md" };
            let page = fs::read_to_string(example("../..").join(page)).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(page.contains(&format!("scripts/{folder}/{name}")), "{name} is not on its page");
            let text = fs::read_to_string(&path).unwrap();
            assert!(page.contains(&text), "{name} is another one on its page");
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sh() {
    let bench = Bench::new();
    let path = example("disk-space.sh");
    let (outcome, notes) =
        bench.outcome(with_header(&path, json!({ "paths": "/ /tmp", "limit": 101 }))).await;
    assert_eq!(outcome.status, OutcomeStatus::Success);
    assert_eq!(outcome.summary, "0 of 2 file systems are full");
    assert_eq!((outcome.counts.processed, outcome.counts.ok), (2, 2));
    assert_eq!(notes.progress.lock().unwrap().last(), Some(&(2, Some(2), "/tmp".to_owned())));
    let metrics = notes.metrics.lock().unwrap().clone();
    assert_eq!(metrics.len(), 2);
    assert!(
        metrics
            .iter()
            .all(|sample| sample.name == "disk_space_used_percent" && sample.labels.contains_key("path"))
    );
    assert!(notes.artifacts.lock().unwrap()["df.txt"].starts_with(b"Filesystem"));
    assert_eq!(warnings(&notes), [""; 0]);
    let (outcome, _) = bench.outcome(with_header(&path, json!({ "limit": 0 }))).await;
    assert_eq!((outcome.status, outcome.counts.failed), (OutcomeStatus::Partial, 1));
}

/// A server of one page, which it gives to those who know the word. It ends with the last of so many requests.
fn serve(requests: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let known = String::from_utf8_lossy(&request[..read]).contains("Bearer swordfish");
            let (status, body) = if known { ("200 OK", "<p>hello</p>") } else { ("403 Forbidden", "") };
            let head = format!("HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).unwrap();
        }
    });
    format!("http://{address}/")
}

fn fetching(urls: &[&str], token: &str) -> AttemptOrder {
    let mut order = with_header(&example("fetch_pages.py"), json!({ "urls": urls }));
    let fields = BTreeMap::from([("token".to_owned(), CredentialField::new(token))]);
    order.request.credentials = BTreeMap::from([("pages".to_owned(), fields)]);
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    let bench = Bench::new();
    // Nobody listens on port 1 of the loopback network's last address.
    let (url, nowhere) = (serve(2), "http://127.255.255.254:1/");
    let (outcome, notes) = bench.outcome(fetching(&[&url, nowhere], "swordfish")).await;
    assert_eq!(
        (outcome.status, outcome.summary.as_str(), outcome.again),
        (OutcomeStatus::Partial, "1 of 2 pages", true)
    );
    assert_eq!(outcome.detail["failed"], json!([nowhere]));
    assert_eq!(notes.artifacts.lock().unwrap()["page-1.html"], b"<p>hello</p>");
    assert_eq!(notes.metrics.lock().unwrap()[0].value.to_string(), "12");
    assert!(warnings(&notes)[0].starts_with(nowhere), "{:?}", warnings(&notes));

    let (error, _) = bench.error(fetching(&[&url], "wrong")).await;
    assert_eq!(error, TaskError::retry("0 of 1 pages"));

    let mut dry = fetching(&[nowhere], "swordfish");
    dry.request.dry_run = true;
    let (outcome, _) = bench.outcome(dry).await;
    assert_eq!((outcome.summary.as_str(), outcome.counts.planned), ("would fetch 1 pages", 1));
}
