//! What a task's processes may use, reach and know, as its table says it. Whether a host can enforce it is not asked here.

use std::{collections::BTreeMap, path::PathBuf};

use roundsman_model::Sandbox;

use super::Made;
use crate::{
    kinds::KindFacts,
    tables::{SandboxTable, TaskTable},
};

impl Made<'_, '_> {
    pub(super) fn sandbox(&mut self, wanted: Option<&SandboxTable>) -> Sandbox {
        let Some(wanted) = wanted else { return Sandbox::default() };
        if wanted.cpu_time.is_some_and(|time| time.get().subsec_nanos() != 0) {
            self.problem("sandbox.cpu_time", "this is not a whole number of seconds", None);
        }
        self.optional("sandbox.memory", wanted.memory);
        self.optional("sandbox.processes", wanted.processes);
        self.optional("sandbox.cpu_time", wanted.cpu_time);
        self.optional("sandbox.open_files", wanted.open_files);
        self.optional("sandbox.network", wanted.network);
        self.optional("sandbox.write", wanted.write.as_deref().map(listed));
        self.optional("sandbox.read", wanted.read.as_deref().map(listed));
        self.optional("sandbox.protect", wanted.protect);
        if wanted.protect == Some(false)
            && self.entry("sandbox.protect").is_some_and(|entry| self.is_in_header(entry))
        {
            let what = "what runs cannot itself say that it may reach what belongs to the daemon";
            self.problem("sandbox.protect", what, Some("this in a task of the configuration"));
        }
        Sandbox {
            memory: wanted.memory,
            processes: wanted.processes.map(std::num::NonZeroU32::get),
            cpu_time: wanted.cpu_time,
            open_files: wanted.open_files.map(std::num::NonZeroU64::get),
            network: wanted.network,
            write: wanted.write.clone(),
            read: wanted.read.clone(),
            protect: wanted.protect,
            enforce: self.word("sandbox.enforce", wanted.enforce.unwrap_or_default()),
        }
    }

    /// The sections of the roles that the kind declares. What it does not declare, it does not get.
    pub(super) fn credentials(&mut self, wanted: &TaskTable, facts: &KindFacts) -> BTreeMap<String, String> {
        let declared = || facts.credentials.iter().map(|wish| wish.name.as_str());
        let Some(written) = &wanted.credentials else {
            return declared().map(|role| (role.to_owned(), role.to_owned())).collect();
        };
        let sections = written.sections();
        for role in sections.keys().filter(|role| !declared().any(|known| known == *role)) {
            let known: Vec<&str> = declared().collect();
            let expected = if known.is_empty() {
                "no credentials for this kind".to_owned()
            } else {
                format!("one of {}", known.join(", "))
            };
            self.problem("credentials", &format!("the kind does not ask for {role:?}"), Some(&expected));
        }
        for wish in facts.credentials.iter().filter(|wish| !wish.optional) {
            if !sections.contains_key(&wish.name) {
                let what = format!("the kind asks for {:?}, which is not here", wish.name);
                self.problem("credentials", &what, Some("it, with the section of the vault it is in"));
            }
        }
        let shown = sections.iter().map(|(role, section)| format!("{role} = {section}"));
        self.optional("credentials", Some(shown.collect::<Vec<_>>().join(", ")));
        sections
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
