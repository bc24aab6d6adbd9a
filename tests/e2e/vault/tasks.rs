//! What tasks get of the vault, and what is told where something is missing.

use super::*;

/// A site with a script that asks for credentials, and writes what it gets to its log.
fn with_script() -> Site {
    let site = Site::new(
        "[tasks.login]\nuses = \"login\"\nschedule = \"0 3 1 1 *\"\ncredentials = { api = \"netbox-prod\" }\n",
    );
    std::fs::create_dir_all(site.path("scripts")).unwrap();
    let script = site.path("scripts/login.sh");
    let text = "#!/bin/sh\n# /// roundsman\n# about = \"Logs in\"\n# credentials = [\"api\"]\n# ///\n\
        [ \"$ROUNDSMAN_CRED_API_TOKEN\" = \"the current one\" ] && echo current\n\
        [ \"$ROUNDSMAN_CRED_API_TOKEN_NEXT\" = \"the next one\" ] && echo next\n\
        [ \"$ROUNDSMAN_CRED_API_USER\" = \"from the daemon\" ] && echo user\n\
        env | grep -c VAULT_KEY\nenv | grep -c CRED_NETBOX\necho \"shown: $ROUNDSMAN_CRED_API_TOKEN\"\n";
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    site
}

#[test]
fn a_task_without_its_credentials_does_not_start_and_says_what_to_do() {
    let site = with_script();
    let output = site.run(&["run-task", "login"]);
    let told = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    let expected = "there is no section \"netbox-prod\" for the role \"api\": `roundsman credentials set netbox-prod FIELD`";
    assert!(told.contains(expected), "{told}");
    let checked = run(&site, &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("netbox-prod"));
}

#[test]
fn a_task_gets_the_section_it_names_and_nothing_of_the_daemon() {
    let site = with_script();
    let key = succeeds(&run(&site, &["init", "--print-key"]));
    let with_key = |words: &[&str]| {
        let mut command = site.command(words);
        command
            .env("ROUNDSMAN_VAULT_KEY", key.trim())
            .env("ROUNDSMAN_CRED_NETBOX_PROD_USER", "from the daemon");
        command
    };
    for (words, value) in [
        (&["credentials", "set", "netbox-prod", "token"][..], "the current one"),
        (&["credentials", "set", "netbox-prod", "token", "--next"], "the next one"),
        (&["credentials", "set", "other", "token"], "of somebody else"),
    ] {
        let mut child = with_key(words).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
    let output = with_key(&["run-task", "login"]).output().unwrap();
    let told = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    for line in ["current", "next", "user"] {
        assert!(told.lines().any(|found| found.ends_with(line)), "{line}: {told}");
    }
    assert_eq!(told.lines().filter(|line| line.ends_with(" 0") || *line == "0").count(), 2, "{told}");
    assert!(told.contains("shown: ********") && !told.contains("the current one"), "{told}");
    let checked = with_key(&["credentials", "check"]).output().unwrap();
    let page = succeeds(&checked);
    assert!(page.contains("section other: no task names it"), "{page}");
}
