//! Names by table and at random: read back, never outside, never two for one place.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::notebooks::folder::is_inside;

#[test]
fn names_that_file_systems_do_not_take_are_escaped() {
    let check = |name: &str, expected: &str| {
        assert_eq!(encode(name), expected, "{name:?}");
        assert_eq!(decode(expected).as_deref(), Some(name), "{expected:?}");
    };
    check("größe & co", "größe & co");
    check("a\\b:c*d?e\"f<g>h|i", "a%5Cb%3Ac%2Ad%3Fe%22f%3Cg%3Eh%7Ci");
    check("100%", "100%25");
    check("%2E", "%252E");
    check("..", "%2E%2E");
    check(".", "%2E");
    check("v1.2...", "v1.2%2E%2E%2E");
    check(".hidden", ".hidden");
    check("a\0b\n\u{7f}\u{85}", "a%00b%0A%7F%C2%85");
    for wrong in ["%", "a%4", "%zz", "a%~0123", "%C2"] {
        assert_eq!(decode(wrong), None, "{wrong}");
    }
}

#[test]
fn what_is_too_long_ends_in_a_hash() {
    let check = |name: &str, tail: &str, length: usize, is_whole: bool| {
        let file = file_name(name, tail, false);
        assert_eq!(file.len(), length, "{file}");
        assert!(file.ends_with(tail));
        assert_eq!(decode(&file).is_some(), is_whole, "{file}");
        file
    };
    check(&"a".repeat(252), ".py", 255, true);
    let one = check(&"a".repeat(253), ".py", 255, false);
    let other = check(&"a".repeat(254), ".py", 255, false);
    assert_ne!(one, other);
    // Neither a letter nor an escape is cut in two.
    check(&"ä".repeat(200), ".scala", 254, false);
    check(&format!("a{}", ":".repeat(200)), ".r", 253, false);
    check(&"*".repeat(300), "~123456789012.ipynb", 254, false);
}

#[test]
fn the_folders_own_files_are_not_overwritten() {
    for own in [MANIFEST, LOCK, "Manifest.JSONL", ".PARTIAL-1"] {
        let file = file_name(own, "", true);
        assert!(!is_ours(&file) && decode(&file).as_deref() == Some(own), "{file}");
        assert_eq!(file_name(own, "", false), own);
    }
}

#[test]
fn endings_tell_what_a_file_is() {
    let check = |language: &str, format: Format, expected: &str| {
        let language = Language::from(language);
        assert_eq!(ending(&ObjectType::Notebook, Some(&language), &format), expected);
        let (stem, back, told) = notebook_of(expected).map_or((expected, Format::Auto, None), |found| found);
        if expected != ".txt" {
            assert_eq!((stem, &back), ("", &format));
            assert_eq!(told, Some(language).filter(|_| format == Format::Source));
        }
    };
    check("PYTHON", Format::Source, ".py");
    check("SCALA", Format::Source, ".scala");
    check("SQL", Format::Source, ".sql");
    check("R", Format::Source, ".r");
    check("COBOL", Format::Source, ".txt");
    check("PYTHON", Format::Jupyter, ".ipynb");
    assert_eq!(ending(&ObjectType::File, None, &Format::Auto), "");
    assert!(notebook_of("table.csv").is_none());
}

fn place(claims: &mut Claims, path: &str, id: i64, ending: &str) -> String {
    claims.of_file(&Wanted { path, id: Some(id), ending }, None)
}

