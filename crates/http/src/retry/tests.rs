//! What follows failed requests, by tables. Nothing is waited for.

use std::time::Duration;

use proptest::prelude::*;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use roundsman_model::{Timestamp, time::delta};

use super::{Failed, Growth, Next, RetryPolicy, said};
use crate::Class;

fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

fn failed(class: Class) -> Failed {
    Failed {
        class,
        repeatable: true,
        tries: 1,
        said: None,
        begun: at("12:00:00"),
        now: at("12:00:00"),
        deadline: at("12:10:00"),
    }
}

#[test]
fn what_follows() {
    let policy = RetryPolicy::default();
    let secs = |secs| Next::After(Duration::from_secs(secs));
    let check =
        |failed: Failed, expected: Next| assert_eq!(policy.next(&failed, 1.0), expected, "{failed:?}");
    check(failed(Class::Server), secs(1));
    check(Failed { tries: 3, ..failed(Class::Server) }, secs(4));
    check(Failed { tries: 4, ..failed(Class::Server) }, Next::GiveUp);
    check(Failed { repeatable: false, ..failed(Class::Server) }, Next::GiveUp);
    check(Failed { repeatable: false, ..failed(Class::Broken) }, Next::GiveUp);
    // Nothing was carried out.
    check(Failed { repeatable: false, ..failed(Class::Throttled) }, secs(2));
    check(Failed { said: Some(Duration::from_secs(7)), ..failed(Class::Throttled) }, secs(8));
    let long = Duration::from_secs(121);
    check(Failed { said: Some(long), ..failed(Class::Throttled) }, Next::Later(at("12:02:02")));
    // An end is in sight before the pause is over.
    check(
        Failed { now: at("12:09:59"), begun: at("12:09:59"), ..failed(Class::Server) },
        Next::Later(at("12:10:00")),
    );
    check(
        Failed { now: at("12:04:59"), tries: 3, ..failed(Class::Unavailable) },
        Next::Later(at("12:05:04")),
    );
    for class in [Class::Tls, Class::BadRequest, Class::Unauthenticated, Class::Denied, Class::NotFound] {
        check(failed(class), Next::GiveUp);
    }
    for class in [Class::Exists, Class::Redirected, Class::Unexpected] {
        check(failed(class), Next::GiveUp);
    }
}

#[test]
fn pauses_that_grow_in_steps() {
    let policy = RetryPolicy {
        tries: 99,
        growth: Growth::Steps,
        most: Duration::from_secs(10),
        ..RetryPolicy::default()
    };
    let check = |failed: Failed, draw: f64, millis: u64| {
        assert_eq!(policy.next(&failed, draw), Next::After(Duration::from_millis(millis)), "{failed:?}");
    };
    check(failed(Class::Server), 0.0, 1_000);
    check(Failed { tries: 2, ..failed(Class::Transient) }, 0.5, 2_500);
    check(Failed { tries: 42, ..failed(Class::Broken) }, 1.0, 11_000);
    check(Failed { tries: 42, ..failed(Class::Throttled) }, 0.25, 1_250);
    check(Failed { said: Some(Duration::from_secs(7)), tries: 2, ..failed(Class::Unavailable) }, 0.0, 7_000);
    check(Failed { tries: 2, ..failed(Class::Conflict) }, 0.0, 2_000);
    assert_eq!(policy.next(&Failed { tries: 3, ..failed(Class::Conflict) }, 0.0), Next::GiveUp);
    assert_eq!(policy.next(&failed(Class::WrongState), 0.0), Next::GiveUp);
}

#[test]
fn pauses_that_answers_ask_for() {
    let check = |text: &str, expected: Option<u64>| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        assert_eq!(said(&headers, at("12:00:00")), expected.map(Duration::from_secs), "{text}");
    };
    check("7", Some(7));
    check(" 0 ", Some(0));
    check("Fri, 20 Nov 2026 12:00:30 GMT", Some(30));
    check("Fri, 20 Nov 2026 11:00:00 GMT", Some(0));
    check("soon", None);
    check("-1", None);
    assert_eq!(said(&HeaderMap::new(), at("12:00:00")), None);
}

proptest! {
    #[test]
    fn no_pause_outlasts_the_time_there_is(tries in 1u32..100, draw in 0.0f64..1.0, said in proptest::option::of(0u64..10_000), left in 0u64..1_000) {
        let policy = RetryPolicy { tries: 200, ..RetryPolicy::default() };
        let now = at("12:00:00");
        let failed = Failed {
            tries,
            said: said.map(Duration::from_secs),
            deadline: now + delta(Duration::from_secs(left)),
            ..failed(Class::Unavailable)
        };
        match policy.next(&failed, draw) {
            Next::After(pause) => {
                prop_assert!(now + delta(pause) < failed.deadline && pause <= policy.total);
                prop_assert!(said.is_none_or(|said| pause >= Duration::from_secs(said)));
            }
            Next::Later(at) => prop_assert!(said.is_none_or(|said| at >= now + delta(Duration::from_secs(said)))),
            Next::GiveUp => prop_assert!(false, "it may go well"),
        }
    }
}
