//! What surrounds the process: variables, zone, host name. It is a value, so that nothing else here reads the process.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, thread};

/// Where the configuration file is looked for when nobody names one.
pub const DEFAULT_FILE: &str = "/etc/roundsman/roundsman.toml";

/// What surrounds the process.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    /// Environment variables that references may name and tasks may ask for.
    pub variables: BTreeMap<String, String>,
    /// Environment variables that hold credentials or keys. No reference leads to them and no task gets them.
    pub withheld: BTreeMap<String, String>,
    /// The name of the system's time zone.
    pub system_zone: Option<String>,
    /// The host's name.
    pub host_name: Option<String>,
    /// The processors that may be used.
    pub processors: usize,
    /// What relative paths on the command line and in variables are relative to.
    pub current_dir: PathBuf,
    /// The configuration file when nobody names one.
    pub default_file: PathBuf,
}

impl Environment {
    /// What surrounds this process. Variables whose value is not Unicode count as not set.
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let (withheld, variables) = apart(std::env::vars_os().filter_map(unicode));
        let host_name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        Self {
            variables,
            withheld,
            system_zone: iana_time_zone::get_timezone().ok(),
            host_name: host_name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            processors: thread::available_parallelism().map_or(1, usize::from),
            current_dir: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            default_file: PathBuf::from(DEFAULT_FILE),
        }
    }

    /// An environment with these variables and nothing else: no file, no zone, two processors, in `/`.
    pub fn with<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let (withheld, variables) = apart(variables.into_iter().map(owned));
        Self {
            variables,
            withheld,
            system_zone: None,
            host_name: None,
            processors: 2,
            current_dir: PathBuf::from("/"),
            default_file: PathBuf::from("/nonexistent/roundsman.toml"),
        }
    }

    /// A variable; one that is empty counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Whether a variable holds credentials or keys.
pub(crate) fn is_withheld(name: &str) -> bool {
    name.starts_with("ROUNDSMAN_CRED_") || name == "ROUNDSMAN_VAULT_KEY"
}

type Variables = BTreeMap<String, String>;

/// The variables that are withheld, and the others.
fn apart(variables: impl Iterator<Item = (String, String)>) -> (Variables, Variables) {
    variables.partition(|(name, _)| is_withheld(name))
}

impl fmt::Debug for Environment {
    /// Names of variables only: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
