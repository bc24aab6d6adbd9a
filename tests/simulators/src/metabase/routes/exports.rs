//! What requests of exports must look like, which differs between versions, and what is granted. How it is sent is the
//! stream's and the wire's.

use serde_json::Value;

use super::{Reply, Request, refused};
use crate::{
    exchange::Answer,
    metabase::{
        Rows,
        body::{Encoding, encoding, fields_of},
        stream::{Export, Format},
        world::World,
    },
};

/// What a query is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Result,
    Export(Format),
}

/// What the last part of a path asks for.
pub(super) fn wanted(format: Option<&str>) -> Option<Wanted> {
    match format {
        None | Some("api") => Some(Wanted::Result),
        Some(format) => Format::named(format).map(Wanted::Export),
    }
}

const EXPORT_FIELDS: [&str; 4] = ["parameters", "format_rows", "pivot_results", "visualization_settings"];

/// The fields of a request to run a query, or how it is refused.
pub(super) fn fields(
    world: &World,
    request: &Request<'_>,
    wanted: Wanted,
    others: &[&str],
) -> Result<Value, Answer> {
    let Wanted::Export(_) = wanted else {
        return Ok(request.asked.json());
    };
    let (settings, asked) = (&world.settings, request.asked);
    let release = settings.release;
    let written = encoding(asked.header("content-type"), &asked.body);
    if written == Encoding::Form && settings.refuses_forms {
        return Err(refused(
            "parameters",
            "nullable sequence of parameters.",
            "invalid type, received: a text",
        ));
    }
    if written == Encoding::Json && !release.is_new() {
        // Old versions read JSON too, but want the parameters as a text in it.
        let parameters = &asked.json()["parameters"];
        if !(parameters.is_null() || parameters.is_string()) {
            let text = "value may be nil, or if non-nil, value must be a valid JSON string.";
            return Err(refused("parameters", text, "(not (string? a list))"));
        }
    }
    let mut fields = fields_of(asked);
    let Some(map) = fields.as_object_mut() else {
        return Err(refused("_error", "The body is no JSON object.", "invalid type"));
    };
    for name in ["parameters", "query"] {
        if let Some(text) = map.get(name).and_then(Value::as_str) {
            let read = serde_json::from_str(text);
            let read =
                read.map_err(|_| refused(name, "value must be a valid JSON string.", "invalid JSON"))?;
            map.insert(name.to_owned(), read);
        }
    }
    if release.refuses_unknown_fields() {
        let known = |name: &String| {
            EXPORT_FIELDS.contains(&name.as_str())
                || others.contains(&name.as_str())
                || (name == "csv_include_bom" && release.knows_bom())
        };
        if let Some(name) = map.keys().find(|name| !known(name)) {
            let specific = format!("disallowed key, received: {}", map[name]);
            return Err(refused(name, "disallowed key", &specific));
        }
    }
    check_types(&fields)?;
    Ok(fields)
}

fn check_types(fields: &Value) -> Result<(), Answer> {
    for name in ["format_rows", "pivot_results", "csv_include_bom"] {
        let value = &fields[name];
        if !(value.is_null() || value.is_boolean()) {
            let specific = format!("should be a boolean, received: {value}");
            return Err(refused(name, "nullable boolean", &specific));
        }
    }
    let parameters = &fields["parameters"];
    if parameters.is_null() || parameters.is_array() {
        return Ok(());
    }
    let specific = format!("invalid type, received: {parameters}");
    Err(refused("parameters", "nullable sequence of parameters.", &specific))
}

/// An export of these rows.
pub(super) fn export(world: &World, rows: &Rows, format: Format, fields: &Value, name: &str) -> Reply {
    let settings = &world.settings;
    let flag = |name: &str| fields[name].as_bool();
    let name: String =
        name.to_lowercase().chars().map(|own| if own.is_alphanumeric() { own } else { '_' }).collect();
    // What is not said meant something else in old versions.
    let formatted = flag("format_rows").unwrap_or(!settings.release.is_new());
    Reply::Export(Box::new(Export {
        format,
        rows: rows.clone().fixed(rows.count().min(settings.export_limit())),
        formatted,
        bom: settings.release.knows_bom() && flag("csv_include_bom").unwrap_or(false),
        packed: false,
        name,
        framing: settings.framing,
        piece: settings.piece,
        instead: None,
    }))
}

/// The document of an error instead of an export, under its status and type.
pub(super) fn instead(world: &World, format: Format, document: &Value) -> Reply {
    let nothing = Rows::table(Vec::new(), Vec::new());
    match export(world, &nothing, format, &Value::Null, "query_result") {
        Reply::Export(mut export) => {
            export.instead = Some(document.to_string());
            Reply::Export(export)
        }
        plain @ Reply::Plain(_) => plain,
    }
}
