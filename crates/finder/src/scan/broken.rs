//! Why a file that would be a kind is none, said to the person who put it there. It decides nothing.

use std::{error::Error, path::PathBuf};

use roundsman_model::InvalidName;

use crate::{Distrust, HeaderProblems, Refused, trust::shell};

/// Why a file that would be a kind is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// Others could change it.
    #[error(transparent)]
    Distrusted(#[from] Distrust),
    /// It could not be read to its end, or changed meanwhile.
    #[error(transparent)]
    Unread(#[from] Refused),
    /// It has a header, but may not be run.
    #[error("not executable: run `chmod +x {}`", shell(.path))]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// It holds nothing, or nothing yet.
    #[error("the file is empty; it is looked at again when it is complete")]
    Empty,
    /// Its header is not understood.
    #[error(transparent)]
    Header(#[from] HeaderProblems),
    /// The file with its header could not be read.
    #[error("cannot use {}", .path.display())]
    Beside {
        /// NAME.toml.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Refused,
    },
    /// It has two headers.
    #[error("it has a header in its comments and another in {}; keep one of them", .beside.display())]
    TwoHeaders {
        /// The one beside it.
        beside: PathBuf,
    },
    /// It is a symbolic link to nothing.
    #[error("this symbolic link leads nowhere")]
    Nowhere,
    /// Its path cannot be kept.
    #[error("its path is not UTF-8 text; rename it, or the folder it is in")]
    Path,
    /// The file's name gives no name of a kind.
    #[error("the file's name gives the kind's name: {0}; rename the file")]
    Name(InvalidName),
    /// Other files give the same name.
    #[error("the kind's name `{name}` is also that of {}; rename all but one", listed(.others))]
    Clash {
        /// The name.
        name: String,
        /// The other files.
        others: Vec<PathBuf>,
    },
    /// A folder too far down.
    #[error("folders are looked into {} deep; move it up", super::MAX_DEPTH)]
    TooDeep,
}

impl Broken {
    /// Whether somebody is probably still writing it, so that it is worth another look soon.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Empty | Self::Unread(Refused::Changing) | Self::Beside { source: Refused::Changing, .. }
        )
    }

    /// The whole reason in one text, causes included.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !reason.contains(&text) {
                reason.push_str(": ");
                reason.push_str(&text);
            }
            cause = error.source();
        }
        reason
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
