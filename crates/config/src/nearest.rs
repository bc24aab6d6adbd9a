//! The known word that somebody probably meant. It knows no words itself.

/// The candidate nearest to a word, if one is near enough to be worth asking.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = plain(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = plain(candidate);
            let distance = strsim::osa_distance(&wanted, &known);
            let longest = wanted.chars().count().max(known.chars().count());
            let begins = wanted.len() >= 3 && (known.starts_with(&wanted) || wanted.starts_with(&known));
            let near = distance * 3 <= longest || begins && known.len() >= 3;
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate.to_owned())
}

/// The zone nearest to a name; the city alone is enough.
pub(crate) fn nearest_zone(word: &str) -> Option<String> {
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |name: &&str| name.rsplit('/').next().is_some_and(|city| plain(city) == plain(word));
    names().find(city).map(str::to_owned).or_else(|| nearest(word, names()))
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}
