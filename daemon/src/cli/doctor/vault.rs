//! The vault and the other sources of credentials: whether the keys open everything, and whether what tasks name is there
//! with the fields that their kinds must have. It shows no value, and tries none on anybody.

use std::{collections::BTreeMap, path::Path};

use roundsman_config::Kinds as _;
use roundsman_credentials::{Error, Found, Inspection, Sources, Vault};
use roundsman_model::{CredentialWish, Finding, TaskDefinition};

use super::{ground::Ground, group::aside};
use crate::{assemble::keyring, cli::failure::chain};

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    if ground.settings_with("credentials", found).is_none() {
        return;
    }
    let Some(loaded) = ground.loaded() else { return };
    let sources = keyring::sources(loaded, &ground.environment);
    let wanted = wanted(ground);
    let vault = sources.vault().clone();
    let needed = !wanted.is_empty();
    found.extend(aside(move || of_vault(&vault, needed)).await);
    for astray in keyring::astray(loaded, &ground.environment) {
        // What a task needs is told below, as what it is.
        if !wanted.contains_key(&astray.section) {
            found.push(Finding::warning(
                format!("section {}", astray.section),
                format!("{}, from [credentials.files]: {}", astray.field, astray.problem),
                "mend the reference, or take it out: no task needs it now",
            ));
        }
    }
    for (section, users) in wanted {
        found.push(of_section(&sources, &section, &users).await);
    }
}

/// A task that names a section, under a role, and what its kind wants of that role.
struct User {
    task: String,
    role: String,
    wish: Option<CredentialWish>,
}

/// The sections that tasks name, and for whom.
fn wanted(ground: &Ground) -> BTreeMap<String, Vec<User>> {
    let mut wanted: BTreeMap<String, Vec<User>> = BTreeMap::new();
    for task in ground.tasks().iter().filter(|task| task.enabled) {
        let wishes = wishes(ground, task);
        for (role, section) in &task.credentials {
            let wish = wishes.iter().find(|wish| wish.name == *role).cloned();
            let user = User { task: task.name.to_string(), role: role.clone(), wish };
            wanted.entry(section.clone()).or_default().push(user);
        }
    }
    wanted
}

fn wishes(ground: &Ground, task: &TaskDefinition) -> Vec<CredentialWish> {
    ground.catalogue.kind(task.kind.as_str()).map(|facts| facts.credentials).unwrap_or_default()
}

fn of_vault(vault: &Vault, needed: bool) -> Vec<Finding> {
    let shown = vault.path().display();
    if !vault.exists() {
        let found = format!("there is none at {shown}");
        return vec![if needed {
            Finding::ok("vault", format!("{found}; what tasks name has to come from elsewhere"))
        } else {
            Finding::ok("vault", format!("{found}, and no task names credentials"))
        }];
    }
    match vault.inspect() {
        Ok(inspection) => inspected(vault.path(), &vault.lookup().place().to_string(), &inspection),
        Err(error) => vec![Finding::failure("vault", chain(&error), advice(&error))],
    }
}

fn advice(error: &Error) -> &'static str {
    match error {
        Error::NoKey { .. } | Error::LostKey { .. } | Error::BadKey { .. } => {
            "give the daemon the key that the vault was made with; where its unit has it, only this shell is without it"
        }
        Error::Mode { .. } | Error::Owner { .. } => "then make new keys: `roundsman credentials rotate`",
        Error::Disk { .. } => "run doctor as the daemon's user or as root",
        _ => "put a backup of the vault in its place, or mend it by hand",
    }
}

fn inspected(path: &Path, place: &str, inspection: &Inspection) -> Vec<Finding> {
    let shown = path.display();
    let Inspection { values, newest, keys, unopened, dropped, mode } = inspection;
    let mut found = Vec::new();
    if unopened.is_empty() {
        let many = if *values == 1 { "its value".to_owned() } else { format!("its {values} values") };
        found.push(Finding::ok("vault", format!("{shown}: a key from {place} opens {many}")));
    } else {
        let named: Vec<String> = unopened
            .iter()
            .take(5)
            .map(|one| format!("{} of {} (line {})", one.field, one.section, one.line))
            .collect();
        found.push(Finding::failure(
            "vault",
            format!(
                "{shown}: no key from {place} opens {} of {values} values: {}",
                unopened.len(),
                named.join(", ")
            ),
            "give the daemon the key they were made with, or set them anew with `roundsman credentials set`",
        ));
    }
    if *keys > 1 || newest + unopened.len() < *values {
        found.push(Finding::warning(
            "keys",
            format!("there are {keys}, and the newest opens {newest} of {values} values: a rotation is not finished"),
            "finish it once every node has the new key: `roundsman credentials rotate --finish`",
        ));
    }
    if let Some((count, kept)) = dropped {
        let (many, them) = if *count == 1 { ("1 key that was", "it") } else { ("keys that were", "them") };
        let many = if *count == 1 { many.to_owned() } else { format!("{count} {many}") };
        found.push(Finding::ok(
            "dropped keys",
            format!(
                "{} keeps {many} dropped, for copies and other vaults; remove it when nothing needs {them}",
                kept.display()
            ),
        ));
    }
    if mode & 0o077 != 0 {
        let may = if mode & 0o022 == 0 { "read" } else { "written" };
        let told = format!("{shown} may be {may} by others (mode {mode:04o})");
        let advice = format!("run `chmod 600 {shown}`");
        found.push(match may {
            "read" => Finding::warning("vault's mode", told, advice),
            _ => Finding::failure("vault's mode", told, advice),
        });
    }
    found
}

