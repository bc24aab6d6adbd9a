//! What a poll decides about all clusters (B.5): whose time counts against whose thresholds, and what follows. It does nothing,
//! and asks nobody.

use std::collections::BTreeMap;

use super::{Observed, Seen};
use crate::{
    config::Unmanaged,
    enforce::Wanted,
    lab::Lab,
    quota::{
        Charge, Limits, Measure, MeasureKind, Meter, Pace, SPACING_MS, Standing, Taken, charge,
        decide as decide_one, wake_at as wake_at_one,
    },
    state::{MeasureRow, MeasureState},
    uptime::DayUsage,
};

/// A cluster, how it stands, and what is to be done about it.
pub(super) struct Decision<'a> {
    pub(super) id: &'a str,
    pub(super) seen: &'a Seen,
    /// What it used itself.
    pub(super) usage: DayUsage,
    /// What counts against its thresholds.
    pub(super) charge: Charge,
    pub(super) limits: Limits,
    /// Whether thresholds mean anything for it.
    pub(super) is_enforced: bool,
    pub(super) measures: Vec<Measure>,
}

/// Decides about all clusters, and tells what stands against that for some.
pub(super) fn decide<'a>(
    lab: &Lab,
    observed: &'a Observed,
    taken: &[MeasureRow],
    now_ms: i64,
) -> (Vec<Decision<'a>>, Vec<String>) {
    let (today, at_ms) = (&observed.today, observed.at.at_ms);
    let usages: Vec<_> = observed.clusters.values().map(|seen| seen.usage(today, at_ms)).collect();
    let meter = |(seen, usage): (&Seen, &DayUsage)| Meter {
        number: seen.row.number,
        used_ms: usage.used_ms,
        is_on: seen.state.is_on() && !seen.is_gone(),
    };
    let meters: Vec<_> = observed.clusters.values().zip(&usages).map(meter).collect();
    let charges = charge(lab.config.quota_scope.into(), &meters);
    let taken = by_cluster(taken);
    let (mut decisions, mut problems) = (Vec::new(), Vec::new());
    for (((id, seen), usage), charge) in observed.clusters.iter().zip(usages).zip(charges) {
        let limits = match lab.quota.limits(id, &seen.row.name, seen.row.number) {
            Ok(limits) => limits,
            Err(error) => {
                problems.push(format!("{error}, so those of all clusters count"));
                lab.quota.usual()
            }
        };
        let counts = seen.row.number.is_some() || lab.config.unmanaged == Unmanaged::Enforce;
        let is_enforced = counts && !seen.is_gone();
        let standing = Standing {
            state: seen.state,
            used_ms: charge.used_ms,
            limits,
            started_ms: seen.started_ms,
            taken: taken.get(id.as_str()).copied().unwrap_or_default(),
        };
        let mut measures = if is_enforced { decide_one(&standing, today, now_ms) } else { Vec::new() };
        if seen.row.number.is_none() {
            // There is no group that could be blocked. One that was blocked under an earlier name is released.
            measures.retain(|measure| measure.kind != MeasureKind::Revoke);
        }
        decisions.push(Decision { id, seen, usage, charge, limits, is_enforced, measures });
    }
    (decisions, problems)
}

/// What the day knows of each cluster.
fn by_cluster(rows: &[MeasureRow]) -> BTreeMap<&str, Taken> {
    let mut taken: BTreeMap<&str, Taken> = BTreeMap::new();
    for row in rows {
        let is_done = matches!(row.state, MeasureState::Done | MeasureState::Impossible);
        let measure = Measure { kind: row.kind, seq: row.seq };
        taken.entry(&row.cluster_id).or_default().add(measure, row.asked_ms, is_done);
    }
    taken
}

/// When to look again. The next slot is not known here, and need not be: whichever run ends later knows better.
pub(super) fn wake_at(decisions: &[Decision<'_>], observed: &Observed, now_ms: i64) -> Option<i64> {
    // Who is being stopped reaches nothing any more.
    let goes_on = |decision: &&Decision<'_>| {
        let is_stopped = decision.measures.iter().any(|measure| measure.kind == MeasureKind::Terminate);
        decision.is_enforced && !is_stopped
    };
    let paces = decisions
        .iter()
        .filter(goes_on)
        .map(|decision| Pace { charge: decision.charge, limits: decision.limits });
    // Running time was measured at the look, which may have been long ago.
    let wake_ms = wake_at_one(paces, &observed.today, observed.at.at_ms, i64::MAX)?;
    Some(wake_ms.max(now_ms + SPACING_MS))
}

impl Decision<'_> {
    /// What is to be done besides mails.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Wanted> {
        let is_reoffence = self.measures.iter().any(|measure| measure.kind == MeasureKind::ReoffenceMail);
        self.measures.iter().filter(|measure| !is_mail(measure.kind)).map(move |measure| Wanted {
            cluster_id: self.id.to_owned(),
            name: self.seen.row.name.clone(),
            group: self.seen.group(),
            measure: *measure,
            user: self.seen.started_by.clone().filter(|_| is_reoffence || measure.seq > 0),
        })
    }

    /// The mails that are to be sent.
    pub(super) fn mails(&self) -> impl Iterator<Item = Measure> {
        self.measures.iter().copied().filter(|measure| is_mail(measure.kind))
    }
}

const fn is_mail(kind: MeasureKind) -> bool {
    matches!(kind, MeasureKind::WarnMail | MeasureKind::StopMail | MeasureKind::ReoffenceMail)
}
