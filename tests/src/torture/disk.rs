//! A full disk under SQLite: the daemon says so, stays alive, corrupts nothing, and goes on when there is space again.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Result, ensure};

use super::{Attack, account, load, rest};
use crate::daemon::{PATIENCE, Site, eventually, program};
use roundsman_model::Clock as _;
use roundsman_task::SystemClock;

const SIZE: &str = "24m";

/// Fills the disk while a daemon works, frees it again, and takes the account.
pub(super) fn fill(attack: &mut Attack) -> Result<()> {
    let site = Site::of(program("roundsman"), None, "");
    site.configure(&load::tasks(&site.path(""))?);
    let state = site.path("state");
    std::fs::create_dir_all(&state)?;
    let Some(_disk) = Disk::mount(&state) else {
        attack.tell("not made: this user may not mount a small disk");
        return Ok(());
    };
    let url = load::url_of(&site, None);
    let daemon = site.start();
    rest(Duration::from_secs(2));
    for time in 1..=2 {
        let filler = state.join("filler");
        fill_up(&filler)?;
        eventually("the daemon says that its store is away", PATIENCE, || {
            let (status, body) = daemon.get("/readyz")?;
            (status == 503 && body.contains("FAIL store")).then_some(())
        });
        ensure!(daemon.get("/livez").is_some_and(|(status, _)| status == 200), "the daemon does not live");
        attack.tell(&format!("disk full, {time}: the daemon lives and says that the store is away"));
        rest(Duration::from_secs(4));
        std::fs::remove_file(&filler)?;
        daemon.wait_ready();
        attack.tell("space again: ready");
        rest(Duration::from_secs(2));
    }
    load::stop(daemon)?;
    let started = SystemClock.now();
    let daemon = site.start();
    rest(Duration::from_secs(2));
    load::stop(daemon)?;
    load::nothing_is_left(&url)?;
    let account = account::take(&url, started)?;
    let begun = load::check_marks(&site.path(""))?;
    attack.tell(&format!("{account}; begun: {begun}"));
    Ok(())
}

/// Writes until nothing fits any more.
fn fill_up(path: &Path) -> Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path)?;
    for size in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    Ok(())
}

/// A small disk, gone with the value.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(path: &Path) -> Option<Self> {
        let mut mount = command("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "tmpfs"]).arg(path);
        mount.status().is_ok_and(|status| status.success()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = command("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[expect(clippy::disallowed_methods, reason = "mounts a disk")]
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stderr(std::process::Stdio::null());
    command
}
