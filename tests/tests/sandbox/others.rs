//! The daemon and other processes of the same user, seen from inside.

use super::*;

/// What a child of a worker could try on another process.
const ATTACKS: &str = r#"
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
target = int(os.environ["TARGET"])
done = []

def attempt(name, deed):
    try:
        if deed() is not False:
            done.append(name)
    except OSError:
        pass

def read(name):
    with open(f"/proc/{target}/{name}", "rb") as file:
        return len(file.read(16)) > 0

def read_memory():
    with open(f"/proc/{target}/maps") as maps:
        start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{target}/mem", "rb") as memory:
        memory.seek(start)
        return len(memory.read(16)) > 0

def take_descriptor():
    pidfd = os.pidfd_open(target)
    taken = libc.syscall(438, pidfd, 1, 0)
    return taken >= 0

def attach():
    attached = libc.ptrace(16, target, 0, 0) == 0
    if attached:
        libc.ptrace(17, target, 0, 0)
    return attached

attempt("environ", lambda: read("environ"))
attempt("mem", read_memory)
attempt("fd", lambda: os.readlink(f"/proc/{target}/fd/1"))
attempt("cwd", lambda: os.listdir(f"/proc/{target}/cwd"))
attempt("pidfd_getfd", take_descriptor)
attempt("seize", lambda: libc.ptrace(0x4206, target, 0, 0) == 0)
attempt("attach", attach)
attempt("kill", lambda: os.kill(target, signal.SIGURG))
attempt("pidfd_send_signal", lambda: signal.pidfd_send_signal(os.pidfd_open(target), signal.SIGURG))
attempt("sigqueue", lambda: libc.sigqueue(target, signal.SIGURG, 0) == 0)
attempt("tgkill", lambda: libc.syscall(234, target, target, signal.SIGURG) == 0)
attempt("prlimit", lambda: None)
print("done:", *[name for name in done if name != "prlimit"])
"#;

async fn attacks_on(house: &House, target: u32) -> String {
    let mut order = house.python(ATTACKS);
    order.request.with["env"]["TARGET"] = json!(target.to_string());
    house.lines(order).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_is_neither_looked_into_nor_signalled() {
    need_landlock(6);
    let house = House::new();
    let done = attacks_on(&house, std::process::id()).await;
    assert!(done == "done:" || (done == SEEN_BY_ROOT && is_root()), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_is_any_other_process_of_the_user() {
    need_landlock(6);
    let house = House::new();
    #[expect(clippy::disallowed_methods, reason = "somebody of the same user who has nothing to do with it")]
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let done = attacks_on(&house, other.id()).await;
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(done == "done:" || (done == SEEN_BY_ROOT && is_root()), "{done}");
}

/// Root reads the environment of any process since Linux 6.13, as one who may watch performance, and no rule of ours is
/// asked. The daemon hides its own.
const SEEN_BY_ROOT: &str = "done: environ";

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the daemon under attack is a process of its own")]
async fn the_environment_of_the_daemon_is_not_to_be_seen_even_by_root() {
    let house = House::new();
    let script = format!(
        "daemon=$(sed -n 's/^PPid:\\t//p' /proc/$PPID/status); cat /proc/$daemon/environ > {0}/seen; \
         sed 's/ .*//' /proc/$daemon/stat > {0}/pid.new; mv {0}/pid.new {0}/pid",
        house.path("open").display()
    );
    let with = json!({ "scripts": [script], "wait_for": house.path("open/pid"), "then": "succeed" });
    let mut daemon = std::process::Command::new(PROGRAM);
    daemon.args([
        "lone-supervisor",
        house.path("open/work").to_str().unwrap(),
        "hiding/1",
        &with.to_string(),
    ]);
    daemon.args([house.path("open/notes").to_str().unwrap(), "20000"]);
    let mut daemon = daemon.env("ROUNDSMAN_VAULT_KEY", "swordfish").spawn().unwrap();
    let pid = daemon.id();
    assert!(daemon.wait().unwrap().success());
    assert_eq!(house.text("open/pid").trim(), pid.to_string(), "it was the daemon that was looked at");
    assert!(!house.text("open/seen").contains("swordfish"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attacks_work_where_nobody_is_in_the_way() {
    let house = House::new();
    // On a child of its own the very same script gets through, so that it proves something where it does not.
    let own = ATTACKS.replace(
        "target = int(os.environ[\"TARGET\"])",
        "import subprocess\nchild = subprocess.Popen([\"sleep\", \"60\"])\ntarget = child.pid\n\
         while not open(f\"/proc/{target}/environ\", \"rb\").read(1): pass",
    );
    let done = house.lines(house.python(&format!("{own}\nchild.kill()"))).await.concat();
    assert_eq!(
        done, "done: environ mem fd cwd pidfd_getfd seize kill pidfd_send_signal sigqueue tgkill",
        "a process that is traced already cannot be attached to"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_descriptor_is_left_over() {
    let house = House::new();
    let order = house.python(
        r#"
import os
folder = os.open("/proc/self/fd", os.O_RDONLY)
for name in sorted(os.listdir(folder)):
    try:
        link = os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        continue  # what listed them
    if int(name) != folder:
        print(name, link.split(":")[0])
"#,
    );
    assert_eq!(house.lines(order).await, ["0 /dev/null", "1 pipe", "2 pipe"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_mounted_over_the_fence() {
    need_landlock(3);
    let house = House::new();
    let deeds = [
        "mount --bind $H/open $H/etc",
        "mount --bind $H/state $H/open/deep",
        "unshare -m true && unshare -m mount --bind $H/state $H/open/deep",
        "unshare -rm sh -c 'mount --bind $H/state $H/open/deep && cat $H/open/deep/roundsman.db'",
        "chroot $H cat state/roundsman.db",
    ];
    house.all_refused(Sandbox::default(), &deeds).await;
    house.assert_untouched();
}
