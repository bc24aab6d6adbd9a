//! The daemon's own settings: file, environment and defaults, in the order in which they count. It opens no store and
//! makes no folder.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono_tz::Tz;
use roundsman_model::{Blackout, BudgetName, BudgetRule, HumanDuration, NodeLabel, PoolName};

use crate::{
    blackout,
    check::Checker,
    credentials::{self, CredentialSources},
    draft::Draft,
    environment::Environment,
    folders::Folders,
    named::Named,
    node::{Node, Table, Text, Written, join},
    origin::{Origin, Row, Setting},
    pass::Pass,
    references::{expand, files_in},
    retention::Retention,
    source::{Source, Span},
    store_url::StoreUrl,
    tables::{DaemonTable, LogFormat, WithoutStore, schema_of},
    unsupported::Section,
};

/// The port of `/metrics`.
pub const DEFAULT_PORT: u16 = 9464;
/// How many workers there are for each processor.
pub const WORKERS_PER_PROCESSOR: usize = 4;
/// The SQLite file in the state directory.
pub const DEFAULT_STORE_FILE: &str = "roundsman.db";

/// How long a run's lease holds without being renewed.
const LEASE: HumanDuration = HumanDuration::from_secs(60);
/// The longest that a lease can hold.
const LONGEST_LEASE: Duration = Duration::from_mins(10);
/// How much longer than the grace of a task a lease must hold.
const ABOVE_GRACE: Duration = Duration::from_secs(5);
/// How long a node must have been silent before runs are taken back whose workers may finish without the store.
const NODE_GONE_AFTER: HumanDuration = HumanDuration::from_secs(15 * 60);

/// Environment variables and the keys of `[daemon]` they override.
pub const OVERRIDES: [(&str, &str); 5] = [
    ("ROUNDSMAN_STORE", "store"),
    ("ROUNDSMAN_LISTEN", "listen"),
    ("ROUNDSMAN_TIMEZONE", "timezone"),
    ("ROUNDSMAN_STATE_DIR", "state_dir"),
    ("ROUNDSMAN_LOG", "log"),
];

/// The daemon's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where runs, slots, logs and documents are kept.
    pub store: Setting<StoreUrl>,
    /// The address of `/metrics`, `/livez` and `/readyz`.
    pub listen: Setting<SocketAddr>,
    /// The zone of tasks that name none.
    pub timezone: Setting<Tz>,
    /// The folder of identity, socket and SQLite file; absolute.
    pub state_dir: Setting<PathBuf>,
    /// How many attempts run at the same time.
    pub workers: Setting<usize>,
    /// Whether kinds that need no configuration have a task of their own.
    pub builtin_tasks: Setting<bool>,
    /// What is logged.
    pub log: Setting<String>,
    /// How log lines are written.
    pub log_format: Setting<LogFormat>,
    /// What this node is called.
    pub node_name: Setting<String>,
    /// What tasks can ask of this node.
    pub labels: Setting<Vec<NodeLabel>>,
    /// The times at which the slots of all tasks are skipped; they are part of the definitions already.
    pub blackouts: Setting<Vec<Blackout>>,
    /// How long a run's lease holds without being renewed.
    pub lease: Setting<HumanDuration>,
    /// What workers do when the leases of their runs cannot be renewed; nothing if it goes by store and number of nodes.
    pub without_store: Setting<Option<WithoutStore>>,
    /// How long a node must have been silent before runs are taken back whose workers may finish without the store.
    pub node_gone_after: Setting<HumanDuration>,
    /// The folder of scripts; absolute. One that nobody wrote need not exist.
    pub scripts_dir: Setting<Option<PathBuf>>,
    /// The folder of plugins; absolute. One that nobody wrote need not exist.
    pub plugins_dir: Setting<Option<PathBuf>>,
    /// Where credentials come from.
    pub credentials: CredentialSources,
    /// Pools and their sizes, sorted by name.
    pub pools: Vec<(PoolName, u32)>,
    /// Budgets and their rules, sorted by name.
    pub budgets: Vec<(BudgetName, BudgetRule)>,
    /// What is kept of the past.
    pub retention: Retention,
    /// The files that `${file:…}` in these settings and in the sources of credentials refers to.
    pub referred: Vec<PathBuf>,
}

