//! `roundsman credentials check`: the vault and its neighbours, what nobody uses, and whether the far sides accept what
//! tasks would show them. It decides nothing about the rest of a task.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use roundsman_credentials::Variables;
use roundsman_model::{Clock, Finding, FindingLevel};

use super::{
    GROUP,
    ground::{Chosen, Ground},
    group::{self, Group, Tally, aside},
    progress::Progress,
    tasks, vault,
};
use crate::{
    assemble::keyring,
    cli::{
        args::Globals,
        failure::{Answer, Failure},
        output::Output,
    },
};

/// How long one task's probe may take.
const PROBE: Duration = Duration::from_secs(40);

/// Looks at credentials and at nothing else; a failure ends with code 1.
pub(in crate::cli) async fn check_credentials(
    json: bool,
    globals: &Globals,
    clock: Arc<dyn Clock>,
    out: &mut Output,
) -> Answer {
    let ground = Ground::survey(globals, clock).await?;
    let progress = Progress::new(json);
    progress.say("the vault");
    let sources = group::look("vault", GROUP, async |found| {
        vault::look(&ground, found).await;
        unused(&ground, found).await;
    });
    let mut groups = vec![sources.await];
    groups.extend(probes(&ground, &progress).await);
    progress.clear();
    ground.close().await;
    if json {
        out.json(&groups)?;
    } else {
        out.text(&group::page(&groups, out.look()))?;
    }
    if Tally::of(&groups).failures > 0 { Err(Failure::Told(1)) } else { Ok(()) }
}

/// What is there and nobody asks for: forgotten, or written wrong.
async fn unused(ground: &Ground, found: &mut Vec<Finding>) {
    let Some(loaded) = ground.loaded() else { return };
    let named: BTreeSet<String> =
        ground.tasks().iter().flat_map(|task| task.credentials.values().cloned()).collect();
    let sources = keyring::sources(loaded, &ground.environment);
    let variables = Variables::among(ground.environment.withheld.clone());
    let listed = aside(move || sources.listed()).await;
    // What is wrong with the sources was told before.
    let Ok(listed) = listed else { return };
    let there: BTreeSet<&String> = listed.iter().map(|(section, ..)| section).collect();
    for section in there.iter().filter(|section| !named.contains(**section)) {
        found.push(Finding::warning(
            format!("section {section}"),
            "no task names it",
            format!("if nothing needs it: `roundsman credentials remove {section}`"),
        ));
    }
    let known: BTreeSet<String> = there.into_iter().chain(&named).cloned().collect();
    for variable in variables.strays(&known) {
        found.push(Finding::warning(
            variable,
            "the variable is meant for no section that is known",
            "see how the section is written: in upper case, with `_` for everything else",
        ));
    }
}

/// Each task with credentials, asked as it would be before it runs.
async fn probes(ground: &Ground, progress: &Progress) -> Vec<Group> {
    let asked = ground.tasks().iter().filter(|task| task.enabled && !task.credentials.is_empty());
    let mut groups = Vec::new();
    for task in asked {
        let looked = tasks::look(ground, Chosen::One(Box::new(task.clone())), PROBE, progress).await;
        let findings = looked.into_iter().flat_map(|group| group.findings);
        groups.push(Group::of_task(task.name.as_str(), about_credentials(findings.collect())));
    }
    groups
}

/// Of what was found about a task, what concerns its credentials.
fn about_credentials(findings: Vec<Finding>) -> Vec<Finding> {
    // Whatever kept the kind from trying them counts as well.
    let concerns = |finding: &Finding| finding.credential.is_some() || finding.level == FindingLevel::Failure;
    let (mut ours, rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(concerns);
    if ours.is_empty() {
        let told = if rest.is_empty() { "it was not asked" } else { "its kind tries none before it runs" };
        ours.push(Finding::ok("credentials", told));
    }
    ours
}

#[cfg(test)]
mod tests {
    use roundsman_model::Finding;

    use super::about_credentials;

    #[test]
    fn what_concerns_no_credentials_is_left_out() {
        let reach = Finding::ok("reach the host", "yes");
        let login = Finding::ok("log in", "as admin").about_credential("api");
        let broken = Finding::failure("ask the kind", "it crashed", "tell its author");
        assert_eq!(about_credentials(vec![reach.clone(), login.clone()]), [login]);
        assert_eq!(about_credentials(vec![reach.clone(), broken.clone()]), [broken]);
        assert_eq!(about_credentials(vec![reach])[0].found, "its kind tries none before it runs");
    }
}
