//! Following answers that come in pages, and noticing when they would never end. It reads no page.

use std::collections::HashSet;

use roundsman_http::{Answer, HttpError};

/// More pages than any list of a workspace has.
const MOST: usize = 500;

/// The pages of one list that were read.
#[derive(Default)]
pub(super) struct Pages(HashSet<String>);

impl Pages {
    /// Whether the next page may be asked for by this token; an error where it was asked for before, or there are too many.
    pub(super) fn turn(&mut self, answer: &Answer, token: &str) -> Result<(), HttpError> {
        if self.0.len() + 1 >= MOST {
            return Err(answer.unexpected(format!("the list has more than {MOST} pages")));
        }
        if !self.0.insert(token.to_owned()) {
            return Err(answer.unexpected("the list leads back to a page that was read already"));
        }
        Ok(())
    }
}
