//! Where the fields of a section come from, in order: variables of the daemon, files, the vault, a program that is asked.
//! The first that has a field gives it. It does not know which worker gets what.

mod old_names;
mod program;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use roundsman_model::{Credential, CredentialField, CredentialWish, Credentials};
use zeroize::Zeroizing;

pub use self::{
    old_names::OldNames,
    program::Program,
    variables::{VARIABLE_PREFIX, Variables},
};
use crate::{Error, NEXT, Vault};

/// Resolves a reference such as `${file:/run/secrets/token}`; the error is a sentence for people.
pub type Resolve = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// References by section and field.
pub type References = BTreeMap<String, BTreeMap<String, String>>;

/// Where a field came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A variable of the daemon.
    Variable,
    /// A reference under `[credentials.files]`.
    File,
    /// The vault.
    Vault,
    /// The program that is asked for what is found nowhere else.
    Program,
    /// A variable of old that the kind names, or one that names a file.
    OldName(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Variable => "environment",
            Self::File => "file",
            Self::Vault => "vault",
            Self::Program => "command",
            Self::OldName(variable) => return write!(f, "environment {variable}"),
        })
    }
}

/// What the sources are made of.
#[derive(Clone)]
pub struct Parts {
    /// Variables of the daemon.
    pub variables: Variables,
    /// What `[credentials.files]` says.
    pub files: References,
    /// How its references are resolved.
    pub resolve: Resolve,
    /// The vault.
    pub vault: Vault,
    /// The program that is asked.
    pub program: Option<Program>,
    /// The variables of old that kinds name.
    pub old_names: OldNames,
    /// The sections that tasks name, so that it is known which variables could be meant for two of them.
    pub sections: BTreeSet<String>,
}

/// All sources of credentials. Cheap to clone.
#[derive(Clone)]
pub struct Sources(Arc<Parts>);

/// The fields found for a section, and where each came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The fields.
    pub fields: Credential,
    /// The source of the current value of each.
    pub sources: BTreeMap<String, Source>,
}

/// Values by name, those that follow with [`NEXT`] in their names.
type Values = BTreeMap<String, (Source, Zeroizing<String>)>;

impl Sources {
    /// The sources that are made of these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The vault among them.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The credentials in a section.
    pub async fn section(&self, name: &str) -> Result<Credential, Error> {
        let found = self.find(name, &[]).await?;
        let nowhere =
            || Error::NoSection { section: name.to_owned(), role: None, field: None, variable: None };
        found.map(|found| found.fields).ok_or_else(nowhere)
    }

    /// The credentials of these roles, each in its section.
    pub async fn credentials(&self, roles: &BTreeMap<String, String>) -> Result<Credentials, Error> {
        self.wished(roles, &[]).await
    }

    /// The credentials of these roles, each in its section, with all the fields that a kind must have. A role that the kind
    /// can do without is left out when its section is nowhere.
    pub async fn wished(
        &self,
        roles: &BTreeMap<String, String>,
        wishes: &[CredentialWish],
    ) -> Result<Credentials, Error> {
        let mut credentials = Credentials::new();
        for (role, section) in roles {
            let wish = wishes.iter().find(|wish| wish.name == *role);
            let (required, old) = wish.map_or((&[][..], &[][..]), |wish| (&wish.fields, &wish.env));
            match self.find_all(section, required, old).await? {
                Some(found) => {
                    if let Some(field) = required.iter().find(|field| !found.fields.contains_key(*field)) {
                        let (section, field) = (section.clone(), field.clone());
                        let variable = old_names::of_field(old, &field);
                        return Err(Error::NoField { section, field, variable });
                    }
                    credentials.insert(role.clone(), found.fields);
                }
                None if wish.is_some_and(|wish| wish.optional) => {}
                None => {
                    let (section, role) = (section.clone(), Some(role.clone()));
                    // Where no field is required, any may be what is missing: the first with a variable is an example.
                    let field = required.first().or_else(|| old.first().map(|(field, _)| field)).cloned();
                    let variable = field.as_deref().and_then(|field| old_names::of_field(old, field));
                    return Err(Error::NoSection { section, role, field, variable });
                }
            }
        }
        Ok(credentials)
    }

    /// What is found for a section; nothing if it is nowhere. The program is asked only if it is nowhere else, or if one of
    /// the required fields is.
    pub async fn find(&self, section: &str, required: &[String]) -> Result<Option<Found>, Error> {
        let (parts, name) = (self.0.clone(), section.to_owned());
        // Files may lie on a slow disk, and decrypting is work.
        let looking = tokio::task::spawn_blocking(move || parts.look(&name)).await;
        let mut values = looking.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        let complete = !values.is_empty() && required.iter().all(|field| values.contains_key(field));
        if let (false, Some(program)) = (complete, &self.0.program) {
            merge(&mut values, Source::Program, program.ask(section).await?);
        }
        if values.is_empty() {
            return Ok(None);
        }
        found(section, values).map(Some)
    }

