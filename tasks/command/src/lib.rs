//! The kind `command`: a program of the user's own as a task. It does not look into what the program does.

mod command;

pub use command::{Command, Config as CommandConfig};
