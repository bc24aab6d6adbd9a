//! The table of processes of this host: who is whose child, who carries which mark, and how to end them without ever
//! hitting a process that took over a number. It starts no process and knows nothing of attempts.

mod end;
mod mark;
mod memory;
mod process;
mod table;

pub use end::{Told, end_all, kill_all, wait_a_little};
pub use mark::{MARK, mark_of, marked};
pub use memory::peak_memory;
pub use process::{Process, child_numbers, has_children, reap};
pub use table::{Table, below_me};
