//! Names with `*` for any text and `?` for one character. Letters count as they are written.

/// Whether a name is one that the pattern means.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and how much of the name it took.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(&char) if char == '?' || char == name[of] => (at, of) = (at + 1, of + 1),
            _ => match &mut star {
                Some((before, taken)) => {
                    *taken += 1;
                    (at, of) = (*before + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("Daily *", "Daily sales", true),
            ("Daily *", "Weekly sales", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("*sales*", "Daily sales (EU)", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("?üro", "Büro", true),
            ("?", "", false),
            ("daily", "Daily", false),
            ("**a**", "a", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern:?} of {name:?}");
        }
    }
}
