//! A look at a workspace before anything is done to it: whether we are let in, and whether we may do what a course needs. It
//! changes nothing.

use std::{fmt::Display, future::Future};

use chrono::TimeDelta;
use roundsman_http::{Class, HttpError};
use roundsman_task::Finding;

use super::{Workspace, scim::User};

/// How long all looks may take together.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
/// A difference between the clocks that a person should know of.
const SKEW_WARNING: TimeDelta = TimeDelta::seconds(60);
/// A difference with which signatures are refused.
const SKEW_FAILURE: TimeDelta = TimeDelta::seconds(300);
/// The group whose members may do everything.
const ADMINS: &str = "admins";

/// What the workspace is going to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Clusters are watched and stopped.
    Quota,
    /// Users, groups, clusters and policies are made as well, and notebooks saved.
    Provisioning,
}

/// Looks at everything that is needed. Where nobody is let in, nothing else is looked at.
pub async fn preflight(workspace: &Workspace, extent: Extent) -> Vec<Finding> {
    let workspace = &workspace.until(workspace.cx.now() + PATIENCE);
    let host = workspace.host();
    let me = workspace.scim().me().await;
    // A token without the scope for users may still have those for everything else.
    let let_in = me.as_ref().err().is_none_or(|error| error.class() == Some(Class::Denied));
    let mut findings = match me {
        Ok(me) => vec![welcome(&host, &me), rank(&me)],
        Err(error) => vec![refused(&format!("sign in to {host}"), &error)],
    };
    if !let_in {
        findings.extend(skew(workspace));
        return findings;
    }
    findings.extend(quota(workspace).await);
    if extent == Extent::Provisioning {
        findings.extend(provisioning(workspace).await);
    }
    findings.extend(skew(workspace));
    findings
}

async fn quota(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    match workspace.clusters().any().await {
        Ok(Some(cluster)) => {
            findings.push(Finding::ok("list clusters", "they may be listed"));
            let acl = workspace.permissions().get(&cluster.cluster_id);
            findings.push(look("read who may use a cluster", acl, |_| "it may be read".to_owned()).await);
        }
        Ok(None) => findings.push(Finding::ok("list clusters", "they may be listed; there are none")),
        Err(error) => findings.push(refused("list clusters", &error)),
    }
    findings.push(look("read groups", workspace.scim().any_group(), |_| "they may be read".to_owned()).await);
    findings
}

async fn provisioning(workspace: &Workspace) -> Vec<Finding> {
    let (libraries, policies, files) = (workspace.libraries(), workspace.policies(), workspace.files());
    vec![
        look("read libraries of clusters", libraries.all(), |all| format!("of {} clusters", all.len())).await,
        look("list cluster policies", policies.list(), |all| format!("there are {}", all.len())).await,
        look("list home folders", files.list("/Users"), |all| format!("there are {}", all.len())).await,
    ]
}

async fn look<T>(
    what: &str,
    asked: impl Future<Output = Result<T, HttpError>>,
    told: impl FnOnce(T) -> String,
) -> Finding {
    match asked.await {
        Ok(found) => Finding::ok(what, told(found)),
        Err(error) => refused(what, &error),
    }
}

fn welcome(host: &str, me: &User) -> Finding {
    Finding::ok(format!("sign in to {host}"), format!("signed in as {}", me.user_name))
}

fn rank(me: &User) -> Finding {
    let what = "be an administrator of the workspace";
    if me.groups.iter().any(|group| group.display == ADMINS) {
        return Finding::ok(what, format!("{} is a member of {ADMINS}", me.user_name));
    }
    let found = format!("{} is not known to be a member of {ADMINS}", me.user_name);
    let advice = "clusters of others can be stopped, pinned and blocked by administrators only: add it to that group, or see that it manages every cluster of the course";
    Finding::warning(what, found, advice)
}

/// What a refusal means for the one who has to put it right.
fn refused(what: &str, error: &HttpError) -> Finding {
    let advice = match error.class() {
        Some(Class::Unauthenticated) => {
            "the token or the client secret is not accepted: it may be mistyped, expired or withdrawn; make a new one and set it with `roundsman credentials set`"
        }
        Some(Class::Denied) => {
            "the token has no scope for this, or whom it belongs to may not do it: make it an administrator of the workspace, or give the token all scopes"
        }
        Some(Class::Redirected) => {
            "`host` must be the address of the workspace itself, such as adb-1234567890123456.7.azuredatabricks.net; a workspace with a private link answers only within its network"
        }
        Some(Class::Unreachable | Class::Tls) => {
            "check `host`, name resolution, routes and proxies of this machine"
        }
        Some(Class::NotFound) => "`host` is no Databricks workspace, or one that does not offer this",
        _ if error.class().is_none() => "check the task's configuration",
        _ => "try again later; the vendor tells of outages on its status page",
    };
    Finding::failure(what, sentence(error), advice)
}

fn skew(workspace: &Workspace) -> Option<Finding> {
    let what = "compare the clocks";
    let skew = workspace.skew()?;
    let direction = if skew > TimeDelta::zero() { "behind" } else { "ahead of" };
    let found = format!("this machine's clock is {} s {direction} the workspace's", skew.abs().num_seconds());
    let advice = "let this machine take its time from NTP: days of the quota begin by its clock, and signed requests for mail are refused when it is off by minutes";
    Some(match skew.abs() {
        skew if skew > SKEW_FAILURE => Finding::failure(what, found, advice),
        skew if skew > SKEW_WARNING => Finding::warning(what, found, advice),
        _ => Finding::ok(what, "they agree"),
    })
}

fn sentence(error: impl Display) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}
