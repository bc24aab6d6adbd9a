//! Databricks workspaces of teaching labs: what their clusters may run each day, and what is provisioned for their groups.
//! What is where: `config` is what people write, `lab` what a run makes of it, `state` what is kept between runs. `api` is the
//! vendor's interface without decisions; `day`, `uptime`, `quota` and `permissions` decide without asking anybody. `poll`,
//! `enforce`, `closing` and `mails` are the scheduled work; `actions` is what people ask for, with `moodle`, `numbering`,
//! `users_csv` and `provision` for courses and `notebooks` for what students wrote.

pub mod actions;
pub mod api;
pub mod closing;
pub mod config;
pub mod day;
pub mod enforce;
pub mod kinds;
pub mod lab;
pub mod mails;
pub mod moodle;
pub mod notebooks;
pub mod numbering;
pub mod permissions;
pub mod poll;
pub mod provision;
pub mod quota;
pub mod state;
pub mod uptime;
pub mod users_csv;