async fn of_section(sources: &Sources, section: &str, users: &[User]) -> Finding {
    let what = format!("section {section}");
    let tasks: Vec<&str> = users.iter().map(|user| user.task.as_str()).collect();
    let tasks = tasks.join(", ");
    let required: Vec<String> =
        users.iter().filter_map(|user| user.wish.as_ref()).flat_map(|wish| wish.fields.clone()).collect();
    let old: Vec<(String, String)> =
        users.iter().filter_map(|user| user.wish.as_ref()).flat_map(|wish| wish.env.clone()).collect();
    let finding = match sources.find_all(section, &required, &old).await {
        Ok(Some(found)) => match required.iter().find(|field| !found.fields.contains_key(*field)) {
            None => Finding::ok(what, format!("{}, for {tasks}", told(&found))),
            Some(field) => Finding::failure(
                what,
                format!("it has no field {field}, which {tasks} must have; it has {}", told(&found)),
                advice_for(section, field, &old),
            ),
        },
        Ok(None) if users.iter().all(|user| user.wish.as_ref().is_some_and(|wish| wish.optional)) => {
            Finding::ok(what, format!("it is nowhere, and {tasks} can do without it"))
        }
        Ok(None) => Finding::failure(
            what,
            format!("it is nowhere, and {tasks} names it"),
            advice_for(section, required.first().map_or("FIELD", String::as_str), &old),
        ),
        Err(error) => {
            Finding::failure(what, chain(&error), "what tasks need of it cannot be had until that is mended")
        }
    };
    match users {
        [only] => finding.about_credential(&only.role),
        _ => finding,
    }
}

/// How a field comes to be.
fn advice_for(section: &str, field: &str, old: &[(String, String)]) -> String {
    let variable = old.iter().find(|(of, _)| of == field);
    let variable = variable.map(|(_, name)| format!(", or set the variable {name}")).unwrap_or_default();
    format!("`roundsman credentials set {section} {field}`{variable}")
}

/// The fields and where each came from, without a value.
fn told(found: &Found) -> String {
    let field = |(field, source)| format!("{field} ({source})");
    found.sources.iter().map(field).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use roundsman_credentials::{Inspection, Unopened};
    use roundsman_model::FindingLevel;

    use super::inspected;

    fn levels(inspection: &Inspection) -> Vec<FindingLevel> {
        inspected(Path::new("/v/vault.ini"), "/v/vault.key", inspection).iter().map(|f| f.level).collect()
    }

    #[test]
    fn a_vault_is_judged_by_what_its_keys_open() {
        use FindingLevel::{Failure, Ok, Warning};
        let well =
            Inspection { values: 3, newest: 3, keys: 1, unopened: Vec::new(), dropped: None, mode: 0o600 };
        assert_eq!(levels(&well), [Ok]);
        assert_eq!(levels(&Inspection { keys: 2, newest: 1, ..well.clone() }), [Ok, Warning]);
        let dropped = Some((2, "/v/vault.key.dropped".into()));
        assert_eq!(levels(&Inspection { dropped, ..well.clone() }), [Ok, Ok]);
        assert_eq!(levels(&Inspection { mode: 0o640, ..well.clone() }), [Ok, Warning]);
        assert_eq!(levels(&Inspection { mode: 0o660, ..well.clone() }), [Ok, Failure]);
        let unopened = vec![Unopened { section: "netbox".into(), field: "token".into(), line: 7 }];
        let lost = Inspection { newest: 2, unopened, ..well };
        assert_eq!(levels(&lost), [Failure]);
        let told = &inspected(Path::new("/v/vault.ini"), "/v/vault.key", &lost)[0];
        assert!(told.found.contains("1 of 3 values: token of netbox (line 7)"), "{told:?}");
    }
}
