//! How requests to Azure are signed with the access key. It sends nothing.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use roundsman_http::{
    Method, Signer, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use roundsman_model::Timestamp;
use sha2::{Digest, Sha256};

/// Signs with the access key.
pub(super) struct KeySigner {
    pub(super) key: Vec<u8>,
}

impl Signer for KeySigner {
    fn sign(&self, method: &Method, url: &Url, body: &[u8], now: Timestamp) -> HeaderMap {
        let date = httpdate::fmt_http_date(now.into());
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let hash = BASE64_STANDARD.encode(Sha256::digest(body));
        let signature = signature(&self.key, method.as_str(), &path, &date, &host, &hash);
        let authorization =
            format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        let signed = [("x-ms-date", date), ("x-ms-content-sha256", hash), ("authorization", authorization)];
        let mut headers = HeaderMap::new();
        for (name, value) in signed {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}

/// The signature of a request, in base64. `path` is as on the wire, with its query; `body_hash` is the base64 of the
/// SHA-256 of the body.
pub fn signature(key: &[u8], method: &str, path: &str, date: &str, host: &str, body_hash: &str) -> String {
    let text = format!("{method}\n{path}\n{date};{host};{body_hash}");
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}
