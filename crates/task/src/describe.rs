//! What is known about a compiled-in kind, in the form that kinds from files have too. It runs nothing.

use roundsman_model::{
    ActionDescription, Code, CredentialWish, KindDescription, MetricDescription, SpaceDescription,
};

use crate::{ActionInfo, CredentialInfo, Entry, MetricInfo, MetricType, SpaceInfo};

/// The names of compiled-in kinds, budgets and metrics are pinned by a test of the daemon.
const NAMED: &str = "names in a kind's INFO are names";

pub(crate) fn describe(entry: &Entry) -> KindDescription {
    let info = &entry.info;
    let budgets = info.budgets.iter().map(|(name, rule)| (name.parse().expect(NAMED), rule.clone()));
    KindDescription {
        name: info.name.parse().expect(NAMED),
        about: info.about.to_owned(),
        category: info.category.to_owned(),
        code: Code::Compiled,
        default_schedule: info.default_schedule.map(str::to_owned),
        timeout_ms: info.timeout.as_millis() as u64,
        repeatable: info.repeatable,
        schema: entry.schema(),
        takes_params: false,
        actions: info.actions.iter().map(action).collect(),
        metrics: info.metrics.iter().map(metric).collect(),
        credentials: info.credentials.iter().map(credential).collect(),
        budgets: budgets.collect(),
        spaces: info.spaces.iter().map(space).collect(),
    }
}

fn action(info: &ActionInfo) -> ActionDescription {
    ActionDescription {
        name: info.name.to_owned(),
        about: info.about.to_owned(),
        timeout_ms: Some(info.timeout.as_millis() as u64),
        exclusive: info.exclusive,
        writes: info.writes,
        params: (info.params)(),
        confirmation: None,
    }
}

fn metric(info: &MetricInfo) -> MetricDescription {
    MetricDescription {
        name: info.name.to_owned(),
        help: info.help.to_owned(),
        counter: info.metric_type == MetricType::Counter,
        labels: info.labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

fn space(info: &SpaceInfo) -> SpaceDescription {
    SpaceDescription { name: info.name.to_owned(), about: info.about.to_owned() }
}

fn credential(info: &CredentialInfo) -> CredentialWish {
    CredentialWish {
        name: info.name.to_owned(),
        about: info.about.to_owned(),
        fields: info.fields.iter().map(|field| (*field).to_owned()).collect(),
        env: info.env.iter().map(|(field, name)| ((*field).to_owned(), (*name).to_owned())).collect(),
        optional: info.optional,
    }
}
