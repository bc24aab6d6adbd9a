//! A Databricks workspace and the mail service beside it, as two servers on this machine that share a clock, a journal and
//! the list of faults. What either does is its own.

mod handle;
mod routes;
mod scenario;
mod world;

pub(crate) use self::scenario::AcsSetup;
pub use self::{
    handle::Databricks,
    scenario::{
        ADMIN, ADMIN_TOKEN, AcsSetup as MailSetup, ClusterSetup, FileSetup, GroupSetup, Paging, PolicySetup,
        Principal, Reason, RunSetup, Scenario, Settings, TokenSetup, UserSetup, When,
    },
    world::{Level, Refused, RefusedStart, State, World},
};
