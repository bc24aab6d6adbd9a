//! The words that keys take. What they mean in the end is decided where they are used.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Who we are at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// An API key.
    ApiKey,
    /// User and password: we log in.
    Session,
    /// A session that somebody else began; it cannot be begun again.
    SessionToken,
}

/// How exports are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyEncoding {
    /// As a form; as JSON where the server refuses the form.
    #[default]
    Auto,
    /// As a form.
    Form,
    /// As JSON.
    Json,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Text with commas.
    #[default]
    Csv,
    /// A list of objects.
    Json,
    /// A workbook that the server makes.
    #[serde(alias = "excel")]
    Xlsx,
    /// A workbook that we make of the server's CSV and its types.
    XlsxLocal,
}

/// By hand: a derived one would not know the other word for `xlsx`. What the words mean stands with the keys that take them.
impl JsonSchema for Format {
    fn schema_name() -> Cow<'static, str> {
        "Format".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["csv", "json", "xlsx", "xlsx-local", "excel"] })
    }
}

impl Format {
    /// The word for it in keys and manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::XlsxLocal => "xlsx-local",
        }
    }

    /// The ending of files.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx | Self::XlsxLocal => "xlsx",
        }
    }

    /// What the server is asked for.
    pub const fn asked(self) -> &'static str {
        match self {
            Self::Csv | Self::XlsxLocal => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }
}

/// What becomes of an export that has as many rows as the server gives at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnCap {
    /// It fails.
    #[default]
    Fail,
    /// It is published, and the manifest says so.
    Warn,
}

/// How an export is looked at besides its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Not.
    #[default]
    Structural,
    /// Rows are counted by a query before and after.
    Count,
}

/// What becomes of an export that is the same as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unchanged {
    /// It is published under its new name.
    #[default]
    Keep,
    /// It takes the place of the last one.
    Replace,
    /// The last one stays, and nothing is published.
    Skip,
}

/// What is done to finished files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Post {
    /// Packed with gzip.
    Gzip,
    /// Packed with zstd.
    Zstd,
}

/// From when on failed units make a failure of the run: `any`, `all`, or `percent:20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailRunIf {
    /// One is enough.
    #[default]
    Any,
    /// Only if none went well.
    All,
    /// More than so many in a hundred.
    Percent(u8),
}

impl FromStr for FailRunIf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("percent:").map(str::parse)) {
            ("any", _) => Ok(Self::Any),
            ("all", _) => Ok(Self::All),
            (_, Some(Ok(percent))) if percent <= 100 => Ok(Self::Percent(percent)),
            _ => Err(format!("{text:?} is none of `any`, `all` and `percent:0` to `percent:100`")),
        }
    }
}

impl fmt::Display for FailRunIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::All => f.write_str("all"),
            Self::Percent(percent) => write!(f, "percent:{percent}"),
        }
    }
}

impl Serialize for FailRunIf {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FailRunIf {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for FailRunIf {
    fn schema_name() -> Cow<'static, str> {
        "FailRunIf".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(any|all|percent:(100|[1-9]?[0-9]))$" })
    }
}

/// Reads an empty text as nothing: that is how people write down that there is none.
pub(super) fn unless_empty<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: From<String>,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(from)?.filter(|text| !text.trim().is_empty());
    Ok(text.map(T::from))
}
