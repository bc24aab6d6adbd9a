//! Who asks, as it is recorded beside what they asked for: the person behind `sudo` too. It grants nothing: what somebody
//! may do is the business of file permissions and of the database.

use nix::unistd::{User, getuid};

use super::look::clean;

/// The most characters that are kept of a name.
const LONGEST: usize = 64;

/// `ada@host-a`.
pub(crate) fn who() -> String {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let host = host.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned());
    let uid = getuid();
    let account = User::from_uid(uid).ok().flatten().map(|user| user.name);
    let variable = |name: &str| std::env::var(name).ok();
    format!("{}@{}", person(uid.as_raw(), account, variable), kept(&host))
}

/// The person behind an account. Only root may say that it is somebody else; everybody is who they are.
fn person(uid: u32, account: Option<String>, variable: impl Fn(&str) -> Option<String>) -> String {
    let said = |name: &str| variable(name).map(|name| kept(&name)).filter(|name| !name.is_empty());
    let account = account.map(|name| kept(&name)).filter(|name| !name.is_empty());
    let behind_root = if uid == 0 { said("SUDO_USER").or_else(|| said("LOGNAME")) } else { None };
    behind_root.or(account).or_else(|| said("LOGNAME")).unwrap_or_else(|| format!("uid {uid}"))
}

fn kept(name: &str) -> String {
    clean(name.trim()).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::person;

    #[test]
    fn the_person_behind_an_account() {
        let check = |uid: u32, account: Option<&str>, set: &[(&str, &str)], expected: &str| {
            let variable =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(person(uid, account.map(str::to_owned), variable), expected);
        };
        check(0, Some("root"), &[("SUDO_USER", "ada"), ("LOGNAME", "root")], "ada");
        check(0, Some("root"), &[("LOGNAME", "grace")], "grace");
        check(0, Some("root"), &[("SUDO_USER", " ")], "root");
        check(1000, Some("ada"), &[("SUDO_USER", "root"), ("LOGNAME", "grace")], "ada");
        check(1000, None, &[("LOGNAME", "gr\u{1b}[31mace")], "grace");
        check(1000, None, &[], "uid 1000");
    }
}
