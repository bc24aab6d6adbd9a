//! Workers whose supervisor dies, and the sweep that follows.

use std::process::{Child, Command, Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;

use super::*;

#[expect(clippy::disallowed_methods, reason = "the supervisor under test is a process of its own")]
fn lone_supervisor(bench: &Bench, mark: &str, with: &Value, limit_ms: u64) -> Child {
    let mut command = Command::new(PROGRAM);
    command.arg("lone-supervisor").arg(bench.path("work")).arg(mark).arg(with.to_string());
    // A gate that is open.
    command.arg(bench.folder.path()).arg(limit_ms.to_string());
    command.stdin(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_without_rights_starts_workers_after_its_file_was_replaced() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    /// Anyone but root; where tests do not run as root they are without rights anyway.
    const NOBODY: u32 = 65_534;
    let open_to_all = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    let bench = Bench::new();
    let (copy, gate) = (bench.path("program"), bench.path("gate"));
    fs::copy(PROGRAM, &copy).unwrap();
    open_to_all(bench.folder.path());
    let with = json!({ "pid_file": bench.path("ready"), "then": "succeed" });
    #[expect(clippy::disallowed_methods, reason = "the supervisor under test is a process of its own")]
    let mut command = Command::new(&copy);
    command
        .arg("lone-supervisor")
        .arg(bench.path("others"))
        .arg(mark())
        .arg(with.to_string())
        .arg(&gate)
        .arg("20000");
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut supervisor = command.stdin(Stdio::null()).spawn().unwrap();
    soon("the supervisor to run", || bench.path("others").exists().then_some(())).await;
    fs::remove_file(&copy).unwrap();
    fs::write(&copy, "no program").unwrap();
    fs::write(gate, "").unwrap();
    let status = soon("the end of the supervisor", || supervisor.try_wait().unwrap()).await;
    assert!(status.success(), "{status}");
    assert!(bench.path("ready").exists());
    assert_eq!(fs::read_dir(bench.path("others")).unwrap().count(), 0);
}

fn mark() -> String {
    format!("orphans/{}/1", std::process::id())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_ends_by_itself_when_its_supervisor_is_killed() {
    let bench = Bench::new();
    let (ready, child) = (bench.path("ready"), bench.path("child"));
    let deaf = format!(
        "exec setsid env -i PATH=/usr/bin:/bin /bin/sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 0.05; done'",
        child.display()
    );
    let with = json!({ "pid_file": ready, "scripts": [deaf], "wait_for": child, "then": "block" });
    let mut supervisor = lone_supervisor(&bench, &mark(), &with, 30_000);
    let (worker, child) = (told_by(&ready).await, told_by(&child).await);
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    let begun = Instant::now();
    soon("the end of the tree", || (!worker.is_alive() && !child.is_alive()).then_some(())).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_ends_at_its_time_limit_when_its_supervisor_is_frozen() {
    let bench = Bench::new();
    let (ready, child) = (bench.path("ready"), bench.path("child"));
    let deaf = format!("trap '' TERM; echo $$ > {}; while :; do sleep 0.05; done", child.display());
    let with = json!({ "pid_file": ready, "scripts": [deaf], "wait_for": child, "then": "block" });
    let mut supervisor = lone_supervisor(&bench, &mark(), &with, 2_000);
    let (worker, child) = (told_by(&ready).await, told_by(&child).await);
    kill(Pid::from_raw(supervisor.id().cast_signed()), Signal::SIGSTOP).unwrap();
    // Nobody is left who could cancel it: the worker's own watch over the time limit has to.
    let ended = || Process::read(worker.pid).is_none_or(|now| now.is_zombie) && !child.is_alive();
    soon("the end of the tree", || ended().then_some(())).await;
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_ends_what_is_ours_and_only_that() {
    let bench = Bench::new();
    let (ready, child) = (bench.path("ready"), bench.path("child"));
    let unmarked = format!(
        "env -i PATH=/usr/bin:/bin /bin/sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 0.05; done'",
        child.display()
    );
    let with = json!({ "pid_file": ready, "scripts": [unmarked], "wait_for": child, "then": "stop" });
    let (ours, others) = (mark(), format!("{}-other", mark()));
    let mut supervisor = lone_supervisor(&bench, &ours, &with, 30_000);
    let (worker, child) = (told_by(&ready).await, told_by(&child).await);
    #[expect(clippy::disallowed_methods, reason = "a process with the mark of somebody else")]
    let mut other = Command::new("sleep").arg("60").env("ROUNDSMAN_ATTEMPT", &others).spawn().unwrap();
    soon("the mark to be seen", || (carriers_of(&others) == 1).then_some(())).await;
    // Frozen, the guard can do nothing; and the supervisor is gone.
    soon("the worker to be stopped", || {
        let status = fs::read_to_string(format!("/proc/{}/status", worker.pid)).ok()?;
        status.contains("State:\tT").then_some(())
    })
    .await;
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 1);

    let ended = bench.executor.sweep(&|mark| mark == ours).await.unwrap();
    assert!(ended >= 2, "{ended}");
    assert!(!worker.is_alive() && !child.is_alive());
    assert_eq!(carriers_of(&ours), 0);
    assert_eq!(other.try_wait().unwrap(), None, "what is not ours is spared");
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 0, "its work directory is gone");
    assert_eq!(bench.executor.sweep(&|mark| mark == ours).await.unwrap(), 0);
    other.kill().unwrap();
    other.wait().unwrap();
}
