//! When it is told how far a run is. What it says is seen with whole runs.

use std::sync::Arc;

use roundsman_testkit::{FakeClock, TestContext};

use super::*;

#[test]
fn what_comes_slowly_is_told_too() {
    let clock = Arc::new(FakeClock::at("2026-11-20T08:00:00Z"));
    let test = TestContext::builder().virtual_time(&clock).build();
    let board = Board::new(test.cx(), 1, None);
    let told = || test.progress().iter().map(|progress| progress.done).collect::<Vec<_>>();
    board.came(0, 500, 3, "Orders");
    assert_eq!(told(), [500], "the first bytes");
    assert_eq!(test.progress()[0].note, "0 of 1 files, 3 rows, 500 B: Orders");
    board.came(0, 1_000, 6, "Orders");
    assert_eq!(told(), [500], "not each piece");
    clock.advance(TELL_AFTER.to_std().unwrap());
    board.came(0, 1_500, 9, "Orders");
    assert_eq!(told(), [500, 1_500]);
    assert_eq!(test.progress()[1].note, "0 of 1 files, 9 rows, 1 KiB: Orders");
    clock.advance(TELL_AFTER.to_std().unwrap());
    board.came(0, 1_500, 9, "Orders");
    assert_eq!(told(), [500, 1_500], "nothing came");
    board.came(0, 1_500 + TELL_EVERY, 9_000, "Orders");
    assert_eq!(told().len(), 3);
}
