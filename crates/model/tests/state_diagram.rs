//! The picture of run states in `docs/ARCHITECTURE.md` is drawn from the enum; this keeps it true. With `UPDATE_DOCS` set it
//! is written anew.

use std::fmt::Write as _;

use roundsman_model::RunState;

#[test]
fn the_documented_states_are_those_of_the_enum() {
    let mut picture = String::from("```mermaid\nstateDiagram-v2\n");
    for first in RunState::FIRST {
        writeln!(picture, "    [*] --> {first}").unwrap();
    }
    for from in RunState::ALL {
        for to in from.followers() {
            writeln!(picture, "    {from} --> {to}").unwrap();
        }
        if from.followers().is_empty() {
            writeln!(picture, "    {from} --> [*]").unwrap();
        }
    }
    picture.push_str("```\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (head, _) = text.split_once("## States of a run\n").expect("the section is there");
    let wanted = format!("{head}## States of a run\n\n{picture}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, wanted).unwrap();
    } else {
        assert_eq!(text, wanted, "run with UPDATE_DOCS=1 to write the picture anew");
    }
}
