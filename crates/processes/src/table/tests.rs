//! Made-up tables; the real one is looked at where real trees are ended.

use super::*;

fn process(pid: i32, parent: i32) -> Process {
    Process { pid, parent, session: 1, started: 5, is_zombie: false }
}

#[test]
fn a_name_with_brackets_and_blanks_does_not_confuse() {
    let stat = b"42 (a) Z 9 (b)) S 7 42 40 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 1 0 98765 1 2 3";
    let expected = Process { pid: 42, parent: 7, session: 40, started: 98765, is_zombie: false };
    assert_eq!(Process::parse(stat), Some(expected));
    assert_eq!(Process::parse(b"42 (short) S 7"), None);
    assert_eq!(Process::parse(b""), None);
}

#[test]
fn what_is_below_is_found_in_any_order() {
    let table = Table(vec![process(9, 8), process(8, 7), process(7, 5), process(6, 1), process(5, 1)]);
    let mut below: Vec<i32> = table.below(&HashSet::from([5])).iter().map(|process| process.pid).collect();
    below.sort_unstable();
    assert_eq!(below, [7, 8, 9]);
    assert_eq!(table.lineage(9), HashSet::from([9, 8, 7, 5, 1]));
}

#[test]
fn this_process_is_in_the_table_and_alive() {
    let me = std::process::id().cast_signed();
    let table = Table::read().unwrap();
    let found = table.iter().find(|process| process.pid == me).unwrap();
    assert!(found.is_alive());
    assert!(
        !Process { started: found.started + 1, ..*found }.is_alive(),
        "another start time is another process"
    );
}
