//! What this host makes of each rule of a sandbox, and what keeps tasks from the daemon's own files. What follows for a
//! task that demands what cannot be had is told with that task.

use std::path::PathBuf;

use roundsman_model::{Abilities, ByteSize, Finding, HumanDuration, Protected, Sandbox, TaskDefinition};

/// The version of Landlock's interface that keeps signals inside.
const SIGNALS: u32 = 6;

/// One rule by itself, whether a task has it, and how it is enforced where nothing else is said.
struct Rule {
    key: &'static str,
    alone: Sandbox,
    user: Option<&'static str>,
    is_used: IsUsed,
    how: How,
}

type IsUsed = fn(&TaskDefinition) -> bool;
type How = fn(&Abilities) -> String;

/// Looks at what there is to enforce rules with, and at each rule.
pub(super) fn look(
    abilities: &Abilities,
    tasks: &[TaskDefinition],
    protected: Option<&Protected>,
) -> Vec<Finding> {
    let mut found = vec![landlock(abilities), cgroup(abilities), exposure(abilities)];
    found.extend(protected.filter(|_| abilities.landlock > 1).and_then(price));
    found.extend(rules().iter().map(|rule| one(rule, abilities, tasks)));
    found
}

fn landlock(abilities: &Abilities) -> Finding {
    match abilities.landlock {
        0 => Finding::warning(
            "Landlock",
            abilities.without_landlock.clone(),
            "use a kernel with Landlock (Linux 6.12 or newer for all of it), or give tasks a `user` of their own",
        ),
        version if version < SIGNALS => Finding::ok(
            "Landlock",
            format!(
                "version {version} of its interface; files can be kept out of reach, signals only from {SIGNALS} on"
            ),
        ),
        version => Finding::ok("Landlock", format!("version {version} of its interface")),
    }
}

fn cgroup(abilities: &Abilities) -> Finding {
    if abilities.cgroup {
        return Finding::ok("cgroup v2", "memory and processes of a task can be limited together");
    }
    Finding::ok("cgroup v2", format!("not in use: {}", abilities.without_cgroup))
}

/// What a task can reach that says nothing about it.
fn exposure(abilities: &Abilities) -> Finding {
    let what = "the daemon's own files";
    match abilities.exposure(None) {
        None => Finding::ok(what, "out of reach of every task (Landlock)"),
        Some(why) => Finding::warning(
            what,
            why,
            "run tasks that you do not trust as another user (`user = \"…\"` and a daemon that is root)",
        ),
    }
}

/// Where no task makes anything, which mostly programs of root notice.
fn price(protected: &Protected) -> Option<Finding> {
    let folders: Vec<_> =
        protected.folders_above().iter().map(|folder| folder.display().to_string()).collect();
    let told = format!(
        "tasks make, rename and remove nothing directly in {}, unless they have `sandbox.protect = false`",
        folders.join(", ")
    );
    (!folders.is_empty()).then(|| Finding::ok("folders above those files", told))
}

fn one(rule: &Rule, abilities: &Abilities, tasks: &[TaskDefinition]) -> Finding {
    let what = format!("rule {}", rule.key);
    let verdict = rule.alone.verdict(rule.user, abilities);
    let Some(cannot) = verdict.unenforceable.first() else {
        let how = verdict.notes.first().map_or_else(|| (rule.how)(abilities), |note| note.how.clone());
        return Finding::ok(what, how);
    };
    let found = format!("cannot be enforced here: {}", cannot.why);
    let users: Vec<&str> =
        tasks.iter().filter(|task| (rule.is_used)(task)).map(|task| task.name.as_str()).collect();
    match users.first() {
        None => Finding::ok(what, found + "; no task has it"),
        Some(_) => Finding::warning(
            what,
            format!("{found}; written in {}", users.join(", ")),
            "change the host as it says, or take the rule out; with `enforce = \"strict\"` such a task does not start",
        ),
    }
}