#[test]
fn names_that_differ_in_case_are_set_apart_by_number() {
    let mut claims = Claims::default();
    assert_eq!(place(&mut claims, "/Shared/Plan", 1, ".py"), "Shared/Plan.py");
    assert_eq!(place(&mut claims, "/Shared/plan", 2, ".py"), "Shared/plan~2.py");
    assert_eq!(place(&mut claims, "/Shared/plan", 2, ".sql"), "Shared/plan.sql");
    assert_eq!(place(&mut claims, "/Shared/Plan.py", 3, ""), "Shared/Plan.py~3");
    assert_eq!(place(&mut claims, "/Shared/PLAN~2", 4, ".py"), "Shared/PLAN~2~4.py");
    assert_eq!(place(&mut claims, "/Shared/Plan", 1, ".py"), "Shared/Plan.py", "it keeps its own");
    claims.of_folder("/Shared/Größe", Some(5));
    assert_eq!(claims.of_folder("/Shared/GRÖSSE", Some(6)), "Shared/GRÖSSE~6");
    assert_eq!(place(&mut claims, "/Shared/GRÖSSE/a", 7, ".r"), "Shared/GRÖSSE~6/a.r");
    assert_eq!(claims.of_folder("/Shared/plan.PY", Some(8)), "Shared/plan.PY~8", "there is a file");
}

#[test]
fn what_was_saved_before_keeps_its_place() {
    let mut claims = Claims::default();
    claims.remember("/Users/b/x", "Users/b~9/x~4.py");
    let wanted = Wanted { path: "/Users/b/x", id: Some(4), ending: ".py" };
    assert_eq!(claims.of_folder("/Users/b", Some(9)), "Users/b~9");
    assert_eq!(claims.of_file(&wanted, Some("Users/b~9/x~4.py")), "Users/b~9/x~4.py");
    assert_eq!(claims.of_file(&wanted, Some("elsewhere/x.py")), "Users/b~9/x.py", "not outside its folder");
    assert_eq!(
        place(&mut claims, "/Users/b/X~4", 5, ".py"),
        "Users/b~9/X~4~5.py",
        "its old place is kept free"
    );
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-cA-C.%~:\\\\ \u{0}\u{85}ä]{1,8}",
        2 => any::<String>().prop_map(|text| text.replace('/', "")),
        1 => "[a%.ä]{100,300}",
        1 => prop::sample::select(vec!["..", ".", "manifest.jsonl", ".backup.lock", "CON", "%2E%2E", "a~1", "A~1"])
            .prop_map(str::to_owned),
    ]
    .prop_filter("names are not empty", |name| !name.is_empty())
}

proptest! {
    #[test]
    fn any_name_is_read_back_and_no_two_are_one(one in name(), other in name()) {
        let encoded = encode(&one);
        prop_assert_eq!(decode(&encoded), Some(one.clone()));
        prop_assert_eq!(encode(&other) == encoded, one == other);
        prop_assert_eq!(file_name(&one, ".py", true) == file_name(&other, ".py", true), one == other);
        let forbidden = |char: char| char.is_control() || "\\/:*?\"<>|".contains(char);
        prop_assert!(!encoded.contains(forbidden) && !encoded.ends_with('.'), "{}", encoded);
    }

    #[test]
    fn every_path_has_a_place_of_its_own_inside(
        paths in prop::collection::hash_set(prop::collection::vec(name(), 1..4), 1..12),
        endings in prop::collection::vec(prop::sample::select(vec!["", ".py", ".sql"]), 12),
    ) {
        let (mut claims, mut places) = (Claims::default(), HashSet::new());
        for ((id, names), ending) in (1..).zip(&paths).zip(endings) {
            let path = format!("/{}", names.join("/"));
            let local = place(&mut claims, &path, id, ending);
            prop_assert!(is_inside(&local), "{}", local);
            prop_assert!(local.split('/').all(|name| name.len() <= 255), "{}", local);
            prop_assert!(!is_ours(&local), "{}", local);
            prop_assert_eq!(local.matches('/').count(), names.len() - 1);
            prop_assert!(places.insert(folded(&local)), "{} twice", local);
        }
        // No file is where another one's folder must be.
        for place in &places {
            let above = place.match_indices('/').map(|(at, _)| &place[..at]);
            prop_assert!(above.into_iter().all(|folder| !places.contains(folder)), "{}", place);
        }
    }
}
