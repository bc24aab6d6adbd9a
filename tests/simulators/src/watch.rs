//! Tells what changed in a simulated workspace since it was last looked at. Requests tell themselves, in the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use roundsman_simulators::{Databricks, State};

/// How often to look.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

/// What was seen last.
#[derive(Default)]
pub(crate) struct Watcher {
    states: BTreeMap<String, State>,
    acls: BTreeMap<String, String>,
    mails: BTreeSet<String>,
    refused: usize,
}

impl Watcher {
    /// Writes a line for each change.
    pub(crate) fn tell(&mut self, sim: &Databricks) {
        let first = self.states.is_empty();
        sim.world(|world| {
            for id in world.cluster_ids() {
                let name = format!("{:?} ({id})", world.name(&id).unwrap_or_default());
                if let Some(state) = world.state(&id) {
                    let before = self.states.insert(id.clone(), state);
                    if before != Some(state) && !first {
                        tracing::info!("cluster {name} is {}", state.word());
                    }
                }
                let grants = world.acl(&id).into_iter();
                let grants: Vec<String> = grants
                    .map(|(principal, level)| format!("{} {}", String::from(principal), level.word()))
                    .collect();
                let grants = grants.join(", ");
                let before = self.acls.insert(id.clone(), grants.clone());
                if before.is_some_and(|before| before != grants) {
                    tracing::info!("cluster {name} is granted: {grants}");
                }
            }
            for refused in world.refused_starts().iter().skip(self.refused) {
                let by = refused.by.as_deref().unwrap_or("somebody");
                tracing::info!("cluster {} was not started for {by}: {:?}", refused.cluster, refused.why);
            }
            self.refused = world.refused_starts().len();
        });
        for mail in sim.mails() {
            if self.mails.insert(mail.id.clone()) {
                tracing::info!("mail to {}: {}", mail.to.join(", "), mail.subject);
            }
        }
    }
}