fn rules() -> Vec<Rule> {
    let nothing = Sandbox::default;
    let paths = || Some(vec![PathBuf::from("/tmp")]);
    let landlock: How = |abilities| format!("by Landlock {}", abilities.landlock);
    let rule = |key, alone, is_used: IsUsed, how: How| Rule { key, alone, user: None, is_used, how };
    vec![
        rule(
            "memory",
            Sandbox { memory: Some(ByteSize(1 << 30)), ..nothing() },
            |task| task.sandbox.memory.is_some(),
            |_| "by a cgroup, for all processes of a task together".to_owned(),
        ),
        rule(
            "processes",
            Sandbox { processes: Some(64), ..nothing() },
            |task| task.sandbox.processes.is_some() && task.user.is_none(),
            |_| "by a cgroup".to_owned(),
        ),
        rule(
            "cpu_time",
            Sandbox { cpu_time: Some(HumanDuration::from_secs(60)), ..nothing() },
            |task| task.sandbox.cpu_time.is_some(),
            |_| "for each process by itself (RLIMIT_CPU)".to_owned(),
        ),
        rule(
            "open_files",
            Sandbox { open_files: Some(256), ..nothing() },
            |task| task.sandbox.open_files.is_some(),
            |_| "for each process by itself (RLIMIT_NOFILE)".to_owned(),
        ),
        rule(
            "network",
            Sandbox { network: Some(false), ..nothing() },
            |task| task.sandbox.network == Some(false),
            |_| "by a network namespace with nothing in it".to_owned(),
        ),
        rule("write", Sandbox { write: paths(), ..nothing() }, |task| task.sandbox.write.is_some(), landlock),
        rule("read", Sandbox { read: paths(), ..nothing() }, |task| task.sandbox.read.is_some(), landlock),
        Rule {
            user: Some("another user"),
            ..rule(
                "user",
                nothing(),
                |task| task.user.is_some(),
                |_| "the worker becomes that user before anything of the task runs".to_owned(),
            )
        },
    ]
}

#[cfg(test)]
mod tests {
    use roundsman_model::{Abilities, Enforce, FindingLevel, Protected, Sandbox, TaskDefinition};

    use super::look;
    use crate::cli::sample::definition;

    fn able() -> Abilities {
        Abilities {
            landlock: 7,
            cgroup: true,
            root: true,
            user: "root".into(),
            network_namespace: true,
            ..Abilities::default()
        }
    }

    fn with(sandbox: Sandbox) -> TaskDefinition {
        TaskDefinition { sandbox, ..definition("walled", "*/5 * * * *") }
    }

    #[test]
    fn an_able_host_enforces_everything() {
        let found = look(&able(), &[], None);
        assert_eq!(found.len(), 11);
        assert!(found.iter().all(|finding| finding.level == FindingLevel::Ok), "{found:#?}");
    }

    #[test]
    fn the_folders_in_which_nothing_is_made_are_named() {
        let protected = Protected { closed: vec!["/run/secrets/key".into()], fixed: Vec::new() };
        let told = |abilities: &Abilities| {
            let found = look(abilities, &[], Some(&protected)).into_iter();
            found
                .map(|finding| finding.found)
                .find(|found| found.contains("directly in /, /run, /run/secrets, unless"))
        };
        assert!(told(&able()).is_some());
        assert_eq!(told(&Abilities { landlock: 0, ..able() }), None);
    }

    #[test]
    fn what_cannot_be_enforced_matters_to_those_who_have_it() {
        let poor = Abilities {
            landlock: 0,
            without_cgroup: "it is cgroup v1".into(),
            user: "ops".into(),
            ..Abilities::default()
        };
        let level = |tasks: &[TaskDefinition], what: &str| {
            look(&poor, tasks, None)
                .into_iter()
                .find(|finding| finding.what == what)
                .map(|finding| finding.level)
        };
        assert_eq!(level(&[], "Landlock"), Some(FindingLevel::Warning));
        assert_eq!(level(&[], "the daemon's own files"), Some(FindingLevel::Warning));
        assert_eq!(level(&[], "rule write"), Some(FindingLevel::Ok));
        let walled = with(Sandbox {
            write: Some(vec!["/srv".into()]),
            enforce: Enforce::Strict,
            ..Sandbox::default()
        });
        let found = look(&poor, std::slice::from_ref(&walled), None);
        let write = found.iter().find(|finding| finding.what == "rule write").unwrap();
        assert_eq!(write.level, FindingLevel::Warning);
        assert!(write.found.ends_with("written in walled") && write.advice.is_some(), "{write:?}");
        // Memory has a second way, which is worth knowing.
        let memory = found.iter().find(|finding| finding.what == "rule memory").unwrap();
        assert!(memory.level == FindingLevel::Ok && memory.found.contains("RLIMIT_DATA"), "{memory:?}");
    }
}
