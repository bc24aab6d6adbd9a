//! Expectations, limits and counts, each side of each border.

use super::*;

fn evidence(rows: u64) -> Evidence {
    let columns = Some(vec!["id".to_owned(), "total".to_owned()]);
    let scanned = Scanned { rows: Some(rows), columns, weak: true, ..Scanned::default() };
    let lasted = Duration::from_secs(10);
    Evidence {
        scanned,
        rows,
        packed: true,
        end_told: true,
        lasted,
        since_asked: lasted,
        measured: lasted,
        counted: Counted::Off,
        last_rows: None,
    }
}

fn rules() -> Rules {
    Rules { allow_empty: true, ..Rules::default() }
}

fn told(evidence: &Evidence, rules: &Rules) -> (&'static str, bool, String) {
    let failure = judge(evidence, rules).unwrap_err();
    (failure.class.code(), failure.is_permanent(), failure.message)
}

#[test]
fn all_is_well() {
    let verified = judge(&evidence(5), &rules()).unwrap();
    assert_eq!((verified.gzip.as_str(), verified.count.as_str()), ("ok", "off"));
    assert!(!verified.weak_transport_check && verified.truncated_by_cap.is_none());
    let weak = judge(&Evidence { packed: false, ..evidence(5) }, &rules()).unwrap();
    assert!(weak.weak_transport_check && weak.gzip == "absent");
}

#[test]
fn rows_within_borders() {
    let rules = Rules { min_rows: Some(2), max_rows: Some(3), ..rules() };
    for good in [2, 3] {
        judge(&evidence(good), &rules).unwrap();
    }
    assert!(told(&evidence(1), &rules).2.contains("fewer than min_rows = 2"));
    assert!(told(&evidence(4), &rules).2.contains("more than max_rows = 3"));
    let never_empty = Rules { allow_empty: false, ..Rules::default() };
    assert_eq!(told(&evidence(0), &never_empty).0, "check_failed");
}

#[test]
fn limits_of_the_server() {
    let (class, permanent, message) = told(&evidence(1_048_575), &rules());
    assert_eq!((class, permanent), ("cap_reached", true));
    assert!(message.contains("1048575"));
    let set = Rules { download_row_limit: Some(2_000_000), ..rules() };
    assert_eq!(told(&evidence(2_000_000), &set).0, "cap_reached");
    let warned = judge(&evidence(1_048_575), &Rules { on_cap: OnCap::Warn, ..rules() }).unwrap();
    assert_eq!(warned.truncated_by_cap, Some(1_048_575));
}

#[test]
fn columns_as_a_set_or_in_order() {
    let of = |names: &[&str], expect_order| Rules {
        expect_columns: names.iter().map(|name| (*name).to_owned()).collect(),
        expect_order,
        ..rules()
    };
    judge(&evidence(1), &of(&["total", "id"], false)).unwrap();
    judge(&evidence(1), &of(&["id", "total"], true)).unwrap();
    assert!(told(&evidence(1), &of(&["total", "id"], true)).2.contains("in this order"));
    let message = told(&evidence(1), &of(&["id", "sum"], false)).2;
    assert!(message.contains("missing: \"sum\"") && message.contains("not expected: \"total\""), "{message}");
    let unseen =
        Evidence { scanned: Scanned { columns: None, rows: Some(0), ..Scanned::default() }, ..evidence(0) };
    judge(&unseen, &of(&["id"], false)).unwrap();
    let unseen =
        Evidence { scanned: Scanned { columns: None, rows: Some(1), ..Scanned::default() }, ..evidence(1) };
    assert!(told(&unseen, &of(&["id"], false)).2.contains("cannot be seen"));
    let twice = Scanned { columns: Some(vec!["id".to_owned(), "id".to_owned()]), ..Scanned::default() };
    let twice = Evidence { scanned: twice, ..evidence(1) };
    judge(&twice, &of(&["id"], false)).unwrap_err();
}

