//! What a person is asked before something is done that cannot be taken back. Who asks, and how, is not told here.

use serde::{Deserialize, Serialize};

/// A question to a person, asked before there is a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// What will be done, on what and where; one paragraph.
    pub text: String,
    /// The word to type: the host, or the name of what goes.
    pub word: String,
}

impl Confirmation {
    /// Refuses what nobody could agree to: no text, or a word that is none.
    pub fn check(&self) -> Result<(), String> {
        if self.text.trim().is_empty() {
            return Err("text: it says nothing".to_owned());
        }
        if self.word.is_empty() || self.word.contains(|char: char| char.is_whitespace() || char.is_control())
        {
            return Err("word: it is no word; expected letters and signs without a space".to_owned());
        }
        Ok(())
    }
}
