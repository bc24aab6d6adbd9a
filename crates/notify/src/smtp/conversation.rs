//! One conversation with a mail server, step by step: only who knows how far it came knows what a failure means. It writes no
//! mail.

use std::time::Duration;

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};

use super::SmtpEncryption;
use crate::{Fault, SendError};

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(20);

/// Whom to talk to, and how.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: SmtpEncryption,
    pub(super) tls: Option<TlsParameters>,
    pub(super) login: Option<Credentials>,
}

/// How far a conversation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Connection, greeting, encryption.
    Greeting,
    Login,
    Sender,
    Recipient,
    /// The announcement of the text: still nothing was taken.
    Announcement,
    /// The text itself.
    Text,
}

impl Server {
    /// Hands a mail over.
    pub(super) async fn hand_over(&self, message: &Message) -> Result<(), SendError> {
        let (envelope, text) = (message.envelope(), message.formatted());
        let mut connection = self.connect().await?;
        let failed = |step| move |error: Error| fault(step, &error);
        let names = envelope.from().into_iter().chain(envelope.to()).any(|one| !one.to_string().is_ascii());
        let options = options(&connection, names, text.is_ascii())?;
        let sender = Mail::new(envelope.from().cloned(), options);
        connection.command(sender).await.map_err(failed(Step::Sender))?;
        for to in envelope.to() {
            let recipient = Rcpt::new(to.clone(), Vec::new());
            connection.command(recipient).await.map_err(|error| {
                let refused = vec![to.to_string()];
                SendError { refused, ..fault(Step::Recipient, &error) }
            })?;
        }
        connection.command(Data).await.map_err(failed(Step::Announcement))?;
        connection.message(&text).await.map_err(failed(Step::Text))?;
        // It was taken, whatever becomes of the farewell.
        drop(connection.quit().await);
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let failed = |step| move |error: Error| fault(step, &error);
        let hello = ClientId::default();
        let (wrapped, later) = match self.encryption {
            SmtpEncryption::Tls => (self.tls.clone(), None),
            SmtpEncryption::StartTls => (None, self.tls.clone()),
            SmtpEncryption::None => (None, None),
        };
        let address = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &hello, wrapped, None);
        let mut connection = connecting.await.map_err(failed(Step::Greeting))?;
        if let Some(tls) = later {
            if !connection.can_starttls() {
                let told = format!("{} offers no STARTTLS; nothing is sent to it in the open", self.host);
                return Err(SendError::new(Fault::Unusable, &told));
            }
            connection.starttls(tls, &hello).await.map_err(failed(Step::Greeting))?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await.map_err(failed(Step::Login))?;
        }
        Ok(connection)
    }
}

/// What the mail asks of the server beyond the usual, if it can do that.
fn options(
    connection: &AsyncSmtpConnection,
    names: bool,
    ascii: bool,
) -> Result<Vec<MailParameter>, SendError> {
    let offers = |extension| connection.server_info().supports_feature(extension);
    let cannot =
        |what: &str| Err(SendError::new(Fault::Refused, &format!("the mail server takes no {what}")));
    match (names, ascii) {
        (true, _) if !offers(Extension::SmtpUtfEight) => return cannot("addresses with other letters"),
        (_, false) if !offers(Extension::EightBitMime) => return cannot("text with other letters"),
        _ => {}
    }
    let names = names.then_some(MailParameter::SmtpUtfEight);
    let text = (!ascii).then_some(MailParameter::Body(MailBodyParameter::EightBitMime));
    Ok(names.into_iter().chain(text).collect())
}

/// What a failure at this step means. Before the text nothing was taken; a reply to the text leaves no doubt; a connection
/// that breaks then does.
fn fault(step: Step, error: &Error) -> SendError {
    let code = error.status().map(u16::from);
    let fault = match (step, code) {
        // 421: the server closes.
        (Step::Greeting | Step::Login, Some(400..=499)) | (_, Some(421)) => Fault::Away,
        (_, Some(400..=499)) => Fault::Later,
        // It wants a login, or another one.
        (Step::Greeting | Step::Login, Some(_)) | (_, Some(530 | 534 | 535 | 538)) => Fault::Unusable,
        // The sender is one and the same for all mails; 552 is about this mail's size.
        (Step::Sender, Some(code)) if code != 552 => Fault::Unusable,
        (_, Some(_)) => Fault::Refused,
        (Step::Greeting | Step::Login, None) if is_of_tls(error) || error.is_client() => Fault::Unusable,
        (Step::Text, None) => Fault::Unsure,
        (_, None) => Fault::Away,
    };
    // The message of an error has that of its source in it.
    SendError::new(fault, &format!("the mail server {}: {error}", step.word()))
}

/// Whether encryption could not be agreed upon: a foreign certificate, or a server that speaks no TLS there.
fn is_of_tls(error: &Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        let of_system = cause.downcast_ref::<std::io::Error>();
        of_system.is_some_and(|cause| cause.kind() == std::io::ErrorKind::InvalidData)
    };
    error.is_tls() || causes.into_iter().any(broken)
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Self::Greeting => "does not take the connection",
            Self::Login => "does not take the login",
            Self::Sender => "does not take the sender",
            Self::Recipient => "does not take a recipient",
            Self::Announcement => "does not want the text",
            Self::Text => "does not take the text",
        }
    }
}
