//! Programs of the user's own, run for an attempt: started, fed, listened to, told to stop, and what their end means. It
//! sets no limits and hunts no grandchildren: the worker around it does.

mod adopted;
mod child;
mod ended;
mod exit;
mod interpreter;
mod output;
mod upstream;

pub use child::{Child, Ended, Program};
pub use ended::{Detail, Ran, keep_last_lines};
pub use exit::Exit;
pub use interpreter::{find, interpreter, is_program};
pub use output::{Tail, pass_on, pass_on_sifted};
pub use upstream::{VARIABLE as UPSTREAM_VARIABLE, write as write_upstreams};
