//! A task with the default sandbox that wants more than it was given: what it tries against a real daemon, and what stays
//! possible. What each rule keeps processes from is tested without a daemon.

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
};

use roundsman_tests::daemon::Site;

const SECRET: &str = "hunter22-of-netbox";

/// Puts a script that gets the secret of another, on a schedule of its own, where the daemon looks for scripts.
const INTRUDER: &str = r#"
put() {
    printf '#!/bin/sh\n# /// roundsman\n# credentials = ["netbox"]\n# every = "1s"\n# ///\necho "$ROUNDSMAN_CRED_NETBOX_TOKEN" > LOOT\n' > "$1" &&
        chmod 755 "$1" && echo "put $1"
}
put OWN/scripts/evil.sh
put OWN/scripts/ops/evil.sh
put "$PWD/evil.sh"
ln -s "$PWD/evil.sh" OWN/scripts/evil.sh && echo linked
ln "$PWD/evil.sh" OWN/scripts/evil2.sh && echo linked
mv "$PWD/evil.sh" OWN/scripts/evil3.sh && echo moved
sed 's/^# \/\/\/ roundsman/&\n# credentials = ["netbox"]/' OWN/scripts/good.sh > "$PWD/good.sh"
cat "$PWD/good.sh" > OWN/scripts/good.sh && echo changed
mv OWN/scripts OWN/../open/scripts && echo "moved away"
mkdir OWN/plugins && echo "made plugins"
cp /bin/true OWN/plugins/evil.so && echo "put a plugin"
echo x >> OWN/linked/far.sh && echo "changed a link's target"
echo tried > OUT/tried
"#;

const GOOD: &str = "#!/bin/sh\n# /// roundsman\n# about = \"reads what lies beside it\"\n# ///\n\
                    . \"${0%/*}/ops/words\"\n\"${0%/*}/ops/helper\"\necho x 2>&- >> \"$0\" || echo \"it $WORD\"\n";

fn put(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn site() -> Site {
    let site = Site::new("");
    assert!(site.run(&["credentials", "init"]).status.success());
    let mut set = site.command(&["credentials", "set", "netbox", "token"]);
    let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
    put(&site.path("scripts/good.sh"), GOOD, 0o755);
    put(&site.path("scripts/ops/words"), "WORD=refused\n", 0o644);
    put(&site.path("scripts/ops/helper"), "#!/bin/sh\necho helped\n", 0o755);
    let own = site.path("scripts").parent().unwrap().to_owned();
    put(&own.join("linked/far.sh"), "#!/bin/sh\n# /// roundsman\n# every = \"24h\"\n# ///\n", 0o755);
    std::os::unix::fs::symlink(own.join("linked/far.sh"), site.path("scripts/far.sh")).unwrap();
    fs::create_dir(site.path("out")).unwrap();
    let text = INTRUDER
        .replace("OWN", own.to_str().unwrap())
        .replace("LOOT", site.path("out/loot").to_str().unwrap())
        .replace("OUT", site.path("out").to_str().unwrap());
    fs::write(site.path("intruder.sh"), text).unwrap();
    site.configure(&format!(
        "[tasks.good]\nuses = \"good\"\nevery = \"24h\"\nrun_at_first_start = true\n\
         [tasks.intruder]\nuses = \"command\"\nevery = \"24h\"\nrun_at_first_start = true\nretry = {{ attempts = 1 }}\n\
         with = {{ argv = [\"sh\", {:?}], tail_lines = 100 }}\n",
        site.path("intruder.sh").display()
    ));
    site
}

fn printed(run: &serde_json::Value) -> Vec<&str> {
    run["outcome"]["detail"]["stdout"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn no_task_makes_itself_a_script_that_gets_credentials() {
    let site = site();
    let before = fs::read_to_string(site.path("scripts/good.sh")).unwrap();
    let _daemon = site.start();
    let run = site.run_in_state("intruder", "succeeded");
    let done = printed(&run);
    // In its own work directory it may.
    assert!(done.len() == 1 && done[0].contains("/state/work/"), "{done:?}");
    assert!(site.path("out/tried").exists(), "{run}");
    let mut there: Vec<_> =
        fs::read_dir(site.path("scripts")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["far.sh", "good.sh", "ops"]);
    assert_eq!(fs::read_to_string(site.path("scripts/good.sh")).unwrap(), before);
    assert!(!site.path("plugins").exists());

    // The daemon looked at the folder again meanwhile.
    assert!(site.run(&["reload"]).status.success());
    let listed = site.json(&["tasks", "--json"]);
    let mut names: Vec<_> =
        listed.as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["far", "good", "intruder"]);
    assert!(!site.path("out/loot").exists());
}

#[test]
fn a_script_uses_what_lies_beside_it() {
    let site = site();
    let _daemon = site.start();
    assert_eq!(printed(&site.run_in_state("good", "succeeded")), ["helped", "it refused"]);
}
