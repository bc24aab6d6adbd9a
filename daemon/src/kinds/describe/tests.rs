//! How long a failure counts, and what is said of it.

use super::*;

#[test]
fn what_took_too_long_is_asked_again_after_a_while() {
    let at: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    let failed = |passing| Failed { reason: "it was slow".into(), at, passing };
    let after = |secs| at + chrono::TimeDelta::seconds(secs);
    assert!(failed(true).counts(after(0)) && failed(true).counts(after(599)));
    assert!(!failed(true).counts(after(600)));
    assert!(!failed(true).counts(after(-60)), "a clock that was set back is no reason to wait");
    assert!(failed(false).counts(after(1_000_000)), "the same file crashes again");
    assert_eq!(
        failed(true).sentence(),
        "it was slow; it is asked again after 10 minutes, and with each reload"
    );
    assert_eq!(failed(false).sentence(), "it was slow");
}

#[tokio::test]
async fn a_version_that_is_known_to_fail_is_not_asked() {
    let failed = Failed { reason: "it crashed".into(), at: SystemClock.now(), passing: false };
    let seeded = BTreeMap::from([("ab".to_owned(), failed)]);
    // No worker can be started there, so one that were asked would fail in another way.
    let describer = Describer::new("/proc/none".into(), Arc::new(Protected::default), seeded);
    let asked = |sha256: &str| Asked { path: "/p/a.so".into(), sha256: sha256.into() };
    let said = describer.ask(vec![asked("ab")]).await.remove(0).1;
    assert_eq!(said.unwrap_err(), "it crashed");
    let there = BTreeSet::from(["ab".to_owned()]);
    assert_eq!(describer.failures(&there).len(), 1);
    assert!(describer.failures(&BTreeSet::new()).is_empty(), "files that are gone are forgotten");
}
