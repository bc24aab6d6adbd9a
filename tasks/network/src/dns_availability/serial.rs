//! Serials of a zone on several servers, in the arithmetic of RFC 1982. It does not know how old a difference is.

/// Whether `a` is newer than `b`. Two serials exactly half the circle apart are not comparable: then neither is.
pub(super) fn is_newer(a: u32, b: u32) -> bool {
    let ahead = a.wrapping_sub(b);
    ahead != 0 && ahead < 1 << 31
}

/// The newest of several serials.
pub(super) fn newest(serials: impl IntoIterator<Item = u32>) -> Option<u32> {
    serials.into_iter().reduce(|newest, serial| if is_newer(serial, newest) { serial } else { newest })
}

/// How many serials `behind` is from `newest`.
pub(super) fn lag(newest: u32, behind: u32) -> u32 {
    newest.wrapping_sub(behind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_newer, lag, newest};

    #[test]
    fn serials_wrap() {
        assert!(is_newer(1, u32::MAX));
        assert!(!is_newer(u32::MAX, 1));
        assert_eq!(newest([u32::MAX, 3, u32::MAX - 7]), Some(3));
        assert_eq!(lag(3, u32::MAX), 4);
        assert_eq!(newest([]), None);
    }

    #[test]
    fn half_the_circle_is_not_comparable() {
        assert!(!is_newer(0, 1 << 31) && !is_newer(1 << 31, 0));
    }

    proptest! {
        #[test]
        fn of_two_only_one_is_newer(a: u32, b: u32) {
            prop_assert!(!(is_newer(a, b) && is_newer(b, a)));
        }

        #[test]
        fn the_newest_is_found_wherever_the_circle_begins(base: u32, steps in prop::collection::vec(0..1_u32 << 30, 1..6)) {
            let serials: Vec<u32> = steps.iter().map(|step| base.wrapping_add(*step)).collect();
            let highest = *steps.iter().max().unwrap();
            prop_assert_eq!(newest(serials), Some(base.wrapping_add(highest)));
        }
    }
}
