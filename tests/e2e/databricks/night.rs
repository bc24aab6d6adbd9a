//! The night after the worked example: another zone, in which its day is over. It is the clock that is shifted, not the store.

use roundsman_simulators::Level;
use roundsman_tests::{
    daemon::Site,
    lab::{Lab, morning_zone},
};

use super::stage::{at_the_limit, grants, is_enforced, measures, subjects, tasks};

/// The limit was enforced yesterday.
pub(super) fn at_night(site: Site) -> Lab {
    let lab = at_the_limit(site);
    lab.told(0, &["run-task", "databricks"]);
    is_enforced(&lab, "the day before");
    lab.site.configure(&tasks(&morning_zone()));
    lab.sim.clear_journal();
    lab
}

/// The day was closed, once: the group has its right back, the report is with the service, usage is final.
pub(super) fn is_closed(lab: &Lab, what: &str) {
    assert_eq!(grants(lab), (Some(Level::CanRestart), Some(Level::CanManage)), "{what}");
    assert_eq!(lab.documents("blocks"), [], "{what}");
    let subjects = subjects(lab);
    assert_eq!(subjects.len(), 3, "{what}: {subjects:?}");
    let steps = lab.documents("closing");
    let open: Vec<_> = steps.iter().filter(|(_, row)| row["state"] != "done").collect();
    assert!(steps.len() == 4 && open.is_empty(), "{what}: {steps:?}");
    let day = &steps[0].0[..10];
    assert_eq!(lab.documents("workspace")[0].1["last_closed"], day, "{what}");
    let usage = lab.documents("usage");
    let yesterday = usage.iter().find(|(key, _)| key.starts_with(day)).unwrap();
    assert!(yesterday.1["finalized_ms"].is_i64(), "{what}: {usage:?}");
    let measures = measures(lab);
    for once in ["revoke/0 done", "terminate/0 done", "stop_mail/0 done", "warn_mail/0 done"] {
        assert_eq!(measures.iter().filter(|line| *line == once).count(), 1, "{what}: {measures:?}");
    }
}