    /// The same, with the fields that these variables of old fill, each a field and a variable: those that no source has.
    pub async fn find_all(
        &self,
        section: &str,
        required: &[String],
        old: &[(String, String)],
    ) -> Result<Option<Found>, Error> {
        let found = self.find(section, required).await?;
        if old.is_empty() {
            return Ok(found);
        }
        let (parts, section, old) = (self.0.clone(), section.to_owned(), old.to_owned());
        // Files may lie on a slow disk.
        let filling = tokio::task::spawn_blocking(move || {
            let mut found = found.unwrap_or_default();
            old_names::fill(&mut found, &section, &old, &parts)?;
            Ok((!found.fields.is_empty()).then_some(found))
        });
        filling.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// What the sources other than the program have, by section and field: nothing is decrypted and nothing resolved.
    pub fn listed(&self) -> Result<Vec<(String, String, Source, bool)>, Error> {
        self.0.listed()
    }
}

impl Parts {
    fn look(&self, section: &str) -> Result<Values, Error> {
        let mut values = Values::new();
        let spellings = self.spellings(section);
        merge(&mut values, Source::Variable, self.variables.of(section, &spellings, &self.known(section)?)?);
        for (field, reference) in self.files.get(section).into_iter().flatten() {
            if !values.contains_key(field) {
                let wrong =
                    |problem| Error::Reference { section: section.to_owned(), field: field.clone(), problem };
                let value = (self.resolve)(reference).map_err(wrong)?;
                values.insert(field.clone(), (Source::File, Zeroizing::new(value)));
            }
        }
        let overridden: BTreeSet<String> = values.keys().cloned().collect();
        merge(&mut values, Source::Vault, self.in_vault(section, &overridden)?);
        Ok(values)
    }

    fn in_vault(&self, section: &str, overridden: &BTreeSet<String>) -> Result<crate::Values, Error> {
        if !self.vault.exists() {
            return Ok(crate::Values::new());
        }
        Ok(self.vault.section_without(section, overridden)?.unwrap_or_default())
    }

    /// How fields of a section are written elsewhere: variables know no lower case and no punctuation.
    fn spellings(&self, section: &str) -> BTreeSet<String> {
        let in_files = self.files.get(section).into_iter().flat_map(BTreeMap::keys).cloned();
        // What is wrong with the vault shows when its values are read.
        let listed = self.vault.list().unwrap_or_default().into_iter();
        let in_vault = listed.filter(|listed| listed.section == section).map(|listed| listed.field);
        in_files.chain(in_vault).collect()
    }

    /// All sections that anybody names.
    fn known(&self, section: &str) -> Result<BTreeSet<String>, Error> {
        let named = self.sections.iter().chain(self.files.keys()).cloned();
        Ok(named.chain(self.vault.sections()?).chain([section.to_owned()]).collect())
    }

    fn listed(&self) -> Result<Vec<(String, String, Source, bool)>, Error> {
        let mut listed: BTreeMap<(String, String), (Source, bool)> = BTreeMap::new();
        let mut add = |section: &str, name: &str, source: Source| {
            let field = name.strip_suffix(NEXT).unwrap_or(name);
            let entry = listed.entry((section.to_owned(), field.to_owned())).or_insert((source, false));
            entry.1 |= name.ends_with(NEXT);
        };
        let in_vault = if self.vault.exists() { self.vault.list()? } else { Vec::new() };
        let sections: BTreeSet<String> =
            self.known("")?.into_iter().filter(|name| !name.is_empty()).collect();
        for section in &sections {
            let spellings = self.spellings(section);
            for name in self.variables.of(section, &spellings, &sections)?.keys() {
                add(section, name, Source::Variable);
            }
            for name in self.files.get(section).into_iter().flat_map(BTreeMap::keys) {
                add(section, name, Source::File);
            }
        }
        for field in in_vault {
            let name = if field.next { format!("{}{NEXT}", field.field) } else { field.field };
            add(&field.section, &name, Source::Vault);
        }
        Ok(listed
            .into_iter()
            .map(|((section, field), (source, next))| (section, field, source, next))
            .collect())
    }
}

/// Adds what is not there yet.
fn merge(values: &mut Values, source: Source, more: crate::Values) {
    for (field, value) in more {
        values.entry(field).or_insert((source.clone(), value));
    }
}

fn found(section: &str, values: Values) -> Result<Found, Error> {
    let mut found = Found::default();
    for (field, (source, value)) in values.iter().filter(|(name, _)| !name.ends_with(NEXT)) {
        let current = CredentialField::new(value.as_str());
        let whole = match values.get(&format!("{field}{NEXT}")) {
            Some((_, next)) => current.with_next(next.as_str()),
            None => current,
        };
        found.fields.insert(field.clone(), whole);
        found.sources.insert(field.clone(), source.clone());
    }
    let following = values.keys().filter_map(|name| name.strip_suffix(NEXT));
    match following.into_iter().find(|field| !found.fields.contains_key(*field)) {
        None => Ok(found),
        Some(field) => Err(Error::Staging {
            section: section.to_owned(),
            field: field.to_owned(),
            problem: "has a next value and no current one",
        }),
    }
}
