//! The script's own keys, read from the tree of a header. Keys of a task are looked at only where the kind's description
//! depends on them, and never judged.

use std::collections::BTreeSet;

use roundsman_model::{
    ActionDescription, ActionName, Confirmation, CredentialWish, ExitCodes, HumanDuration, MetricDescription,
    kind::{check_labels, check_metric_name},
};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    Header, Param, ParamSort,
    param::{self, params_schema},
    reading::{Reader, Written},
};

const ACTION_KEYS: [&str; 6] = ["about", "timeout", "exclusive", "writes", "params", "confirm"];
const CONFIRM_KEYS: [&str; 2] = ["text", "word"];
const METRIC_KEYS: [&str; 3] = ["help", "type", "labels"];
const CODE_KEYS: [&str; 4] = ["success", "partial", "retry", "skipped"];
const MAX_CATEGORY_CHARS: usize = 64;

/// Reads all own keys; what is wrong is with the reader.
pub(super) fn read(reader: &mut Reader<'_>, tree: &DeTable<'_>) -> Header {
    refuse(reader, tree);
    let get = |key: &str| tree.get(key);
    Header {
        about: get("about").and_then(|value| reader.sentence("about", value)),
        category: get("category").and_then(|value| category(reader, value)),
        params: get("params").map(|value| params(reader, "params", value)).unwrap_or_default(),
        exit_codes: get("exit_codes").and_then(|value| exit_codes(reader, value)).unwrap_or_default(),
        metrics: get("metrics").map(|value| metrics(reader, value)).unwrap_or_default(),
        actions: get("actions").map(|value| actions(reader, value)).unwrap_or_default(),
        repeatable: get("repeatable").and_then(|value| reader.boolean("repeatable", value)).unwrap_or(false),
        dry_run: get("dry_run").and_then(|value| reader.boolean("dry_run", value)).unwrap_or(false),
        credentials: get("credentials").map(credentials).unwrap_or_default(),
        timeout_ms: get("timeout").and_then(timeout_ms),
        keys: None,
    }
}

/// Keys of a task that make no sense in the file that is its kind.
fn refuse(reader: &mut Reader<'_>, tree: &DeTable<'_>) {
    let refused = [
        ("uses", "a script is a kind itself and uses none", "the keys of the script and of its tasks"),
        ("with", "a script's values are its params", "`default = …` for the param, in [params.NAME]"),
    ];
    for (key, what, expected) in refused {
        if let Some((written, _)) = tree.iter().find(|(written, _)| written.get_ref() == key) {
            reader.say(written.span(), key, what).expected(expected);
        }
    }
}

fn category(reader: &mut Reader<'_>, value: &Written<'_>) -> Option<String> {
    let text = reader.sentence("category", value)?;
    let legal = |c: char| c.is_alphanumeric() || " -_/".contains(c);
    if text.chars().all(legal) && text.chars().count() <= MAX_CATEGORY_CHARS {
        return Some(text);
    }
    reader
        .say(value.span(), "category", format!("{text:?} is no name of a family of kinds"))
        .expected("at most 64 letters, digits, ' ', '-', '_' and '/'");
    None
}

/// A table of tables; each entry with its path.
fn entries<'t, 'i>(
    reader: &mut Reader<'_>,
    path: &str,
    value: &'t Written<'i>,
    expected: &str,
) -> Vec<(String, &'t Spanned<DeString<'i>>, &'t DeTable<'i>)> {
    let Some(table) = reader.table(path, value, &format!("tables, {expected}")) else { return Vec::new() };
    let entry = |(key, value): (&'t Spanned<DeString<'i>>, &'t Written<'i>)| {
        let path = format!("{path}.{}", key.get_ref());
        let table = reader.table(&path, value, &format!("a table, {expected}"))?;
        Some((path, key, table))
    };
    table.iter().filter_map(entry).collect()
}

