//! Bombs of every sort, each with a fuse of its own besides the limit.

use std::time::Instant;

use roundsman_model::{ByteSize, HumanDuration, TaskError};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_limited() {
    let house = House::new();
    let mut order = house.python(
        r"
held = []
try:
    for _ in range(64):
        held.append(bytearray(16 << 20))
except MemoryError:
    pass
print(len(held) * 16)
",
    );
    order.request.confinement.sandbox.memory = Some(ByteSize(256 << 20));
    let (report, notes) = house.run(order).await;
    let mebibytes: Vec<u32> = notes.texts().iter().filter_map(|line| line.parse().ok()).collect();
    match report.end {
        AttemptEnd::Finished { .. } => assert!((64..=256).contains(&mebibytes[0]), "{mebibytes:?}"),
        // With a cgroup it ends as a whole.
        other => assert!(format!("{other:?}").contains("it used more than 256 MiB"), "{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processor_time_is_limited() {
    let house = House::new();
    let mut order = house.script("while :; do :; done");
    order.request.confinement.sandbox.cpu_time = Some(HumanDuration::from_secs(1));
    let begun = Instant::now();
    let (report, _) = house.run(order).await;
    let AttemptEnd::Erred { error: TaskError::Permanent { cause } | TaskError::Retry { cause, .. } } =
        &report.end
    else {
        panic!("{:?}", report.end)
    };
    assert!(cause.contains("24") || cause.contains("XCPU"), "{cause}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_limited() {
    let house = House::new();
    let mut order = house.python(
        r#"
import os
held = []
try:
    while len(held) < 10000:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print(len(held), error.strerror)
"#,
    );
    order.request.confinement.sandbox.open_files = Some(64);
    let lines = house.lines(order).await;
    let (count, why) = lines[0].split_once(' ').unwrap();
    assert_eq!(why, "Too many open files");
    assert!((50..=64).contains(&count.parse::<u32>().unwrap()), "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_too_many_processes_already_is_told() {
    if !is_root() {
        return eprintln!("only root can give a task a user of its own");
    }
    let house = House::new();
    let mut crowd = house.script("for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; echo there; wait");
    crowd.request.confinement.user = Some("news".into());
    let notes = Arc::new(Notes::default());
    let mut crowd = house.executor.start(crowd, notes.clone()).await.unwrap();
    let begun = Instant::now();
    while !notes.texts().contains(&"there".to_owned()) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
    }
    let mut order = house.script("echo ran");
    order.request.confinement.user = Some("news".into());
    order.request.confinement.sandbox.processes = Some(8);
    let end = house.executor.start(order.clone(), Arc::new(Notes::default())).await.unwrap().wait().await.end;
    let AttemptEnd::Erred { error: TaskError::Retry { cause, .. } } = &end else { panic!("{end:?}") };
    assert!(cause.starts_with("user news has ") && cause.contains("`processes` = 8 counts all"), "{cause}");
    crowd.kill();
    crowd.wait().await;
    assert_eq!(house.lines(order).await, ["ran"]);
}

/// A user whom nothing else in these tests is, since processes are counted by user.
const COUNTED: &str = "games";

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_limited_for_a_user_of_its_own() {
    if !is_root() {
        return eprintln!("only root can give a task a user of its own");
    }
    let house = House::new();
    let mut order = house.python(
        r"
import os, signal, time
children = []
try:
    while len(children) < 300:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        children.append(pid)
except OSError as error:
    print(len(children), error.strerror)
for child in children:
    os.kill(child, signal.SIGKILL)
",
    );
    order.request.confinement.user = Some(COUNTED.into());
    order.request.confinement.sandbox.processes = Some(20);
    let lines = house.lines(order).await;
    let (count, why) = lines[0].split_once(' ').unwrap();
    assert_eq!(why, "Resource temporarily unavailable");
    assert!((15..=28).contains(&count.parse::<u32>().unwrap()), "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_ends_with_its_attempt() {
    if !is_root() {
        return eprintln!("only root can give a task a user of its own");
    }
    let house = House::new();
    // Each process makes another until it cannot, and none of them ever ends; a counter in a file is the fuse.
    let mut order = house.python(
        r#"
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
counter = os.open("made", os.O_CREAT | os.O_RDWR | os.O_APPEND)
while True:
    try:
        if os.fstat(counter).st_size < 1000:
            os.write(counter, b"x")
            if os.fork() == 0:
                os.setsid()
    except OSError:
        time.sleep(0.01)
"#,
    );
    // Another user than in the test beside it.
    order.request.confinement.user = Some("lp".into());
    order.request.confinement.sandbox.processes = Some(24);
    order.request.time_limit_ms = 2_000;
    order.request.grace_ms = 500;
    let (report, _) = house.run(order).await;
    assert!(matches!(report.end, AttemptEnd::TimedOut { .. }), "{:?}", report.end);
    let uid = nix::unistd::User::from_name("lp").unwrap().unwrap().uid.as_raw();
    let left = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        use std::os::unix::fs::MetadataExt;
        entry.file_name().to_string_lossy().parse::<u32>().is_ok()
            && entry.metadata().is_ok_and(|found| found.uid() == uid)
    });
    assert_eq!(left.count(), 0, "processes of the bomb are left");
}
