//! Where requests may go: a base address as people write it, and the addresses below it. It resolves no name.

use std::{fmt, net::IpAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A base address: scheme, host, port and perhaps a path that all requests share.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is no base address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is no address at all.
    #[error("{text:?} is no address: {why}; write it as \"https://host.example.com\"")]
    Unreadable {
        /// The text, without what may be a password.
        text: String,
        /// Why.
        why: String,
    },
    /// Another scheme than HTTP.
    #[error("{text:?} begins with {scheme}; only https (and http to this machine itself) is spoken")]
    Scheme {
        /// The text.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// Unencrypted and not on this machine.
    #[error(
        "{host} would be spoken to in the open over http; write https, or allow it where the network is trusted"
    )]
    Open {
        /// The host.
        host: String,
    },
    /// A name or password within the address.
    #[error("the address of {host} holds a user name or password; credentials belong into the vault")]
    Credentials {
        /// The host.
        host: String,
    },
    /// A path that would leave the base.
    #[error("{path:?} would lead out of {base}")]
    Outside {
        /// The path.
        path: String,
        /// The base.
        base: String,
    },
}

impl BaseUrl {
    /// Reads an address: space around it and a missing `https://` are forgiven; query and fragment are dropped. Plain `http` is
    /// for this machine itself only.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let base = Self::parse_open(text)?;
        if base.0.scheme() == "http" && !base.is_loopback() {
            return Err(InvalidUrl::Open { host: base.host() });
        }
        Ok(base)
    }

    /// As [`parse`](Self::parse), and plain `http` may lead anywhere.
    pub fn parse_open(text: &str) -> Result<Self, InvalidUrl> {
        let trimmed = text.trim();
        let whole = if trimmed.contains("://") { trimmed.to_owned() } else { format!("https://{trimmed}") };
        let mut url = Url::parse(&whole).map_err(|error| InvalidUrl::Unreadable {
            text: without_credentials(trimmed),
            why: error.to_string(),
        })?;
        if !["http", "https"].contains(&url.scheme()) {
            let scheme = url.scheme().to_owned();
            return Err(InvalidUrl::Scheme { text: without_credentials(trimmed), scheme });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidUrl::Credentials { host: url.host_str().unwrap_or_default().to_owned() });
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The same address without a path.
    #[must_use]
    pub fn origin(&self) -> Self {
        let mut url = self.0.clone();
        url.set_path("/");
        Self(url)
    }

    /// The address of a path below the base. It is taken as it is written: names within it are to be escaped with
    /// [`segment`](Self::segment).
    pub fn join(&self, path: &str) -> Result<Url, InvalidUrl> {
        let outside = || InvalidUrl::Outside { path: path.to_owned(), base: self.to_string() };
        let below = path.trim_start_matches('/');
        // `Url::join` would take "https:x" or "//host" for an address of its own.
        let whole = Url::parse(&format!("{}{below}", self.0)).map_err(|_| outside())?;
        let stays = whole.origin() == self.0.origin() && whole.path().starts_with(self.0.path());
        if stays { Ok(whole) } else { Err(outside()) }
    }

    /// A name as one segment of a path.
    pub fn segment(name: &str) -> String {
        match name {
            // Dots alone would be taken for steps.
            "." => "%2E".to_owned(),
            ".." => "%2E%2E".to_owned(),
            name => utf8_percent_encode(name, SEGMENT).to_string(),
        }
    }

    /// The host, with its port where that is not the usual one.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address as such.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text up to its host: what stands before an `@` may be a password.
fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
