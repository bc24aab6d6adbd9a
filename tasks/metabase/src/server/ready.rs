//! Whether the server is there, ready, and knows us; and what it says of itself. Waiting for one that starts is no attempt.

use std::time::Duration;

use roundsman_task::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Again, FailureClass, Properties, Server, ServerFailure, cards::if_fit, delta, reading::INITIALIZING,
};

/// Between two looks whether the server is ready.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// What a server says of its health.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// It is well.
    Ok,
    /// It is starting.
    Initializing,
    /// It is not well.
    Unwell(String),
}

/// Who we are to the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// His number.
    pub id: u64,
    /// His name for people.
    #[serde(default, deserialize_with = "if_fit")]
    pub common_name: Option<String>,
    /// Whether he may do everything.
    #[serde(default, deserialize_with = "if_fit")]
    pub is_superuser: Option<bool>,
}

impl Server {
    /// Asks once how the server is.
    pub async fn health(&self) -> Result<Health, ServerFailure> {
        self.inner.manners.turn().await?;
        let request = self.inner.client.get("api/health").named("health");
        match self.in_time(self.inner.config.timeouts.meta, request.send()).await {
            Ok(answer) => {
                let answer: Value = self.decoded("api/health", &answer)?;
                let says = answer.get("status").and_then(Value::as_str).unwrap_or("it says nothing");
                Ok(if says == "ok" { Health::Ok } else { Health::Unwell(says.to_owned()) })
            }
            Err(failure) if failure.is(INITIALIZING) => Ok(Health::Initializing),
            Err(failure) if failure.status == Some(503) => Ok(Health::Unwell(failure.message)),
            Err(failure) => Err(self.noted(failure).await?),
        }
    }

    /// Waits until the server is ready, if it is starting, as long as the configuration allows.
    pub async fn wait_ready(&self) -> Result<(), ServerFailure> {
        self.wait_ready_until(self.init_end()).await
    }

    /// When waiting for a server that starts ends, if it begins now.
    pub(super) fn init_end(&self) -> Timestamp {
        self.inner.cx.now() + delta(self.inner.config.timeouts.init_wait.get())
    }

    pub(super) async fn wait_ready_until(&self, end: Timestamp) -> Result<(), ServerFailure> {
        let (mut was_starting, mut told) = (false, None);
        loop {
            let why = match self.health().await {
                Ok(Health::Ok) => return Ok(()),
                Ok(Health::Initializing) => {
                    was_starting = true;
                    "it is still starting".to_owned()
                }
                Ok(Health::Unwell(says)) => says,
                // What starts may go away once more; what never said that it starts is just away.
                Err(failure) if was_starting && failure.again != Again::Never && failure.task.is_none() => {
                    failure.message
                }
                Err(failure) => return Err(failure),
            };
            if self.inner.cx.now() + delta(LOOK_AGAIN) > end {
                let told = format!("{} is not ready: {why}", self.base_url());
                return Err(ServerFailure::new(FailureClass::HttpServer, Again::Yes, told).coded("not-ready"));
            }
            if told.as_ref() != Some(&why) {
                tracing::info!("waiting for {}: {why}", self.base_url());
                told = Some(why);
            }
            self.inner.cx.sleep(LOOK_AGAIN).await?;
        }
    }

    /// The server's version and limits, asked once per run.
    pub async fn properties(&self) -> Result<Properties, ServerFailure> {
        let ask = async || {
            let answer = self.get("api/session/properties", &[], "properties").await?;
            Ok::<_, ServerFailure>(Properties::read(&answer))
        };
        self.inner.properties.get_or_try_init(ask).await.cloned()
    }

    /// Who we are.
    pub async fn current_user(&self) -> Result<User, ServerFailure> {
        let answer = self.get("api/user/current", &[], "current_user").await?;
        serde_json::from_value(answer).map_err(|error| self.unexpected("api/user/current", &error))
    }

    /// Gives back places for exports that nothing is under way on: others may have them during a pause.
    pub async fn make_room(&self) {
        self.inner.manners.give_back().await;
    }

    /// Ends what began with this run: a session that nobody shares, places for exports. Best effort.
    pub async fn close(&self) {
        self.make_room().await;
        if let super::Auth::Session(session) = &self.inner.auth {
            session.log_out(self).await;
        }
    }
}