#[test]
fn fewer_rows_than_the_last_time() {
    let rules = Rules { max_drop_percent: Some(50.0), ..rules() };
    judge(&Evidence { last_rows: Some(10), ..evidence(5) }, &rules).unwrap();
    judge(&Evidence { last_rows: Some(10), ..evidence(50) }, &rules).unwrap();
    judge(&evidence(0), &rules).unwrap();
    judge(&Evidence { last_rows: Some(0), ..evidence(0) }, &rules).unwrap();
    assert!(
        told(&Evidence { last_rows: Some(10), ..evidence(4) }, &rules).2.contains("60.0 % fewer than the 10")
    );
}

#[test]
fn counts_before_and_after() {
    let counted =
        |rows, before, after| Evidence { counted: Counted::Between(before, after), ..evidence(rows) };
    for (rows, before, after) in [(5, 5, 5), (5, 4, 6), (4, 4, 6), (6, 4, 6), (5, 6, 4)] {
        assert_eq!(judge(&counted(rows, before, after), &rules()).unwrap().count, "ok");
    }
    let (class, permanent, _) = told(&counted(3, 4, 6), &rules());
    assert_eq!((class, permanent), ("check_failed", false));
    told(&counted(7, 4, 6), &rules());
    let slack = Rules { count_tolerance_percent: 10.0, ..rules() };
    judge(&counted(90, 100, 100), &slack).unwrap();
    judge(&counted(110, 100, 100), &slack).unwrap();
    told(&counted(89, 100, 100), &slack);
    let skipped = Evidence { counted: Counted::Skipped, ..evidence(1) };
    assert_eq!(judge(&skipped, &rules()).unwrap().count, "skipped");
}

#[test]
fn the_ten_minute_end() {
    let lasted = |secs, packed| {
        let since_asked = Duration::from_secs(secs);
        Evidence { lasted: Duration::from_secs(1), since_asked, packed, ..evidence(5) }
    };
    for secs in [595, 600, 615, 1_195, 1_215] {
        judge(&lasted(secs, true), &rules()).unwrap();
        let (class, permanent, _) = told(&lasted(secs, false), &rules());
        assert_eq!((class, permanent), ("truncated", false), "{secs}");
        let counted = Evidence { counted: Counted::Between(5, 5), ..lasted(secs, false) };
        judge(&counted, &rules()).unwrap();
    }
    for secs in [594, 616, 1_194, 1_216] {
        judge(&lasted(secs, false), &rules()).unwrap();
    }
}

#[test]
fn rows_that_are_not_as_wide_as_the_header() {
    let mut uneven = evidence(9);
    (uneven.scanned.uneven, uneven.scanned.first_uneven) = (2, Some(7));
    let (class, permanent, message) = told(&uneven, &rules());
    assert_eq!((class, permanent), ("truncated", false));
    assert!(message.contains("row 7"), "{message}");
}

/// What ends with its connection may have been cut anywhere between two rows.
#[test]
fn an_end_that_is_not_told() {
    let untold = Evidence { end_told: false, packed: false, ..evidence(5) };
    let (class, permanent, message) = told(&untold, &rules());
    assert_eq!((class, permanent), ("truncated", false));
    assert!(message.contains("nothing proves its end"), "{message}");
    judge(&Evidence { packed: true, ..untold.clone() }, &rules()).unwrap();
    judge(&Evidence { counted: Counted::Between(5, 5), ..untold.clone() }, &rules()).unwrap();
    let strong = Scanned { weak: false, ..untold.scanned.clone() };
    judge(&Evidence { scanned: strong, ..untold }, &rules()).unwrap();
}

/// A clock that is set back meanwhile hides nothing.
#[test]
fn ten_minutes_on_a_clock_that_jumps() {
    let jumped = Evidence { measured: Duration::from_secs(600), packed: false, ..evidence(5) };
    assert_eq!(told(&jumped, &rules()).0, "truncated");
    judge(&Evidence { packed: true, ..jumped }, &rules()).unwrap();
}
