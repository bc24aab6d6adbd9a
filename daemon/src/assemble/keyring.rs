//! The credentials of tasks, from where the configuration says they are. It shows none.

use std::{collections::BTreeSet, sync::Arc};

use roundsman_config::{Environment, Kinds, Loaded};
use roundsman_credentials::{
    Error, KeyLookup, OldNames, Parts, Program, Resolve, Seals, Sources, Variables, Vault,
};
use roundsman_engine::Keyring;
use roundsman_model::{Credentials, TaskDefinition};
use roundsman_task::SystemClock;

use crate::cli::failure::chain;

/// Gives tasks the credentials that they name.
struct OfSources<K> {
    sources: Sources,
    seals: Seals,
    /// What kinds want.
    kinds: K,
}

/// The keyring of this node.
pub(crate) fn keyring(
    loaded: &Loaded,
    environment: &Environment,
    kinds: impl Kinds + Send + Sync + 'static,
) -> Arc<dyn Keyring> {
    let state_dir = &loaded.settings.state_dir.value;
    let seals = Seals::new(key_lookup(loaded, environment), state_dir, Arc::new(SystemClock));
    Arc::new(OfSources { sources: sources(loaded, environment), seals, kinds })
}

/// Where credentials come from on this node.
pub(crate) fn sources(loaded: &Loaded, environment: &Environment) -> Sources {
    Sources::new(parts(loaded, environment))
}

/// What its sources are made of.
pub(crate) fn parts(loaded: &Loaded, environment: &Environment) -> Parts {
    let written = &loaded.settings.credentials;
    let named = loaded.tasks.iter().flat_map(|task| task.credentials.values());
    Parts {
        variables: Variables::among(environment.withheld.clone()),
        files: written.files.clone(),
        resolve: resolve(environment),
        vault: Vault::new(
            written.vault.value.clone(),
            key_lookup(loaded, environment),
            Arc::new(SystemClock),
        ),
        program: written.command.value.clone().and_then(|argv| Program::new(argv, written.command_timeout)),
        old_names: old_names(environment),
        sections: named.cloned().collect::<BTreeSet<_>>(),
    }
}

/// Variables that kinds name; never those that only the daemon may know.
fn old_names(environment: &Environment) -> OldNames {
    let environment = environment.clone();
    OldNames::found_by(move |name| environment.variable(name).map(str::to_owned))
}

/// Where the keys of the vault are looked for.
pub(crate) fn key_lookup(loaded: &Loaded, environment: &Environment) -> KeyLookup {
    let settings = &loaded.settings;
    let variable =
        |name: &str| environment.withheld.get(name).or_else(|| environment.variables.get(name)).cloned();
    KeyLookup::around(variable, settings.credentials.key_file.value.clone(), &settings.state_dir.value)
}

/// A reference under `[credentials.files]` that leads nowhere now.
pub(crate) struct Astray {
    /// Its section.
    pub(crate) section: String,
    /// Its field.
    pub(crate) field: String,
    /// Why not.
    pub(crate) problem: String,
}

/// The references under `[credentials.files]` that lead nowhere now. What they stand for is forgotten at once.
pub(crate) fn astray(loaded: &Loaded, environment: &Environment) -> Vec<Astray> {
    let resolve = resolve(environment);
    let fields = loaded.settings.credentials.files.iter().flat_map(|(section, fields)| {
        fields.iter().map(move |(field, reference)| (section, field, reference))
    });
    let astray = |(section, field, reference): (&String, &String, &String)| {
        let problem = resolve(reference).map(zeroize::Zeroizing::new).err()?;
        Some(Astray { section: section.clone(), field: field.clone(), problem })
    };
    fields.filter_map(astray).collect()
}

/// References under `[credentials.files]` mean what they mean elsewhere.
fn resolve(environment: &Environment) -> Resolve {
    let environment = environment.clone();
    Arc::new(move |reference| {
        let with = serde_json::json!({ "reference": reference });
        let resolved = roundsman_config::resolve(&with, &serde_json::Value::Null, &environment);
        let told = |problem: &roundsman_config::Problem| problem.what.clone();
        let resolved =
            resolved.map_err(|problems| problems.iter().map(told).collect::<Vec<_>>().join("; "))?;
        Ok(resolved.with["reference"].as_str().unwrap_or_default().to_owned())
    })
}

#[async_trait::async_trait]
impl<K: Kinds + Send + Sync + 'static> Keyring for OfSources<K> {
    async fn credentials(&self, definition: &TaskDefinition) -> Result<Credentials, String> {
        if definition.credentials.is_empty() {
            return Ok(Credentials::new());
        }
        let wishes = self.kinds.kind(definition.kind.as_str()).map(|facts| facts.credentials);
        let found = self.sources.wished(&definition.credentials, &wishes.unwrap_or_default()).await;
        found.map_err(|error: Error| chain(&error))
    }

    fn seal(&self, value: &[u8]) -> Result<String, String> {
        self.seals.seal(value).map_err(|error| chain(&error))
    }

    fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        self.seals.open(sealed).map(|value| value.to_vec())
    }

    fn revision(&self) -> Option<String> {
        Some(self.sources.vault().revision())
    }
}
