//! Several daemons on one Postgres that are killed, frozen and stopped in random order: no slot fires twice, nothing
//! overlaps, and somebody leads again soon. It watches the lead over a connection of its own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use rand::Rng as _;
use roundsman_store::{OpenOptions, Role};
use roundsman_testkit::postgres::PostgresCluster;

use super::{Attack, account, load, rest};
use crate::daemon::{Daemon, Site, program};
use roundsman_model::Clock as _;
use roundsman_task::SystemClock;

/// Between two acts.
const PACE: (f64, f64) = (0.5, 3.0);
/// Within this time after a kill somebody leads again.
const TAKE_OVER: Duration = Duration::from_secs(10);
/// Within this time after a clean stop: sooner than a silent leader would be replaced, on a busy machine too.
const HAND_OVER: Duration = Duration::from_millis(5_500);
/// The keys of `[daemon]`: a lease so short that a freeze outlasts it.
const KEYS: &str = "lease = \"7s\"\nnode_gone_after = \"1m\"\n";

/// One daemon of the crowd.
struct Member {
    site: Site,
    state: State,
}

enum State {
    Up(Daemon),
    Frozen { daemon: Daemon, until: Instant },
    Down { until: Instant },
}

/// Interferes with so many daemons for so long, then takes the account.
pub(super) fn interfere(attack: &mut Attack, count: usize, time: Duration) -> Result<()> {
    let cluster = PostgresCluster::start();
    let url = cluster.database();
    let shared = tempfile::tempdir()?;
    let config = format!("{KEYS}{}", load::tasks(shared.path())?);
    let mut members: Vec<Member> = Vec::new();
    for _ in 0..count {
        let site = Site::of(program("roundsman"), Some(url.clone()), &config);
        let daemon = site.start();
        members.push(Member { site, state: State::Up(daemon) });
    }
    let watch = Watch::start(&url, count);
    let end = Instant::now() + time;
    while Instant::now() < end {
        rest(Duration::from_secs_f64(attack.dice.random_range(PACE.0..PACE.1)));
        let which = attack.dice.random_range(0..count);
        return_to_life(&mut members, &watch);
        act(attack, which, &mut members[which], &watch)?;
    }
    end_all(members)?;
    let changes = watch.end()?;
    judge(attack, &changes)?;
    finish(attack, &config, &url, shared.path())
}

fn act(attack: &mut Attack, which: usize, member: &mut Member, watch: &Watch) -> Result<()> {
    let now = Instant::now();
    let long = Duration::from_secs_f64(attack.dice.random_range(0.5..12.0));
    let State::Up(daemon) = std::mem::replace(&mut member.state, State::Down { until: now }) else {
        // It is frozen or down already: it comes back at its time.
        return Ok(());
    };
    let node = node_of(&daemon);
    let (what, state) = match attack.dice.random_range(0..3) {
        0 => {
            daemon.kill9();
            ("killed", State::Down { until: now + long / 4 })
        }
        1 => {
            daemon.signal(Signal::SIGSTOP);
            ("frozen", State::Frozen { daemon, until: now + long })
        }
        _ => {
            load::stop(daemon)?;
            ("stopped", State::Down { until: now + long / 4 })
        }
    };
    member.state = state;
    watch.up(which, None);
    watch.note(what, node);
    attack.tell(&format!("daemon {which} {what} for {:.1} s", long.as_secs_f64()));
    Ok(())
}

fn return_to_life(members: &mut [Member], watch: &Watch) {
    for (which, member) in members.iter_mut().enumerate() {
        let due = match &member.state {
            State::Up(_) => false,
            State::Frozen { until, .. } | State::Down { until } => *until <= Instant::now(),
        };
        if !due {
            continue;
        }
        member.state = match std::mem::replace(&mut member.state, State::Down { until: Instant::now() }) {
            State::Frozen { daemon, .. } => {
                daemon.signal(Signal::SIGCONT);
                State::Up(daemon)
            }
            _ => State::Up(member.site.start()),
        };
        watch.up(which, Some(Instant::now()));
    }
}

fn end_all(members: Vec<Member>) -> Result<()> {
    for member in members {
        match member.state {
            State::Up(daemon) => load::stop(daemon)?,
            State::Frozen { daemon, .. } => {
                daemon.signal(Signal::SIGCONT);
                load::stop(daemon)?;
            }
            // It takes back what it left, as its state directory proves that its former self has ended.
            State::Down { .. } => load::stop(member.site.start())?,
        }
    }
    Ok(())
}

