//! What this host is and can: kernel, user, processes, clock, zones. What it can enforce of sandboxes is `sandbox`'s
//! matter, what it has room for `limits`'.

use std::{fs, path::Path};

use chrono_tz::Tz;
use nix::sys::utsname::uname;
use roundsman_model::Finding;
use roundsman_supervisor::{ClockTrust, clock_trust};
use rustix::process::{PidfdFlags, child_subreaper, getpid, pidfd_open};

use super::{ground::Ground, group::aside, limits, sandbox};

/// Where the zones of other programs are.
const ZONES: &str = "/usr/share/zoneinfo";

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let settings = ground.settings();
    let zone = settings.map(|settings| settings.timezone.value);
    let workers = settings.map(|settings| settings.workers.value);
    found.extend(aside(|| vec![kernel(), user(), processes(), proc_is_open()]).await);
    let abilities = ground.abilities().await;
    let protected = ground.loaded().map(crate::assemble::protected);
    found.extend(sandbox::look(&abilities, ground.tasks(), protected.as_ref()));
    found.extend(aside(move || vec![zones(zone, Path::new(ZONES)), clock(clock_trust())]).await);
    found.extend(aside(move || limits::look(workers)).await);
}

fn kernel() -> Finding {
    match uname() {
        Ok(name) => {
            let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
            let (system, release, machine) =
                (text(name.sysname()), text(name.release()), text(name.machine()));
            Finding::ok("kernel", format!("{system} {release} on {machine}"))
        }
        Err(error) => {
            Finding::warning("kernel", format!("it does not tell its name: {error}"), "nothing; this is odd")
        }
    }
}

fn user() -> Finding {
    let uid = nix::unistd::geteuid();
    if uid.is_root() {
        return Finding::ok("user", "root: workers can become other users (`user = \"…\"`)");
    }
    let name = nix::unistd::User::from_uid(uid).ok().flatten();
    let name = name.map_or_else(|| format!("uid {uid}"), |user| format!("{} (uid {uid})", user.name));
    Finding::ok("user", format!("{name}: workers run as this user, and `user = \"…\"` cannot be used"))
}

/// Whether workers can be watched and nothing of theirs gets away.
fn processes() -> Finding {
    let what = "watch and end processes";
    if let Err(error) = pidfd_open(getpid(), PidfdFlags::empty()) {
        return Finding::failure(
            what,
            format!("this kernel gives no pidfd: {error}"),
            "use Linux 5.4 or newer, or allow the system call pidfd_open in the container's seccomp profile",
        );
    }
    match child_subreaper() {
        Ok(_) => Finding::ok(what, "pidfd and child subreaper work"),
        Err(error) => Finding::failure(
            what,
            format!("what a worker leaves behind cannot be adopted: {error}"),
            "allow the system call prctl in the container's seccomp profile",
        ),
    }
}

/// Whether the table of processes shows those of other users.
fn proc_is_open() -> Finding {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    match hidepid(&table) {
        Some(_) if nix::unistd::geteuid().is_root() => {
            Finding::ok("/proc", "it is mounted with hidepid, which root need not mind")
        }
        Some(option) => Finding::warning(
            "/proc",
            format!("it is mounted with {option}: processes of other users are not seen"),
            "give the daemon's user the group named by the mount option gid=, or run it as root where tasks use `user`",
        ),
        None if Path::new("/proc/self/stat").exists() => Finding::ok("/proc", "all processes are seen"),
        None => Finding::failure(
            "/proc",
            "it is not mounted, and workers are found by it",
            "mount it: `mount -t proc proc /proc`",
        ),
    }
}

/// The option that hides processes, in the newest mount of /proc.
fn hidepid(mountinfo: &str) -> Option<String> {
    let mount = mountinfo.lines().rev().find(|line| line.split(' ').nth(4) == Some("/proc"))?;
    let option = mount.rsplit(' ').next()?.split(',').find(|option| option.starts_with("hidepid="))?;
    (!matches!(option, "hidepid=0" | "hidepid=off")).then(|| option.to_owned())
}

/// Our own zones are part of the executable; programs that tasks start read the system's.
fn zones(zone: Option<Tz>, folder: &Path) -> Finding {
    let Some(zone) = zone else { return Finding::ok("time zones", "built in") };
    if zone == Tz::UTC || folder.join(zone.name()).exists() {
        return Finding::ok("time zones", format!("built in; programs find {zone} on this host too"));
    }
    Finding::warning(
        "time zones",
        format!(
            "schedules have their own; programs that tasks start do not find {zone} below {}",
            folder.display()
        ),
        "install the package tzdata",
    )
}

fn clock(trust: ClockTrust) -> Finding {
    match trust {
        ClockTrust::Synchronised { error_micros } => {
            let millis = error_micros as f64 / 1000.0;
            Finding::ok("system clock", format!("kept in step, to about {millis:.1} ms"))
        }
        ClockTrust::Unsynchronised => Finding::warning(
            "system clock",
            "the kernel was not told that anything keeps it in step",
            "run chrony, systemd-timesyncd or the like on this host; in a virtual machine the host may do it untold",
        ),
        ClockTrust::Unknown => Finding::ok("system clock", "whether it is kept in step cannot be asked here"),
    }
}

#[cfg(test)]
mod tests;
