//! Names that people give to questions, and what becomes of them.

use std::path::{Component, Path};

use super::*;

fn run() -> RunWords {
    RunWords {
        ts: "20261120_080000".to_owned(),
        date: "20261120".to_owned(),
        slot: "20261120T070000Z".to_owned(),
        run_id: "17".to_owned(),
    }
}

fn words(name: &str) -> Words {
    Words {
        id: "12".to_owned(),
        item: "daily".to_owned(),
        name: name.to_owned(),
        entity_id: "abcdefghijklmnopqrstu".to_owned(),
        dashboard: "Ops / Nightly".to_owned(),
        collection: vec!["A/B".to_owned(), "C".to_owned()],
        seq: 3,
        params: BTreeMap::from([("region".to_owned(), "EMEA/APAC".to_owned())]),
        ext: "csv".to_owned(),
    }
}

fn path(template: &str, name: &str) -> String {
    let path = Template::parse(template).unwrap().render(&run(), &words(name));
    path.to_str().unwrap().to_owned()
}

#[test]
fn words_stand_for_values() {
    let dashboard = path("{dashboard}/{seq:02}_{name}_{ts}.{ext}", "Orders");
    assert_eq!(dashboard, "Ops _ Nightly/03_Orders_20261120_080000.csv");
    assert_eq!(path("{collection}/{name}.{ext}", "Orders"), "A_B/C/Orders.csv");
    assert_eq!(path("{param.region}-{id}.{ext}", "x"), "EMEA_APAC-12.csv");
    assert_eq!(
        path("{date}/{run_id}_{slot}_{item}_{entity_id}.{ext}", "x"),
        "20261120/17_20261120T070000Z_daily_abcdefghijklmnopqrstu.csv"
    );
}

#[test]
fn templates_that_are_none() {
    for wrong in ["", "/x", "x/", "{name", "name}", "{nmae}.{ext}", "{seq:x}", "{param.}", "{seq:99}"] {
        let error = Template::parse(wrong).unwrap_err().to_string();
        assert!(error.starts_with(&format!("template {wrong:?}")), "{error}");
    }
}

#[test]
fn names_that_no_file_should_have() {
    let long = "ü".repeat(300);
    let emoji = format!("{}😀", "a".repeat(193));
    for (name, expected) in [
        ("Sales/Report", "Sales_Report.csv"),
        ("a<>:\"/\\|?*b", "a_b.csv"),
        ("tab\tand\nline", "tab_and_line.csv"),
        ("..", "question_12.csv"),
        ("../../etc/passwd", "_.._etc_passwd.csv"),
        ("   ", "question_12.csv"),
        ("", "question_12.csv"),
        (" . trimmed . ", "trimmed.csv"),
        ("CON", "_CON.csv"),
        ("con.old", "_con.old.csv"),
        ("LPT1", "_LPT1.csv"),
        ("COM10", "COM10.csv"),
        ("CONSOLE", "CONSOLE.csv"),
        ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}.csv"),
        (long.as_str(), &format!("{}.csv", "ü".repeat(98))),
        (emoji.as_str(), &format!("{}.csv", "a".repeat(193))),
    ] {
        assert_eq!(path("{name}.{ext}", name), expected, "{name:?}");
    }
}

#[test]
fn nothing_leads_out() {
    for name in ["..", "../..", "/etc/passwd", "a/../../b", ".", "...", "\u{0}", "..\\..", "~"] {
        for template in
            ["{name}/{name}", "../{name}", "a/../{name}.{ext}", "./{name}/../x", "{param.none}/{name}"]
        {
            let path = path(template, name);
            let straight = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
            assert!(straight && !path.is_empty(), "{template} of {name:?} is {path:?}");
        }
    }
}

fn told_apart(paths: &[&str], ids: &[&str]) -> Vec<String> {
    let mut own: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let marks: Vec<_> = (1..).zip(ids).map(|(seq, id)| Mark { id, seq, ext: "csv" }).collect();
    tell_apart(&mut own, &marks);
    own.into_iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[test]
fn two_of_one_name() {
    assert_eq!(told_apart(&["x.csv", "y.csv"], &["1", "2"]), ["x.csv", "y.csv"]);
    assert_eq!(told_apart(&["x.csv", "X.csv", "y.csv"], &["1", "2", "3"]), ["x_1.csv", "X_2.csv", "y.csv"]);
    assert_eq!(told_apart(&["x.csv", "x.csv"], &["1", "1"]), ["x_1_1.csv", "x_1_2.csv"]);
    assert_eq!(
        told_apart(&["manifest.json", "MANIFEST.JSON"], &["1", "2"]),
        ["manifest.json_1", "MANIFEST.JSON_2"]
    );
    assert_eq!(told_apart(&["a", "a/b.csv"], &["1", "2"]), ["a_1", "a/b.csv"]);
}

#[test]
fn as_many_of_one_name_as_there_may_be() {
    let long = format!("{}.csv", "n".repeat(196));
    let paths = vec![long.as_str(); 500];
    let own = told_apart(&paths, &vec!["1"; 500]);
    let different: BTreeSet<String> = own.iter().map(|path| path.to_lowercase()).collect();
    assert_eq!(different.len(), 500);
    assert!(own.iter().all(|path| path.len() <= 200 && path.strip_suffix(".csv").is_some()));
    let taken = told_apart(&["x.csv", "x.csv", "x_1.csv", "x_1_1.csv"], &["1", "1", "1", "1"]);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 4, "{taken:?}");
}
