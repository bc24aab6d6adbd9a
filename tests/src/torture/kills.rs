//! Kill -9 at random instants: of the daemon on either database, and of the database. What is left is for `account` to
//! judge.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng as _;
use roundsman_testkit::postgres::PostgresCluster;

use super::{Attack, account, load, rest};
use crate::daemon::{Site, program};
use roundsman_model::Clock as _;
use roundsman_task::SystemClock;

/// The longest time from a daemon's start to its end.
const LONGEST: f64 = 5.0;

/// Kills the daemon again and again under load, then takes the account.
pub(super) fn of_daemon(
    attack: &mut Attack,
    postgres: Option<&PostgresCluster>,
    cycles: usize,
) -> Result<()> {
    let url = postgres.map(PostgresCluster::database);
    let site = Site::of(program("roundsman"), url.clone(), "");
    site.configure(&load::tasks(&site.path(""))?);
    for cycle in 1..=cycles {
        let daemon = site.spawn();
        let lives = attack.dice.random_range(0.05..LONGEST);
        rest(Duration::from_secs_f64(lives));
        if cycle % 20 == 0 {
            attack.tell(&format!("cycle {cycle}: killed after {lives:.3} s"));
        }
        daemon.kill9();
    }
    finish(attack, &site, &load::url_of(&site, url.as_deref()))
}

/// Kills Postgres again and again while a daemon works on it, then takes the account.
pub(super) fn of_postgres(attack: &mut Attack, times: usize) -> Result<()> {
    let cluster = PostgresCluster::start();
    let url = cluster.database();
    let site = Site::of(program("roundsman"), Some(url.clone()), "");
    site.configure(&load::tasks(&site.path(""))?);
    let daemon = site.start();
    for time in 1..=times {
        rest(Duration::from_secs_f64(attack.dice.random_range(0.5..4.0)));
        cluster.kill9();
        let away = attack.dice.random_range(0.0..3.0);
        rest(Duration::from_secs_f64(away));
        cluster.restart();
        let back = Instant::now();
        daemon.wait_ready();
        let took = back.elapsed().as_secs_f64();
        attack.tell(&format!("Postgres killed, {time}: away {away:.1} s, ready {took:.1} s after"));
    }
    rest(Duration::from_secs(2));
    load::stop(daemon)?;
    finish(attack, &site, &url)
}

/// One more start and stop in good order, then the account.
fn finish(attack: &mut Attack, site: &Site, url: &str) -> Result<()> {
    let started = SystemClock.now();
    let daemon = site.start();
    rest(Duration::from_secs(2));
    load::stop(daemon)?;
    load::nothing_is_left(url)?;
    let account = account::take(url, started)?;
    let begun = load::check_marks(&site.path(""))?;
    attack.tell(&format!("{account}; begun: {begun}"));
    Ok(())
}
