//! Whatever the bytes of a script are, something is said or understood, and what was written out is read back.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use proptest::{prelude::*, sample::select};
use roundsman_finder::{Header, Param, ParamSort, params_of, params_schema, value_of};
use serde_json::{Number, Value};

const PATH: &str = "/srv/backup.sh";

/// Pieces that headers are made of, in no order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = select(vec![
        "# /// roundsman\n",
        "# ///\n",
        "# ",
        "\n",
        "\r\n",
        "[params.a]",
        "[[metrics]]",
        "params",
        " = ",
        "{",
        "}",
        "[",
        "]",
        "\"\"\"",
        "'''",
        "\"",
        "\\",
        "about",
        "exit_codes",
        "schedule",
        "with",
        "default",
        "choices",
        "-1",
        "1e999",
        "2020-01-01",
        "type",
        "'list'",
        "actions",
        ".",
        ",",
        "ä",
        "\u{feff}",
        "\0",
        "true",
    ]);
    let piece = prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Statements of the script's own keys and of a task's, as people may write them.
const ROOT_STATEMENTS: &[&str] = &[
    "about = 'Says hello'",
    "category = \"\"\"\\\nbackup\"\"\"",
    "params.a.default = 'x'",
    "params . 'b' . choices = [\n'x', # [retry]\n'y',\n\n]",
    "exit_codes = { partial = [2] }",
    "'repeatable' = true",
    "\"dry_\\u0072un\" = true",
    "schedule = '''\n* * * * *'''",
    "pool = \"about = 'x'\"",
    "\"p\\u006fol2\" = 'x'",
    "env = [\n'A',\n'B', ]",
    "sandbox.write = [\"\"\"\nabout = 5\n\"\"\"]",
    "# about = 5",
    "",
];
const TABLE_STATEMENTS: &[&str] = &[
    "[params.c]\ntype = 'list'\nhelp = 'x'",
    "[[ \"blackout\" ]]\nschedule = 'x'\nduration = 'y'",
    "[metrics.m] # x\nhelp = 'x'\nlabels = [\n]",
    "[ retry ]\nattempts = 2",
    "[actions.a.params.b]\ndefault = '[retry]'",
    "[after.x]\nparams = 1\nabout = 2",
];

/// Some of them, in some order that TOML allows.
fn header_lines() -> impl Strategy<Value = String> {
    let some =
        |all: &'static [&'static str]| prop::sample::subsequence(all.to_vec(), 0..=all.len()).prop_shuffle();
    (some(ROOT_STATEMENTS), some(TABLE_STATEMENTS))
        .prop_map(|(root, tables)| root.into_iter().chain(tables).map(|text| format!("{text}\n")).collect())
}

fn param() -> impl Strategy<Value = Param> {
    // Inputs belong to actions, and have neither default nor choices.
    let sorts = ParamSort::ALL.into_iter().filter(|sort| *sort != ParamSort::Input);
    let sort = select(sorts.collect::<Vec<_>>());
    let help = prop::option::of("[a-zA-Z\"'\\\\äß#= ]{0,20}[a-z]")
        .prop_map(|help| help.map(|help| help.trim().to_owned()));
    (sort, help, any::<bool>(), any::<u8>())
        .prop_flat_map(|(sort, help, required, shape)| (values(sort), Just((sort, help, required, shape))))
        .prop_map(|(mut values, (sort, help, required, shape))| {
            values.dedup();
            let choices = if shape & 1 == 0 { values.clone() } else { Vec::new() };
            let numeric = matches!(sort, ParamSort::Integer | ParamSort::Number);
            let mut sorted: Vec<Number> =
                values.iter().filter_map(|value| value.as_number().cloned()).collect();
            sorted.sort_by(|a, b| a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()));
            let bound =
                |number: Option<&Number>, bit: u8| number.filter(|_| numeric && shape & bit == 0).cloned();
            let default = match sort {
                ParamSort::List => Value::Array(values.clone()),
                _ => values[0].clone(),
            };
            Param {
                name: String::new(),
                sort,
                default: (!required && shape & 8 == 0).then_some(default),
                required,
                help,
                choices,
                min: bound(sorted.first(), 2),
                max: bound(sorted.last(), 4),
                env: if shape & 1 == 0 { Vec::new() } else { vec!["OLD_NAME".to_owned()] },
            }
        })
}

/// Some different values of a sort; texts for lists.
fn values(sort: ParamSort) -> BoxedStrategy<Vec<Value>> {
    let several = 1..4;
    match sort {
        ParamSort::Integer => prop::collection::btree_set(any::<i64>().prop_map(|n| n >> 12), several)
            .prop_map(|set| set.into_iter().map(Value::from).collect())
            .boxed(),
        ParamSort::Number => prop::collection::btree_set(-1_000_000_i32..1_000_000, several)
            .prop_map(|set| set.into_iter().map(|n| Value::from(f64::from(n) / 8.0)).collect())
            .boxed(),
        ParamSort::Boolean => any::<bool>().prop_map(|value| vec![value.into()]).boxed(),
        ParamSort::String | ParamSort::Path | ParamSort::Input | ParamSort::List => {
            prop::collection::btree_set("\\PC{0,8}", several)
                .prop_map(|set| set.into_iter().map(Value::from).collect())
                .boxed()
        }
    }
}

