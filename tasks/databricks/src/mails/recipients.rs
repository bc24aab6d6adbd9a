//! Who gets a mail: members of groups, admins, and how many at a time. What they are told is not its matter.

use std::time::Duration;

use roundsman_notify::{Address, MOST_RECIPIENTS};
use roundsman_task::{TaskError, Timestamp};
use tokio::sync::OnceCell;

use crate::{
    api::{Workspace, scim::Directory},
    config::Addresses,
};

/// How long the workspace may take to tell who is in which group.
const PATIENCE: Duration = Duration::from_secs(60);

/// Those who get one mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Recipients {
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
}

impl Recipients {
    /// As many mails as it takes, each to no more people than one may have. Copies go with the first.
    pub(super) fn parts(self) -> Vec<Self> {
        let Self { to, cc } = self;
        let (cc, many) = if cc.len() * 2 > MOST_RECIPIENTS { (Vec::new(), cc) } else { (cc, Vec::new()) };
        let first = to.len().min(MOST_RECIPIENTS - cc.len());
        let (now, later) = to.split_at(first);
        let mut parts = vec![Self { to: now.to_vec(), cc }];
        for chunk in later.chunks(MOST_RECIPIENTS).chain(many.chunks(MOST_RECIPIENTS)) {
            parts.push(Self { to: chunk.to_vec(), cc: Vec::new() });
        }
        parts
    }
}

/// Who is in which group, asked at most once, and only if somebody wants to know.
#[derive(Default)]
pub(super) struct Members {
    asked: OnceCell<Result<Directory, TaskError>>,
}

impl Members {
    /// The addresses of the active members of a group, also of groups within it; none if there is no such group.
    pub(super) async fn of(
        &self,
        workspace: &Workspace,
        now: Timestamp,
        group: &str,
    ) -> Result<Vec<Address>, TaskError> {
        let until = now + PATIENCE;
        let asked = self.asked.get_or_init(|| ask(workspace.until(until))).await;
        let found = asked.as_ref().map_err(Clone::clone)?.members_of(group).unwrap_or_default();
        let active = found.users.iter().filter(|user| user.active);
        Ok(active.filter_map(|user| address(&user.user_name)).collect())
    }
}

async fn ask(workspace: Workspace) -> Result<Directory, TaskError> {
    Ok(workspace.scim().directory().await?)
}

/// Names of users are addresses, except where they are not.
fn address(user_name: &str) -> Option<Address> {
    let address: Address = user_name.parse().ok()?;
    Some(Address { name: String::new(), ..address })
}

/// Addresses as they are configured; what is none was refused when the configuration was read.
pub(super) fn configured(addresses: &Addresses) -> Vec<Address> {
    addresses.iter().filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> Vec<Address> {
        (0..count).map(|number| address(&format!("s{number}@example.edu")).unwrap()).collect()
    }

    #[test]
    fn nobody_is_left_out_of_large_groups() {
        for (to, cc) in [(1, 0), (3, 1), (49, 1), (50, 1), (100, 2), (151, 25), (3, 26), (3, 120)] {
            let parts = Recipients { to: people(to), cc: people(cc) }.parts();
            let all: usize = parts.iter().map(|part| part.to.len() + part.cc.len()).sum();
            assert_eq!(all, to + cc, "{to} and {cc}");
            assert!(parts.iter().all(|part| !part.to.is_empty()));
            assert!(parts.iter().all(|part| part.to.len() + part.cc.len() <= MOST_RECIPIENTS));
            assert!(parts.iter().skip(1).all(|part| part.cc.is_empty()), "one copy is enough");
        }
    }
}
