//! Random tables with the cells that break careless readers. How they are written is told by the formats.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

/// Pieces of cells; cells are made of up to three.
const NASTY: &[&str] = &[
    "",
    "a",
    "plain text",
    "{",
    "}",
    "{\"",
    "{\"\"",
    "[",
    "]",
    "}]",
    "]}\n",
    "\"",
    "\"\"",
    "\"\n",
    ",",
    ",,\n,",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "{\"status\":\"failed\",\"error\":\"a cell\"}",
    "{\"via\":[],\"cause\":\"a cell\"}",
    "\n{\"status\":\"failed\",\"error\":\"a cell\"}\n",
    "ü",
    "日本",
    "🦀",
    "\u{feff}",
    "\u{1}",
    "\0",
    "\r\n\r\n",
    "\n\"",
    "\"\r\n",
    "\u{85}\u{2028}",
    "e\u{301}\u{10ffff}",
    "\t",
    "\\",
    "\\\"",
    "\\u00e9",
    " ",
    "'",
    "null",
    "-1.5e+10",
    "=1+1",
    "<!DOCTYPE html>",
    "PK\u{3}\u{4}",
    "_x0041_",
    "&amp;<row>",
];

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// No two are equal.
    pub(crate) titles: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A small table, seldom with a long cell.
pub(crate) fn small(rng: &mut StdRng) -> Table {
    let rows = rng.random_range(0..12);
    sized(rng, rows)
}

/// A table of so many rows.
pub(crate) fn sized(rng: &mut StdRng, rows: usize) -> Table {
    let width = rng.random_range(1..6);
    let titles = (0..width).map(|at| if at == 0 { cell(rng) } else { format!("{}{at}", cell(rng)) });
    let mut titles: Vec<_> = titles.collect();
    if titles[1..].contains(&titles[0]) {
        titles[0].push('+');
    }
    let rows = (0..rows).map(|_| (0..width).map(|_| cell(rng)).collect()).collect();
    Table { titles, rows }
}

fn cell(rng: &mut StdRng) -> String {
    match rng.random_range(0..100) {
        0 => NASTY.choose(rng).unwrap().repeat(rng.random_range(1..80)),
        1..50 => rng.random_range(-100_000..100_000_i64).to_string(),
        _ => (0..rng.random_range(0..4)).map(|_| *NASTY.choose(rng).unwrap()).collect(),
    }
}
