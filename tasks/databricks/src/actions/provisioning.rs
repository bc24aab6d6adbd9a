//! A course in its workspace, asked for by a person: the plan, carrying it out, and taking everything away again. What a plan
//! consists of is not decided here.

mod asked;
mod ledger;
mod told;

use std::collections::BTreeSet;

use roundsman_task::{Outcome, TaskError};

pub(super) use self::asked::{
    APPLY, APPLY_TIMEOUT, DESTROY, PLAN, confirm_apply, confirm_destroy, confirm_prune,
};
use self::{
    asked::{ApplyParams, DestroyParams, PlanParams},
    ledger::Ledger,
};
use super::{
    courses::course_file::{self, Accepted, CourseFile, Reading},
    read_params,
};
use crate::{
    lab::Lab,
    provision::{self, Actual, ApplyError, Desired, Order, Pace, Plan, PlanOptions, Removal},
};

/// What a person wants of a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    /// What may go.
    pub(super) removal: Removal,
    /// Running clusters may be restarted.
    pub(super) allow_restart: bool,
    /// Clusters that are the course's own.
    pub(super) adopt: BTreeSet<String>,
    /// The plan that was agreed to.
    pub(super) agreed: Option<Plan>,
}

/// Shows the plan of a course file.
pub(super) async fn plan(lab: &Lab) -> Result<Outcome, TaskError> {
    let PlanParams { file, prune, allow_restart, adopt, lenient, renumber } = read_params(lab)?;
    let wish = Wish { removal: removal(prune), allow_restart, adopt, agreed: None };
    let reading = Reading { file, accepted: Accepted::MoodleOrUsers, lenient, renumber };
    plan_file(lab, &reading, &wish).await
}

/// Carries the plan of a course file out.
pub(super) async fn apply(lab: &Lab) -> Result<Outcome, TaskError> {
    let ApplyParams { file, plan_file, prune, allow_restart, adopt, lenient, renumber } = read_params(lab)?;
    let agreed = agreed(lab, plan_file.as_deref()).await?;
    let wish = Wish { removal: removal(prune), allow_restart, adopt, agreed };
    let reading = Reading { file, accepted: Accepted::MoodleOrUsers, lenient, renumber };
    Box::pin(apply_file(lab, &reading, &wish)).await
}

/// Takes everything of the course away.
pub(super) async fn destroy(lab: &Lab) -> Result<Outcome, TaskError> {
    let DestroyParams { plan_file, adopt } = read_params(lab)?;
    let agreed = agreed(lab, plan_file.as_deref()).await?;
    let wish = Wish { removal: Removal::Destroy, allow_restart: false, adopt, agreed };
    if !lab.is_dry && !lab.hold_provisioning().await? {
        return Ok(busy(lab));
    }
    let desired = course_file::nothing(lab).await?;
    if lab.is_dry {
        show(lab, &desired, None, &wish).await
    } else {
        carry_out(lab, &desired, None, &wish).await
    }
}

/// Shows what a course file wants. Nothing is written and nothing kept, no numbers either.
pub(super) async fn plan_file(lab: &Lab, reading: &Reading, wish: &Wish) -> Result<Outcome, TaskError> {
    let course = course_file::read(lab, reading).await?;
    show(lab, &desired(lab, &course, wish)?, Some(&course), wish).await
}

/// Does what a course file wants; in a dry run shows it.
pub(super) async fn apply_file(lab: &Lab, reading: &Reading, wish: &Wish) -> Result<Outcome, TaskError> {
    if lab.is_dry {
        return plan_file(lab, reading, wish).await;
    }
    // Numbers are read only once nobody else gives any.
    if !lab.hold_provisioning().await? {
        return Ok(busy(lab));
    }
    let course = course_file::read(lab, reading).await?;
    carry_out(lab, &desired(lab, &course, wish)?, Some(&course), wish).await
}

/// Somebody else is at it.
pub(super) fn busy(lab: &Lab) -> Outcome {
    Outcome::skipped(format!("another run provisions {} just now: try again when it has ended", lab.host()))
}

const fn removal(prune: bool) -> Removal {
    if prune { Removal::Prune } else { Removal::Keep }
}

fn desired(lab: &Lab, course: &CourseFile, wish: &Wish) -> Result<Desired, TaskError> {
    let desired = course.desired(lab)?;
    if wish.removal == Removal::Prune && desired.groups.is_empty() {
        let why = "the file has no group with members, so prune would delete the whole course: provision-destroy does that";
        return Err(TaskError::config(why));
    }
    Ok(desired)
}

/// The plan that was agreed to, if one was handed in.
async fn agreed(lab: &Lab, file: Option<&str>) -> Result<Option<Plan>, TaskError> {
    let Some(file) = file else { return Ok(None) };
    let bytes = lab.cx.input("plan_file").await?;
    let plan = serde_json::from_slice(&bytes);
    plan.map(Some).map_err(|error| TaskError::config(format!("{file} is no plan.json of a plan: {error}")))
}

async fn options(lab: &Lab, wish: &Wish) -> Result<PlanOptions, TaskError> {
    let kept = lab.config.keep_users.iter().map(String::as_str).chain(lab.config.admin_email.iter());
    Ok(PlanOptions {
        removal: wish.removal,
        allow_restart: wish.allow_restart,
        adopt: wish.adopt.clone(),
        blocked: lab.state.blocks().await?.into_keys().collect(),
        keep_users: kept.map(|address| address.trim().to_lowercase()).collect(),
        unfinished: ledger::unfinished(lab).await?,
    })
}

async fn show(
    lab: &Lab,
    desired: &Desired,
    course: Option<&CourseFile>,
    wish: &Wish,
) -> Result<Outcome, TaskError> {
    let options = options(lab, wish).await?;
    lab.cx.progress(0, None, "looking at the workspace");
    let plan = provision::plan(desired, &Actual::read(&lab.workspace).await?, &options);
    if let Some(agreed) = wish.agreed.as_ref().filter(|agreed| !agreed.does_the_same(&plan)) {
        let (agreed, now) = (agreed.operations.len(), plan.operations.len());
        return Err(ApplyError::Differs { agreed, now }.into());
    }
    told::keep_plan(lab, &plan).await?;
    Ok(told::planned(&plan, course))
}

async fn carry_out(
    lab: &Lab,
    desired: &Desired,
    course: Option<&CourseFile>,
    wish: &Wish,
) -> Result<Outcome, TaskError> {
    let options = options(lab, wish).await?;
    let pace = Pace::from(&lab.config.provision);
    let order = Order { desired, options: &options, agreed: wish.agreed.as_ref(), pace };
    lab.cx.progress(0, None, "looking at the workspace");
    let ledger = Ledger::new(lab, course);
    let applied = provision::apply(&lab.cx, &lab.workspace, order, &ledger).await?;
    if applied.is_success() {
        ledger::close(lab).await?;
    }
    Ok(told::applied(&applied, course))
}
