//! The laws of numbers: given once, kept for ever, never to another group.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use expect_test::expect;
use proptest::{prelude::*, sample::subsequence};

use super::{GroupNumber, KeyedBy, NumberMap, NumberingError};
use crate::moodle::{Group, Layout, Roster};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

/// A file with these groups; their label tells when.
fn roster(keys: &[impl ToString], label: &str) -> Roster {
    let group = |key: &dyn ToString| Group {
        key: key.to_string(),
        label: label.to_owned(),
        line: 2,
        members: Vec::new(),
    };
    Roster { layout: Some(Layout::SelfSelection), groups: keys.iter().map(|key| group(key)).collect() }
}

fn numbers(map: &NumberMap) -> BTreeMap<&str, u16> {
    map.groups.iter().map(|(key, numbered)| (key.as_str(), numbered.number.get())).collect()
}

fn number(number: u16) -> GroupNumber {
    GroupNumber::try_from(number).unwrap()
}

#[test]
fn groups_keep_their_numbers_whatever_comes_and_goes() {
    let (first, changes) =
        NumberMap::fresh("demo").updated(&roster(&[5103, 5101, 5102], "a"), at(0)).unwrap();
    assert_eq!(numbers(&first), BTreeMap::from([("5103", 1), ("5101", 2), ("5102", 3)]));
    assert_eq!(changes.added, [number(1), number(2), number(3)]);

    let (second, changes) = first.updated(&roster(&[5102, 5104, 5103], "b"), at(1)).unwrap();
    assert_eq!(numbers(&second), BTreeMap::from([("5103", 1), ("5101", 2), ("5102", 3), ("5104", 4)]));
    assert_eq!((changes.added, changes.retired), (vec![number(4)], vec![number(2)]));

    // Still gone: the time of its first absence stays.
    let (third, changes) = second.updated(&roster(&[5102, 5104, 5103], "b"), at(2)).unwrap();
    assert_eq!(third, second);
    assert_eq!(changes, super::Changes::default());

    let (fourth, changes) = third.updated(&roster(&[5101], "c"), at(3)).unwrap();
    assert_eq!(changes.returned, [number(2)]);
    assert_eq!(changes.retired, [number(1), number(3), number(4)]);
    expect![[r#"
        {
          "course": "demo",
          "keyed_by": "group_id",
          "groups": {
            "5101": {
              "number": 2,
              "label": "c"
            },
            "5102": {
              "number": 3,
              "label": "b",
              "retired_at": "1970-01-01T03:00:00Z"
            },
            "5103": {
              "number": 1,
              "label": "b",
              "retired_at": "1970-01-01T03:00:00Z"
            },
            "5104": {
              "number": 4,
              "label": "b",
              "retired_at": "1970-01-01T03:00:00Z"
            }
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&fourth).unwrap());
}

#[test]
fn a_stored_map_is_read_back_and_a_damaged_one_refused() {
    let (map, _) = NumberMap::fresh("demo").updated(&roster(&[5101, 5102], "a"), at(0)).unwrap();
    let stored = serde_json::to_value(&map).unwrap();
    assert_eq!(serde_json::from_value::<NumberMap>(stored.clone()).unwrap(), map);

    let mut twice = stored.clone();
    twice["groups"]["5102"]["number"] = 1.into();
    let twice: NumberMap = serde_json::from_value(twice).unwrap();
    let refused = twice.updated(&roster(&[5101], "a"), at(1)).unwrap_err();
    assert_eq!(refused.to_string(), "the stored numbers are damaged: the groups 5101 and 5102 both have 01");

    for bad in [0, 1000] {
        let mut stored = stored.clone();
        stored["groups"]["5102"]["number"] = bad.into();
        let refused = serde_json::from_value::<NumberMap>(stored).unwrap_err().to_string();
        assert_eq!(refused, format!("{bad} is not a number of a group: expected 1 to 999"));
    }
}

#[test]
fn numbers_end_at_999_and_retired_ones_are_not_given_again() {
    let all: Vec<u32> = (1..=999).collect();
    let (full, _) = NumberMap::fresh("demo").updated(&roster(&all, "a"), at(0)).unwrap();
    assert_eq!(full.highest(), Some(number(999)));
    assert_eq!(number(999).cluster_name(), "cluster_999");
    let refused = full.updated(&roster(&[5101], "a"), at(1)).unwrap_err();
    assert_eq!(refused, NumberingError::NoNumberLeft { key: "5101".to_owned() });
}

#[test]
fn a_file_that_knows_groups_by_something_else_is_refused() {
    let (map, _) = NumberMap::fresh("demo").updated(&roster(&[5101], "a"), at(0)).unwrap();
    let names = Roster { layout: Some(Layout::UserList), ..roster(&["Team A"], "a") };
    let refused = map.updated(&names, at(1)).unwrap_err();
    assert_eq!(refused, NumberingError::OtherKeys { stored: KeyedBy::GroupId, given: KeyedBy::GroupName });
    assert!(refused.to_string().starts_with("the groups of this course are known by their ids"), "{refused}");

    // A matrix either way and a list of users know them by the same names.
    let (map, _) = NumberMap::fresh("demo").updated(&names, at(0)).unwrap();
    let matrix = Roster { layout: Some(Layout::AddressLists), ..names };
    assert!(map.updated(&matrix, at(1)).is_ok());

    // A file without groups fixes nothing.
    let none = Roster { layout: Some(Layout::SelfSelection), groups: Vec::new() };
    let (map, _) = NumberMap::fresh("demo").updated(&none, at(0)).unwrap();
    assert!(map.updated(&matrix, at(1)).is_ok());
}

#[test]
fn numbering_anew_needs_a_course_without_clusters() {
    let (map, _) = NumberMap::fresh("demo").updated(&roster(&[5101, 5102, 5103], "a"), at(0)).unwrap();
    let file = roster(&[5103, 5102], "b");
    let clusters = ["cluster_01".to_owned(), "cluster_07".to_owned()];
    let refused = map.renumbered(&file, &clusters, at(1)).unwrap_err().to_string();
    assert_eq!(refused, "cannot number anew: the course has clusters already (cluster_01, cluster_07)");
    let anew = map.renumbered(&file, &[], at(1)).unwrap();
    assert_eq!(anew.course, "demo");
    assert_eq!(numbers(&anew), BTreeMap::from([("5103", 1), ("5102", 2)]));
}

#[test]
fn names_have_two_digits_and_three_from_a_hundred_on() {
    let names: Vec<String> = [1, 42, 100].map(|n| number(n).group_name()).to_vec();
    assert_eq!(names, ["group_01", "group_42", "group_100"]);
}

/// Files of one course over time: each with some of the groups, in any order.
fn files() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let file = subsequence((1..=12).collect::<Vec<u32>>(), 0..=12).prop_shuffle();
    prop::collection::vec(file, 1..8)
}

proptest! {
    #[test]
    fn a_number_is_given_once_and_kept(files in files()) {
        let mut map = NumberMap::fresh("demo");
        for (hour, file) in (0..).zip(&files) {
            let (next, changes) = map.updated(&roster(file, "x"), at(hour)).unwrap();
            for (key, number) in numbers(&map) {
                prop_assert_eq!(numbers(&next)[key], number, "{} moved", key);
            }
            // Given once, and always the lowest: those ever given are 1 to n.
            let given: BTreeSet<u16> = numbers(&next).into_values().collect();
            prop_assert_eq!(given.len(), next.groups.len());
            prop_assert!(given.into_iter().eq(1..=next.groups.len() as u16));
            prop_assert_eq!(changes.added.len(), next.groups.len() - map.groups.len());
            prop_assert!(changes.added.is_sorted());
            for (key, numbered) in &next.groups {
                prop_assert_eq!(numbered.retired_at.is_none(), file.iter().any(|id| id.to_string() == *key));
            }
            map = next;
        }
    }

    #[test]
    fn the_order_of_known_groups_changes_nothing(files in files(), file in subsequence((1..=12).collect::<Vec<u32>>(), 12).prop_shuffle()) {
        let all: Vec<u32> = (1..=12).collect();
        let mut map = NumberMap::fresh("demo").updated(&roster(&all, "x"), at(0)).unwrap().0;
        for file in &files {
            map = map.updated(&roster(file, "x"), at(1)).unwrap().0;
        }
        let sorted = map.updated(&roster(&all, "x"), at(2)).unwrap();
        let shuffled = map.updated(&roster(&file, "x"), at(2)).unwrap();
        prop_assert_eq!(numbers(&sorted.0), numbers(&map));
        prop_assert_eq!(sorted.0, shuffled.0);
    }

    #[test]
    fn the_same_file_again_changes_nothing(files in files()) {
        let mut map = NumberMap::fresh("demo");
        for (hour, file) in (0..).zip(&files) {
            map = map.updated(&roster(file, "x"), at(hour)).unwrap().0;
            let (again, changes) = map.updated(&roster(file, "x"), at(hour + 100)).unwrap();
            prop_assert_eq!(&again, &map);
            prop_assert_eq!(changes, super::Changes::default());
        }
    }
}
