//! Tasks that do what no task should: each ends in its own honest state, leaves no process, and the daemon's memory stays
//! flat.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Attack, load};
use crate::daemon::{Site, program};

/// How much more memory the daemon may have had at its worst than at rest.
const MEMORY_MIB: u64 = 48;

/// A vandal: its name, its table, the state it must end in, words its cause must have.
struct Vandal {
    name: &'static str,
    table: String,
    state: &'static str,
    cause: &'static str,
}

fn vandals(flood: usize) -> Vec<Vandal> {
    let command = |name, shell: &str, state, cause| Vandal {
        name,
        table: format!("uses = \"command\"\nwith = {{ shell = '''{shell}''' }}\n"),
        state,
        cause,
    };
    let kind = |name, deed: &str, state, cause| Vandal {
        name,
        table: format!("uses = \"misbehave\"\nwith = {{ then = {deed} }}\n"),
        state,
        cause,
    };
    let hidden =
        "setsid sh -c 'trap \"\" TERM; sleep 600' & setsid sh -c 'sleep 600' >/dev/null 2>&1 & echo left";
    vec![
        command("forker", hidden, "succeeded", ""),
        command("deaf", "trap '' TERM; while :; do sleep 1; done", "timed_out", "timed out"),
        command("mute", "exec >&- 2>&-; sleep 600", "timed_out", "timed out"),
        command(
            "flooder",
            &format!("head -c {flood} /dev/zero | tr '\\0' 'x' | fold -w 100"),
            "succeeded",
            "",
        ),
        Vandal {
            name: "glutton",
            table: "uses = \"command\"\nsandbox = { memory = \"256MiB\" }\n\
                    with = { shell = \"head -c 2000000000 /dev/zero | tail\" }\n"
                .to_owned(),
            state: "failed",
            cause: "",
        },
        kind("quitter", "{ exit = 0 }", "failed", "no outcome"),
        kind("stutterer", "\"half_frame\"", "timed_out", "timed out"),
        kind("babbler", "\"garbage\"", "failed", ""),
        kind("panicker", "\"panic\"", "failed", "as was ordered"),
        kind("aborter", "\"abort\"", "failed", "signal 6"),
        kind("gusher", &format!("{{ flood = {flood} }}"), "succeeded", ""),
    ]
}

/// Lets them all loose at the same time.
pub(super) fn let_loose(attack: &mut Attack, flood: usize) -> Result<()> {
    let vandals = vandals(flood);
    let table = |vandal: &Vandal| {
        format!(
            "[tasks.{}]\nevery = \"24h\"\nrun_at_first_start = true\ntimeout = \"TIME\"\ngrace = \"500ms\"\n\
             retry = {{ attempts = 1 }}\n{}",
            vandal.name, vandal.table
        )
        .replace("TIME", if ["timed_out"].contains(&vandal.state) { "3s" } else { "150s" })
    };
    let tasks: String = vandals.iter().map(table).collect();
    let site = Site::of(program("roundsman-misbehave"), None, &format!("workers = 4\n{tasks}"));
    let daemon = site.start();
    let at_rest = memory(daemon.pid(), "VmRSS")?;
    for vandal in &vandals {
        let run = crate::daemon::eventually(vandal.name, Duration::from_secs(160), || {
            site.runs(vandal.name).into_iter().find(|run| !run["ended_at"].is_null())
        });
        let cause = run["cause"].as_str().unwrap_or_default();
        ensure!(
            run["state"] == vandal.state && cause.contains(vandal.cause),
            "{} ended {}: {cause}",
            vandal.name,
            run["state"]
        );
        attack.tell(&format!("{:10} {} {cause}", vandal.name, vandal.state));
    }
    let peak = memory(daemon.pid(), "VmHWM")?;
    attack.tell(&format!("the daemon's memory: {at_rest} MiB at the start, {peak} MiB at its peak"));
    ensure!(peak < at_rest + MEMORY_MIB, "the daemon grew from {at_rest} to {peak} MiB");
    load::stop(daemon)?;
    load::nothing_is_left(&load::url_of(&site, None))
}

/// A line of `/proc/PID/status` in MiB.
fn memory(pid: u32, field: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(field)).context("procfs tells memory")?;
    let kib: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024)
}
