//! What counts as agreement, and who is asked.

use std::io::BufRead;

use roundsman_model::{Confirmation, TaskDefinition};
use roundsman_task::{
    ActionInfo, Entry, Kind, KindInfo, Outcome, Registry, TaskContext, TaskError, params_of,
};
use serde_json::{Value, json};

use super::{Consent, Intent, judge, wanted};
use crate::{
    cli::{params, sample},
    kinds::Catalogue,
};

/// The answer to the question, with what was shown. `typed` is nothing where there is no terminal.
fn answer(consent: &[&str], typed: Option<&str>) -> (Result<Option<String>, (u8, String)>, String) {
    let consent = match consent {
        ["--yes"] => Consent { yes: true, ..Consent::default() },
        ["--confirm", word] => Consent { confirm: Some((*word).to_owned()), ..Consent::default() },
        _ => Consent::default(),
    };
    let asked = Confirmation {
        text: "All users of dbx.example.com are replaced.".to_owned(),
        word: "dbx.example.com".to_owned(),
    };
    let (mut told, mut typed) = (Vec::new(), typed.map(str::as_bytes));
    let person = typed.as_mut().map(|typed| typed as &mut dyn BufRead);
    let answer = judge(&asked, &consent, person, &mut told).map_err(|failure| {
        let code = if matches!(failure, crate::cli::failure::Failure::Usage(_)) { 2 } else { 1 };
        (code, failure.message().to_owned())
    });
    (answer, String::from_utf8(told).unwrap())
}

#[test]
fn only_the_word_counts() {
    let prompt = "Type dbx.example.com to go on: ";
    for (consent, typed, agreed, asks) in [
        (&[][..], Some("dbx.example.com\n"), "with the word dbx.example.com", true),
        (&[], Some("  dbx.example.com"), "with the word dbx.example.com", true),
        (&["--confirm", "dbx.example.com"], None, "with the word dbx.example.com", false),
        (&["--confirm", "dbx.example.com"], Some("no\n"), "with the word dbx.example.com", false),
        (&["--yes"], None, "with --yes", false),
        (&["--yes"], Some("no\n"), "with --yes", false),
    ] {
        let (answer, told) = answer(consent, typed);
        assert_eq!(answer, Ok(Some(agreed.to_owned())), "{consent:?} {typed:?}");
        assert_eq!(told.contains(prompt), asks, "{consent:?} {typed:?}");
        assert!(told.starts_with("All users of dbx.example.com are replaced.\n"), "{told}");
    }
    for (consent, typed, said) in [
        (&[][..], Some("yes\n"), "\"yes\" was typed, and the word is dbx.example.com"),
        (&[], Some("DBX.EXAMPLE.COM\n"), "was typed, and the word is"),
        (&[], Some("\n"), "nothing was typed"),
        (&[], Some(""), "nothing was typed"),
        (
            &["--confirm", "other.example.com"],
            Some("dbx.example.com\n"),
            "\"other.example.com\" was given with --confirm",
        ),
        (&["--confirm", ""], None, "nothing was given with --confirm"),
        (&[], None, "add `--confirm dbx.example.com`, or `--yes`"),
    ] {
        let (code, why) = answer(consent, typed).0.unwrap_err();
        assert!(
            code == 2 && why.contains(said) && why.contains("nothing was done"),
            "{consent:?} {typed:?}: {why}"
        );
    }
}

/// Replaces everything on a host.
struct Wipe;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Config {
    host: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Params {
    #[serde(default = "everything")]
    #[allow(dead_code, reason = "only its schema is read")]
    what: String,
}

fn everything() -> String {
    "everything".to_owned()
}

impl Kind for Wipe {
    const INFO: KindInfo = KindInfo {
        name: "wipe",
        about: "wipes a host",
        actions: &[ActionInfo {
            name: "wipe",
            about: "wipes it",
            timeout: std::time::Duration::from_secs(9),
            exclusive: true,
            writes: true,
            params: params_of::<Params>,
        }],
        ..KindInfo::DEFAULT
    };
    type Config = Config;

    async fn run(_: &TaskContext, _: Config) -> Result<Outcome, TaskError> {
        Ok(Outcome::success("done"))
    }

    fn confirmation(action: &str, config: &Config, params: &Value) -> Option<Confirmation> {
        let what = params["what"].as_str()?;
        let text = format!("{action}: {what} on {} goes.", config.host);
        Some(Confirmation { text, word: config.host.clone() })
    }
}

static WIPE: Entry = Entry::of::<Wipe>("tests");

#[test]
fn the_kind_is_asked_with_config_and_defaults_but_not_for_dry_runs() {
    let kinds = Catalogue::compiled(&Registry::of([&WIPE]).unwrap());
    let task = |with: Value| TaskDefinition {
        kind: "wipe".parse().unwrap(),
        with,
        ..sample::definition("wipe", "0 2 * * *")
    };
    let asked = |task: &TaskDefinition, with_action: bool, params: Value, dry_run: bool| {
        let action = params::action("wipe", &kinds, task).ok().filter(|_| with_action).map(|(_, info)| info);
        let intent = Intent { definition: task, action, params: &params, dry_run };
        wanted(&intent, &kinds)
            .map(|asked| asked.map(|asked| asked.text))
            .map_err(|why| why.message().to_owned())
    };
    let there = task(json!({ "host": "a.example.com" }));
    let text = |what: &str| Ok(Some(format!("wipe: {what} on a.example.com goes.")));
    assert_eq!(asked(&there, true, json!({}), false), text("everything"));
    assert_eq!(asked(&there, true, json!({ "what": "tmp" }), false), text("tmp"));
    assert_eq!(asked(&there, true, json!({}), true), Ok(None));
    assert_eq!(asked(&there, false, json!({}), false), Ok(None));
    let why = asked(&task(json!({ "host": "${ROUNDSMAN_TEST_NO_SUCH_VARIABLE}" })), true, json!({}), false);
    assert!(why.unwrap_err().starts_with("task wipe: "));
    let why = asked(&task(json!({})), true, json!({}), false).unwrap_err();
    assert!(why.contains("missing field `host`"), "{why}");
}
