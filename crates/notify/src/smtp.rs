//! Mail over SMTP. The server cannot be asked what became of a mail, nor told that it was sent before.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment as Part, Mailbox, MultiPart, SinglePart, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use roundsman_model::Secret;
use uuid::Uuid;

use crate::{Address, Fault, Limits, Mail, SendError, Status, Transport};

/// How long each step of the conversation may take.
const WITHIN: Duration = Duration::from_secs(30);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpEncryption {
    /// Encrypted after the greeting, or not at all: port 587.
    #[default]
    StartTls,
    /// Encrypted from the beginning: port 465.
    Tls,
    /// In the open; for this machine itself.
    None,
}

/// What an [`Smtp`] is made of.
#[derive(Clone)]
pub struct SmtpSettings {
    /// The server.
    pub host: String,
    /// Its port; absent for the usual one of the encryption.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub encryption: SmtpEncryption,
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// User and password, if it wants them.
    pub login: Option<(String, Secret<String>)>,
    /// Who sends.
    pub sender: Address,
    /// How often it may be used.
    pub limits: Limits,
}

/// Mail over SMTP.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    limits: Limits,
}

impl Smtp {
    /// A transport with these settings.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SendError> {
        let sender = mailbox(&settings.sender)?;
        let tls = tls(settings)?;
        let port = settings.port.unwrap_or(match settings.encryption {
            SmtpEncryption::StartTls => 587,
            SmtpEncryption::Tls => 465,
            SmtpEncryption::None => 25,
        });
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(port)
            .tls(tls)
            .timeout(Some(WITHIN));
        if let Some((user, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().clone()));
        }
        Ok(Self { transport: builder.build(), sender, limits: settings.limits })
    }

    fn message(&self, id: Uuid, mail: &Mail) -> Result<Message, SendError> {
        let domain = self.sender.email.domain();
        let mut builder = Message::builder()
            .message_id(Some(format!("<{id}@{domain}>")))
            .from(self.sender.clone())
            .subject(mail.subject.clone());
        for to in &mail.to {
            builder = builder.to(mailbox(to)?);
        }
        for cc in &mail.cc {
            builder = builder.cc(mailbox(cc)?);
        }
        for reply_to in &mail.reply_to {
            builder = builder.reply_to(mailbox(reply_to)?);
        }
        let body = match &mail.html {
            Some(html) => MultiPart::alternative_plain_html(mail.text.clone(), html.clone()),
            None => MultiPart::mixed().singlepart(SinglePart::plain(mail.text.clone())),
        };
        let mut whole = MultiPart::mixed().multipart(body);
        for attachment in &mail.attachments {
            let media_type: ContentType =
                attachment.media_type.parse().map_err(|_| refused("a media type is none"))?;
            whole = whole
                .singlepart(Part::new(attachment.name.clone()).body(attachment.text.clone(), media_type));
        }
        builder.multipart(whole).map_err(|error| refused(&error.to_string()))
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<(), SendError> {
        let message = self.message(id, mail)?;
        self.transport.send(message).await.map(drop).map_err(|error| fault(&error))
    }

    async fn status(&self, _: Uuid) -> Result<Option<Status>, SendError> {
        Ok(None)
    }

    fn tells_status(&self) -> bool {
        false
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

fn tls(settings: &SmtpSettings) -> Result<Tls, SendError> {
    if settings.encryption == SmtpEncryption::None {
        return Ok(Tls::None);
    }
    let unusable = |told: String| SendError { fault: Fault::Unusable, told };
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|error| {
            unusable(format!("cannot read the certificates in {}: {error}", path.display()))
        })?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| unusable(format!("{} holds no certificate: {error}", path.display())))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters =
        parameters.build().map_err(|error| unusable(format!("TLS cannot be set up: {error}")))?;
    Ok(match settings.encryption {
        SmtpEncryption::Tls => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

fn mailbox(address: &Address) -> Result<Mailbox, SendError> {
    let email = address.address.parse().map_err(|_| refused("an address is none"))?;
    let name = Some(address.name.clone()).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, email))
}

fn refused(why: &str) -> SendError {
    SendError { fault: Fault::Refused, told: format!("the mail cannot be written: {why}") }
}

/// What a failure means. A reply of the server to the mail's text leaves no doubt; a connection that breaks does.
fn fault(error: &lettre::transport::smtp::Error) -> SendError {
    let fault = match error.status().map(u16::from) {
        Some(400..=499) => Fault::Later,
        Some(530 | 534 | 535 | 538) => Fault::Unusable,
        Some(500..=599) => Fault::Refused,
        _ if error.is_tls() => Fault::Unusable,
        _ if error.is_client() => Fault::Refused,
        _ => Fault::Unsure,
    };
    let mut told = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        told = format!("{told}: {source}");
    }
    SendError { fault, told }
}
