//! Whether a request is signed with the access key. It knows no mails.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use roundsman_model::Timestamp;
use sha2::{Digest, Sha256};

use crate::exchange::Asked;

/// What every request must pass.
pub(super) struct Gate<'a> {
    pub(super) key: &'a [u8],
    /// How far the date of a request may be off.
    pub(super) skew_secs: u64,
}

impl Gate<'_> {
    /// Why a request is not let in, if it is not.
    pub(super) fn check(&self, asked: &Asked, now: Timestamp) -> Result<(), String> {
        let header = |name: &str| asked.header(name).ok_or_else(|| format!("{name} is missing"));
        let (date, hash, host) = (header("x-ms-date")?, header("x-ms-content-sha256")?, header("host")?);
        let authorization = header("authorization")?;
        let at = httpdate::parse_http_date(date).map_err(|_| format!("x-ms-date {date:?} is no date"))?;
        let off = (Timestamp::from(at) - now).num_seconds().unsigned_abs();
        if off > self.skew_secs {
            return Err(format!("x-ms-date is off by {off} s"));
        }
        let own_hash = BASE64_STANDARD.encode(Sha256::digest(&asked.body));
        if hash != own_hash {
            return Err("x-ms-content-sha256 is not that of the body".to_owned());
        }
        let signature = sign(self.key, &asked.method, &asked.target, date, host, hash);
        let wanted =
            format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        if authorization == wanted {
            Ok(())
        } else {
            Err("the signature is not that of the access key".to_owned())
        }
    }
}

/// The signature of a request, in base64. `target` is path and query as on the wire.
fn sign(key: &[u8], method: &str, target: &str, date: &str, host: &str, hash: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("{method}\n{target}\n{date};{host};{hash}").as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
