//! Windows by table. Which limits there are is tested where they hold.

use super::{Limit, Window};

const TWO_A_SECOND: Limit = Limit { most: 2, millis: 1_000 };

#[test]
fn a_window_slides() {
    let mut window = Window::default();
    assert_eq!(window.note(0, &[TWO_A_SECOND]), None);
    assert_eq!(window.note(400, &[TWO_A_SECOND]), None);
    assert_eq!(window.note(900, &[TWO_A_SECOND]), Some(100), "the first one leaves at 1000");
    assert_eq!(
        window.note(1_000, &[TWO_A_SECOND]),
        Some(400),
        "the refused one counts: 400 and 900 are within"
    );
    assert_eq!(window.note(2_500, &[TWO_A_SECOND]), None);
}

#[test]
fn the_narrowest_limit_counts() {
    let mut window = Window::default();
    let limits = [TWO_A_SECOND, Limit { most: 3, millis: 60_000 }];
    for at in [0, 1_000, 2_000] {
        assert_eq!(window.note(at, &limits), None);
    }
    assert_eq!(window.note(3_000, &limits), Some(57_000));
}

#[test]
fn nothing_is_allowed_where_nothing_is() {
    assert_eq!(Window::default().note(0, &[Limit { most: 0, millis: 1_000 }]), Some(1_000));
}
