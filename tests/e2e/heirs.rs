//! Kinds that took the place of programs: their variables of old fill keys and credentials, and tasks share documents by
//! scope. The real binary, with no vault and no `[credentials]`.

use std::process::Output;

use roundsman_tests::daemon::{Site, program};
use serde_json::{Value, json};

const TOKEN: &str = "hunter22-of-old";

fn site(tasks: &str) -> Site {
    Site::of(program("roundsman-misbehave"), None, tasks)
}

fn around(site: &Site, args: &[&str], variables: &[(&str, &str)]) -> Output {
    site.command(args).envs(variables.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains(TOKEN), "{text}");
    text
}

/// What a run of the task came to.
fn detail(site: &Site, task: &str, variables: &[(&str, &str)]) -> Value {
    let output = around(site, &["run-task", task, "--json"], variables);
    assert!(output.status.success(), "{}", text(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!told.to_string().contains(TOKEN), "{told}");
    told["outcome"]["detail"].clone()
}

#[test]
fn variables_of_old_are_all_that_is_needed() {
    let site = site(
        "[tasks.a]\nuses = \"heir\"\n[tasks.b]\nuses = \"heir\"\nwith = { host = \"b.example.com\", admins = [] }\n",
    );
    let variables = [
        ("HEIR_HOST", "a.example.com"),
        ("TF_VAR_heir_host", "other.example.com"),
        ("HEIR_MINUTES", "210.5"),
        ("HEIR_ADMINS", "ada@example.com, bob@example.com"),
        ("HEIR_TOKEN", TOKEN),
    ];
    let expected = json!({
        "host": "a.example.com", "minutes": 210.5, "admins": ["ada@example.com", "bob@example.com"],
        "token_bytes": TOKEN.len(), "served": 1, "own": 0,
    });
    assert_eq!(detail(&site, "a", &variables), expected);
    let b = detail(&site, "b", &variables);
    assert_eq!((&b["host"], &b["admins"]), (&json!("b.example.com"), &json!([])), "what is written counts");
    let shown = text(&around(&site, &["config", "show", "tasks"], &variables));
    for key in ["tasks.a.with.host", "tasks.a.with.minutes", "tasks.b.with.minutes"] {
        let row = shown.lines().find(|line| line.starts_with(key)).unwrap();
        assert!(row.contains("environment HEIR_"), "{row}");
    }
    let checked = text(&around(&site, &["config", "check"], &variables));
    assert!(checked.contains("4 keys of tasks come from the environment"), "{checked}");
    assert!(!checked.contains("Terraform"), "{checked}");
    let credentials = text(&around(&site, &["credentials", "check"], &variables));
    assert!(credentials.contains("token (environment HEIR_TOKEN), for a, b"), "{credentials}");
    let page = text(&site.run(&["kinds", "heir"]));
    for line in [
        "From the environment: HEIR_HOST, TF_VAR_heir_host",
        "HEIR_TOKEN for token, TF_VAR_heir_token for token",
        "how often a host was served, by whom",
    ] {
        assert!(page.contains(line), "{page}");
    }
    let told = site.json(&["kinds", "heir", "--json"]);
    assert_eq!(told["spaces"][0]["name"], "heirs");
}

#[test]
fn files_and_terraform_stand_in() {
    let site = site("[tasks.a]\nuses = \"heir\"\n");
    let file = site.path("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let variables = [
        ("TF_VAR_heir_host", "t.example.com"),
        ("HEIR_TOKEN_FILE", file.to_str().unwrap()),
        ("HEIR_MINUTES", "7"),
    ];
    let told = detail(&site, "a", &variables);
    assert_eq!((&told["host"], &told["token_bytes"]), (&json!("t.example.com"), &json!(TOKEN.len())));
    let checked = text(&around(&site, &["config", "check"], &variables));
    assert_eq!(checked.matches("TF_VAR_heir_host fills tasks.a.with.host").count(), 1, "{checked}");
    let variables = [("HEIR_HOST", "t.example.com"), ("TF_VAR_heir_token", TOKEN)];
    let checked = text(&around(&site, &["config", "check"], &variables));
    assert!(checked.contains("TF_VAR_heir_token stands for token of the credentials heir"), "{checked}");
}

#[test]
fn what_is_wrong_or_missing_names_the_variable() {
    let site = site("[tasks.a]\nuses = \"heir\"\n");
    let wrong = around(&site, &["config", "check"], &[("HEIR_HOST", "h"), ("HEIR_MINUTES", TOKEN)]);
    let told = text(&wrong);
    assert_eq!(wrong.status.code(), Some(2), "{told}");
    assert!(
        told.contains(
            "tasks.a.with.minutes: found the string that the environment variable HEIR_MINUTES stands for"
        ),
        "{told}"
    );
    let bare = around(&site, &["run-task", "a"], &[("HEIR_HOST", "h")]);
    let told = text(&bare);
    assert_eq!(bare.status.code(), Some(1), "{told}");
    assert!(
        told.contains("`roundsman credentials set heir token`, or set the variable HEIR_TOKEN"),
        "{told}"
    );
}

#[test]
fn tasks_of_one_scope_share_documents_and_others_do_not() {
    let tasks: String = [("a", "one", false), ("b", "one", false), ("c", "two", false), ("d", "one", true)]
        .map(|(task, host, stranger)| {
            format!(
                "[tasks.{task}]\nuses = \"heir\"\nwith = {{ host = \"{host}\", stranger = {stranger} }}\n"
            )
        })
        .concat();
    let site = site(&tasks);
    let variables = [("HEIR_TOKEN", TOKEN)];
    let served = |task: &str| detail(&site, task, &variables)["served"].clone();
    assert_eq!([served("a"), served("b"), served("c"), served("a")], [1, 2, 1, 3].map(|count| json!(count)));
    let refused = around(&site, &["run-task", "d"], &variables);
    let told = text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("the kind heir declares no space \"mail\""), "{told}");
    let host = "x".repeat(600);
    site.configure(&format!("[tasks.a]\nuses = \"heir\"\nwith = {{ host = \"{host}\" }}\n"));
    let wrong = site.run(&["config", "check"]);
    let told = text(&wrong);
    assert_eq!(wrong.status.code(), Some(2), "{told}");
    assert!(
        told.contains("roundsman.toml:4:8: tasks.a.with")
            && told.contains("the scope of the space \"heirs\" has more than 512 bytes"),
        "{told}"
    );
}
