//! Mail for kinds: what a mail is, two ways to send it, and an outbox that sends each at most as often as is allowed. It
//! knows no kind and decides no text.

mod acs;
mod mail;
mod outbox;
mod smtp;
mod transport;

pub use acs::{Acs, AcsSettings, signature};
pub use mail::{Address, Attachment, InvalidAddress, MOST_RECIPIENTS, Mail, without_addresses};
pub use outbox::{Draft, Drained, Holder, Outbox, Outlook, Policy, Priority, Record, State};
pub use smtp::{Smtp, SmtpEncryption, SmtpSettings};
pub use transport::{Fault, Handed, Limits, SendError, Status, Transport};
pub use uuid::Uuid;
