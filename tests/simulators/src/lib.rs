//! Outside systems over real HTTP, for tests and by hand: they behave as their makers describe them, fail on command, and
//! remember what they were asked. They know nothing of the kinds that are tested against them.
//!
//! # In a test
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use roundsman_simulators::{Databricks, Fault, Scenario, RunSetup};
//! # use roundsman_testkit::FakeClock;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
//! let scenario = Scenario::at("2026-11-16 08:00")
//!     .lab(7, &["s1@example.edu"], vec![RunSetup::between("08:03", "09:10").by("s1@example.edu")])
//!     .set(|settings| settings.clusters_page_size = 2);
//! let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
//!
//! sim.fault(Fault::on("POST /api/2.1/clusters/delete").nth(1).cut().after_effect());
//! // … run the code under test against sim.url(), sim.token(), sim.acs_url(), sim.access_key() …
//! clock.advance(Duration::from_secs(3_600));
//! assert_eq!(sim.world(|world| world.runs("cluster_07").len()), 1);
//! assert!(sim.asked("PUT /api/2.0/permissions/clusters/*").is_empty());
//! # });
//! ```
//!
//! Everything happens on the clock that the simulator was given: with a `FakeClock` a day passes in milliseconds. The life of
//! a cluster is decided by its scenario and by what the API and `world` do with it; the list, `clusters/get` and the events
//! follow from that one life.
//!
//! # By hand
//!
//! `cargo run -p roundsman-simulators -- databricks --scenario day --speed 60` plays the worked example in six minutes and
//! prints what to write into `roundsman.toml`; `-- metabase` does the same for exports. `--help` says more.

mod acs;
mod databricks;
mod exchange;
mod faults;
mod journal;
pub mod metabase;
mod pattern;
mod server;
mod window;

pub use self::{
    acs::{MailStatus, SentMail},
    databricks::{
        ADMIN, ADMIN_TOKEN, ClusterSetup, Databricks, FileSetup, GroupSetup, Level, MailSetup, Paging,
        PolicySetup, Principal, Reason, Refused, RefusedStart, RunSetup, Scenario, Settings, State,
        TokenSetup, UserSetup, When, World,
    },
    faults::{At, Damage, Ending, Fault, FaultHandle, Shape, Stall},
    journal::Entry,
    metabase::{Metabase, MetabaseScenario},
};
