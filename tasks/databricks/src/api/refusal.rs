//! What answers without success mean: all layouts of error bodies that the vendor is known to send, and the classes of its
//! codes. It sends nothing and waits for nothing.

mod body;

use std::sync::LazyLock;

use regex::Regex;
use roundsman_http::{Class, Reading, Refusal, StatusCode, header::HeaderMap};
use roundsman_notify::without_addresses;

/// The code of ours for a cluster that cannot be deleted for good while it is pinned.
pub const PINNED: &str = "CLUSTER_IS_PINNED";
/// The code of ours for somebody who exists in the account, not in this workspace.
pub const ONLY_IN_ACCOUNT: &str = "ONLY_IN_ACCOUNT";
/// The code of ours for a group that only an administrator of the account can make.
pub const FEDERATED_GROUP: &str = "FEDERATED_GROUP";

/// The most characters of what the vendor says that are told on: it is kept in documents, which have an end.
const LONGEST_TOLD: usize = 2_000;

/// What the vendor says when it stumbled and will not the next time.
const TRANSIENT: [&str; 8] = [
    "RPC token bucket limit has been exceeded",
    "ClusterNotReadyException",
    "Unexpected error",
    "Please try again later or try a faster operation.",
    "Unknown worker environment",
    "There is no worker environment with id",
    "does not have any associated worker environments",
    "UnknownWorkerEnvironmentException",
];

static NO_CLUSTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)\bCluster \S+ does not exist").expect("a constant pattern"));
static NO_ACCOUNT_GROUP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)Account group with name .* not found").expect("a constant pattern"));

/// The vendor's answers.
pub(super) struct VendorReading;

impl Reading for VendorReading {
    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
        let told = body::read(headers, body);
        let (code, message) =
            (told.code.as_deref().unwrap_or_default(), told.message.as_deref().unwrap_or_default());
        let (class, own_code) = classify(status, code, message);
        let shown = match (code, message) {
            ("", "") => None,
            ("", message) => Some(message.to_owned()),
            (code, "") => Some(code.to_owned()),
            (code, message) => Some(format!("{code}: {message}")),
        };
        let shown = match (own_code, shown) {
            (Some(FEDERATED_GROUP), Some(shown)) => Some(format!(
                "{shown} (groups of this workspace come from the account: an administrator of it must make the group there)"
            )),
            (_, shown) => shown,
        };
        // What the vendor says is logged and told on; addresses of people do not belong there.
        let shown = shown.map(|shown| without_addresses(&shown).chars().take(LONGEST_TOLD).collect());
        let code = own_code.map(str::to_owned).or(told.code);
        Refusal { pause: told.pause, ..Refusal::of(class).code(code).message(shown) }
    }
}

/// The class of an answer, and our code where the vendor has only words. Its code is more exact than the status and wins.
fn classify(status: StatusCode, code: &str, message: &str) -> (Class, Option<&'static str>) {
    if let Some(known) = of_words(code, message) {
        return known;
    }
    let by_code = of_code(code);
    let waits = |class: &Class| matches!(class, Class::Throttled | Class::Unavailable);
    let class = by_code.unwrap_or_else(|| of_status(status));
    if !waits(&class) && TRANSIENT.iter().any(|words| message.contains(words)) {
        return (Class::Transient, None);
    }
    (class, None)
}

/// What only the message tells.
fn of_words(code: &str, message: &str) -> Option<(Class, Option<&'static str>)> {
    if message.contains("unpin the cluster first") {
        return Some((Class::WrongState, Some(PINNED)));
    }
    if NO_ACCOUNT_GROUP.is_match(message) {
        return Some((Class::BadRequest, Some(FEDERATED_GROUP)));
    }
    // Older workspaces answer 403 to a token they do not know.
    if message.contains("Invalid access token") {
        return Some((Class::Unauthenticated, None));
    }
    if message.contains("already exists in this account") {
        return Some((Class::Exists, Some(ONLY_IN_ACCOUNT)));
    }
    let no_cluster = code == "INVALID_PARAMETER_VALUE" && NO_CLUSTER.is_match(message);
    no_cluster.then_some((Class::NotFound, None))
}

fn of_code(code: &str) -> Option<Class> {
    Some(match code {
        "INVALID_STATE" => Class::WrongState,
        "INVALID_PARAMETER_VALUE"
        | "BAD_REQUEST"
        | "MALFORMED_REQUEST"
        | "DIRECTORY_NOT_EMPTY"
        | "MAX_NOTEBOOK_SIZE_EXCEEDED"
        | "SCIM_400" => Class::BadRequest,
        "UNAUTHENTICATED" | "SCIM_401" => Class::Unauthenticated,
        "PERMISSION_DENIED" | "SCIM_403" => Class::Denied,
        "RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND" | "SCIM_404" => Class::NotFound,
        "RESOURCE_ALREADY_EXISTS" | "ALREADY_EXISTS" | "SCIM_409" => Class::Exists,
        "ABORTED" => Class::Conflict,
        "RESOURCE_EXHAUSTED" | "REQUEST_LIMIT_EXCEEDED" | "SCIM_429" => Class::Throttled,
        "TEMPORARILY_UNAVAILABLE" | "SCIM_503" => Class::Unavailable,
        "INTERNAL_ERROR" | "UNKNOWN" | "CANCELLED" | "DEADLINE_EXCEEDED" | "DATA_LOSS" | "SCIM_500" => {
            Class::Server
        }
        _ => return None,
    })
}

fn of_status(status: StatusCode) -> Class {
    match status.as_u16() {
        499 => Class::Server,
        _ => Refusal::of_status(status).class,
    }
}

#[cfg(test)]
mod tests;