fn params(reader: &mut Reader<'_>, path: &str, value: &Written<'_>) -> Vec<Param> {
    let of_schedule = path == "params";
    let mut variables = BTreeSet::new();
    let mut params = Vec::new();
    for (path, key, table) in entries(reader, path, value, "such as `days = { type = \"integer\" }`") {
        let Some(param) = param::read(reader, &path, key, table) else { continue };
        if param.sort == ParamSort::Input && of_schedule {
            reader
                .say(key.span(), &path, "what runs on a schedule is handed nothing in")
                .expected("`type = \"input\"` for params of actions only; \"path\" for a file that is there");
        }
        let variable = param.variable();
        if variables.insert(variable.clone()) {
            params.push(param);
        } else {
            let what = format!("another param is read from the variable {variable} too");
            reader.say(key.span(), &path, what).expected("names that differ in more than case, '-' and '_'");
        }
    }
    params.sort_by(|a, b| a.name.cmp(&b.name));
    params
}

fn exit_codes(reader: &mut Reader<'_>, value: &Written<'_>) -> Option<ExitCodes> {
    let table = reader.table("exit_codes", value, "a table such as { partial = [2], retry = [75] }")?;
    reader.only("exit_codes", table, &CODE_KEYS);
    let mut codes = ExitCodes::default();
    let lists = [
        ("success", &mut codes.success),
        ("partial", &mut codes.partial),
        ("retry", &mut codes.retry),
        ("skipped", &mut codes.skipped),
    ];
    let before = reader.problems.len();
    for (key, list) in lists {
        if let Some(value) = table.get(key) {
            *list = code_list(reader, &format!("exit_codes.{key}"), value);
        }
    }
    if reader.problems.len() > before {
        return None;
    }
    if let Err(error) = codes.check() {
        reader.say(value.span(), "exit_codes", error.to_string());
        return None;
    }
    Some(codes)
}

fn code_list(reader: &mut Reader<'_>, key: &str, value: &Written<'_>) -> Vec<u8> {
    const EXPECTED: &str = "a list of exit codes from 0 to 255";
    let DeValue::Array(values) = value.get_ref() else {
        reader.mismatch(key, value, EXPECTED);
        return Vec::new();
    };
    let code = |value: &Written<'_>| {
        let number = reader.json(key, value)?;
        let code = number.as_u64().and_then(|code| u8::try_from(code).ok());
        if code.is_none() {
            reader.say(value.span(), key, format!("{number} is no exit code")).expected(EXPECTED);
        }
        code
    };
    values.iter().filter_map(code).collect()
}

fn metrics(reader: &mut Reader<'_>, value: &Written<'_>) -> Vec<MetricDescription> {
    let mut metrics = Vec::new();
    for (path, key, table) in entries(reader, "metrics", value, "such as [metrics.backup_size_bytes]") {
        reader.only(&path, table, &METRIC_KEYS);
        let name = key.get_ref().to_string();
        if let Err(why) = check_metric_name(&name) {
            reader.say(key.span(), &path, why).expected("a name such as `backup_size_bytes`");
        }
        let help = table.get("help").and_then(|help| reader.sentence(&format!("{path}.help"), help));
        if !table.contains_key("help") {
            reader
                .say(key.span(), &path, "the key `help` is missing")
                .expected("`help = …` with one sentence");
        }
        let labels =
            table.get("labels").and_then(|labels| label_names(reader, &format!("{path}.labels"), labels));
        let counter = table.get("type").and_then(|sort| is_counter(reader, &format!("{path}.type"), sort));
        metrics.push(MetricDescription {
            name,
            help: help.unwrap_or_default(),
            counter: counter.unwrap_or(false),
            labels: labels.unwrap_or_default(),
        });
    }
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    metrics
}

fn is_counter(reader: &mut Reader<'_>, key: &str, value: &Written<'_>) -> Option<bool> {
    match reader.text(key, value)?.as_str() {
        "gauge" => Some(false),
        "counter" => Some(true),
        other => {
            reader.say(value.span(), key, format!("found {other:?}")).expected("\"gauge\" or \"counter\"");
            None
        }
    }
}