/// The node's id, as the daemon's log tells it.
fn node_of(daemon: &Daemon) -> Option<String> {
    let log = daemon.log();
    let (_, rest) = log.split_once("node.id=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn finish(attack: &mut Attack, config: &str, url: &str, shared: &std::path::Path) -> Result<()> {
    let started = SystemClock.now();
    let site = Site::of(program("roundsman"), Some(url.to_owned()), config);
    let daemon = site.start();
    // Whoever was killed last may have held runs; they are taken back when their leases have been silent long enough.
    rest(Duration::from_secs(12));
    load::stop(daemon)?;
    load::nothing_is_left(url)?;
    let account = account::take(url, started)?;
    let begun = load::check_marks(shared)?;
    attack.tell(&format!("{account}; begun: {begun}"));
    Ok(())
}

/// How the lead went.
struct Change {
    what: String,
    took: Option<Duration>,
}

fn judge(attack: &Attack, changes: &[Change]) -> Result<()> {
    for change in changes {
        match change.took {
            Some(took) => {
                attack.tell(&format!("leader {}: led again after {:.2} s", change.what, took.as_secs_f64()));
            }
            None => attack.tell(&format!("leader {}: nobody else took the lead", change.what)),
        }
        let limit = if change.what == "stopped" { HAND_OVER } else { TAKE_OVER };
        let late = change.took.is_some_and(|took| took > limit);
        ensure!(!late, "the lead was vacant for {:?} after its holder was {}", change.took, change.what);
    }
    Ok(())
}

/// Since when each daemon is up.
type Up = Arc<Mutex<Vec<Option<Instant>>>>;

/// A second pair of eyes on who leads.
struct Watch {
    up: Up,
    notes: mpsc::Sender<(String, Option<String>, Instant)>,
    thread: JoinHandle<Result<Vec<Change>>>,
}

impl Watch {
    fn start(url: &str, count: usize) -> Self {
        let (notes, received) = mpsc::channel();
        let url = url.to_owned();
        let up: Up = Arc::new(Mutex::new(vec![Some(Instant::now()); count]));
        let seen = up.clone();
        Self { up, notes, thread: std::thread::spawn(move || watch(&url, &seen, &received)) }
    }

    fn up(&self, which: usize, since: Option<Instant>) {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)[which] = since;
    }

    fn note(&self, what: &str, node: Option<String>) {
        // A watch that failed says so at its end.
        let _ = self.notes.send((what.to_owned(), node, Instant::now()));
    }

    fn end(self) -> Result<Vec<Change>> {
        drop(self.notes);
        self.thread.join().map_err(|_| anyhow::anyhow!("the watch on the lead panicked"))?
    }
}

/// How long the lead was vacant while somebody was there to take it.
fn vacancy(up: &Up, since: Instant) -> Duration {
    let up = up.lock().unwrap_or_else(PoisonError::into_inner);
    let there = up.iter().flatten().min().copied().unwrap_or_else(Instant::now);
    since.max(there).elapsed()
}

fn watch(
    url: &str,
    up: &Up,
    notes: &mpsc::Receiver<(String, Option<String>, Instant)>,
) -> Result<Vec<Change>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = runtime.block_on(roundsman_store::open(url, OpenOptions::for_role(Role::Reader)))?;
    let mut changes = Vec::new();
    let mut vacant: Option<(String, i64, Instant)> = None;
    let mut last: Option<(String, i64)> = None;
    loop {
        let leader = runtime.block_on(store.leader())?.context("nobody ever led")?;
        if let Some((what, epoch, since)) = &vacant
            && leader.epoch > *epoch
        {
            changes.push(Change { what: what.clone(), took: Some(vacancy(up, *since)) });
            vacant = None;
        }
        if let Some(holder) = &leader.holder {
            last = Some((holder.node.as_str().to_owned(), leader.epoch));
        }
        match notes.recv_timeout(Duration::from_millis(50)) {
            Ok((what, node, at)) => {
                if let (Some((holder, epoch)), Some(node)) = (&last, node)
                    && *holder == node
                    && vacant.is_none()
                {
                    vacant = Some((what, *epoch, at));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    changes.extend(vacant.map(|(what, ..)| Change { what, took: None }));
    runtime.block_on(store.close());
    Ok(changes)
}
