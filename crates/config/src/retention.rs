//! What is kept of the past: the `[retention]` table and its defaults. It takes nothing out.

use std::num::NonZeroU32;

use roundsman_model::{ByteSize, HumanDuration};

use crate::{
    node::Table,
    origin::{Origin, Row, Setting},
    pass::Pass,
    tables::RetentionTable,
    unsupported::Section,
};

const DAY_SECS: u64 = 24 * 3600;

/// What is kept of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How long ended runs are kept.
    pub keep: Setting<HumanDuration>,
    /// The most ended runs of a task.
    pub runs_per_task: Setting<u32>,
    /// The most bytes of logs and artifacts of all runs.
    pub bytes: Setting<ByteSize>,
    /// How long the ledger is kept.
    pub ledger: Setting<HumanDuration>,
}

impl Retention {
    /// As rows of `config show`.
    pub(crate) fn rows(&self) -> Vec<Row> {
        vec![
            Row::new("retention.keep", shown(self.keep.value), &self.keep.origin),
            Row::new("retention.runs_per_task", self.runs_per_task.value, &self.runs_per_task.origin),
            Row::new("retention.bytes", self.bytes.value, &self.bytes.origin),
            Row::new("retention.ledger", shown(self.ledger.value), &self.ledger.origin),
        ]
    }
}

/// Whole days as days: nobody thinks of them as months of 30.44 days.
fn shown(length: HumanDuration) -> String {
    let secs = length.get().as_secs();
    if secs > 0 && secs.is_multiple_of(DAY_SECS) {
        format!("{}d", secs / DAY_SECS)
    } else {
        length.to_string()
    }
}

/// Makes it from the table as written, if there is one.
pub(crate) fn retention(pass: &mut Pass<'_>, mut table: Table) -> Retention {
    let wanted: RetentionTable = pass.section(Section::Retention, &mut table, "retention", None);
    let origin = |key: &str| table.get(key).map(|entry| Origin::File(entry.key.place()));
    let days = |days: u64| HumanDuration::from_secs(days * DAY_SECS);
    Retention {
        keep: setting(wanted.keep, days(90), origin("keep")),
        runs_per_task: setting(wanted.runs_per_task.map(NonZeroU32::get), 1000, origin("runs_per_task")),
        bytes: setting(wanted.bytes, ByteSize(2 << 30), origin("bytes")),
        ledger: setting(wanted.ledger, days(400), origin("ledger")),
    }
}

fn setting<T>(written: Option<T>, default: T, origin: Option<Origin>) -> Setting<T> {
    let (value, origin) = written.zip(origin).unwrap_or((default, Origin::Default));
    Setting::new(value, origin)
}
