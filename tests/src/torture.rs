//! Attacks on the real binary that must fail: kill -9 at random instants, freezes, full disks, tasks that misbehave. Each
//! tells what it did and ends with an account of the store; nothing here knows how the daemon works inside.

mod account;
mod crowd;
mod disk;
mod kills;
mod load;
mod reload;
mod vandals;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::{SeedableRng as _, rngs::StdRng};
use roundsman_testkit::postgres::PostgresCluster;

/// How hard it is attacked.
#[derive(Debug, Clone, Copy)]
pub struct Force {
    /// Kills of the daemon, on each database.
    pub daemon_kills: usize,
    /// Kills of Postgres.
    pub postgres_kills: usize,
    /// How long several daemons are interfered with.
    pub crowd: Duration,
    /// How many bytes a task writes to its standard output.
    pub flood: usize,
}

impl Force {
    /// Everything, for `cargo xtask torture`.
    pub const FULL: Self =
        Self { daemon_kills: 200, postgres_kills: 10, crowd: Duration::from_secs(60), flood: 1 << 30 };
    /// About a tenth, for every day.
    pub const TENTH: Self =
        Self { daemon_kills: 20, postgres_kills: 2, crowd: Duration::from_secs(20), flood: 100 << 20 };
}

/// The attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Kill -9 of a daemon on SQLite.
    KillsOnSqlite,
    /// Kill -9 of a daemon on Postgres.
    KillsOnPostgres,
    /// Kill -9 of Postgres.
    PostgresKills,
    /// Two daemons on one Postgres.
    TwoDaemons,
    /// Three daemons on one Postgres.
    ThreeDaemons,
    /// No space on the disk of SQLite.
    FullDisk,
    /// Tasks that misbehave.
    Vandals,
    /// A reload with a mistake.
    BadReload,
}

impl Name {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 8] = [
        Self::KillsOnSqlite,
        Self::KillsOnPostgres,
        Self::PostgresKills,
        Self::TwoDaemons,
        Self::ThreeDaemons,
        Self::FullDisk,
        Self::Vandals,
        Self::BadReload,
    ];
}

/// An attack under way: its dice and its voice.
pub struct Attack {
    /// Drawn from the seed alone.
    pub dice: StdRng,
    begun: Instant,
    voice: fn(&str),
}

impl Attack {
    fn tell(&self, what: &str) {
        (self.voice)(&format!("  {:7.1} s  {what}", self.begun.elapsed().as_secs_f64()));
    }
}

/// Makes one attack. The same seed draws the same dice.
pub fn attack(name: Name, force: Force, seed: u64, voice: fn(&str)) -> Result<()> {
    voice(&format!("{name:?}, seed {seed}"));
    let mut attack = Attack { dice: StdRng::seed_from_u64(seed), begun: Instant::now(), voice };
    let postgres = || PostgresCluster::start();
    match name {
        Name::KillsOnSqlite => kills::of_daemon(&mut attack, None, force.daemon_kills),
        Name::KillsOnPostgres => kills::of_daemon(&mut attack, Some(&postgres()), force.daemon_kills),
        Name::PostgresKills => kills::of_postgres(&mut attack, force.postgres_kills),
        Name::TwoDaemons => crowd::interfere(&mut attack, 2, force.crowd),
        Name::ThreeDaemons => crowd::interfere(&mut attack, 3, force.crowd),
        Name::FullDisk => disk::fill(&mut attack),
        Name::Vandals => vandals::let_loose(&mut attack, force.flood),
        Name::BadReload => reload::break_one(&mut attack),
    }
    .with_context(|| format!("{name:?} with seed {seed} succeeded in doing harm"))
}

#[expect(clippy::disallowed_methods, reason = "attacks take place in real time")]
fn rest(time: Duration) {
    std::thread::sleep(time); // sleep: the instant of an attack is drawn, nothing is waited for
}
