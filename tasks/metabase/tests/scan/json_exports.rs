//! JSON: accepted whole, refused damaged.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use roundsman_metabase::scan::{Flaw, JsonScanner};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    damage::{Damage, document},
    scan,
    tables::{Table, sized, small},
    until_refused,
};

/// A table as the server writes it: one object per row.
pub(crate) fn written(table: &Table, rng: &mut StdRng) -> Vec<u8> {
    let gap = if rng.random_bool(0.5) { "" } else { " \r\n\t" };
    let rows = table.rows.iter().map(|row| {
        let cells = table.titles.iter().zip(row);
        let cells = cells.map(|(title, cell)| format!("{}{gap}:{gap}{}", json!(title), value(cell, rng)));
        format!("{{{}}}", cells.collect::<Vec<_>>().join(&format!(",{gap}")))
    });
    let rows: Vec<_> = rows.collect();
    format!("{gap}[{gap}{}{gap}]", rows.join(",\n")).into_bytes()
}

fn value(cell: &str, rng: &mut StdRng) -> Value {
    match rng.random_range(0..12) {
        0 => Value::Null,
        1 => rng.random::<bool>().into(),
        2 => rng.random::<i64>().into(),
        3 => rng.random::<f64>().into(),
        4 => json!(f64::from_bits(rng.random())),
        5 => json!([cell, { "nested": [cell, {}, []] }]),
        6 => json!({ "error": cell, "message": null, cell: 1 }),
        _ => cell.into(),
    }
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
        let table = small(rng);
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
        let bytes = written(&small(rng), rng);
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
