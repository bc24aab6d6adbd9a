//! Compares the serials of a zone over all servers of a check, and how long one has been behind. It asks nobody.

use hickory_proto::rr::{RData, RecordType};
use roundsman_task::Timestamp;

use super::{
    judge::{Cause, Judgement, Level},
    look::{Look, is_soa_sync},
    memory::Remembered,
    records, serial,
};

/// Judges all looks at serials; notes in the memory since when a server has been behind.
pub(super) fn compare(looks: &mut [Look<'_>], memory: &mut [Remembered], now: Timestamp) {
    let serials: Vec<_> =
        looks.iter().map(|look| if is_soa_sync(look) { serial_of(look) } else { None }).collect();
    for index in 0..looks.len() {
        let label = &looks[index].target.check.label;
        let same_check = |other: &usize| looks[*other].target.check.label == *label;
        let newest = serial::newest((0..looks.len()).filter(same_check).filter_map(|other| serials[other]));
        let (Some(own), Some(newest)) = (serials[index], newest) else { continue };
        let look = &mut looks[index];
        let lag = serial::lag(newest, own);
        if lag <= look.target.check.max_lag {
            memory[index].lagging_since = None;
            continue;
        }
        let since = *memory[index].lagging_since.get_or_insert(now);
        let judgement = behind(own, newest, now.signed_duration_since(since), look);
        look.judgement = look.judgement.take().map(|judged| judgement.or_worse(judged));
    }
}

fn behind(own: u32, newest: u32, age: chrono::TimeDelta, look: &Look<'_>) -> Judgement {
    let note =
        format!("serial {own} is {} behind {newest} for {} s", serial::lag(newest, own), age.num_seconds());
    let within_grace = age.to_std().is_ok_and(|age| age < look.target.check.lag_grace);
    let level = if within_grace { Level::Ok } else { Level::Down };
    Judgement { level, cause: Some(Cause::SoaLag), note }
}

fn serial_of(look: &Look<'_>) -> Option<u32> {
    let reply = look.exchange.as_ref()?.result.as_ref().ok()?;
    let found = records::wanted(&reply.answers, &look.target.check.name, RecordType::SOA);
    found.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
