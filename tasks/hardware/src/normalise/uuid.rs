//! UUIDs of machines. The byte order that old firmware mixes up is left as reported.

/// The lower-case form with hyphens; absent if it is none, or all zeros or all `f`.
pub fn uuid(text: &str) -> Option<String> {
    let trimmed = text.trim().trim_start_matches('{').trim_end_matches('}');
    let digits: String = trimmed.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    let hyphens = trimmed.len() - digits.len();
    if digits.len() != 32 || hyphens > 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte == b'0') || digits.bytes().all(|byte| byte == b'f') {
        return None;
    }
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(groups.join("-"))
}
