//! Keys that belong to the configuration and that this version does not carry out yet. They are refused,
//! never ignored. When the engine learns one of them, its line here goes and its key in `tables.rs` comes.

/// A table of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Daemon,
    Retention,
    Credentials,
    Pool,
    Budget,
    Task,
}

const KEYS: [(Section, &str); 3] =
    [(Section::Daemon, "artifacts_dir"), (Section::Task, "budget"), (Section::Task, "renamed_from")];

/// Keys that people write elsewhere, and where they belong.
const MISPLACED: [(Section, &str, &str); 17] = [
    (Section::Task, "cron", "write it as `schedule`"),
    (Section::Task, "limits", "write it as `sandbox`"),
    (Section::Task, "credential", "write it as `credentials`"),
    (Section::Task, "kind", "write it as `uses`"),
    (Section::Task, "retries", "write it as `retry = { attempts = … }`, the first attempt included"),
    (Section::Task, "retry_on", "write it within `retry`, as `retry = { retry_on = […] }`"),
    (Section::Task, "deadline", "write it within `retry`, as `retry = { deadline = … }`"),
    (Section::Task, "pools", "write it as `pool`, with the name of one `[pools.NAME]`"),
    (Section::Task, "blackouts", "write it as `blackout`"),
    (
        Section::Task,
        "labels",
        "write it as `runs_on`; `labels` are what the `[daemon]` of a node says of itself",
    ),
    (Section::Daemon, "blackouts", "write it as `blackout`"),
    (Section::Daemon, "pools", "write each as a table of its own, `[pools.NAME]` with `size = …`"),
    (Section::Pool, "limit", "write it as `size`"),
    (Section::Pool, "workers", "write it as `size`"),
    (Section::Budget, "limit", "write it as `rate`, such as `rate = \"5/s\"`"),
    (Section::Daemon, "database", "write it as `store`"),
    (Section::Daemon, "log_level", "write it as `log`"),
];

/// Why a key is refused, if it is one of these.
pub(crate) fn key(section: Section, key: &str) -> Option<String> {
    if KEYS.contains(&(section, key)) {
        return Some("this key is not supported by this version".into());
    }
    let (.., instead) = MISPLACED.iter().find(|(place, name, _)| *place == section && *name == key)?;
    Some(format!("unknown key: {instead}"))
}
