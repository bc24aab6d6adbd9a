//! `roundsman credentials` from outside: what is typed and piped, what others can see of it, what is told when something is
//! wrong, and what tasks get. The vault itself has its tests in its crate.

mod keys;
mod tasks;

use std::{
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use nix::sys::{
    signal::{Signal, kill},
    termios::{LocalFlags, tcgetattr},
};
use roundsman_tests::daemon::{PATIENCE, Site, eventually};

const VALUE: &str = "hunter22-ümlaut";

fn site() -> Site {
    let site = Site::new("");
    succeeds(&site.run(&["credentials", "init"]));
    site
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What is told when a command ends with this code.
fn fails(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    stderr(output)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn credentials(words: &[&str]) -> Vec<String> {
    std::iter::once("credentials").chain(words.iter().copied()).map(str::to_owned).collect()
}

fn run(site: &Site, words: &[&str]) -> Output {
    let words = credentials(words);
    site.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A command that reads what is piped to it.
fn reader(site: &Site, words: &[&str]) -> Child {
    let words = credentials(words);
    let mut command = site.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn pipe(site: &Site, words: &[&str], input: &[u8]) -> Output {
    let mut child = reader(site, words);
    // One that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn set(site: &Site, section: &str, field: &str, value: &str) {
    succeeds(&pipe(site, &["set", section, field], value.as_bytes()));
}

/// Starts a command on a terminal.
fn start_on(terminal: &OwnedFd, site: &Site, words: &[&str]) -> Child {
    let words = credentials(words);
    let shape = site.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    // The prompt is written to the controlling terminal, which only the leader of a session can have.
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(shape.get_program()).args(shape.get_args()).env_clear();
    command.envs(shape.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let side = || Stdio::from(terminal.try_clone().unwrap());
    command.stdin(side()).stdout(side()).stderr(side());
    command.spawn().expect("setsid, of the package util-linux")
}

/// Runs a command on a terminal of its own, and types each line when its prompt shows. Everything shown, and the code.
fn on_terminal(site: &Site, words: &[&str], dialogue: &[(&str, &str)]) -> (String, Option<i32>) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut child = start_on(&pty.slave, site, words);
    drop(pty.slave);
    let mut master = std::fs::File::from(pty.master);
    let (mut shown, mut told) = (String::new(), 0);
    let mut dialogue = dialogue.iter();
    let mut next = dialogue.next();
    let mut buffer = [0_u8; 4096];
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if let Some((prompt, typed)) = next
            && let Some(at) = shown[told..].find(prompt)
        {
            told += at + prompt.len();
            master.write_all(typed.as_bytes()).unwrap();
            next = dialogue.next();
        }
    }
    let status = eventually("the end of the command", PATIENCE, || child.try_wait().unwrap());
    (shown, status.code())
}

#[test]
fn values_come_on_standard_input_and_go_to_pipes() {
    let site = site();
    let large = "ä1\n".repeat(350_000);
    for (field, value) in [
        ("plain", VALUE),
        ("lines", "-----BEGIN\n a = \"b\"\n\n-----END"),
        ("quotes", "'\"=;#[x]"),
        ("large", large.trim_end()),
    ] {
        set(&site, "netbox", field, &format!("{value}\n"));
        assert_eq!(succeeds(&run(&site, &["get", "netbox", field])), value, "{field}");
    }
    let listed = succeeds(&run(&site, &["list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 4);
    assert_eq!(
        listed[0],
        serde_json::json!({ "section": "netbox", "field": "large", "next": false, "source": "vault" })
    );
    for name in ["vault.ini", "vault.key"] {
        let path = site.path("state").join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!std::fs::read_to_string(path).unwrap().contains("hunter22"));
    }
    let nothing = fails(&pipe(&site, &["set", "netbox", "plain"], b"\n"), 2);
    assert!(nothing.contains("no value was given: nothing was changed"), "{nothing}");
}

#[test]
fn values_are_refused_as_arguments_and_never_become_any() {
    let site = site();
    for words in [&["set", "netbox", "token", "hunter22"][..], &["set", "netbox", "token=hunter22"]] {
        let told = fails(&run(&site, words), 2);
        assert!(told.contains("every user of this host can read them") && told.contains("history"), "{told}");
        assert!(!told.contains("hunter22"), "{told}");
    }
    let mut child = reader(&site, &["set", "netbox", "token"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(VALUE.as_bytes()).unwrap();
    let seen = |name: &str| std::fs::read(format!("/proc/{}/{name}", child.id())).unwrap_or_default();
    eventually("the value to be read", PATIENCE, || {
        let waits =
            String::from_utf8_lossy(&seen("wchan")).contains("pipe") || seen("syscall").starts_with(b"0 ");
        waits.then_some(())
    });
    for name in ["cmdline", "environ"] {
        let text = String::from_utf8_lossy(&seen(name)).into_owned();
        assert!(name != "cmdline" || text.contains("token"), "{text}");
        assert!(!text.contains("hunter22"), "{name}: {text}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing() {
    let site = site();
    let words = ["set", "netbox", "token"];
    let typed = [("value: ", "wrong\x7f\x15hunter22-\u{fc}x\x7f\r"), ("once more: ", "hunter22-\u{fc}\r")];
    let (shown, code) = on_terminal(&site, &words, &typed);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("hunter22"), "{shown}");
    assert_eq!(succeeds(&run(&site, &["get", "netbox", "token"])), "hunter22-\u{fc}");
    let (shown, code) = on_terminal(&site, &words, &[("value: ", "one\r"), ("once more: ", "two\r")]);
    assert!(code == Some(2) && shown.contains("the two differ: nothing was changed"), "{code:?} {shown}");
    let (shown, code) = on_terminal(&site, &words, &[("value: ", "one\x03")]);
    assert_eq!(code, Some(130), "{shown}");
    assert_eq!(succeeds(&run(&site, &["get", "netbox", "token"])), "hunter22-\u{fc}");
}

#[test]
fn a_signal_at_the_prompt_leaves_the_terminal_as_it_was() {
    let site = site();
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129)] {
        let pty = nix::pty::openpty(None, None).unwrap();
        let flags = || tcgetattr(&pty.slave).unwrap().local_flags;
        let before = flags();
        assert!(before.contains(LocalFlags::ECHO));
        let mut child = start_on(&pty.slave, &site, &["set", "netbox", "token"]);
        eventually("the prompt", PATIENCE, || (!flags().contains(LocalFlags::ECHO)).then_some(()));
        kill(nix::unistd::Pid::from_raw(child.id() as i32), signal).unwrap();
        let status = eventually("the end of the command", PATIENCE, || child.try_wait().unwrap());
        assert_eq!((status.code(), flags()), (Some(code), before), "{signal}");
    }
}

#[test]
fn a_terminal_is_shown_values_only_on_request_and_asked_before_they_go() {
    let site = site();
    set(&site, "netbox", "token", VALUE);
    let (shown, code) = on_terminal(&site, &["get", "netbox", "token"], &[]);
    assert!(code == Some(2) && shown.contains("--show") && !shown.contains(VALUE), "{code:?} {shown}");
    let (shown, code) = on_terminal(&site, &["get", "netbox", "token", "--show"], &[]);
    assert!(code == Some(0) && shown.contains(VALUE), "{code:?} {shown}");
    let question = "Remove token of section netbox? [y/N] ";
    let (shown, code) = on_terminal(&site, &["remove", "netbox", "token"], &[(question, "n\r")]);
    assert!(code == Some(1) && shown.contains("nothing was removed"), "{code:?} {shown}");
    let told = fails(&run(&site, &["remove", "netbox"]), 2);
    assert!(told.contains("add --yes to remove section netbox with all its fields"), "{told}");
    let (shown, code) = on_terminal(&site, &["remove", "netbox", "token"], &[(question, "y\r")]);
    assert_eq!(code, Some(0), "{shown}");
    fails(&run(&site, &["get", "netbox", "token"]), 2);
}

#[test]
fn a_password_of_the_far_side_changes_in_two_steps() {
    let site = site();
    set(&site, "db", "password", "old-value");
    succeeds(&pipe(&site, &["set", "db", "password", "--next"], b"new-value\n"));
    assert!(succeeds(&run(&site, &["list"])).contains("db       password  yes   vault"));
    assert_eq!(succeeds(&run(&site, &["get", "db", "password"])), "old-value");
    assert_eq!(succeeds(&run(&site, &["get", "db", "password", "--next"])), "new-value");
    succeeds(&run(&site, &["promote", "db", "password"]));
    assert_eq!(succeeds(&run(&site, &["get", "db", "password"])), "new-value");
    assert!(fails(&run(&site, &["promote", "db", "password"]), 2).contains("has no next value"));
}

#[test]
fn a_configuration_out_of_order_is_no_matter_unless_it_hides_the_vault() {
    let site = site();
    set(&site, "a", "b", VALUE);
    site.configure("[tasks.odd]\nuses = \"nothing\"\n");
    assert_eq!(succeeds(&run(&site, &["get", "a", "b"])), VALUE);
    site.configure("[credentials]\nvault = 7\n");
    let told = fails(&run(&site, &["get", "a", "b"]), 2);
    assert!(told.contains("credentials.vault") && told.contains("--vault"), "{told}");
    let (vault, key) = (site.path("state/vault.ini"), site.path("state/vault.key"));
    let named = ["get", "a", "b", "--vault", vault.to_str().unwrap(), "--key-file", key.to_str().unwrap()];
    assert_eq!(succeeds(&run(&site, &named)), VALUE);
}

#[test]
fn a_secret_that_is_not_mounted_is_no_matter_to_others() {
    let site = site();
    set(&site, "a", "b", VALUE);
    site.configure("[credentials.files]\nnetbox = { token = \"${file:/nowhere/token}\" }\n");
    assert_eq!(succeeds(&run(&site, &["get", "a", "b"])), VALUE);
    let told = fails(&run(&site, &["get", "netbox", "token"]), 1);
    let why = "cannot read the file /nowhere/token";
    assert!(
        told.contains("token of section \"netbox\", from [credentials.files]: cannot") && told.contains(why),
        "{told}"
    );
    let checked = site.run(&["config", "check"]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    assert!(
        stderr(&checked).contains("warning: credentials.files.netbox.token: cannot"),
        "{}",
        stderr(&checked)
    );
    let checked = succeeds(&run(&site, &["check"]));
    assert!(
        checked.contains("section netbox: token, from [credentials.files]: cannot read the file"),
        "{checked}"
    );
}

#[test]
fn files_of_other_programs_are_imported() {
    let site = site();
    std::fs::write(site.path("credential.ini"), "[a]\nuser = admin\n").unwrap();
    let file = site.path("credential.ini");
    let told = fails(&run(&site, &["import", file.to_str().unwrap()]), 2);
    assert!(told.contains("line 2 holds a plain value; plain values are taken with `--plain`"), "{told}");
    let done = run(&site, &["import", file.to_str().unwrap(), "--plain"]);
    assert!(stderr(&done).contains("still holds the plain values: remove it"));
    assert!(succeeds(&done).starts_with("Imported 1 values in 1 sections"));
    assert_eq!(succeeds(&run(&site, &["get", "a", "user"])), "admin");
}
