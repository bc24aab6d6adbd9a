//! What a person is asked before something is done that cannot be taken back. Who asks, and how, is not told here.

/// A question to a person, asked before there is a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// What will be done, on what and where; one paragraph.
    pub text: String,
    /// The word to type: the host, or the name of what goes.
    pub word: String,
}