/// A param as a person would write it.
fn written(param: &Param) -> String {
    let mut keys: BTreeMap<&str, Value> = BTreeMap::from([("type", param.sort.word().into())]);
    let optional = [
        ("default", param.default.clone()),
        ("help", param.help.clone().map(Value::from)),
        ("min", param.min.clone().map(Value::from)),
        ("max", param.max.clone().map(Value::from)),
        ("choices", (!param.choices.is_empty()).then(|| param.choices.clone().into())),
        ("required", param.required.then(|| true.into())),
        ("env", (!param.env.is_empty()).then(|| param.env.clone().into())),
    ];
    keys.extend(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
    let mut text = format!("# [params.{}]\n", param.name);
    for (key, value) in keys {
        let value = toml::Value::try_from(value).unwrap();
        writeln!(text, "# {key} = {value}").unwrap();
    }
    text
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = Header::in_script(Path::new(PATH), &bytes);
        let _ = Header::in_file(Path::new(PATH), &bytes);
    }

    #[test]
    fn any_pieces_are_answered(bytes in pieces()) {
        let _ = Header::in_file(Path::new(PATH), &bytes);
        let mut script = b"# /// roundsman\n# ".to_vec();
        script.extend(bytes);
        script.extend(b"\n# ///\n");
        if let Ok(Some(header)) = Header::in_script(Path::new(PATH), &script)
            && let Some(keys) = header.keys
        {
            // What is passed on is TOML, and none of it is the script's own.
            let rest = toml::de::DeTable::parse(&keys.text).unwrap();
            let own = |key: &str| roundsman_finder::OWN_KEYS.contains(&key);
            prop_assert!(rest.get_ref().keys().all(|key| !own(key.get_ref())));
            prop_assert!(!rest.get_ref().is_empty());
        }
    }

    #[test]
    fn own_keys_and_keys_of_a_task_are_told_apart(lines in header_lines()) {
        let whole: toml::Table = lines.parse().unwrap();
        let own = |key: &String| roundsman_finder::OWN_KEYS.contains(&key.as_str());
        let expected: toml::Table = whole.into_iter().filter(|(key, _)| !own(key)).collect();
        let script: String = lines.lines().map(|line| format!("-- {line}\n")).collect();
        let script = format!("\n-- /// roundsman\n{script}-- ///\n");
        let in_script = Header::in_script(Path::new(PATH), script.as_bytes()).unwrap().unwrap();
        let in_file = Header::in_file(Path::new(PATH), lines.as_bytes()).unwrap();
        for (header, written) in [(&in_script, &script), (&in_file, &lines)] {
            let Some(keys) = &header.keys else {
                prop_assert!(expected.is_empty());
                continue;
            };
            let rest: toml::Table = keys.text.parse().unwrap();
            prop_assert_eq!(&rest, &expected, "{}", keys.text);
            prop_assert_eq!(keys.scheduled, expected.contains_key("schedule"));
            // Each line is where it was written.
            for (at, line) in keys.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                let original = written.lines().nth(at).unwrap();
                prop_assert!(original.ends_with(line.trim_start()), "{original:?} {line:?}");
            }
        }
        prop_assert_eq!(in_script.params, in_file.params);
        prop_assert_eq!(in_script.category, in_file.category);
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in "\\PC{0,20}", sort in select(vec!["string", "integer", "number", "boolean", "array", "object", "null"])) {
        let schema = serde_json::json!({ "type": sort, "items": { "type": "integer" } });
        let _ = value_of(&schema, &text);
    }

    #[test]
    fn params_are_read_back(params in prop::collection::vec(param(), 0..5)) {
        let params: Vec<Param> =
            params.into_iter().enumerate().map(|(at, param)| Param { name: format!("param-{at}"), ..param }).collect();
        let tables: String = params.iter().map(written).collect();
        let script = format!("#!/bin/sh\n# /// roundsman\n{tables}# ///\n");
        let header = Header::in_script(Path::new(PATH), script.as_bytes());
        let header = header.unwrap_or_else(|problems| panic!("{problems}\n{script}")).unwrap();
        prop_assert_eq!(&header.params, &params);
        prop_assert!(header.keys.is_none());
        // A default, given as text, is taken for what it is.
        let schema = params_schema(&params);
        for param in params.iter().filter(|param| param.default.is_some()) {
            let default = param.default.clone().unwrap();
            let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let read = params_of(&schema, [(param.name.as_str(), text.as_str())]).unwrap();
            prop_assert_eq!(read[&param.name].as_f64(), default.as_f64());
            prop_assert!(default.is_number() || read[&param.name] == default);
        }
    }
}
