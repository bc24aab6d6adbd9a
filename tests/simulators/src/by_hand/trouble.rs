//! What can go wrong at the Metabase by hand: each trouble that a person may ask for, as faults and settings of the scenario.
//! It chooses none.

use std::time::Duration;

use clap::ValueEnum;
use roundsman_simulators::{At, Damage, Ending, Fault, MetabaseScenario, Shape, metabase::Health};
use serde_json::json;

/// The requests for exports.
const EXPORTS: &str = "POST *query/*";
/// How long a server is starting that is.
const STARTING: Duration = Duration::from_secs(20);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trouble {
    /// The database fails in the middle of an export: its error stands behind the rows, with status 200
    ErrorAfterRows,
    /// The connection breaks in the middle of an export
    Cut,
    /// An export ends in its middle as if it were whole, as the server's ten-minute limit does; only the end of gzip is missing
    NoTrailer,
    /// The check sum of an export's gzip is wrong
    CorruptGzip,
    /// Exports come slowly, a few hundred bytes at a time
    Slow,
    /// A login page of the company answers everything
    Html,
    /// The server is starting for 20 seconds
    Initializing,
    /// Logins have to wait 15 seconds; the task that is printed logs in with user and password
    ThrottleLogin,
    /// Exports are answered with 429 and `Retry-After: 20`
    RateLimit,
}

impl Trouble {
    /// Whether the task needs a login to meet it.
    pub(crate) fn needs_login(self) -> bool {
        self == Self::ThrottleLogin
    }

    /// The scenario in which this goes wrong so many times; where nobody says how often, each time, or once where a pause is
    /// asked for.
    pub(crate) fn within(
        self,
        scenario: MetabaseScenario,
        times: Option<u32>,
        rows: u64,
    ) -> MetabaseScenario {
        let Some(fault) = self.fault(rows / 8) else {
            return scenario.set(|settings| match self {
                Self::Html => settings.login_page = true,
                _ => settings.health = Health::Initializing(STARTING),
            });
        };
        let times = times.or_else(|| matches!(self, Self::ThrottleLogin | Self::RateLimit).then_some(1));
        scenario.fault(times.into_iter().fold(fault, Fault::times))
    }

    /// What happens to a request; behind so many rows, where it is in the middle of an export.
    fn fault(self, rows: u64) -> Option<Fault> {
        let damaged = |damage: Damage| Some(Fault::on(EXPORTS).body(damage));
        match self {
            Self::ErrorAfterRows => {
                let error = json!({ "status": "failed", "error": "ERROR: division by zero", "error_type": "invalid-query" });
                damaged(Damage::document(At::Row(rows), &error))
            }
            Self::Cut => damaged(Damage::End(At::Row(rows), Ending::Closed)),
            Self::NoTrailer => damaged(Damage::End(At::Row(rows), Ending::Clean)),
            Self::CorruptGzip => damaged(Damage::WrongSum),
            Self::Slow => damaged(Damage::Slow(512, Duration::from_millis(250))),
            Self::ThrottleLogin => {
                let text = "Too many attempts! You must wait 15 seconds before trying again.";
                let body = json!({ "errors": { "username": text } }).to_string();
                Some(Fault::on("POST /api/session").status(401).shape(Shape::RawJson, "", &body))
            }
            Self::RateLimit => {
                let fault = Fault::on(EXPORTS).status(429).retry_after("20");
                Some(fault.shape(Shape::RawText, "", "too many requests"))
            }
            Self::Html | Self::Initializing => None,
        }
    }
}
