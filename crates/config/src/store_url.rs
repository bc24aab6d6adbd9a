//! The address of the store. Its password is never shown. It opens nothing.

use std::{fmt, path::PathBuf};

use roundsman_model::Secret;

use crate::mask;

/// Where runs, slots, logs and documents are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database: the whole address, password included.
    Postgres(Secret<String>),
}

/// Why a text is no address of a store. The text itself is left out: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStoreUrl {
    /// Neither of the two schemes.
    #[error("this is not the address of a store: write `sqlite:FILE` or `postgres://USER@HOST/DATABASE`")]
    Scheme,
    /// An SQLite address without a file.
    #[error("this names no SQLite file: write `sqlite:FILE`, such as `sqlite:roundsman.db`")]
    NoFile,
    /// A database in memory, which no second process could see.
    #[error(
        "an SQLite store in memory is gone with its process and cannot be shared with `run-task`: name a file"
    )]
    InMemory,
    /// Options behind a `?`.
    #[error("options after `?` are not understood in an SQLite address: write `sqlite:FILE` alone")]
    Options,
    /// A PostgreSQL address without a host.
    #[error("this names no PostgreSQL server: write `postgres://USER@HOST/DATABASE`")]
    NoHost,
}

impl StoreUrl {
    /// Reads an address. A relative SQLite path stays relative.
    pub fn parse(text: &str) -> Result<Self, InvalidStoreUrl> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Self::sqlite(path.strip_prefix("//").unwrap_or(path));
        }
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        match rest.ok_or(InvalidStoreUrl::Scheme)? {
            // An address that begins with its query names a socket folder as `?host=/run/postgresql`.
            rest if rest.is_empty() || rest == "/" => Err(InvalidStoreUrl::NoHost),
            _ => Ok(Self::Postgres(Secret::new(text.to_owned()))),
        }
    }

    fn sqlite(path: &str) -> Result<Self, InvalidStoreUrl> {
        match path {
            "" | "/" => Err(InvalidStoreUrl::NoFile),
            path if path.contains(":memory:") => Err(InvalidStoreUrl::InMemory),
            path if path.contains('?') => Err(InvalidStoreUrl::Options),
            path => Ok(Self::Sqlite(path.into())),
        }
    }

    /// The SQLite file, made absolute below a folder.
    #[must_use]
    pub(crate) fn below(self, folder: &std::path::Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            postgres @ Self::Postgres(_) => postgres,
        }
    }
}

impl fmt::Display for StoreUrl {
    /// The address with its password masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&mask::addresses(url.expose())),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}