impl Settings {
    /// The settings as rows of `config show`.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let labels: Vec<&str> = self.labels.value.iter().map(NodeLabel::as_str).collect();
        let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
        let by_nodes = "by store and number of nodes".to_owned();
        let without_store = self.without_store.value.map_or(by_nodes, |rule| rule.to_string());
        let mut rows = vec![
            Row::new("daemon.store", &self.store.value, &self.store.origin),
            Row::new("daemon.listen", self.listen.value, &self.listen.origin),
            Row::new("daemon.timezone", self.timezone.value, &self.timezone.origin),
            Row::new("daemon.state_dir", self.state_dir.value.display(), &self.state_dir.origin),
            Row::new("daemon.workers", self.workers.value, &self.workers.origin),
            Row::new("daemon.builtin_tasks", self.builtin_tasks.value, &self.builtin_tasks.origin),
            Row::new("daemon.log", &self.log.value, &self.log.origin),
            Row::new("daemon.log_format", self.log_format.value, &self.log_format.origin),
            Row::new("daemon.node_name", &self.node_name.value, &self.node_name.origin),
            Row::new("daemon.labels", labels, &self.labels.origin),
            Row::new("daemon.lease", self.lease.value, &self.lease.origin),
            Row::new("daemon.without_store", without_store, &self.without_store.origin),
            Row::new("daemon.node_gone_after", self.node_gone_after.value, &self.node_gone_after.origin),
        ];
        rows.extend(self.blackouts.value.iter().enumerate().map(|(index, one)| {
            Row::new(format!("daemon.blackout[{index}]"), blackout::shown(one), &self.blackouts.origin)
        }));
        for (key, folder) in [("scripts_dir", &self.scripts_dir), ("plugins_dir", &self.plugins_dir)] {
            let path = folder.value.as_ref().map(|path| path.display());
            rows.extend(path.map(|path| Row::new(format!("daemon.{key}"), path, &folder.origin)));
        }
        rows.extend(self.retention.rows());
        rows.extend(self.credentials.rows());
        rows
    }
}

/// The tables of the daemon itself as written.
pub(crate) struct Own {
    pub(crate) daemon: Table,
    pub(crate) credentials: Table,
    /// The folder of the configuration file, whether there is one or not.
    pub(crate) folder: PathBuf,
}

/// Makes the settings. `no_file` says that there is no configuration at all. Without a state directory there are none.
pub(crate) fn settings(
    pass: &mut Pass<'_>,
    own: Own,
    named: &Named,
    retention: Retention,
    no_file: bool,
) -> Option<Settings> {
    let Own { daemon: mut table, credentials, folder: beside } = own;
    let overridden = take_overridden(pass, &mut table);
    let referred = referred(pass.env, [&table, &credentials]);
    let mut daemon: DaemonTable = pass.section(Section::Daemon, &mut table, "daemon", None);
    for (key, text, _) in &overridden {
        set(&mut daemon, key, text);
    }
    let written = Sources { table: &table, overridden: &overridden };
    let state_dir = state_dir(pass, daemon.state_dir, &written);
    let env = pass.env;
    let store = daemon.store.and_then(|text| StoreUrl::parse(&text).ok());
    let listen = daemon.listen.and_then(|text| text.parse().ok());
    let zone = daemon.timezone.and_then(|name| name.parse().ok());
    let state_dir = state_dir?;
    let in_state_dir = |store: StoreUrl| store.below(&state_dir.value);
    let timezone = written.or("timezone", zone, || system_zone(pass));
    let blackouts = daemon
        .blackout
        .as_deref()
        .map(|tables| blackout::blackouts(pass, table.get("blackout"), tables, Some(timezone.value)));
    let labels = daemon.labels.map(|names| names.iter().filter_map(|name| name.parse().ok()).collect());
    Some(Settings {
        store: written.or("store", store.map(in_state_dir), || {
            (in_state_dir(StoreUrl::Sqlite(DEFAULT_STORE_FILE.into())), Origin::Default)
        }),
        listen: written.or("listen", listen, || {
            (SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)), Origin::Default)
        }),
        timezone,
        workers: written.or("workers", daemon.workers.map(|workers| workers.get() as usize), || {
            (WORKERS_PER_PROCESSOR * env.processors.max(1), Origin::Default)
        }),
        builtin_tasks: written.or("builtin_tasks", daemon.builtin_tasks, || (no_file, Origin::Default)),
        log: written.or("log", daemon.log, || ("info".into(), Origin::Default)),
        log_format: written.or("log_format", daemon.log_format, || (LogFormat::default(), Origin::Default)),
        node_name: written.or("node_name", daemon.node_name, || host_name(env)),
        labels: written.or("labels", labels, || (Vec::new(), Origin::Default)),
        blackouts: written.or("blackout", blackouts, || (Vec::new(), Origin::Default)),
        lease: written.or("lease", daemon.lease, || (LEASE, Origin::Default)),
        without_store: written
            .or("without_store", daemon.without_store.map(Some), || (None, Origin::Default)),
        node_gone_after: written
            .or("node_gone_after", daemon.node_gone_after, || (NODE_GONE_AFTER, Origin::Default)),
        scripts_dir: folder(&written, "scripts_dir", daemon.scripts_dir, &beside, "scripts"),
        plugins_dir: folder(&written, "plugins_dir", daemon.plugins_dir, &beside, "plugins"),
        credentials: credentials::credentials(pass, credentials, &state_dir.value),
        pools: named.pools.clone(),
        budgets: named.budgets.clone(),
        retention,
        referred,
        state_dir,
    })
}

