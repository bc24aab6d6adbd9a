//! What the tests share: a simulated server, a clock, contexts and configurations. It asserts nothing.

use std::{sync::Arc, time::Duration};

use roundsman_metabase::{
    config::{Checked, Format},
    server::{ExportRequest, ExportStream, Server, ServerFailure, Source},
};
use roundsman_simulators::metabase::{API_KEY, EMAIL, Metabase, MetabaseScenario, PASSWORD, Release};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A simulated server and a task that uses it.
pub(crate) struct Desk {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sim: Metabase,
    pub(crate) test: TestContext,
    more: Value,
}

/// Who the task is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum As {
    Key,
    Person(&'static str),
    Token,
}

impl Desk {
    pub(crate) async fn new(scenario: MetabaseScenario, who: As) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-20T08:00:00Z"));
        let sim = Metabase::start(clock.clone(), scenario).await.unwrap();
        let test = TestContext::builder().virtual_time(&clock).time_left(Duration::from_hours(2));
        let test = match who {
            As::Key => test.credential("metabase", "api_key", API_KEY),
            As::Person(password) => {
                test.credential("metabase", "username", EMAIL).credential("metabase", "password", password)
            }
            As::Token => test.credential("metabase", "session_token", &sim.session(EMAIL)),
        };
        Self { clock, sim, test: test.build(), more: json!({}) }
    }

    /// The sample of the newest version, with a key.
    pub(crate) async fn sample() -> Self {
        Self::new(MetabaseScenario::sample(Release::V57, 20), As::Key).await
    }

    /// The same with somebody who logs in.
    pub(crate) async fn with_login() -> Self {
        Self::new(MetabaseScenario::sample(Release::V57, 20), As::Person(PASSWORD)).await
    }

    /// Configured with this too.
    pub(crate) fn configured(self, more: Value) -> Self {
        Self { more, ..self }
    }

    pub(crate) fn config(&self) -> Checked {
        let mut config = json!({ "base_url": self.sim.url() });
        let all = config.as_object_mut().unwrap();
        all.extend(self.more.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    pub(crate) async fn server(&self) -> Server {
        Server::open(self.test.cx(), &self.config()).await.unwrap()
    }

    /// The server as another process has it, which shares the store with us.
    pub(crate) async fn elsewhere(&self) -> Server {
        Server::open(self.test.next_run().cx(), &self.config()).await.unwrap()
    }

    /// What was asked, as `GET /api/card/1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.sim.journal().iter().map(|entry| format!("{} {}", entry.method, entry.path)).collect()
    }

    /// What the budget of the server is called, and what its leases begin with.
    pub(crate) fn budget(&self) -> String {
        let digest = Sha256::digest(self.sim.url().as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("metabase-{digest}")
    }

    /// How often somebody tried to log in.
    pub(crate) fn logins(&self) -> usize {
        self.sim.asked("POST /api/session").len()
    }
}

/// An export of a question as CSV.
pub(crate) fn csv(card: u64) -> ExportRequest {
    ExportRequest {
        source: Source::Card(card),
        format: Format::Csv,
        parameters: Vec::new(),
        format_rows: false,
        pivot_results: false,
        csv_include_bom: false,
        timeout: None,
    }
}

/// Everything that comes, as it was sent.
pub(crate) async fn read(stream: &mut ExportStream) -> Result<Vec<u8>, ServerFailure> {
    let mut whole = Vec::new();
    while let Some(chunk) = stream.chunk().await? {
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// Everything that comes, unpacked.
pub(crate) async fn unpacked(stream: &mut ExportStream) -> Vec<u8> {
    use std::io::Read as _;
    let packed = stream.content_encoding() == Some("gzip");
    let raw = read(stream).await.unwrap();
    if !packed {
        return raw;
    }
    let mut whole = Vec::new();
    flate2::read::GzDecoder::new(&*raw).read_to_end(&mut whole).unwrap();
    whole
}
