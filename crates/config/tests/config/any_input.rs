//! Whatever is in a file: it loads or it is refused with a place; nothing panics.

use proptest::prelude::*;

use crate::scene::Scene;

/// Pieces that files are made of, whole and broken, some of them of several bytes.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "[daemon]",
        "[tasks.a]",
        "[[tasks.a.with.checks]]",
        "[shared.s]",
        "[tasks.\"é\"]",
        "[tasks.a.with]",
        "uses = ",
        "\"inventory\"",
        "\"command\"",
        "\"dns-availability\"",
        "share = [\"s\"]",
        "with = { argv = [\"x\"] }",
        "schedule = ",
        "\"* * * * *\"",
        "\"\"\"",
        "'''",
        "\"",
        "'",
        "# é\u{1F980}",
        "\n",
        "\r\n",
        "\t",
        " ",
        "=",
        ".",
        ",",
        "{",
        "}",
        "[",
        "]",
        "store = \"postgres://u:p@h/d\"",
        "every = \"1h\"",
        "retry.retry_on = [\"crash\"]",
        "a.b = 1",
        "1e400",
        "0xfff",
        "-1",
        "true",
        "2027-01-01",
        "\"${HOME}\"",
        "\"${X\"",
        "\"$${\"",
        "password = \"é",
        "netbox = ",
        "\\u00e9",
        "\u{feff}",
        "\0",
        "inf",
    ];
    prop_oneof![8 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #[test]
    fn is_loaded_or_refused(pieces in prop::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        let scene = Scene::new().file("roundsman.toml", &text);
        if let Err(problems) = scene.load() {
            prop_assert!(!problems.is_empty());
            let lines = text.lines().count().max(1) + 1;
            for problem in &problems {
                let place = problem.place.as_ref().expect("the environment is in order, so it is in the file");
                prop_assert!(place.line <= lines, "{problem}");
            }
        }
    }

    #[test]
    fn lines_with_their_breaks_are_loaded_or_refused(lines in prop::collection::vec(prop::collection::vec(piece(), 1..4), 0..12)) {
        let text: String = lines.iter().map(|line| line.concat() + "\n").collect();
        if let Err(problems) = Scene::new().file("roundsman.toml", &text).load() {
            prop_assert!(!problems.to_string().is_empty());
        }
    }
}