/// The files that settings refer to, from wherever they are in force.
fn referred(env: &Environment, tables: [&Table; 2]) -> Vec<PathBuf> {
    let variables = OVERRIDES.iter().filter_map(|(variable, _)| env.variable(variable));
    let mut found: Vec<PathBuf> = variables.flat_map(files_in).collect();
    for mut entry in tables.into_iter().flat_map(|table| table.values().cloned()) {
        entry.node.each_text(&mut |text, _| found.extend(files_in(&text.written)));
    }
    found
}

/// Sees to it that a lease outlives the end of a worker that has to go: only then may another node take its run over.
/// Nobody's own lease grows with the longest grace; `written` is where somebody wrote one.
pub(crate) fn fit_lease(pass: &mut Pass<'_>, lease: &mut Setting<HumanDuration>, written: Option<&Span>) {
    let Some(longest) = pass.graces.iter().max_by_key(|grace| grace.length) else { return };
    let (task, grace) = (&longest.task, longest.length);
    let least = grace.get() + ABOVE_GRACE;
    if written.is_none() {
        lease.value = LEASE.max((least + ABOVE_GRACE).min(LONGEST_LEASE).into());
    }
    if lease.value.get() > least {
        return;
    }
    let draft = if written.is_some() {
        let what =
            format!("{} is too short beside the `grace` of the task {task}, which is {grace}", lease.value);
        let expected = format!("more than {}", HumanDuration::from(least));
        Draft::new("daemon.lease", written, what).expected(expected)
    } else {
        let what = format!("{grace} is too long: a node can hold a run for {} at most", lease.value);
        let most = HumanDuration::from(LONGEST_LEASE.saturating_sub(ABOVE_GRACE));
        Draft::new(format!("{}.grace", join("tasks", task)), longest.written.as_ref(), what)
            .expected(format!("less than {most}"))
    };
    pass.drafts.push(draft);
}

/// A folder of kinds: the one that somebody wrote, else one of this name beside the configuration file.
fn folder(
    written: &Sources<'_>,
    key: &str,
    wanted: Option<PathBuf>,
    beside: &Path,
    name: &str,
) -> Setting<Option<PathBuf>> {
    match written.origin(key) {
        Some(Origin::File(place)) => {
            let base = place.file.parent().unwrap_or(Path::new("/")).to_owned();
            Setting::new(wanted.map(|path| base.join(path)), Origin::File(place))
        }
        _ => Setting::new(Some(beside.join(name)), Origin::Default),
    }
}

/// Where state, scripts and plugins are.
pub(crate) fn folders(pass: &mut Pass<'_>, table: &mut Table, beside: &Path) -> Folders {
    let overridden = take_overridden(pass, table);
    let mut daemon: DaemonTable = pass.section(Section::Daemon, table, "daemon", None);
    for (key, text, _) in &overridden {
        set(&mut daemon, key, text);
    }
    let written = Sources { table, overridden: &overridden };
    Folders {
        state_dir: state_dir(pass, daemon.state_dir, &written).map(|setting| setting.value),
        scripts: folder(&written, "scripts_dir", daemon.scripts_dir, beside, "scripts"),
        plugins: folder(&written, "plugins_dir", daemon.plugins_dir, beside, "plugins"),
    }
}

/// The longest `grace` with which a node can hold a run: less than this. `written` are the settings, if a lease is
/// written there.
pub(crate) fn longest_grace(written: Option<&Settings>) -> HumanDuration {
    let longest = written.map_or(LONGEST_LEASE, |settings| settings.lease.value.get());
    longest.saturating_sub(ABOVE_GRACE).into()
}

/// What somebody wrote, for the origins.
struct Sources<'a> {
    table: &'a Table,
    overridden: &'a [(&'static str, String, &'static str)],
}

