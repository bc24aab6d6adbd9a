//! Files and standard input that are handed in with parameters: read whole before there is a run, sent to the store before
//! it is requested. It looks at no content, and nothing of it is told.

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
};

use roundsman_model::{
    Run, Timestamp,
    artifact::of_input,
    question::{MAX_INPUT_BYTES, MAX_INPUT_PIECE},
};
use roundsman_store::{HandedIn, Store};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::failure::{Answer, Failure};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// What is handed in with a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) param: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads what parameters of type input name: a path, or `-`.
pub(super) fn read(schema: &Value, params: &Map<String, Value>, stdin: &mut dyn Read) -> Answer<Vec<Input>> {
    let mut taken: Option<&str> = None;
    let mut inputs = Vec::new();
    for (param, path) in named(schema, params) {
        let bytes = if path == STANDARD_INPUT {
            if let Some(other) = taken.replace(param) {
                return Err(Failure::Usage(format!(
                    "parameters `{other}` and `{param}` both read standard input: give one of them a file"
                )));
            }
            whole(stdin)
        } else {
            File::open(path).and_then(|mut file| whole(&mut file))
        };
        inputs
            .push(Input { param: param.to_owned(), bytes: bytes.map_err(|why| unread(param, path, &why))? });
    }
    Ok(inputs)
}

/// The parameters of type input among these, with what they name.
fn named<'a>(schema: &'a Value, params: &'a Map<String, Value>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_input = |param: &str| schema["properties"][param]["format"] == "input";
    params
        .iter()
        .filter_map(move |(param, path)| Some((param.as_str(), path.as_str().filter(|_| is_input(param))?)))
}

/// All there is, but never more than can be handed in.
fn whole(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_INPUT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_INPUT_BYTES {
        let limit = MAX_INPUT_BYTES >> 20;
        return Err(io::Error::other(format!("it has more than {limit} MiB, and no more can be handed in")));
    }
    Ok(bytes)
}

fn unread(param: &str, path: &str, why: &io::Error) -> Failure {
    let what = if path == STANDARD_INPUT { "standard input".to_owned() } else { format!("{path:?}") };
    let advice = match why.kind() {
        io::ErrorKind::NotFound => "; a path is meant from where you are, and `-` is standard input",
        _ => "",
    };
    Failure::Usage(format!("parameter `{param}`: cannot read {what}: {why}{advice}"))
}

/// Sends inputs ahead of the run that is then requested with them.
pub(super) async fn hand_in(
    store: &Arc<dyn Store>,
    inputs: &[Input],
    now: Timestamp,
) -> Answer<Vec<HandedIn>> {
    let mut sent = Vec::new();
    for Input { param, bytes } in inputs {
        let key = uuid::Uuid::new_v4().to_string();
        for (piece, part) in (0_u32..).zip(bytes.chunks(MAX_INPUT_PIECE)) {
            store.hand_in(&key, piece, part.to_vec(), now).await?;
        }
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        sent.push(HandedIn { param: param.clone(), key, size: bytes.len() as u64, sha256 });
    }
    Ok(sent)
}

/// Refuses to repeat a run that was not handed in what its parameters name, as when the kind has changed since.
pub(super) async fn still_kept(store: &Arc<dyn Store>, run: &Run, schema: Option<&Value>) -> Answer {
    let empty = Map::new();
    let params = run.params.as_object().unwrap_or(&empty);
    let wanted: Vec<&str> =
        schema.into_iter().flat_map(|schema| named(schema, params)).map(|(param, _)| param).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let kept = store.artifacts(run.id).await?;
    let is_gone = |param: &&&str| !kept.iter().any(|artifact| artifact.name == of_input(param));
    match wanted.iter().find(is_gone) {
        None => Ok(()),
        Some(param) => Err(Failure::Usage(format!(
            "run {} kept nothing that was handed in with parameter `{param}`: `roundsman trigger {} {} -p {param}=FILE` hands \
             it in anew",
            run.id,
            run.task,
            run.action.as_ref().map_or("", AsRef::as_ref)
        ))),
    }
}
