//! Keys and values that belong to the configuration and that this version does not carry out yet. They are refused,
//! never ignored. When the engine learns one of them, its line here goes and its key in `tables.rs` comes.

/// A table of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    File,
    Daemon,
    Task,
}

const KEYS: [(Section, &str); 16] = [
    (Section::File, "pools"),
    (Section::File, "budgets"),
    (Section::Daemon, "without_store"),
    (Section::Daemon, "node_gone_after"),
    (Section::Daemon, "artifacts_dir"),
    (Section::Task, "after"),
    (Section::Task, "after_blackout"),
    (Section::Task, "blackout"),
    (Section::Task, "pool"),
    (Section::Task, "budget"),
    (Section::Task, "leases"),
    (Section::Task, "start_within"),
    (Section::Task, "runs_on"),
    (Section::Task, "renamed_from"),
    (Section::Task, "history"),
    (Section::Task, "user"),
];

const VALUES: [(Section, &str, &str); 2] =
    [(Section::Task, "overlap", "queue"), (Section::Task, "overlap", "replace")];

/// Keys that people write elsewhere, and where they belong.
const MISPLACED: [(Section, &str, &str); 6] = [
    (Section::Task, "cron", "write it as `schedule`"),
    (Section::Task, "kind", "write it as `uses`"),
    (Section::Task, "retries", "write it as `retry = { attempts = … }`, the first attempt included"),
    (Section::Task, "retry_on", "write it within `retry`, as `retry = { retry_on = […] }`"),
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

/// Why a value is refused, if it is one of these.
pub(crate) fn value(section: Section, key: &str, value: &str) -> Option<String> {
    VALUES
        .contains(&(section, key, value))
        .then(|| format!("`{key} = \"{value}\"` is not supported by this version"))
}
