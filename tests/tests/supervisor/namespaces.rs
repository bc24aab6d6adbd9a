//! A supervisor in a process namespace whose session leader lies outside of it, as in a container that shares a terminal:
//! there the kernel shows its session as 0.

use std::process::{Command, Stdio};

use serde_json::json;

use super::*;

/// The ways into a new process namespace, the better one first; without rights only the other works.
const WAYS: [&[&str]; 2] = [
    &["unshare", "--pid", "--fork", "--mount-proc"],
    &["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"],
];

/// How to get into a namespace here, if it is allowed at all.
#[expect(clippy::disallowed_methods, reason = "asks the host what it allows")]
fn way_in() -> Option<&'static [&'static str]> {
    WAYS.into_iter().find(|way| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).arg("true").stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Starts the supervisor, kills its worker once the runaway has begun, and tells what is left when the supervisor has
/// ended. It is the namespace's init, so that the end of the supervisor alone ends nothing.
const SCRIPT: &str = r#"
cd "$1" || exit 9
sed 's/.*) //' /proc/self/stat | cut -d' ' -f4 > session
"$2" lone-supervisor "$1/work" "$3" "$4" "$1" 30000 2> said &
supervisor=$!
tries=0
while [ ! -s child ] || [ ! -s ready ]; do
    tries=$((tries+1)); [ $tries -gt 400 ] && break
    kill -0 $supervisor 2>/dev/null || break
    sleep 0.05
done
kill -9 "$(cat ready)"
wait $supervisor
echo $? > code
if kill -0 "$(cat child)" 2>/dev/null; then echo left > verdict; else echo none > verdict; fi
kill -9 "$(cat child)" 2>/dev/null
exit 0
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_killed_worker_is_ended_where_the_session_leader_is_outside() {
    let bench = Bench::new();
    let way = way_in();
    let (ready, child) = (bench.path("ready"), bench.path("child"));
    let deaf = format!("trap \"\" TERM HUP INT; echo $$ > {}; while :; do sleep 0.05; done", child.display());
    let runaway = format!("( setsid env -i PATH=/usr/bin:/bin /bin/sh -c '{deaf}' & ) & exit 0");
    let with = json!({ "pid_file": ready, "scripts": [runaway], "wait_for": child, "then": "block" });
    let mark = format!("namespaces/{}", std::process::id());

    let mut words: Vec<&str> = way.unwrap_or(&[]).to_vec();
    words.extend(["/bin/sh", "-c", SCRIPT, "in-namespace"]);
    #[expect(clippy::disallowed_methods, reason = "the supervisor under test is a process of its own")]
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(bench.folder.path()).arg(PROGRAM).arg(mark).arg(with.to_string());
    let mut running = command.stdin(Stdio::null()).spawn().unwrap();
    let status = soon("the end of the script", || running.try_wait().unwrap()).await;
    assert!(status.success(), "{status}");

    let told = |name: &str| fs::read_to_string(bench.path(name)).unwrap_or_default().trim().to_owned();
    let said = told("said");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(told("verdict"), "none", "the runaway is still there: {said}");
    assert_eq!(told("code"), "1", "the attempt did not finish, and the supervisor said so: {said}");
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 0, "the work directory is left: {said}");
    if way.is_some() {
        assert_eq!(told("session"), "0", "the session leader is outside");
    } else {
        eprintln!("no process namespace can be made here: checked without one, where the session is known");
    }
}
