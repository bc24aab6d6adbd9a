//! Who a node is, and what proves that it has ended.

use super::*;

fn boot(node: &str, boot: &str) -> Holder {
    Holder { node: NodeId::new(node), boot: BootId::new(boot) }
}

#[test]
fn a_daemon_keeps_its_id_and_each_start_is_a_boot() {
    let folder = tempfile::tempdir().unwrap();
    let first = Node::daemon(folder.path()).unwrap();
    let Err(error) = Node::daemon(folder.path()) else { panic!("two daemons in one state directory") };
    assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
    let before = first.holder().clone();
    drop(first);
    let second = Node::daemon(folder.path()).unwrap();
    assert_eq!(second.holder().node, before.node);
    assert_ne!(second.holder().boot, before.boot);
    assert!(second.neighbours().is_proved_dead(&before), "its predecessor has ended");
    assert!(!second.neighbours().is_proved_dead(second.holder()));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lock has to be held for a while")]
fn a_start_waits_for_whoever_just_asks_whether_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    let before = Node::daemon(folder.path()).unwrap();
    let lock = before.lock.clone();
    drop(before);
    let asks = open_lock(&lock).unwrap();
    asks.try_lock().unwrap();
    let asking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200)); // sleep: longer than anybody asks
        drop(asks);
    });
    Node::daemon(folder.path()).unwrap();
    asking.join().unwrap();
}

#[test]
fn a_lock_that_is_held_proves_life_and_a_free_one_death() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Node::daemon(folder.path()).unwrap();
    let one_shot = Node::one_shot(folder.path()).unwrap();
    let neighbours = daemon.neighbours();
    assert!(!neighbours.is_proved_dead(one_shot.holder()));
    // As after kill -9: the lock is free, the file still there.
    let left_behind = folder.path().join("nodes/run-task-1.lock");
    std::fs::write(left_behind, "4711\n").unwrap();
    assert!(neighbours.is_proved_dead(&boot("run-task-1", "any")));
    assert!(
        !neighbours.is_proved_dead(&boot("elsewhere", "any")),
        "no lock here proves nothing about another host"
    );
    assert!(!neighbours.is_proved_dead(&boot("../node-id", "any")));
    let gone = one_shot.holder().clone();
    drop(one_shot);
    assert!(!folder.path().join(format!("nodes/{}.lock", gone.node)).exists(), "it leaves nothing behind");
}

#[test]
fn a_state_directory_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    std::fs::write(&file, "").unwrap();
    let Err(error) = Node::daemon(&file) else { panic!("a file served as a directory") };
    assert!(error.to_string().contains("ROUNDSMAN_STATE_DIR"), "{error}");
}