impl Sources<'_> {
    fn origin(&self, key: &str) -> Option<Origin> {
        let variable = self.overridden.iter().find(|(name, ..)| *name == key);
        variable
            .map(|(.., variable)| Origin::Variable((*variable).to_owned()))
            .or_else(|| self.table.get(key).map(|entry| Origin::File(entry.key.place())))
    }

    fn or<T>(&self, key: &str, value: Option<T>, otherwise: impl FnOnce() -> (T, Origin)) -> Setting<T> {
        let (value, origin) = value.zip(self.origin(key)).unwrap_or_else(otherwise);
        Setting::new(value, origin)
    }
}

/// The values that environment variables give, checked; the keys they override are taken out of the file's table.
fn take_overridden(pass: &mut Pass<'_>, table: &mut Table) -> Vec<(&'static str, String, &'static str)> {
    let schema = schema_of::<DaemonTable>();
    let mut taken = Vec::new();
    for (variable, key) in OVERRIDES {
        let Some(written) = pass.env.variable(variable) else { continue };
        table.remove(key);
        let text = match expand(written, pass.env) {
            Ok(expanded) => expanded.unwrap_or_else(|| written.to_owned()),
            Err(what) => {
                pass.drafts.push(Draft::new(variable, None, what));
                continue;
            }
        };
        let shown = Text { written: written.to_owned(), value: text.clone(), referring: text != written };
        // The checker wants a place; a variable has none, so it is taken off again.
        let source = Arc::new(Source { path: PathBuf::new(), text: String::new() });
        let span = Span { source, range: 0..0 };
        let node = Node { path: variable.into(), span, value: Written::Text(shown), via: None };
        let mut checker = Checker::new(&schema, &pass.kind_names);
        checker.value(&node, &schema["properties"][key]);
        if checker.drafts.is_empty() {
            taken.push((key, text, variable));
        }
        pass.drafts.extend(checker.drafts.into_iter().map(|draft| Draft { span: None, ..draft }));
    }
    taken
}

fn set(daemon: &mut DaemonTable, key: &str, text: &str) {
    let text = text.to_owned();
    match key {
        "store" => daemon.store = Some(text),
        "listen" => daemon.listen = Some(text),
        "timezone" => daemon.timezone = Some(text),
        "state_dir" => daemon.state_dir = Some(text.into()),
        "log" => daemon.log = Some(text),
        other => unreachable!("{other} is not among OVERRIDES"),
    }
}

fn host_name(env: &Environment) -> (String, Origin) {
    match env.host_name.clone().filter(|name| name.len() <= 64) {
        Some(name) => (name, Origin::System),
        None => ("localhost".into(), Origin::Default),
    }
}

fn system_zone(pass: &Pass<'_>) -> (Tz, Origin) {
    // POSIX allows a colon before the name.
    let of_variable = pass.env.variable("TZ").and_then(|name| name.trim_start_matches(':').parse().ok());
    let of_system = || pass.env.system_zone.as_deref().and_then(|name| name.parse().ok());
    match of_variable {
        Some(zone) => (zone, Origin::Variable("TZ".into())),
        None => of_system().map_or((Tz::UTC, Origin::Default), |zone| (zone, Origin::System)),
    }
}

fn state_dir(pass: &mut Pass<'_>, named: Option<PathBuf>, written: &Sources<'_>) -> Option<Setting<PathBuf>> {
    let env = pass.env;
    if let (Some(path), Some(origin)) = (named, written.origin("state_dir")) {
        let base = match &origin {
            Origin::File(place) => place.file.parent().unwrap_or(Path::new("/")).to_owned(),
            _ => env.current_dir.clone(),
        };
        return Some(Setting::new(base.join(path), origin));
    }
    // systemd gives a list when a unit has several state directories; the first is the unit's own.
    let of_systemd = env.variable("STATE_DIRECTORY").and_then(|list| list.split(':').next());
    let candidates = [
        ("STATE_DIRECTORY", of_systemd.map(PathBuf::from)),
        ("XDG_STATE_HOME", env.variable("XDG_STATE_HOME").map(|home| Path::new(home).join("roundsman"))),
        ("HOME", env.variable("HOME").map(|home| Path::new(home).join(".local/state/roundsman"))),
    ];
    for (variable, path) in candidates {
        if let Some(path) = path.filter(|path| path.is_absolute()) {
            return Some(Setting::new(path, Origin::Variable(variable.into())));
        }
    }
    let what = "there is no state directory: neither ROUNDSMAN_STATE_DIR, STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set";
    pass.drafts.push(
        Draft::new("daemon.state_dir", None, what)
            .expected("`state_dir = \"/var/lib/roundsman\"` or one of these variables"),
    );
    None
}
