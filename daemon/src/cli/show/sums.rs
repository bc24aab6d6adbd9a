//! Hours of a task with `history = "changes"`: how many successes went into each sum, and how long they took. It sums
//! nothing up itself.

use std::time::Duration;

use chrono_tz::Tz;
use roundsman_store::RollUp;

use crate::cli::{look::Look, table::Table, times};

/// The hours as a table.
pub(super) fn render(sums: &[RollUp], zone: Tz, look: Look) -> String {
    let mut table =
        Table::new().column(format!("HOUR ({zone})")).number("SUCCESSES").number("AVERAGE").number("LONGEST");
    for sum in sums {
        let length = |millis| times::length(Duration::from_millis(millis));
        table.row(vec![
            times::stamp(sum.hour, zone).into(),
            sum.runs.to_string().into(),
            length(sum.total_ms / sum.runs.max(1)).into(),
            length(sum.longest_ms).into(),
        ]);
    }
    table.render(look)
}
