//! The end of a course: users, their folders and groups are deleted by actions, in a simulated workspace that throttles and
//! refuses. What a plan removes is not looked at here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod folders;
mod groups;
mod stage;
mod users;
