//! Configs whose keys need or exclude each other: what no schema tells, told when the configuration is read. It knows no
//! kind's keys.

use std::{borrow::Cow, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A config that can contradict itself.
pub trait Check {
    /// All that is wrong, one sentence each.
    fn wrong(&self) -> Vec<String>;
}

/// A config in which nothing is wrong: it cannot be read otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked<C>(C);

impl<C> Deref for Checked<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<'de, C: Deserialize<'de> + Check> Deserialize<'de> for Checked<C> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let config = C::deserialize(from)?;
        let wrong = config.wrong();
        if wrong.is_empty() { Ok(Self(config)) } else { Err(D::Error::custom(wrong.join("; "))) }
    }
}

impl<C: JsonSchema> JsonSchema for Checked<C> {
    fn schema_name() -> Cow<'static, str> {
        C::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        C::json_schema(generator)
    }
}
