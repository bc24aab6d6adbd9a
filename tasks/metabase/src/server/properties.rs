//! What the server says of itself: its version and its limits. It decides nothing by them.

use std::fmt;

use serde_json::Value;

/// A version: the 56 and the 4 of `v0.56.4` and `v1.56.4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The release.
    pub major: u32,
    /// Its patch.
    pub minor: u32,
}

impl Version {
    /// Reads a tag such as `v0.56.4`, `v1.56.4.2` or `v0.57.0-RC1`. What is built from sources has none of these.
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.trim().strip_prefix('v').unwrap_or(tag).split('.');
        parts.next()?.parse::<u32>().ok()?;
        let major = digits(parts.next()?)?;
        let minor = parts.next().and_then(digits).unwrap_or(0);
        Some(Self { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.{}.{}", self.major, self.minor)
    }
}

fn digits(text: &str) -> Option<u32> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// What a server says of itself, as far as we may see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties {
    /// The tag of its version, as it writes it.
    pub tag: Option<String>,
    /// The version, if the tag is one.
    pub version: Option<Version>,
    /// The most rows of a file; absent where it is not set or not visible.
    pub download_row_limit: Option<u64>,
    /// The most rows of a query that aggregates nothing, outside files.
    pub unaggregated_query_row_limit: Option<u64>,
    /// The most rows of a query that aggregates, outside files.
    pub aggregated_query_row_limit: Option<u64>,
}

/// The most rows of a file where no limit is set, and the least that a limit can be.
pub const MOST_ROWS: u64 = 1_048_575;

impl Properties {
    /// Reads the answer of `GET /api/session/properties`.
    pub fn read(answer: &Value) -> Self {
        let tag = answer.pointer("/version/tag").and_then(Value::as_str).map(str::to_owned);
        let limit = |name: &str| {
            let value = answer.get(name)?;
            value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
        };
        Self {
            version: tag.as_deref().and_then(Version::parse),
            tag,
            download_row_limit: limit("download-row-limit"),
            unaggregated_query_row_limit: limit("unaggregated-query-row-limit"),
            aggregated_query_row_limit: limit("aggregated-query-row-limit"),
        }
    }

    /// How many rows a file has at most: limits below the usual one are ignored by the server.
    pub fn file_cap(&self) -> u64 {
        self.download_row_limit.map_or(MOST_ROWS, |limit| limit.max(MOST_ROWS))
    }

    /// Whether it is at least this release; servers without a readable version are taken for new ones.
    pub fn is_at_least(&self, major: u32) -> bool {
        self.version.is_none_or(|version| version.major >= major)
    }
}

#[cfg(test)]
mod tests;
