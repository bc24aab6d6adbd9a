//! Which vault is meant: that of the configuration, or one that is named. It opens none.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use roundsman_config::Environment;
use roundsman_credentials::{KeyLookup, OldNames, Parts, References, Sources, Variables, Vault};
use roundsman_model::Clock;

use crate::{
    assemble::keyring,
    cli::{
        args::Globals,
        failure::{Answer, Failure},
        session,
    },
};

/// Another vault than that of the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct NamedVault {
    /// The vault, in place of that of the configuration
    #[arg(long, global = true, value_name = "FILE")]
    vault: Option<PathBuf>,
    /// Its key file, in place of that of the configuration
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl NamedVault {
    pub(super) fn is_given(&self) -> bool {
        self.vault.is_some() || self.key_file.is_some()
    }
}

/// The vault that is meant, and its neighbours.
pub(super) struct Place {
    parts: Parts,
}

impl Place {
    /// Reads the configuration as far as it says where credentials are. Mistakes elsewhere in it do not matter.
    pub(super) fn find(args: &NamedVault, globals: &Globals, clock: Arc<dyn Clock>) -> Answer<Self> {
        let environment = Environment::of_process();
        let mut parts = match configured(globals, &environment) {
            Ok(parts) => parts,
            Err(_) if args.vault.is_some() => alone(&environment, clock.clone()),
            Err(why) => return Err(Failure::Usage(why)),
        };
        if args.is_given() {
            let absolute = |path: &PathBuf| environment.current_dir.join(path);
            let vault = &parts.vault;
            let mut lookup = vault.lookup().clone();
            if let Some(file) = &args.key_file {
                lookup = KeyLookup { own: absolute(file), ..KeyLookup::default() };
                lookup.configured = Some(lookup.own.clone());
            }
            let path = args.vault.as_ref().map_or_else(|| vault.path().to_owned(), absolute);
            parts.vault = Vault::new(path, lookup, clock);
        }
        Ok(Self { parts })
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    pub(super) fn sources(&self) -> Sources {
        Sources::new(self.parts.clone())
    }

    /// Whether a program is asked for what is found nowhere else.
    pub(super) fn asks_a_program(&self) -> bool {
        self.parts.program.is_some()
    }
}

/// The sources as the configuration has them, or why it does not tell.
fn configured(globals: &Globals, environment: &Environment) -> Result<Parts, String> {
    let catalogue = session::catalogue(globals).map_err(|failure| failure.message().to_owned())?;
    let file = globals.config.as_deref();
    let (loaded, problems) = roundsman_config::examine(file, &catalogue, environment);
    let ours = |key: &str| key.is_empty() || key == "daemon.state_dir" || key.starts_with("credentials");
    let wrong: Vec<String> =
        problems.iter().filter(|problem| ours(&problem.key)).map(ToString::to_string).collect();
    match loaded {
        Some(loaded) if wrong.is_empty() => Ok(keyring::parts(&loaded, environment)),
        _ => Err(format!(
            "the configuration does not tell where the vault is; mend it, or name one with --vault\n{}",
            if wrong.is_empty() { problems.to_string() } else { wrong.join("\n") }
        )),
    }
}

/// A vault that is named, without a configuration around it. Its keys are where they always may be.
fn alone(environment: &Environment, clock: Arc<dyn Clock>) -> Parts {
    let variable =
        |name: &str| environment.withheld.get(name).or_else(|| environment.variables.get(name)).cloned();
    let lookup = KeyLookup::around(variable, None, &environment.current_dir);
    Parts {
        variables: Variables::among(environment.withheld.clone()),
        files: References::new(),
        resolve: Arc::new(|_| Err("there is no configuration".to_owned())),
        vault: Vault::new(PathBuf::new(), lookup, clock),
        program: None,
        old_names: OldNames::none(),
        sections: BTreeSet::new(),
    }
}
