//! Databricks workspaces of teaching labs: what their clusters may run each day, and what is provisioned for their groups.
//! What is where: `api` is the vendor's interface without decisions; `day`, `uptime`, `quota` and `permissions` decide
//! without asking anybody; `moodle` and `numbering` read course files.

pub mod api;
pub mod day;
pub mod moodle;
pub mod numbering;
pub mod permissions;
pub mod provision;
pub mod quota;
pub mod uptime;
pub mod users_csv;
