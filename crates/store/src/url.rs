//! Where a store is, as people write it. It opens nothing, and never shows a password.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use roundsman_model::secret::MASK;
use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// A store's place. `Debug` and `Display` mask the password.
#[derive(Clone)]
pub struct StoreUrl {
    shown: String,
    target: Target,
}

#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl StoreUrl {
    /// The file, if the store is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.target {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }

    /// The same store, its file relative to a folder unless it is absolute.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> Self {
        match &self.target {
            Target::Sqlite(path) => Self::sqlite(folder.join(path)),
            Target::Postgres(_) => self.clone(),
        }
    }

    /// The store in a file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { shown: format!("sqlite:{}", path.display()), target: Target::Sqlite(path) }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let bad = || StoreError::BadUrl { url: masked(text) };
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            // A store in memory would forget what it acknowledged; parameters would become part of the file's name.
            if path.is_empty() || path == ":memory:" || path.contains(['?', '\0']) {
                return Err(bad());
            }
            return Ok(Self::sqlite(path));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|_| bad())?;
            return Ok(Self { shown: masked(text), target: Target::Postgres(Box::new(options)) });
        }
        Err(bad())
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({})", self.shown)
    }
}

/// Masks what stands between user and host, and a parameter `password`, in anything that looks like a URL. Takes the
/// last `@` before the query, because a password that was not encoded may contain one.
fn masked(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let mut shown = match (before.find("://"), before.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            let user = before[scheme + 3..at].split(':').next().unwrap_or_default();
            let secret =
                if before[scheme + 3..at].contains(':') { format!(":{MASK}") } else { String::new() };
            format!("{}{user}{secret}{}", &before[..scheme + 3], &before[at..])
        }
        _ => before.to_owned(),
    };
    if let Some(query) = query {
        let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
            Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}={MASK}"),
            // A password with a question mark in it: what follows is part of it, not a parameter.
            _ if parameter.contains('@') => MASK.to_owned(),
            _ => parameter.to_owned(),
        });
        shown = format!("{shown}?{}", parameters.collect::<Vec<_>>().join("&"));
    }
    shown
}

#[cfg(test)]
mod tests;