fn label_names(reader: &mut Reader<'_>, key: &str, value: &Written<'_>) -> Option<Vec<String>> {
    let names = reader.texts(key, value)?;
    if let Err(why) = check_labels(&names) {
        reader.say(value.span(), key, why).expected("names such as `path`");
        return None;
    }
    Some(names)
}

fn actions(reader: &mut Reader<'_>, value: &Written<'_>) -> Vec<ActionDescription> {
    let mut actions = Vec::new();
    for (path, key, table) in entries(reader, "actions", value, "such as [actions.restore]") {
        reader.only(&path, table, &ACTION_KEYS);
        let name = key.get_ref().to_string();
        if let Err(error) = name.parse::<ActionName>() {
            reader.say(key.span(), &path, error.to_string());
        }
        let about = table.get("about").and_then(|about| reader.sentence(&format!("{path}.about"), about));
        let mut boolean = |name: &str| {
            let value = table.get(name)?;
            reader.boolean(&format!("{path}.{name}"), value)
        };
        let (exclusive, writes) = (boolean("exclusive").unwrap_or(true), boolean("writes").unwrap_or(true));
        let timeout_ms =
            table.get("timeout").and_then(|value| duration(reader, &format!("{path}.timeout"), value));
        let params = table.get("params").map(|value| params(reader, &format!("{path}.params"), value));
        let about = about.unwrap_or_else(|| format!("runs the script with the action {name}"));
        let params = params_schema(&params.unwrap_or_default());
        let confirm = table.get("confirm");
        let confirmation =
            confirm.and_then(|value| confirmation(reader, &format!("{path}.confirm"), value, &name));
        actions.push(ActionDescription { name, about, timeout_ms, exclusive, writes, params, confirmation });
    }
    actions.sort_by(|a, b| a.name.cmp(&b.name));
    actions
}

/// What a person is asked before an action; without a word of its own that is the action's name.
fn confirmation(
    reader: &mut Reader<'_>,
    path: &str,
    value: &Written<'_>,
    action: &str,
) -> Option<Confirmation> {
    let table =
        reader.table(path, value, "a table such as { text = \"All files go.\", word = \"archive\" }")?;
    reader.only(path, table, &CONFIRM_KEYS);
    let text = table.get("text").and_then(|text| reader.text(&format!("{path}.text"), text));
    let word = table.get("word").and_then(|word| reader.text(&format!("{path}.word"), word));
    let confirmation =
        Confirmation { text: text.unwrap_or_default(), word: word.unwrap_or_else(|| action.to_owned()) };
    if let Err(why) = confirmation.check() {
        reader
            .say(value.span(), path, why)
            .expected("`text = …` that says what will be done, and one word to type");
        return None;
    }
    Some(confirmation)
}

fn duration(reader: &mut Reader<'_>, key: &str, value: &Written<'_>) -> Option<u64> {
    let text = reader.text(key, value)?;
    match text.parse::<HumanDuration>() {
        Ok(duration) => u64::try_from(duration.get().as_millis()).ok(),
        Err(error) => {
            reader.say(value.span(), key, error.to_string());
            None
        }
    }
}

/// The roles that a task's key `credentials` names; what is wrong with it is for the configuration to say.
fn credentials(value: &Written<'_>) -> Vec<CredentialWish> {
    let roles: BTreeSet<String> = match value.get_ref() {
        DeValue::Array(roles) => {
            roles.iter().filter_map(|role| Some(role.get_ref().as_str()?.to_owned())).collect()
        }
        DeValue::Table(sections) => sections.keys().map(|role| role.get_ref().to_string()).collect(),
        _ => BTreeSet::new(),
    };
    let wish = |name| CredentialWish {
        name,
        about: String::new(),
        fields: Vec::new(),
        env: Vec::new(),
        optional: false,
    };
    roles.into_iter().map(wish).collect()
}

/// What a task's key `timeout` says, if it can be read.
fn timeout_ms(value: &Written<'_>) -> Option<u64> {
    let duration: HumanDuration = value.get_ref().as_str()?.parse().ok()?;
    u64::try_from(duration.get().as_millis()).ok()
}
