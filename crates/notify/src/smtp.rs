//! Mail over SMTP. The server cannot be asked what became of a mail, nor told that it was sent before.

mod conversation;

use std::{net::IpAddr, path::PathBuf};

use async_trait::async_trait;
use lettre::{
    Message,
    message::{
        Attachment as Part, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, TlsParameters},
    },
};
use roundsman_model::Secret;
use uuid::Uuid;

use self::conversation::Server;
use crate::{Address, Attachment, Fault, Handed, Limits, Mail, SendError, Status, Transport};

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
    server: Server,
    sender: Mailbox,
    limits: Limits,
}

impl Smtp {
    /// A transport with these settings.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SendError> {
        let sender = mailbox(&settings.sender)
            .map_err(|_| unusable(&format!("the sender {:?} is no mail address", settings.sender.address)))?;
        if settings.login.is_some() && settings.encryption == SmtpEncryption::None && !is_here(&settings.host)
        {
            let host = &settings.host;
            return Err(unusable(&format!(
                "the password would go to {host} in the open; encrypt the connection, or log in nowhere"
            )));
        }
        let usual = match settings.encryption {
            SmtpEncryption::StartTls => 587,
            SmtpEncryption::Tls => 465,
            SmtpEncryption::None => 25,
        };
        let login = settings.login.as_ref();
        let server = Server {
            host: settings.host.clone(),
            port: settings.port.unwrap_or(usual),
            encryption: settings.encryption,
            tls: tls(settings)?,
            login: login.map(|(user, password)| Credentials::new(user.clone(), password.expose().clone())),
        };
        Ok(Self { server, sender, limits: settings.limits })
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
            // The bytes as they are: a mail's text has its lines ended anew on the way.
            let bytes = attachment.text.clone().into_bytes();
            let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
                .map_err(|_| refused("an attachment cannot be encoded"))?;
            whole = whole.singlepart(Part::new(attachment.name.clone()).body(body, media_type(attachment)?));
        }
        builder.multipart(whole).map_err(|error| refused(&error.to_string()))
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<Handed, SendError> {
        if let Some(flaw) = mail.flaw() {
            return Err(SendError::new(Fault::Refused, &flaw));
        }
        self.server.hand_over(&self.message(id, mail)?).await.map(|()| Handed::default())
    }

    async fn status(&self, _: Uuid) -> Result<Option<Status>, SendError> {
        Ok(None)
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn questions(&self) -> Option<Limits> {
        None
    }
}

fn tls(settings: &SmtpSettings) -> Result<Option<TlsParameters>, SendError> {
    if settings.encryption == SmtpEncryption::None {
        return Ok(None);
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|error| {
            unusable(&format!("cannot read the certificates in {}: {error}", path.display()))
        })?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| unusable(&format!("{} holds no certificate: {error}", path.display())))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map(Some).map_err(|error| unusable(&format!("TLS cannot be set up: {error}")))
}

/// Whether a host is this machine itself.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn media_type(attachment: &Attachment) -> Result<ContentType, SendError> {
    let named = &attachment.media_type;
    let with_letters = named.starts_with("text/") && !named.contains("charset");
    let whole = if with_letters { format!("{named}; charset=utf-8") } else { named.clone() };
    whole.parse().map_err(|_| refused("the media type of an attachment is none"))
}

fn mailbox(address: &Address) -> Result<Mailbox, SendError> {
    let email = address.address.parse().map_err(|_| refused("an address is none"))?;
    let name = Some(address.name.clone()).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, email))
}

fn refused(why: &str) -> SendError {
    SendError::new(Fault::Refused, &format!("the mail cannot be written: {why}"))
}

fn unusable(told: &str) -> SendError {
    SendError::new(Fault::Unusable, told)
}
