//! Environment variables of old: the names under which programs that a kind took the place of knew their settings. In which
//! order they count is decided here; no variable is read.

/// What Terraform takes for its own variables; these come after all others.
pub const TERRAFORM: &str = "TF_VAR_";
/// How variables end that name a file with the value.
pub const FILE_ENDING: &str = "_FILE";
/// Ours are no old names of anybody, and some of them hold what only the daemon may know.
const OWN: &str = "ROUNDSMAN_";

/// These variables in the order in which they count. Names that cannot be meant are left out.
pub fn in_order<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.into_iter().filter(|name| is_old_name(name)).collect();
    names.sort_by_key(|name| name.starts_with(TERRAFORM));
    names
}

/// Whether this can be the name of a variable that fills something.
pub fn is_old_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    first && rest && !name.starts_with(OWN)
}

/// The file that a variable names which ends in [`FILE_ENDING`], as a reference; nothing if it can be none.
pub fn file_reference(path: &str) -> Option<String> {
    (path.starts_with('/') && !path.contains('}')).then(|| format!("${{file:{path}}}"))
}

#[cfg(test)]
mod tests {
    use super::{file_reference, in_order};

    #[test]
    fn those_of_terraform_come_last_and_ours_never() {
        let names = ["TF_VAR_host", "HOST", "ROUNDSMAN_CRED_A_B", "1ST", "A-B", "", "OTHER_HOST"];
        assert_eq!(in_order(names), ["HOST", "OTHER_HOST", "TF_VAR_host"]);
    }

    #[test]
    fn only_absolute_paths_are_files() {
        assert_eq!(file_reference("/run/secrets/a b").as_deref(), Some("${file:/run/secrets/a b}"));
        assert_eq!((file_reference("secrets/a"), file_reference("/run/}${HOME")), (None, None));
    }
}
