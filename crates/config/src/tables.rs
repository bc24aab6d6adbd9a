//! The keys of the configuration file as types. Their doc comments are the manual, and their schema is what files are
//! checked against. What is missing stays missing here: defaults are filled in where settings and definitions are made.

mod after;
mod blackout;
mod credentials;
mod daemon;
mod retention;
mod sandbox;
mod shared;
mod task;

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

pub(crate) use after::{AfterKey, UpstreamTable};
pub(crate) use blackout::BlackoutTable;
pub(crate) use credentials::{CredentialsKey, CredentialsTable};
pub(crate) use daemon::DaemonTable;
pub use daemon::{LogFormat, WithoutStore};
pub(crate) use retention::RetentionTable;
pub(crate) use sandbox::SandboxTable;
pub(crate) use shared::{BudgetTable, PoolTable};
pub(crate) use task::{OverlapKey, RetryTable, TaskTable};

/// The whole file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only its schema and its field names are used: files are taken apart key by key"
)]
pub(crate) struct FileTable {
    /// The daemon itself.
    daemon: Option<DaemonTable>,
    /// What is kept of the past. Whatever is written here: active runs stay, and the newest run and the newest success of
    /// each task.
    retention: Option<RetentionTable>,
    /// Where credentials come from.
    credentials: Option<CredentialsTable>,
    /// Pools: how many runs may be under way that use something, such as the connections to one system. All tasks and
    /// nodes share them; a task names its pool with `pool = "NAME"`.
    #[schemars(extend("x-place" = "[pools.NAME]"))]
    pools: Option<BTreeMap<String, PoolTable>>,
    /// Budgets: how often something may be done, such as requests to one API. All tasks and nodes share them. Kinds name
    /// the budgets they draw from; one that is not here has the rate that the kind gives it.
    #[schemars(extend("x-place" = "[budgets.NAME]"))]
    budgets: Option<BTreeMap<String, BudgetTable>>,
    /// Named tables that tasks take into their own `with` by `share = ["NAME"]`. What a task writes itself wins; of
    /// several shared tables the later one wins; tables within tables are merged.
    #[schemars(extend("x-place" = "[shared.NAME]"))]
    shared: Option<BTreeMap<String, Map<String, Value>>>,
    /// The tasks, each under its name: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    #[schemars(extend("x-place" = "[tasks.NAME]"))]
    tasks: Option<BTreeMap<String, TaskTable>>,
}

/// The schema of one of these types, with everything in place of references, and without `null`, which TOML has not.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// Takes `null` out of a schema: a key that may be absent is not a key that may be null.
pub(crate) fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            unwrap_option(map);
            map.iter_mut()
                .filter(|(key, _)| !matches!(key.as_str(), "default" | "examples" | "const" | "enum"))
                .for_each(|(_, part)| without_null(part));
        }
        _ => {}
    }
}

/// `anyOf: [X, null]` becomes X; what is said beside it (the doc comment of the field) stays.
fn unwrap_option(map: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = map.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type") != Some(&Value::from("null")));
    if let [Value::Object(only)] = branches.as_slice() {
        let only = only.clone();
        map.remove("anyOf");
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
    }
}

/// The keys of a table in the order they are declared: the order in which a person reads them.
pub(crate) fn key_order<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It refuses every input; the names are all that is wanted.
    drop(T::deserialize(FieldNames(&mut fields)));
    fields
}

struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = de::value::Error;

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        Err(de::Error::custom("only the names of the fields are wanted"))
    }

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("this is not a struct"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
