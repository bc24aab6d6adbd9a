//! On a tree of plain files: that the kernel does as it is told is not tested here.

use super::*;

const BOTH: &str = "cpu memory pids";

/// A cgroup file system in a folder, and a folder of a process in `/proc`.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new(own: &str, root: &str) -> Self {
        let fake = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fake.path("proc")).unwrap();
        fs::write(fake.path("proc/cgroup"), format!("1:name=systemd:/x\n0::{own}\n")).unwrap();
        let mount = fake.path("fs").display().to_string();
        let mounts = format!(
            "22 27 0:21 / /proc rw - proc proc rw\n41 31 0:38 {root} {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
        );
        fs::write(fake.path("proc/mountinfo"), mounts).unwrap();
        fake
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cgroup(&self, name: &str, controllers: &str, processes: &str) {
        let path = self.path("fs").join(name);
        fs::create_dir_all(&path).unwrap();
        for (file, text) in [
            ("cgroup.controllers", controllers),
            ("cgroup.subtree_control", ""),
            ("cgroup.procs", processes),
            ("cgroup.events", "populated 1\n"),
        ] {
            fs::write(path.join(file), text).unwrap();
        }
    }

    fn mark(&self, name: &str) {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(self.path("fs").join(name), "user.delegate", b"1", flags).unwrap();
    }

    fn find(&self) -> Result<Delegation, String> {
        Delegation::find(&self.path("proc"))
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path("fs").join(name)).unwrap()
    }
}

fn limits() -> Sandbox {
    Sandbox { memory: Some(ByteSize(512 << 20)), processes: Some(64), ..Sandbox::default() }
}

#[test]
fn the_root_of_a_container_is_ours_and_the_daemon_steps_aside() {
    let fake = Fake::new("/", "/");
    fake.cgroup("", BOTH, "12\n");
    let tree = fake.find().unwrap().prepare().unwrap();
    assert_eq!(fake.text("daemon/cgroup.procs"), "12");
    assert_eq!(fake.text("cgroup.subtree_control"), "+memory +pids");

    let leaf = tree.leaf("7-1", "x", &limits()).unwrap();
    leaf.take(99).unwrap();
    let written = |file: &str| fake.text(&format!("attempt-7-1.eA/{file}"));
    assert_eq!(written("memory.max"), (512 << 20).to_string());
    assert_eq!(written("memory.swap.max"), "0");
    assert_eq!(written("memory.oom.group"), "1");
    assert_eq!(written("pids.max"), "72", "the worker's own threads come on top");
    assert_eq!(written("cgroup.procs"), "99");
    leaf.kill();
    assert_eq!(written("cgroup.kill"), "1");
}

#[test]
fn a_unit_that_systemd_gave_away_is_ours_also_from_a_child_of_it() {
    let fake = Fake::new("/system.slice/roundsman.service", "/");
    fake.cgroup("system.slice/roundsman.service", BOTH, "12\n");
    assert!(fake.find().unwrap_err().contains("Delegate="), "it was not given away");
    fake.mark("system.slice/roundsman.service");
    let base = fake.path("fs/system.slice/roundsman.service");
    assert_eq!(fake.find(), Ok(Delegation { base: base.clone(), inside: true }));

    let fake = Fake::new("/system.slice/roundsman.service/main", "/");
    fake.cgroup("system.slice/roundsman.service", BOTH, "");
    fake.cgroup("system.slice/roundsman.service/main", "", "12\n");
    fake.mark("system.slice/roundsman.service");
    let found = fake.find().unwrap();
    assert!(!found.inside, "it is in a child already");
    found.prepare().unwrap();
    assert!(!fake.path("fs/system.slice/roundsman.service/daemon").exists());
}

#[test]
fn what_was_given_to_nobody_is_left_alone() {
    // The root of the whole machine has no events.
    let fake = Fake::new("/", "/");
    fake.cgroup("", BOTH, "1\n");
    fs::remove_file(fake.path("fs/cgroup.events")).unwrap();
    assert!(fake.find().unwrap_err().contains("no cgroup is delegated"));
    // A process that was put into a container from outside is in a child of its root.
    let fake = Fake::new("/exec", "/");
    fake.cgroup("", BOTH, "1\n");
    fake.cgroup("exec", BOTH, "1\n");
    assert!(fake.find().unwrap_err().contains("no cgroup is delegated"));
}

#[test]
fn what_is_missing_is_named() {
    let fake = Fake::new("/", "/");
    fake.cgroup("", "cpu pids", "12\n");
    assert!(fake.find().unwrap_err().ends_with("lacks the controller memory"));
    fs::write(fake.path("proc/mountinfo"), "22 27 0:21 / /proc rw - proc proc rw\n").unwrap();
    assert_eq!(fake.find(), Err("no cgroup v2 is mounted".into()));
    fs::write(fake.path("proc/cgroup"), "4:memory:/x\n").unwrap();
    assert_eq!(fake.find(), Err("this process is in no cgroup of version 2".into()));
    let elsewhere = Fake::new("/a/b", "/c");
    assert!(elsewhere.find().unwrap_err().contains("not the one this process is in"));
}

#[test]
fn a_cgroup_tells_that_memory_ran_out() {
    let fake = Fake::new("/", "/");
    fake.cgroup("", BOTH, "12\n");
    let leaf = fake.find().unwrap().prepare().unwrap().leaf("7-1", "x", &limits()).unwrap();
    assert_eq!(leaf.memory_exceeded(), None);
    let events = fake.path("fs/attempt-7-1.eA/memory.events");
    fs::write(&events, "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n").unwrap();
    assert_eq!(leaf.memory_exceeded(), None);
    fs::write(&events, "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n").unwrap();
    assert_eq!(leaf.memory_exceeded(), Some(ByteSize(512 << 20)));
}

#[test]
fn what_an_earlier_boot_left_is_swept_and_what_lives_is_left_alone() {
    let fake = Fake::new("/", "/");
    fake.cgroup("", BOTH, "12\n");
    let tree = fake.find().unwrap().prepare().unwrap();
    let gone = tree.leaf("1-1", "store:1:1", &limits()).unwrap();
    let lives = tree.leaf("2-1", "store:2:1", &limits()).unwrap();
    let of_another = tree.leaf("1-1", "another:1:1", &limits()).unwrap();
    for made in ["others", "attempt-x", "attempt-1-1.!"] {
        fs::create_dir(fake.path("fs").join(made)).unwrap();
    }
    let swept = tree.leaves(&|mark| mark == "store:1:1").unwrap();
    let paths: Vec<&Path> = swept.iter().map(|leaf| leaf.path.as_path()).collect();
    assert_eq!(paths, [&gone.path]);
    for leaf in swept {
        // A real one has no files that were in the way.
        leaf.kill();
        assert_eq!(fs::read_to_string(leaf.path.join("cgroup.kill")).unwrap(), "1");
        for file in fs::read_dir(&leaf.path).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        leaf.remove();
    }
    assert!(!gone.path.exists());
    for left in [&lives.path, &of_another.path] {
        assert!(left.exists() && !left.join("cgroup.kill").exists(), "{}", left.display());
    }
    assert_eq!(tree.leaves(&|_| true).unwrap().len(), 2, "only attempts have a mark");
    assert!(fake.path("fs/daemon").exists());
}
