//! A course in its workspace: users, groups and clusters as a course file wants them (D.5). What is wanted, what is there,
//! what must be done, and doing it, each for itself. Nothing is stored here and nobody is asked whether it may be done.

mod actual;
mod apply;
mod change;
mod desired;
mod plan;
mod settings;

pub use self::{
    actual::{Actual, ActualCluster},
    apply::{Applied, ApplyError, Entry, FailedLibrary, Journal, OpState, Order, Pace, apply, unfinished},
    change::{Change, ClusterRef, Deferred, Mark, Member, Operation, Plan},
    desired::{Course, Desired, DesiredError, STUDENTS},
    plan::{PlanOptions, Removal, plan},
    settings::{MavenPackage, ProvisionSettings, PythonPackage, SettingsError},
};
pub(crate) use self::{plan::belongs_elsewhere, settings::check_autotermination};
