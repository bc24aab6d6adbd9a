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
        failure::{Answer, Failure, chain},
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
    let in_files = loaded.settings.credentials.files.keys().cloned().collect();
    let sources = keyring::sources(loaded, &ground.environment);
    let variables = Variables::among(ground.environment.withheld.clone());
    // What is wrong with the vault was told before.
    let in_vault = aside(move || sources.vault().sections()).await.unwrap_or_default();
    let in_vault = in_vault.into_iter().collect();
    found.extend(idle(&Known { named, in_vault, in_files }, &variables));
}

/// The sections that somebody knows, by where they stand.
struct Known {
    /// In tasks.
    named: BTreeSet<String>,
    in_vault: BTreeSet<String>,
    /// Under `[credentials.files]`.
    in_files: BTreeSet<String>,
}

fn idle(known: &Known, variables: &Variables) -> Vec<Finding> {
    let mut found = Vec::new();
    let Known { named, in_vault, in_files } = known;
    for (there, way) in
        [(in_vault, "`roundsman credentials remove {}`"), (in_files, "take {} out of [credentials.files]")]
    {
        found.extend(there.difference(named).map(|section| {
            let advice = format!("if nothing needs it: {}", way.replace("{}", section));
            Finding::warning(format!("section {section}"), "no task names it", advice)
        }));
    }
    let known = named.iter().chain(in_vault).chain(in_files).cloned().collect();
    found.extend(variables.ambiguous(&known).iter().map(|error| {
        let advice = "until then no task gets either of them";
        Finding::failure("variables", chain(error), advice)
    }));
    found.extend(variables.strays(&known).into_iter().map(|variable| {
        Finding::warning(
            variable,
            "the variable is meant for no section that is known",
            "see how the section is written: in upper case, with `_` for everything else",
        )
    }));
    found
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
    use std::collections::BTreeSet;

    use roundsman_credentials::Variables;
    use roundsman_model::{Finding, FindingLevel};

    use super::{Known, about_credentials, idle};

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_nobody_needs_is_told_with_what_ends_it() {
        let known = Known {
            named: names(&["used"]),
            in_vault: names(&["used", "stored"]),
            in_files: names(&["mounted"]),
        };
        let variables = [("ROUNDSMAN_CRED_STORED_A", "1"), ("ROUNDSMAN_CRED_OTHER_A", "1")];
        let variables = Variables::among(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let found = idle(&known, &variables);
        let told: Vec<_> =
            found.iter().map(|one| (one.what.as_str(), one.advice.as_deref().unwrap())).collect();
        assert_eq!(
            told,
            [
                ("section stored", "if nothing needs it: `roundsman credentials remove stored`"),
                ("section mounted", "if nothing needs it: take mounted out of [credentials.files]"),
                (
                    "ROUNDSMAN_CRED_OTHER_A",
                    "see how the section is written: in upper case, with `_` for everything else"
                ),
            ]
        );
    }

    #[test]
    fn a_variable_for_two_sections_is_told() {
        let (in_vault, in_files) = (names(&["netbox"]), names(&["netbox-prod"]));
        let known = Known { named: names(&["netbox", "netbox-prod"]), in_vault, in_files };
        let variables = [("ROUNDSMAN_CRED_NETBOX_PROD_TOKEN".to_owned(), "hunter22".to_owned())];
        let found = idle(&known, &Variables::among(variables));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, FindingLevel::Failure);
        let told = "the variable ROUNDSMAN_CRED_NETBOX_PROD_TOKEN could be meant for section \"netbox\" or \"netbox-prod\"";
        assert!(found[0].found.starts_with(told), "{found:?}");
    }

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
