//! Who carries the mails, as it is configured: Azure Communication Services or a mail server. It writes and keeps none.

use std::sync::Arc;

use roundsman_http::BaseUrl;
use roundsman_notify::{
    Acs, AcsSettings, Address, Limits, Policy, Smtp as SmtpTransport, SmtpSettings, Transport,
};
use roundsman_task::Secret;

use super::CREDENTIAL;
use crate::{config::Smtp, lab::Lab};

/// How often a mail server is used where nothing is said.
const SMTP_LIMITS: Limits = Limits { per_minute: 30, per_hour: 100 };

/// Who carries the mails of a lab, or why nobody does.
pub(super) fn carrier(lab: &Lab) -> Result<Arc<dyn Transport>, String> {
    if let Some(smtp) = &lab.config.smtp {
        let settings = smtp_settings(lab, smtp)?;
        let carrier = SmtpTransport::new(&settings).map_err(|error| error.to_string())?;
        return Ok(Arc::new(carrier));
    }
    let carrier = Acs::new(&lab.cx, acs_settings(lab)?).map_err(|error| error.to_string())?;
    Ok(Arc::new(carrier))
}

/// How its use is limited: by what is configured, and for the rest by what it says itself.
pub(super) fn policy(lab: &Lab, carrier: Option<&dyn Transport>) -> Policy {
    let config = &lab.config;
    let (mails, questions) = (carrier.map(Transport::limits), carrier.and_then(Transport::questions));
    let limits = mails.map(|usual| Limits {
        per_minute: config.mail_per_min.map_or(usual.per_minute, Into::into),
        per_hour: config.mail_per_hour.map_or(usual.per_hour, Into::into),
    });
    let questions = questions
        .map(|usual| Limits { per_hour: config.status_per_hour.map_or(usual.per_hour, Into::into), ..usual });
    Policy { limits, questions, ..Policy::default() }
}

fn acs_settings(lab: &Lab) -> Result<AcsSettings, String> {
    let config = &lab.config;
    let sender = config.acs_sender.as_deref().ok_or("acs_sender is not set")?;
    let endpoint = match config.acs_endpoint.as_deref() {
        Some(text) => Some(BaseUrl::parse(text).map_err(|error| format!("acs_endpoint: {error}"))?),
        None => None,
    };
    let settings = match (field(lab, "access_key"), field(lab, "connection_string")) {
        (Some(key), _) => {
            let endpoint = endpoint.ok_or("acs_endpoint is not set")?;
            let sender = sender.to_owned();
            AcsSettings { endpoint, access_key: Secret::new(key), sender, api_version: None }
        }
        (None, Some(text)) => {
            let told = AcsSettings::of_connection_string(&text, sender).map_err(|error| error.to_string())?;
            AcsSettings { endpoint: endpoint.unwrap_or_else(|| told.endpoint.clone()), ..told }
        }
        (None, None) => {
            return Err(format!(
                "the credentials {CREDENTIAL:?} have neither access_key nor connection_string; name their section under \
                 `credentials` of the task, or set mail_enabled = false"
            ));
        }
    };
    Ok(AcsSettings { api_version: config.acs_api_version.clone(), ..settings })
}

fn smtp_settings(lab: &Lab, smtp: &Smtp) -> Result<SmtpSettings, String> {
    let sender: Address = smtp.sender.parse().map_err(|error| format!("smtp.sender: {error}"))?;
    let login = match (field(lab, "user"), field(lab, "password")) {
        (Some(user), Some(password)) => Some((user, Secret::new(password))),
        (None, None) => None,
        _ => return Err(format!("the credentials {CREDENTIAL:?} have only one of user and password")),
    };
    Ok(SmtpSettings {
        host: smtp.host.clone(),
        port: smtp.port,
        encryption: smtp.encryption.into(),
        ca_file: smtp.ca_file.clone(),
        login,
        sender,
        limits: SMTP_LIMITS,
    })
}

fn field(lab: &Lab, name: &str) -> Option<String> {
    let credential = lab.cx.credential_if_any(CREDENTIAL)?;
    credential.get(name).map(|field| field.current().trim().to_owned()).filter(|value| !value.is_empty())
}
