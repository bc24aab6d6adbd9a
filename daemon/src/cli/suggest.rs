//! What somebody may have meant: near names and near numbers. It searches nothing itself.

use roundsman_model::RunId;

/// Names at most this far away are worth a suggestion: one letter in four.
fn is_near(distance: usize, name: &str) -> bool {
    distance <= (name.chars().count() / 4).max(2)
}

/// The nearest of these names, best first, at most three: misspelt ones, and those that contain what was written.
pub(crate) fn names<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::osa_distance(&wanted, name);
            if is_near(distance, name) {
                Some((distance, name))
            } else if wanted.len() >= 3 && (name.contains(&wanted) || wanted.contains(name)) {
                Some((100 + distance, name))
            } else {
                None
            }
        })
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(_, name)| name).take(3).collect()
}

/// `; did you mean "a" or "b"?`, or what else helps.
pub(crate) fn did_you_mean(near: &[&str], otherwise: &str) -> String {
    match near {
        [] => format!("; {otherwise}"),
        near => {
            let quoted: Vec<String> = near.iter().map(|name| format!("{name:?}")).collect();
            format!("; did you mean {}?", listed(&quoted, "or"))
        }
    }
}

/// `a, b or c`.
pub(crate) fn listed<T: AsRef<str>>(words: &[T], last_joined_by: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} {last_joined_by} {}", head.join(", "), last.as_ref())
        }
    }
}

/// There is no such task: which ones come near.
pub(crate) fn unknown_task<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let otherwise = if known.is_empty() { "no task is configured" } else { "`roundsman tasks` lists them" };
    format!("there is no task {wanted:?}{}", did_you_mean(&names(wanted, known), otherwise))
}

/// There is no such run: which ones come near, and which is the newest.
pub(crate) fn no_run(
    wanted: RunId,
    below: Option<RunId>,
    above: Option<RunId>,
    newest: Option<RunId>,
) -> String {
    let Some(newest) = newest else {
        return format!("there is no run {wanted}: nothing has run yet");
    };
    let mut near: Vec<String> = Vec::new();
    for id in [below, above].into_iter().flatten().filter(|id| *id != newest) {
        if !near.contains(&id.to_string()) {
            near.push(id.to_string());
        }
    }
    if near.is_empty() {
        format!("there is no run {wanted}: the newest is {newest}")
    } else {
        format!("there is no run {wanted}: the nearest are {}, the newest is {newest}", listed(&near, "and"))
    }
}

#[cfg(test)]
mod tests;
