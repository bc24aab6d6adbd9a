//! What a script says of itself: TOML in comment lines, or in NAME.toml beside it. It knows the script's own keys and passes
//! on the others, which are a task's, unjudged.

mod comment;
mod own;
mod param;
mod problem;
mod reading;
mod rest;

use std::{collections::BTreeSet, path::Path};

use roundsman_model::{
    ActionDescription, Code, CredentialWish, ExitCodes, KindDescription, KindName, MetricDescription,
};
use serde_json::{Map, Value};
use toml::de::DeValue;

pub use param::{Param, ParamSort, params_schema, variable_of};
pub use problem::{HeaderProblem, HeaderProblems};
pub use rest::TaskKeys;

use comment::{Block, Malformed};
use reading::Reader;

/// The keys of a header that are the script's own. All others are keys of `[tasks.NAME]`.
pub const OWN_KEYS: [&str; 8] =
    ["about", "category", "params", "exit_codes", "metrics", "actions", "repeatable", "dry_run"];

/// A header ends within so many bytes of its script.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// How long an attempt may take where nobody says anything.
const TIMEOUT_MS: u64 = 600_000;

/// What a script says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// One sentence, beginning with a verb.
    pub about: Option<String>,
    /// The family it is listed under.
    pub category: Option<String>,
    /// What it can be told.
    pub params: Vec<Param>,
    /// What its exit codes mean.
    pub exit_codes: ExitCodes,
    /// The metrics it may report.
    pub metrics: Vec<MetricDescription>,
    /// What it can be asked to do besides its scheduled work.
    pub actions: Vec<ActionDescription>,
    /// Whether a failed attempt may simply be repeated.
    pub repeatable: bool,
    /// Whether it writes nothing when it is asked for a dry run. Others are not started then.
    pub dry_run: bool,
    /// The credentials it wants: the roles of its key `credentials`, which is also a task's.
    pub credentials: Vec<CredentialWish>,
    /// How long an attempt may take, in milliseconds, where its key `timeout`, which is also a task's, says so.
    pub timeout_ms: Option<u64>,
    /// The rest: what counts for tasks that use it.
    pub keys: Option<TaskKeys>,
}

impl Header {
    /// The header in the comments of a script, of which `head` holds the first [`MAX_HEADER_BYTES`] at most.
    pub fn in_script(path: &Path, head: &[u8]) -> Result<Option<Self>, HeaderProblems> {
        let cut = head.len() >= MAX_HEADER_BYTES;
        match Block::find(&head[..head.len().min(MAX_HEADER_BYTES)], cut) {
            Ok(None) => Ok(None),
            Ok(Some(block)) => Self::read(path, &even(&block)).map(Some),
            Err(malformed) => Err(HeaderProblems(vec![problem_of(path, malformed)])),
        }
    }

    /// The header that is a whole file, NAME.toml beside the script.
    pub fn in_file(path: &Path, content: &[u8]) -> Result<Self, HeaderProblems> {
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
        match std::str::from_utf8(content) {
            Ok(text) => Self::read(path, text),
            Err(error) => {
                let line = content[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
                let expected = "a file in the encoding UTF-8".into();
                let malformed = Malformed { line, what: "this is not UTF-8 text".into(), expected };
                Err(HeaderProblems(vec![problem_of(path, malformed)]))
            }
        }
    }

    fn read(path: &Path, text: &str) -> Result<Self, HeaderProblems> {
        let mut reader = Reader::new(path, text);
        let header = reader.tree().map(|tree| {
            let mut header = own::read(&mut reader, &tree);
            header.keys = TaskKeys::of(path.to_owned(), text, &tree);
            header
        });
        let mut problems = reader.problems;
        problems.sort_by_key(|problem| (problem.line, problem.column));
        header.filter(|_| problems.is_empty()).ok_or(HeaderProblems(problems))
    }

    /// The values of its params where nobody says anything.
    fn defaults(&self) -> Value {
        let written = |param: &Param| Some((param.name.clone(), param.default.clone()?));
        let defaults: Map<String, Value> = self.params.iter().filter_map(written).collect();
        if defaults.is_empty() { Value::Null } else { Value::Object(defaults) }
    }

    /// What is known of the kind: the header, and what its file adds.
    pub fn describe(&self, name: KindName, folder: &str, path: &Path, sha256: &str) -> KindDescription {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        KindDescription {
            name,
            about: self.about.clone().unwrap_or_else(|| format!("runs {file}")),
            category: self.category.clone().unwrap_or_else(|| folder.to_owned()),
            code: Code::Script {
                path: path.to_owned(),
                sha256: sha256.to_owned(),
                exit_codes: self.exit_codes.clone(),
                dry_run: self.dry_run,
                defaults: self.defaults(),
            },
            default_schedule: None,
            timeout_ms: self.timeout_ms.unwrap_or(TIMEOUT_MS),
            repeatable: self.repeatable,
            schema: params_schema(&self.params),
            takes_params: true,
            actions: self.actions.clone(),
            metrics: self.metrics.clone(),
            credentials: self.credentials.clone(),
            budgets: Vec::new(),
            spaces: Vec::new(),
        }
    }
}

/// The text of a block with columns as in the file, except inside strings that go over several lines.
fn even(block: &Block) -> String {
    let text = block.text(&BTreeSet::new());
    let Ok(tree) = toml::de::DeTable::parse(&text) else { return text };
    let strings = rest::continuing_lines(&text, tree.get_ref(), |value| matches!(value, DeValue::String(_)));
    if strings.is_empty() { text } else { block.text(&strings) }
}

fn problem_of(path: &Path, malformed: Malformed) -> HeaderProblem {
    HeaderProblem {
        path: path.to_owned(),
        line: malformed.line,
        column: 1,
        key: String::new(),
        what: malformed.what,
        expected: Some(malformed.expected),
        nearest: None,
    }
}
