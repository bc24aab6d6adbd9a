//! JSON: accepted whole, refused damaged.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use roundsman_metabase::scan::{Flaw, JsonScanner};
use serde::de::IgnoredAny;
use serde_json::json;

use crate::{
    damage::{Damage, document},
    scan,
    tables::{Table, sized, small},
    until_refused,
};

/// A table as the server writes it: one object per row.
pub(crate) fn written(table: &Table, rng: &mut StdRng) -> Vec<u8> {
    let gap = if rng.random_bool(0.5) { "" } else { " \r\n\t" };
    let titles: Vec<_> = table.titles.iter().map(|title| text(title, rng)).collect();
    let rows = table.rows.iter().map(|row| {
        let mut cells: Vec<_> = titles
            .iter()
            .zip(row)
            .map(|(title, cell)| format!("{title}{gap}:{gap}{}", value(cell, rng)))
            .collect();
        let gap = if rng.random_ratio(1, 20) { " \n" } else { gap };
        if rng.random_ratio(1, 30) {
            cells.reverse();
        }
        format!("{{{}}}", cells.join(&format!(",{gap}")))
    });
    let rows: Vec<_> = rows.collect();
    // The first tells the order.
    let rows = match table.rows.first() {
        Some(first) => {
            let cells = titles.iter().zip(first).map(|(title, cell)| format!("{title}:{}", json!(cell)));
            let first = format!("{{{}}}", cells.collect::<Vec<_>>().join(","));
            [&[first], &rows[1..]].concat()
        }
        None => rows,
    };
    format!("{gap}[{gap}{}{gap}]", rows.join(",\n")).into_bytes()
}

/// Numbers as nobody expects them, and texts that are none.
const RAW: &[&str] = &[
    "1e400",
    "-1E-400",
    "-0",
    "-0.0e+00",
    "123456789012345678901234567890.123456789012345678901234567890",
    "9007199254740993",
    r#""\ud800""#,
    r#""\udc00\ud800 \u0000""#,
    r#""\ud83e\udd80\/\b\f""#,
    r#"{"a":1,"a":{"a":[]}}"#,
    r#"[{},[],{"":""},[[]]]"#,
    r#"{ "error" : "a cell" , "via":[ ] }"#,
];

fn value(cell: &str, rng: &mut StdRng) -> String {
    match rng.random_range(0..16) {
        0 => "null".to_owned(),
        1 => rng.random::<bool>().to_string(),
        2 => rng.random::<i64>().to_string(),
        3 => rng.random::<f64>().to_string(),
        4 => json!(f64::from_bits(rng.random())).to_string(),
        5 => json!([cell, { "nested": [cell, {}, []] }]).to_string(),
        6 => json!({ "error": cell, "message": null, cell: 1 }).to_string(),
        7 => (*RAW.choose(rng).unwrap()).to_owned(),
        8 => {
            let depth = rng.random_range(1..12);
            format!("{}{}{}", "[{\"a\":".repeat(depth), text(cell, rng), "}]".repeat(depth))
        }
        _ => text(cell, rng),
    }
}

/// A text, sometimes with every character written as its number.
fn text(text: &str, rng: &mut StdRng) -> String {
    if rng.random_ratio(1, 8) {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        format!("\"{}\"", units.collect::<String>())
    } else {
        json!(text).to_string()
    }
}

/// A table, seldom one without columns.
fn table(rng: &mut StdRng) -> Table {
    let mut table = small(rng);
    if rng.random_ratio(1, 50) {
        table.titles.clear();
        table.rows.iter_mut().for_each(Vec::clear);
    }
    table
}

fn accepted(table: &Table, bytes: &[u8], rng: &mut StdRng) {
    let scanned = scan(JsonScanner::default(), bytes, rng);
    let scanned = scanned.unwrap_or_else(|flaw| panic!("{flaw}: {}", String::from_utf8_lossy(bytes)));
    assert_eq!((scanned.rows, scanned.uneven), (Some(table.rows.len() as u64), 0));
    let titles = (!table.rows.is_empty()).then(|| table.titles.clone());
    assert_eq!(scanned.columns, titles);
    assert!(!scanned.weak);
}

fn damaged(bytes: &[u8], times: usize, rng: &mut StdRng) -> usize {
    let document = document(rng);
    // White space behind the array may go.
    let length = bytes.trim_ascii_end().len();
    for _ in 0..times {
        let damage = match Damage::any(bytes.len(), document.len(), rng) {
            Damage::Cut(at) => Damage::Cut(at.min(length - 1)),
            // Between the brackets of an empty array it is a value like others.
            Damage::Inserted(at)
                if bytes[..at].trim_ascii_end().ends_with(b"[")
                    && bytes[at..].trim_ascii_start().starts_with(b"]") =>
            {
                Damage::Error(at)
            }
            // White space behind the array may come.
            Damage::Garbage(b' ' | b'\n' | b'\r' | b'\t', times) => Damage::Garbage(b'x', times),
            other => other,
        };
        let damaged = damage.of(bytes, &document);
        damage.must_be_refused(scan(JsonScanner::default(), &damaged, rng), &damaged);
    }
    times
}

#[test]
fn no_damage_of_json_is_accepted_and_no_export_is_refused() {
    until_refused("json", |rng| {
        let table = table(rng);
        let bytes = written(&table, rng);
        for _ in 0..4 {
            accepted(&table, &bytes, rng);
        }
        damaged(&bytes, 50, rng)
    });
}

#[test]
fn long_exports_are_like_short_ones() {
    let mut left = 3;
    until_refused("long json", |rng| {
        left -= 1;
        let mut table = sized(rng, 1_000);
        table.rows[17][0] = "\"]},{\"".repeat(30_000);
        let bytes = written(&table, rng);
        accepted(&table, &bytes, rng);
        damaged(&bytes, 30, rng) + if left == 0 { usize::MAX / 2 } else { 0 }
    });
}

/// What a parser says that everybody uses.
fn parsed(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok())
}

#[test]
fn changed_exports_are_judged_as_a_parser_does() {
    until_refused("changed json", |rng| {
        let bytes = written(&table(rng), rng);
        let mut refused = 0;
        for _ in 0..50 {
            let mut changed = bytes.clone();
            for _ in 0..rng.random_range(1..4).min(bytes.len() - 1) {
                let at = rng.random_range(0..changed.len());
                match rng.random_range(0..4) {
                    0 => changed[at] = rng.random(),
                    1 => changed[at] = *b"{}[]\",:\\ \n0-.eu".choose(rng).unwrap(),
                    2 => drop(changed.remove(at)),
                    _ => changed.insert(at, changed[rng.random_range(0..changed.len())]),
                }
            }
            let verdict = scan(JsonScanner::default(), &changed, rng);
            // A parser takes elements that are no objects, and those that have a key twice; we do not.
            let narrower = match &verdict {
                Err(Flaw::Truncated(what)) => what == "an element is no object",
                Err(Flaw::NotThisFormat(what)) => what.ends_with("twice"),
                _ => false,
            };
            let text = String::from_utf8_lossy(&changed);
            assert!(narrower || verdict.is_ok() == parsed(&changed), "{verdict:?} of {text}");
            refused += usize::from(verdict.is_err());
        }
        refused
    });
}
