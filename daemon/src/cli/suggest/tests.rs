//! Suggestions help where somebody slipped, and stay silent where nothing comes near.

use roundsman_model::RunId;

use super::{did_you_mean, names, no_run};

#[test]
fn near_names() {
    let known = ["dns-availability", "hardware-refresh", "palo-hardware", "versa-hardware"];
    assert_eq!(names("hardware-refersh", known), ["hardware-refresh"]);
    assert_eq!(names("dns", known), ["dns-availability"]);
    assert_eq!(names("hardware", known), ["palo-hardware", "versa-hardware", "hardware-refresh"]);
    assert_eq!(names("Versa-Hardware", known), ["versa-hardware"]);
    assert_eq!(names("backup", known), [""; 0]);
}

#[test]
fn sentences() {
    assert_eq!(did_you_mean(&["a", "b", "c"], "x"), "; did you mean \"a\", \"b\" or \"c\"?");
    assert_eq!(did_you_mean(&[], "`roundsman tasks` lists them"), "; `roundsman tasks` lists them");
}

#[test]
fn near_runs() {
    let id = |n| Some(RunId(n));
    assert_eq!(no_run(RunId(9), None, None, None), "there is no run 9: nothing has run yet");
    assert_eq!(no_run(RunId(9), id(7), None, id(7)), "there is no run 9: the newest is 7");
    assert_eq!(
        no_run(RunId(9), id(7), id(12), id(30)),
        "there is no run 9: the nearest are 7 and 12, the newest is 30"
    );
}
