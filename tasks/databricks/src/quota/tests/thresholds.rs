//! Which clusters count, and their thresholds.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::*;

fn naming() -> Naming {
    Naming::new(MANAGED_REGEX).unwrap()
}

/// Whose, soft, hard, exempt.
type Written<'a> = (&'a str, Option<f64>, Option<f64>, Option<bool>);

fn quota(soft_min: f64, hard_min: f64, overrides: &[Written<'_>]) -> Quota {
    let overrides = overrides
        .iter()
        .map(|&(name, soft, hard, exempt)| (name.to_owned(), Override { soft, hard, exempt }))
        .collect();
    Quota { global: Thresholds { soft_min, hard_min }, overrides }
}

fn check(quota: &Quota, expected: Expect) {
    let problems: String = quota.check(&naming()).iter().map(|problem| format!("{problem}\n")).collect();
    expected.assert_eq(&problems);
}

/// Only managed clusters count, and any number has its group (B.3, 12 and 14).
#[test]
fn names_and_sources_tell_what_is_managed() {
    for (name, source, number) in [
        ("cluster_07", Some("API"), Some(7)),
        ("cluster_7", Some("UI"), Some(7)),
        ("cluster_100", None, Some(100)),
        ("cluster_999", Some("SOMETHING_NEW"), Some(999)),
        ("cluster_1000", Some("API"), None),
        ("cluster_", Some("API"), None),
        ("cluster_07 (copy)", Some("API"), None),
        ("my cluster_07", Some("API"), None),
        ("Cluster_07", Some("API"), None),
        ("cluster_٧", Some("API"), None),
        ("Staff shared compute", Some("UI"), None),
        ("job-12-run-3", Some("JOB"), None),
        ("", None, None),
        ("cluster_07", Some("JOB"), None),
        ("cluster_07", Some("PIPELINE"), None),
        ("cluster_07", Some("PIPELINE_MAINTENANCE"), None),
        ("cluster_07", Some("SQL"), None),
        ("cluster_07", Some("MODELS"), None),
    ] {
        assert_eq!(naming().managed(name, source), number, "{name:?} of {source:?}");
    }
}

#[test]
fn a_group_has_the_number_of_its_cluster_in_two_digits_or_three() {
    let names = [0, 7, 42, 99, 100, 999].map(group_name);
    assert_eq!(names, ["group_00", "group_07", "group_42", "group_99", "group_100", "group_999"]);
}

/// A name need not be unique, and a renamed cluster is judged by its new name (B.3, 13, 16 and 17).
#[test]
fn clusters_that_share_a_number_are_told() {
    let named = [("c-1", "cluster_7"), ("c-2", "cluster_07"), ("c-3", "cluster_08"), ("c-4", "cluster_07")];
    let numbers = |named: &[(&'static str, &str)]| -> Vec<(u32, &'static str)> {
        named.iter().filter_map(|(id, name)| Some((naming().managed(name, None)?, *id))).collect()
    };
    assert_eq!(duplicates(numbers(&named)), BTreeMap::from([(7, vec!["c-1", "c-2", "c-4"])]));
    let renamed = [("c-1", "cluster_9"), ("c-2", "cluster_07"), ("c-3", "cluster_08"), ("c-4", "spare")];
    assert_eq!(duplicates(numbers(&renamed)), BTreeMap::new());
}

#[test]
fn a_pattern_of_ones_own_tells_the_number_too() {
    let naming = Naming::new(r"^lab-(?:a|b)-team(\d+)$").unwrap();
    assert_eq!(naming.managed("lab-b-team12", Some("UI")), Some(12));
    assert_eq!(naming.managed("lab-b-team99999999999", Some("UI")), None);
    let refused = |pattern: &str| Naming::new(pattern).unwrap_err().to_string();
    expect![[r#"managed_regex = "cluster_(" is no regular expression"#]].assert_eq(&refused("cluster_("));
    expect![[r#"managed_regex = "^cluster_\\d+$" has no group in parentheses: put one around the number, as in "^cluster_(\\d{1,3})$""#]]
        .assert_eq(&refused(r"^cluster_\d+$"));
}

#[test]
fn the_nearest_threshold_counts() {
    let quota = quota(
        180.0,
        210.0,
        &[
            ("group_07", Some(100.0), Some(120.0), None),
            ("cluster_07", None, Some(150.0), None),
            ("c-7b", Some(30.5), None, Some(true)),
            ("group_08", None, None, Some(true)),
        ],
    );
    let limits = |id: &str, name: &str, number| {
        let limits = quota.limits(id, name, number).unwrap();
        (limits.soft_ms, limits.hard_ms, limits.exempt)
    };
    assert_eq!(limits("c-1", "cluster_01", Some(1)), (10_800_000, 12_600_000, false));
    assert_eq!(limits("c-7a", "cluster_07", Some(7)), (6_000_000, 9_000_000, false));
    assert_eq!(limits("c-7b", "cluster_07", Some(7)), (1_830_000, 9_000_000, true));
    assert_eq!(limits("c-7c", "cluster_7", Some(7)), (6_000_000, 7_200_000, false));
    assert_eq!(limits("c-8", "cluster_08", Some(8)), (10_800_000, 12_600_000, true));
    assert_eq!(limits("c-9", "Staff shared compute", None), (10_800_000, 12_600_000, false));
    assert_eq!(Quota::default().limits("c-1", "cluster_01", Some(1)).unwrap(), LIMITS);
}

/// Thresholds that mean nothing are refused, all at once (B.3, 23).
#[test]
fn thresholds_are_checked_as_they_will_count() {
    check(&quota(180.0, 210.0, &[]), expect![[""]]);
    check(&quota(0.001, 1440.0, &[]), expect![[""]]);
    check(
        &quota(0.0, 210.0, &[]),
        expect![[r#"
        all clusters: the soft threshold is 0 min: it must be above 0
    "#]],
    );
    check(
        &quota(f64::NAN, 210.0, &[]),
        expect![[r#"
        all clusters: the soft threshold is NaN min: it must be above 0
    "#]],
    );
    check(
        &quota(210.0, 210.0, &[]),
        expect![[r#"
        all clusters: the soft threshold of 210 min must be below the hard one of 210 min
    "#]],
    );
    check(
        &quota(180.0, 1440.5, &[("cluster_01", Some(-1.0), None, None)]),
        expect![[r#"
        all clusters: the hard threshold is 1440.5 min: a day has 1440 min
    "#]],
    );
    let single = [
        ("cluster_07", None, Some(170.0), None),
        ("cluster_08", None, Some(170.0), None),
        ("group_07", Some(60.0), None, None),
        ("group_09", Some(300.0), None, None),
        ("cluster_10", None, Some(f64::INFINITY), Some(true)),
    ];
    check(
        &quota(180.0, 210.0, &single),
        expect![[r#"
        cluster_08: the soft threshold of 180 min must be below the hard one of 170 min
        cluster_10: the hard threshold is inf min: a day has 1440 min
        group_09: the soft threshold of 300 min must be below the hard one of 210 min
    "#]],
    );
}
