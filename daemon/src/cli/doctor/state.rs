//! The state directory and the daemon that has it. It makes neither.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use nix::unistd::{AccessFlags, access, geteuid};
use roundsman_model::Finding;

use super::{
    disk::{self, Family},
    ground::Ground,
    group::aside,
};
use crate::{
    cli::{failure, times},
    control::{ControlError, Status},
};

/// A daemon that has not looked at slots for so many seconds does not fire.
const TICK_LIMIT: f64 = 15.0;
/// How old the last look may be in a daemon that is well.
const TICK_USUAL: f64 = 5.0;

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let Some(settings) = ground.settings_with("daemon.state_dir", found) else { return };
    let folder = settings.state_dir.value.clone();
    found.extend(aside(move || directory(&folder)).await);
    found.extend(ground.daemon().await.map(daemon).unwrap_or_default());
}

fn directory(path: &Path) -> Vec<Finding> {
    let mut found = vec![owner_and_mode(path)];
    found.extend(file_system(path));
    found.extend(disk::room(path));
    found
}

fn owner_and_mode(path: &Path) -> Finding {
    let shown = path.display();
    let stat = match fs::metadata(path) {
        Ok(stat) if stat.is_dir() => stat,
        Ok(_) => return Finding::failure("directory", format!("{shown} is no directory"), "move it away"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return absent(path),
        Err(error) => {
            let advice = "run doctor as the daemon's user or as root, or make the folders above it passable";
            return Finding::failure("directory", format!("{shown} cannot be looked at: {error}"), advice);
        }
    };
    let us = geteuid().as_raw();
    if stat.uid() != us && us != 0 {
        return Finding::failure(
            "directory",
            format!("{shown} belongs to uid {}, and this is uid {us}", stat.uid()),
            "run doctor as the daemon's user; if that is this user, `chown -R` the directory to it",
        );
    }
    let mode = stat.mode() & 0o7777;
    if mode & 0o022 != 0 {
        let found = format!("{shown} may be written by others (mode {mode:04o})");
        return Finding::failure("directory", found, format!("run `chmod 700 {shown}`"));
    }
    if mode & 0o055 != 0 {
        let found = format!("{shown} may be read by others (mode {mode:04o})");
        return Finding::warning("directory", found, format!("run `chmod 700 {shown}`"));
    }
    if let Err(error) = access(path, AccessFlags::W_OK | AccessFlags::X_OK) {
        let found = format!("{shown} cannot be written: {error}");
        return Finding::failure(
            "directory",
            found,
            "remount its file system for writing, or name another state_dir",
        );
    }
    let owner =
        if stat.uid() == us { String::new() } else { format!(", which belongs to uid {}", stat.uid()) };
    Finding::ok("directory", format!("{shown} (mode {mode:04o}){owner}"))
}

fn absent(path: &Path) -> Finding {
    let (above, shown) = (disk::nearest(path), path.display());
    if access(&above, AccessFlags::W_OK | AccessFlags::X_OK).is_ok() {
        let found = format!("{shown} is not there yet");
        return Finding::warning("directory", found, "the daemon makes it when it starts");
    }
    Finding::failure(
        "directory",
        format!("{shown} is not there, and this user cannot make it in {}", above.display()),
        "make it and give it to the daemon's user, or name another state_dir in [daemon]",
    )
}

fn file_system(path: &Path) -> Option<Finding> {
    let (name, family) = disk::family(path)?;
    let (means, advice) = match family {
        Family::Network => (
            "locks and the control socket may not work there",
            "put the state directory on a local disk, and share the store through Postgres",
        ),
        Family::Overlay => ("it goes when the container goes", "mount a volume there"),
        Family::Memory => ("it goes with the next start of this host", "put it on a disk"),
    };
    Some(Finding::warning("file system", format!("{name}: {means}"), advice))
}

fn daemon(answer: &Result<Status, ControlError>) -> Vec<Finding> {
    match answer {
        Ok(status) => running(status, env!("CARGO_PKG_VERSION")),
        Err(error @ ControlError::Absent { .. }) => vec![Finding::warning(
            "daemon",
            error.to_string(),
            "start it; until then nothing fires by itself on this node",
        )],
        Err(error @ ControlError::Forbidden { .. }) => {
            vec![Finding::warning("daemon", error.to_string(), "run doctor as that user to hear how it is")]
        }
        Err(error) => vec![Finding::failure(
            "daemon",
            failure::chain(error),
            "it may be stuck: see its log, and restart it if nothing moves there",
        )],
    }
}

/// What a daemon says of itself.
fn running(status: &Status, ours: &str) -> Vec<Finding> {
    let uptime = times::rough(std::time::Duration::try_from_secs_f64(status.uptime_secs).unwrap_or_default());
    let leads = if status.leader { "it leads" } else { "another one leads" };
    let mut found = vec![match status.tick_age_secs {
        Some(age) if age > TICK_LIMIT => Finding::failure(
            "daemon",
            format!("it has not looked at slots for {age:.0} s"),
            "see its log; restart it if nothing moves there",
        ),
        Some(age) if age > TICK_USUAL => Finding::warning(
            "daemon",
            format!("it runs for {uptime}, but looked at slots {age:.0} s ago"),
            "look whether the host or the store is too busy",
        ),
        Some(_) => Finding::ok("daemon", format!("it runs for {uptime} and looks at slots; {leads}")),
        None => {
            Finding::ok("daemon", format!("it runs for {uptime} and has not looked at slots yet; {leads}"))
        }
    }];
    let version = status.version.as_deref().unwrap_or("an older one");
    if version != ours {
        found.push(Finding::warning(
            "daemon's version",
            format!("it is {version}, and this is {ours}"),
            "restart the daemon to make it this version",
        ));
    } else if status.replaced {
        found.push(Finding::warning(
            "daemon's executable",
            "the file on disk was replaced since the daemon started",
            "restart the daemon; until then it goes on with the old one, which is safe",
        ));
    }
    found
}

#[cfg(test)]
mod tests;
