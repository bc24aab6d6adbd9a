//! What is told of variables of old that are in use: how many there are, and which of them are Terraform's. It reads no
//! value.

use std::collections::BTreeSet;

use roundsman_config::{Environment, Filled, Kinds, Loaded};
use roundsman_model::{
    CredentialWish, TaskDefinition,
    old_names::{FILE_ENDING, TERRAFORM, in_order},
};

/// What a person should know about variables of Terraform that stand for keys or credentials now; nothing if none does.
pub(crate) fn terraform(loaded: &Loaded, kinds: &dyn Kinds, environment: &Environment) -> Option<String> {
    let keys = loaded.filled().filter(|filled| filled.variable.starts_with(TERRAFORM));
    let keys = keys.map(|Filled { key, variable }| format!("{variable} fills {key}"));
    let tasks = loaded.tasks.iter().filter(|task| task.enabled);
    let fields = tasks.flat_map(|task| fields_of(task, kinds, environment));
    let told: BTreeSet<String> = keys.chain(fields).collect();
    let told: Vec<String> = told.into_iter().collect();
    (!told.is_empty()).then(|| {
        format!(
            "{}; variables of Terraform count after all others: better write the keys, or set the variables without \
             {TERRAFORM}",
            told.join(", ")
        )
    })
}

/// The fields of a task's credentials for which only Terraform's variable is set.
fn fields_of(task: &TaskDefinition, kinds: &dyn Kinds, environment: &Environment) -> Vec<String> {
    let wishes = kinds.kind(task.kind.as_str()).map(|facts| facts.credentials).unwrap_or_default();
    let wishes = wishes.iter().filter(|wish| task.credentials.contains_key(&wish.name));
    let told = |(wish, field, variable): (&CredentialWish, &str, String)| {
        let role = &wish.name;
        format!("{variable} stands for {field} of the credentials {role} where no source has it")
    };
    wishes.flat_map(|wish| in_use(wish, environment)).map(told).collect()
}

fn in_use<'w>(
    wish: &'w CredentialWish,
    environment: &Environment,
) -> Vec<(&'w CredentialWish, &'w str, String)> {
    let fields: BTreeSet<&str> = wish.env.iter().map(|(field, _)| field.as_str()).collect();
    let first = |field: &'w str| {
        let names = wish.env.iter().filter(|(of, _)| of == field).map(|(_, name)| name.as_str());
        let both = |name: &str| [name.to_owned(), format!("{name}{FILE_ENDING}")];
        let mut names = in_order(names).into_iter().flat_map(both);
        let first = names.find(|name| environment.variable(name).is_some());
        first.filter(|name| name.starts_with(TERRAFORM)).map(|name| (wish, field, name))
    };
    fields.into_iter().filter_map(first).collect()
}
