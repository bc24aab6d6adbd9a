//! A task that says its secret in every way it can: nothing of it is stored, shown, or said by the daemon.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use roundsman_tests::daemon::{Daemon, PATIENCE, Site, eventually};

const SECRET: &str = "n0t-for/the+log: \"quoted\" & ümlauts 4711";

/// Prints the secret plain, encoded, in pieces, in JSON, in the middle of a line that is too long; ends with an error that
/// names it. The worker was given it all the same.
const CARELESS: &str = r#"
printf '%s' "$API_TOKEN" | sha256sum | cut -c1-64 > "$PROOF"
echo "plain: $API_TOKEN"
printf 'base64: '; printf '%s' "$API_TOKEN" | base64 -w0; echo
printf 'base64 of more: '; printf 'user:%s' "$API_TOKEN" | base64 -w0; echo
printf 'user of the service:%s' "$API_TOKEN" | base64 -w 40
printf 'plain: \033[1m%s\033[0m%s\n' "${API_TOKEN%%the*}" "the${API_TOKEN#*the}"
cat "$ENCODED"
printf 'in pieces: n0t-for/the+l'; sleep 0.2; printf 'og: "quoted" & ümla'; sleep 0.2; echo 'uts 4711'
head -c 16370 /dev/zero | tr '\0' 'x'; echo "$API_TOKEN and more"
echo "on stderr: $API_TOKEN" >&2
echo "::progress 1/2 $API_TOKEN"
echo "401 for $API_TOKEN" >&2
exit 3
"#;

fn percent(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Pieces by which the secret would be known, in any of its forms.
fn traces() -> Vec<&'static str> {
    vec![
        SECRET,
        "n0t-for/the+log",
        "ümlauts 4711",
        "%22quoted%22",
        r#"\"quoted\" & "#,
        // Base64 of the middle of it, in all three alignments.
        "LWZvci90aGUrbG9nOi",
        "dC1mb3IvdGhlK2xvZz",
        "QtZm9yL3RoZStsb2c6",
    ]
}

fn site() -> Site {
    let site = Site::new("");
    fs::write(site.path("token"), format!("{SECRET}\n")).unwrap();
    let json = serde_json::json!({ "authorization": format!("Bearer {SECRET}") });
    fs::write(site.path("encoded"), format!("url: {}\njson: {json}\n", percent(SECRET))).unwrap();
    fs::write(site.path("careless.sh"), CARELESS).unwrap();
    // No file can be made beside the configuration: that is out of the reach of tasks.
    fs::create_dir(site.path("out")).unwrap();
    let folder = site.path("");
    let folder = folder.display();
    site.configure(&format!(
        "[tasks.careless]\nuses = \"command\"\nevery = \"24h\"\nrun_at_first_start = true\n\
         [tasks.careless.with]\nargv = [\"sh\", \"{folder}careless.sh\"]\nexit_codes = {{ retry = [] }}\n\
         env = {{ API_TOKEN = \"${{file:{folder}token}}\", PROOF = \"{folder}out/proof\", ENCODED = \"{folder}encoded\" }}\n",
    ));
    site
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    // A socket holds nothing.
    all.filter(|path| path.is_file()).collect()
}

fn nothing_in(place: &str, bytes: &[u8]) {
    for trace in traces() {
        let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
        assert!(!found, "{trace:?} is in {place}:\n{}", String::from_utf8_lossy(bytes));
    }
}

/// The task was given the secret, and what hides it can be read.
fn proved(site: &Site, log: &str) {
    let mut sum = Command::new("sha256sum");
    let expected = sum.arg("-").stdin(fs::File::open(trimmed(site)).unwrap()).output().unwrap().stdout;
    let proof = fs::read_to_string(site.path("out/proof")).unwrap();
    assert_eq!(proof.trim(), &String::from_utf8_lossy(&expected)[..64]);
    for line in
        ["plain: ********", "base64: ********", "url: ********", "in pieces: ********", "on stderr: ********"]
    {
        assert!(log.contains(line), "{line:?} is missing in {log}");
    }
    assert!(log.contains("Bearer ********"), "{log}");
}

fn trimmed(site: &Site) -> PathBuf {
    let path = site.path("trimmed");
    fs::write(&path, SECRET).unwrap();
    path
}

fn logs(site: &Site, run: &serde_json::Value) -> String {
    String::from_utf8_lossy(&site.run(&["logs", &run["id"].to_string()]).stdout).into_owned()
}

fn nothing_anywhere(site: &Site, daemon: &Daemon) {
    for file in files(&site.path("state")) {
        nothing_in(&file.display().to_string(), &fs::read(&file).unwrap_or_default());
    }
    nothing_in("/metrics", daemon.get("/metrics").unwrap().1.as_bytes());
    nothing_in("the daemon's log", daemon.log().as_bytes());
}

#[test]
fn nothing_of_it_is_kept_or_shown() {
    let site = site();
    let daemon = site.start();
    let run = site.run_in_state("careless", "failed");
    let log = eventually("the whole log", PATIENCE, || {
        Some(logs(&site, &run)).filter(|log| log.contains("401 for"))
    });
    proved(&site, &log);
    assert!(run["cause"].as_str().unwrap().contains("401 for ********"), "{run}");
    let id = run["id"].to_string();
    for args in
        [vec!["logs", &id], vec!["run", &id], vec!["run", &id, "--json"], vec!["runs"], vec!["status"]]
    {
        nothing_in(&args.join(" "), &site.run(&args).stdout);
    }
    nothing_anywhere(&site, &daemon);
    // The last lines of a failure are kept, without what is secret in them.
    let kept = site.json(&["artifacts", &id, "--json"]);
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "{kept}");
    assert_eq!(kept[0]["name"], "last-lines.json");
    assert!(!log.contains("holds the value of a secret"), "{log}");
    drop(daemon);
    for file in files(&site.path("state")) {
        nothing_in(&file.display().to_string(), &fs::read(&file).unwrap());
    }
}

#[test]
fn nothing_of_it_reaches_the_terminal() {
    let site = site();
    let output = site.run(&["run-task", "careless"]);
    assert_eq!(output.status.code(), Some(1));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    nothing_in("the terminal", said.as_bytes());
    proved(&site, &said);
    for file in files(&site.path("state")) {
        nothing_in(&file.display().to_string(), &fs::read(&file).unwrap());
    }
}
