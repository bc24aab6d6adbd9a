//! A mail by which a person sees whether mail works (D.6). Nobody else is mailed, and nothing else that waits is sent.

use std::time::Duration;

use roundsman_notify::State;
use roundsman_task::{ActionInfo, Outcome, TaskError, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::read_params;
use crate::{
    lab::Lab,
    mails::{Post, Tested},
};

/// The mail.
pub(super) const TEST_EMAIL: ActionInfo = ActionInfo {
    name: "test-email",
    about: "sends a mail at once, within the limits, and waits until its fate is known",
    timeout: Duration::from_mins(10),
    exclusive: false,
    writes: true,
    params: params_of::<Params>,
};

/// Whom it goes to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Params {
    /// The address; the first of `admin_email` where it is absent.
    to: Option<String>,
}

/// Sends it, and says what became of it; fails if it was not sent.
pub(super) async fn test_email(lab: &Lab) -> Result<Outcome, TaskError> {
    let Params { to } = read_params(lab)?;
    let post = Post::open(lab);
    let Tested { id, state, error } = post.test(to.as_deref()).await?;
    if lab.is_dry {
        let mut outcome = Outcome::success("a mail would be sent");
        outcome.counts.planned = 1;
        return Ok(outcome);
    }
    let (status, is_sent) = match state {
        State::Succeeded => ("succeeded", true),
        State::Accepted => ("accepted, not delivered yet", true),
        State::Unconfirmed => ("accepted, and nothing more is known", true),
        State::Failed => ("failed", false),
        State::Expired => ("expired: its turn did not come in time", false),
        State::Sending => ("unknown: whether it was taken could not be learnt", false),
        State::Queued => ("not sent in time", false),
    };
    let why = error.map_or_else(String::new, |error| format!(" ({error})"));
    let summary = format!("mail {id}: {status}{why}");
    if !is_sent {
        return Err(TaskError::permanent(summary));
    }
    let mut outcome = Outcome::success(summary);
    outcome.counts.ok = 1;
    outcome.detail = json!({ "id": id, "status": state });
    outcome.print = json!(format!("{id} {status}{why}"));
    Ok(outcome)
}
