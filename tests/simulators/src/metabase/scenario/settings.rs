//! How a simulated Metabase behaves: its version and what differs between versions, limits, times, how it sends. Nothing
//! of what it has.

use std::time::Duration;

/// A version, by what differs for those who export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 0.46: forms only, `ordered_cards`, failed queries with status 202, 400 for refused logins.
    V46,
    /// 0.53: forms and JSON, `dashcards` and tabs, entity ids, failed queries with status 500, 401 for refused logins.
    V53,
    /// 0.56: as 0.53, and unknown fields of exports are refused.
    V56,
    /// 0.57: as 0.56, and knows `csv_include_bom`.
    V57,
}

impl Release {
    /// What `version.tag` says.
    pub fn tag(self) -> &'static str {
        match self {
            Self::V46 => "v0.46.6",
            Self::V53 => "v0.53.2",
            Self::V56 => "v0.56.4",
            Self::V57 => "v0.57.1",
        }
    }

    pub(in crate::metabase) fn is_new(self) -> bool {
        self != Self::V46
    }

    pub(in crate::metabase) fn refuses_unknown_fields(self) -> bool {
        matches!(self, Self::V56 | Self::V57)
    }

    pub(in crate::metabase) fn knows_bom(self) -> bool {
        self == Self::V57
    }
}

/// How exports are put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// In chunks.
    Chunked,
    /// With `Content-Length`, as some proxies do.
    ContentLength,
    /// Neither: what ends is the connection.
    UntilClose,
}

/// What `GET /api/health` says, and with it everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Ok,
    /// It is starting for so long, counted from the simulator's start; then it works.
    Initializing(Duration),
    /// It does not reach its own database.
    NoAppDb,
}

/// How a Metabase behaves.
#[derive(Debug, Clone)]
pub struct MetabaseSettings {
    /// Its version.
    pub release: Release,
    /// What `version.tag` says, if something else: `v1.56.4` is a paid one.
    pub tag: Option<String>,
    /// Whether it works.
    pub health: Health,
    /// A path that stands before all others, as `/metabase`.
    pub prefix: String,
    /// Everything is answered by the page of a login of the company.
    pub login_page: bool,
    /// How long a session lasts at most (`MAX_SESSION_AGE`).
    pub session_age: Duration,
    /// How long it lasts unused (`MB_SESSION_TIMEOUT`).
    pub session_inactivity: Option<Duration>,
    /// From which attempt on a login with one name has to wait.
    pub login_attempts: u32,
    /// From which attempt on logins from one address have to wait.
    pub login_attempts_per_address: u32,
    /// How long the first wait is.
    pub login_wait: Duration,
    /// The most rows that `/query` gives of a query that does not aggregate.
    pub row_limit: u64,
    /// The same for one that does.
    pub aggregated_row_limit: u64,
    /// The most rows of an export (`MB_DOWNLOAD_ROW_LIMIT`); 1,048,575 if it is none. A real one ignores values below that;
    /// this one does not, so that a limit is reached soon. Workbooks never have more than 1,048,575.
    pub download_row_limit: Option<u64>,
    /// It refuses forms although its version takes them.
    pub refuses_forms: bool,
    /// How exports are put on the wire.
    pub framing: Framing,
    /// So many bytes at a time.
    pub piece: usize,
    /// A proxy asks it for nothing packed, whatever clients say.
    pub strips_gzip: bool,
}

impl MetabaseSettings {
    /// Those of a version as it is delivered.
    pub fn of(release: Release) -> Self {
        Self {
            release,
            tag: None,
            health: Health::Ok,
            prefix: String::new(),
            login_page: false,
            session_age: Duration::from_secs(20_160 * 60),
            session_inactivity: None,
            login_attempts: 10,
            login_attempts_per_address: 50,
            login_wait: Duration::from_secs(15),
            row_limit: 2_000,
            aggregated_row_limit: 10_000,
            download_row_limit: None,
            refuses_forms: false,
            framing: Framing::Chunked,
            piece: 16 * 1_024,
            strips_gzip: false,
        }
    }

    pub(in crate::metabase) fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(self.release.tag())
    }

    /// The most rows of an export.
    pub(in crate::metabase) fn export_limit(&self) -> u64 {
        self.download_row_limit.unwrap_or(1_048_575)
    }
}
