//! What scripts find around themselves.

use roundsman_model::CredentialField;

use super::*;

/// Keeps what it finds.
const LOOK: &str = "
    cat > request.json; echo '::artifact request.json'
    env > env.txt; echo '::artifact env.txt'
    for fd in /proc/self/fd/*; do echo \"${fd##*/} $(readlink $fd)\"; done > fds.txt
    echo '::artifact fds.txt'
    echo \"$0\"";

fn kept(notes: &Notes, name: &str) -> String {
    String::from_utf8(notes.artifacts.lock().unwrap()[name].clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_is_in_variables_and_on_standard_input() {
    let bench = Bench::new();
    let mut order = bench.sh(LOOK);
    order.env = vec![("ASKED_FOR".into(), "yes".into())];
    let request = &mut order.request;
    request.with = json!({ "days": 3, "target": "/data" });
    request.params = json!({ "days": 9 });
    request.round = None;
    request.slot = Some("2026-03-29T01:30:00Z".parse().unwrap());
    let token = CredentialField::new("swordfish").with_next("sailfish");
    request.credentials = BTreeMap::from([("netbox".into(), BTreeMap::from([("token".into(), token)]))]);
    let (mark, run) = (order.mark.clone(), order.request.run.to_string());
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!(outcome.detail["stdout"], json!([bench.path("script")]), "it knows where it is");

    let request: Value = serde_json::from_str(&kept(&notes, "request.json")).unwrap();
    assert_eq!(request["with"], json!({ "days": 9, "target": "/data" }));
    assert_eq!(
        request["credentials"],
        json!({ "netbox": { "token": { "current": "swordfish", "next": "sailfish" } } })
    );
    assert_eq!(
        (&request["task"], &request["attempt"], &request["dry_run"]),
        (&json!("test"), &json!(1), &json!(false))
    );
    assert_eq!(
        (&request["slot"], &request["timezone"]),
        (&json!("2026-03-29T01:30:00Z"), &json!("Europe/Berlin"))
    );

    let text = kept(&notes, "env.txt");
    let env: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let check = |name: &str, expected: &str| assert_eq!(env.get(name), Some(&expected), "{name} in {env:?}");
    check("ASKED_FOR", "yes");
    check("ROUNDSMAN_ATTEMPT", &mark);
    check("ROUNDSMAN_ATTEMPT_NUMBER", "1");
    check("ROUNDSMAN_CRED_NETBOX_TOKEN", "swordfish");
    check("ROUNDSMAN_CRED_NETBOX_TOKEN_NEXT", "sailfish");
    check("ROUNDSMAN_DRY_RUN", "0");
    check("ROUNDSMAN_FD", "3");
    check("ROUNDSMAN_PARAM_DAYS", "9");
    check("ROUNDSMAN_PARAM_TARGET", "/data");
    check("ROUNDSMAN_RUN", &run);
    check("ROUNDSMAN_SLOT", "2026-03-29T01:30:00Z");
    check("ROUNDSMAN_TASK", "test");
    check("ROUNDSMAN_WITH", "{\"days\":9,\"target\":\"/data\"}");
    check("HOME", env["PWD"]);
    let known = "ASKED_FOR HOME LANG PATH PWD OLDPWD SHLVL TMPDIR TZ _";
    let strange: Vec<_> = env
        .keys()
        .filter(|name| !name.starts_with("ROUNDSMAN_") && !known.split(' ').any(|known| known == **name))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_four_descriptors_and_no_other() {
    let bench = Bench::new();
    let (_, notes) = bench.outcome(bench.sh(LOOK)).await;
    let text = kept(&notes, "fds.txt");
    let fds: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    for number in ["0", "2", "3"] {
        assert!(fds[number].starts_with("pipe:"), "{number} in {fds:?}");
    }
    // The shell's own come from 10 on, and the folder that is listed is one of them.
    let more: Vec<_> = fds.iter().filter(|(number, _)| number.parse::<u32>().unwrap() > 3).collect();
    assert!(
        more.iter()
            .all(|(_, target)| target.ends_with("/script") || target.contains("/proc/") || target.is_empty()),
        "{more:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_nobody_reads_is_no_failure() {
    let bench = Bench::new();
    let mut order = bench.sh("exec 0<&-; echo done");
    order.request.with = json!({ "much": "x".repeat(4 << 20) });
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!(outcome.detail["stdout"], json!(["done"]));
    assert!(warnings(&notes)[0].contains("ROUNDSMAN_WITH"), "{:?}", warnings(&notes));
}
