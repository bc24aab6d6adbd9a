//! The known word that somebody probably meant. It knows no words itself.

/// The candidate nearest to a word, if one is near enough to be worth asking.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = plain(word);
    let distances = candidates.into_iter().filter_map(|candidate| {
        let known = plain(candidate);
        let distance = strsim::osa_distance(&wanted, &known);
        let longest = wanted.chars().count().max(known.chars().count());
        let begins = wanted.len() >= 3 && known.starts_with(&wanted);
        (distance * 3 <= longest || begins).then_some((distance, candidate))
    });
    let (_, candidate) = distances.min_by_key(|(distance, candidate)| (*distance, candidate.len()))?;
    Some(candidate.to_owned())
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".into(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}
