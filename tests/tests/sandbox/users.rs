//! Workers that become another user.

use std::os::unix::fs::MetadataExt;

use roundsman_model::{Enforce, TaskError};
use roundsman_processes::{Process, marked};

use super::*;

const NOBODY: u32 = 65_534;

fn as_nobody(mut order: AttemptOrder) -> AttemptOrder {
    order.request.confinement.user = Some("nobody".into());
    order
}

fn refused(report: &AttemptReport) -> &str {
    match &report.end {
        AttemptEnd::Erred { error: TaskError::Config { cause } } => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_becomes_the_user_and_never_root_again() {
    if !is_root() {
        return eprintln!("only root becomes another user");
    }
    let house = House::new();
    fs::write(house.path("shut/secret"), "root's own").unwrap();
    fs::set_permissions(house.path("shut/secret"), Permissions::from_mode(0o600)).unwrap();
    let order = house.python(
        r#"
import os
print("ids", *os.getresuid(), *os.getresgid(), *os.getgroups())
for name, deed in [
    ("setuid", lambda: os.setuid(0)),
    ("setgid", lambda: os.setgid(0)),
    ("setgroups", lambda: os.setgroups([0])),
    ("read", lambda: open(os.environ["H"] + "/shut/secret").read()),
    ("kill", lambda: os.kill(int(os.environ["D"]), 0)),
    ("environ", lambda: open("/proc/" + os.environ["D"] + "/environ").read()),
    ("parent", lambda: open(f"/proc/{os.getppid()}/environ").read()),
]:
    try:
        deed()
        print("done", name)
    except OSError:
        pass
print(*[line.strip() for line in open("/proc/self/status") if line.startswith(("CapEff", "CapPrm", "NoNewPrivs"))])
print(os.environ["USER"], os.environ["LOGNAME"], os.environ["HOME"] == os.getcwd() == os.environ["TMPDIR"])
open("file", "w").write("x")
open(os.environ["H"] + "/open/by-nobody", "w").write("x")
with open("/dev/stdout", "w") as out:
    out.write("opened anew\n")
"#,
    );
    let lines = house.lines(as_nobody(order)).await;
    assert_eq!(lines[0], format!("ids{}", format!(" {NOBODY}").repeat(7)), "groups are its own alone");
    assert_eq!(
        lines[1], "done parent",
        "the worker above can be looked at, as by any other process of an attempt"
    );
    assert_eq!(lines[2], "CapPrm:\t0000000000000000 CapEff:\t0000000000000000 NoNewPrivs:\t1");
    assert_eq!(lines[3], "nobody nobody True");
    assert!(lines.contains(&"opened anew".to_owned()), "{lines:?}");
    assert_eq!(fs::metadata(house.path("open/by-nobody")).unwrap().uid(), NOBODY);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rules_hold_for_another_user_too() {
    if !is_root() {
        return eprintln!("only root becomes another user");
    }
    need_landlock(3);
    let house = House::new();
    for name in ["state", "etc", "etc/conf.d", "state/spool"] {
        fs::set_permissions(house.path(name), Permissions::from_mode(0o777)).unwrap();
    }
    for name in ["state/roundsman.db", "etc/vault", "etc/roundsman.toml"] {
        fs::set_permissions(house.path(name), Permissions::from_mode(0o666)).unwrap();
    }
    let deeds =
        ["cat $H/etc/vault", "echo x > $H/state/roundsman.db", "touch $H/state/new", "rm $H/etc/vault"];
    let text: String = deeds.iter().map(|deed| format!("( {deed} ) 2>/dev/null && echo done\n")).collect();
    let order = as_nobody(house.script(&format!("{text} echo x > own && cat own; cat $H/etc/hosts")));
    assert_eq!(house.lines(order).await, ["x", "a neighbour"]);
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_leaves_behind_is_found_and_ended() {
    if !is_root() {
        return eprintln!("only root becomes another user");
    }
    let house = House::new();
    let order = as_nobody(house.script(
        "( setsid env -i /bin/sh -c 'trap \"\" TERM; echo $$ > child; while :; do sleep 0.05; done' & )
         while [ ! -s child ]; do sleep 0.05; done; cat child",
    ));
    let (report, notes) = house.run(order).await;
    assert!(matches!(report.end, AttemptEnd::Finished { .. }), "{:?}", report.end);
    assert!(report.leftovers >= 1);
    let child: i32 = notes.texts()[0].parse().unwrap();
    assert!(Process::read(child).is_none_or(|left| left.is_zombie), "the runaway is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_finds_processes_of_other_users_by_their_mark() {
    if !is_root() {
        return eprintln!("only root becomes another user");
    }
    let house = House::new();
    let order = as_nobody(house.script("echo begun; exec sleep 60"));
    let mark = order.mark.clone();
    let notes = Arc::new(Notes::default());
    let mut attempt = house.executor.start(order, notes.clone()).await.unwrap();
    let begun = std::time::Instant::now();
    while !notes.texts().contains(&"begun".to_owned()) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
    }
    let carriers = marked().unwrap().into_iter().filter(|(_, own)| *own == mark).count();
    assert_eq!(carriers, 2, "the worker and its program");
    attempt.kill();
    attempt.wait().await;
    assert!(marked().unwrap().iter().all(|(_, own)| *own != mark));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_does_not_exist_is_an_error_of_the_configuration() {
    let house = House::new();
    let mut order = house.script("echo ran");
    order.request.confinement.user = Some("nonesuch".into());
    let (report, notes) = house.run(order).await;
    assert!(refused(&report).contains("there is no user \"nonesuch\""), "{}", refused(&report));
    assert_eq!(notes.texts(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_directory_that_the_user_cannot_reach_is_told() {
    if !is_root() {
        return eprintln!("only root becomes another user");
    }
    let house = House::with_user_work("private/user-work");
    fs::create_dir(house.path("private")).unwrap();
    fs::set_permissions(house.path("private"), Permissions::from_mode(0o700)).unwrap();
    let (report, notes) = house.run(as_nobody(house.script("echo ran"))).await;
    let (cause, closed) = (refused(&report), house.path("private").canonicalize().unwrap());
    assert!(cause.contains(&format!("cannot pass through {}, in", closed.display())), "{cause}");
    assert!(cause.contains("TMPDIR"), "{cause}");
    assert_eq!(notes.texts(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rights_a_worker_says_that_it_is_not_the_user_or_does_not_begin() {
    if is_root() {
        return eprintln!("this is root, who can");
    }
    let house = House::new();
    let mut order = house.script("echo ran");
    order.request.confinement.user = Some("root".into());
    let lines = house.lines(order.clone()).await;
    assert!(lines.iter().any(|line| line.contains("does not run as \"root\"")), "{lines:?}");
    order.request.confinement.sandbox.enforce = Enforce::Strict;
    let (report, _) = house.run(order).await;
    assert!(refused(&report).contains("only root"), "{}", refused(&report));
}
