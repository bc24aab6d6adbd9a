//! Limits of the server on the number of rows: exactly as many rows as a limit allows mean that some are missing. What
//! becomes of such an export is decided elsewhere.

/// The most rows of a file, whatever else is configured: those of a sheet without its header.
pub const DOWNLOAD: u64 = 1_048_575;
/// The most rows of a query's JSON answer where nothing is aggregated, if the server does not say otherwise.
pub const API_PLAIN: u64 = 2_000;
/// The same where something is aggregated.
pub const API_AGGREGATED: u64 = 10_000;

/// Where rows came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An export to a file, from a server whose `download-row-limit` is this, if it is known.
    File {
        /// The setting.
        download_row_limit: Option<u64>,
    },
    /// The JSON answer of a query.
    Api {
        /// Its `data.rows_truncated`.
        rows_truncated: Option<u64>,
        /// The server's `unaggregated-query-row-limit`, if it is known.
        unaggregated_limit: Option<u64>,
        /// The server's `aggregated-query-row-limit`, if it is known.
        aggregated_limit: Option<u64>,
    },
}

/// A limit that was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// How many rows it allows.
    pub limit: u64,
    /// The server itself said that rows are missing; otherwise the number alone does.
    pub certain: bool,
}

/// The limit that an export of so many rows has hit.
pub fn cap(rows: u64, source: Source) -> Option<Cap> {
    let (limits, said) = match source {
        Source::File { download_row_limit } => ([Some(DOWNLOAD), download_row_limit], None),
        Source::Api { rows_truncated, unaggregated_limit, aggregated_limit } => (
            [Some(unaggregated_limit.unwrap_or(API_PLAIN)), Some(aggregated_limit.unwrap_or(API_AGGREGATED))],
            rows_truncated,
        ),
    };
    if let Some(limit) = said {
        return Some(Cap { limit, certain: true });
    }
    // No rows are never a limit, whatever a setting of 0 is meant to say.
    let hit = limits.into_iter().flatten().find(|&limit| limit == rows && rows > 0)?;
    Some(Cap { limit: hit, certain: false })
}

#[cfg(test)]
mod tests;
