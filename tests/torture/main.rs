//! A tenth of the attacks, with a seed that the log names; `cargo xtask torture` makes them in full.

use roundsman_model::Clock as _;
use roundsman_task::SystemClock;
use roundsman_tests::torture::{Force, Name, attack};

/// The seed: given by ROUNDSMAN_SEED, else the day's.
fn seed() -> u64 {
    let given = std::env::var("ROUNDSMAN_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| SystemClock.now().timestamp().unsigned_abs() / 86_400)
}

macro_rules! attacks {
    ($($test:ident: $name:ident),+ $(,)?) => {
        $(#[test] fn $test() {
            if let Err(harm) = attack(Name::$name, Force::TENTH, seed(), |line| println!("{line}")) {
                panic!("{harm:#}");
            }
        })+
    };
}

attacks!(
    kills_of_a_daemon_on_sqlite: KillsOnSqlite,
    kills_of_a_daemon_on_postgres: KillsOnPostgres,
    kills_of_postgres: PostgresKills,
    two_daemons: TwoDaemons,
    three_daemons: ThreeDaemons,
    a_full_disk: FullDisk,
    vandals: Vandals,
    a_reload_with_a_mistake: BadReload,
);
