//! Names that may have been meant. It decides nothing.

/// How many names are listed where none is near.
const LISTED: usize = 12;

/// What to say of the names that there are; nothing if there are none.
pub(super) fn near(name: &str, known: &[&str]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let wanted = folded(name);
    let nearest =
        known.iter().map(|known| (strsim::damerau_levenshtein(&wanted, &folded(known)), known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= (wanted.chars().count() / 3).max(1) => {
            Some(format!("did you mean {nearest:?}?"))
        }
        _ => {
            let listed: Vec<_> = known.iter().take(LISTED).map(|known| format!("{known:?}")).collect();
            let more = if known.len() > LISTED { " and others" } else { "" };
            Some(format!("there are {}{more}", listed.join(", ")))
        }
    }
}

/// What people mix up is the same.
fn folded(name: &str) -> String {
    name.to_lowercase().replace([' ', '-'], "_")
}
