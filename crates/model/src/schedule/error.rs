//! What can be wrong with a written schedule, said to the person who wrote it. It judges nothing itself.

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Nothing was written.
    #[error(
        "the schedule is empty: write five fields such as `0 2 * * *`, six with seconds first, or a nickname such as `@daily`"
    )]
    Empty,
    /// One word, which stands for no schedule.
    #[error("`{text}` is not understood: expected {expected}")]
    Word {
        /// The word as written.
        text: String,
        /// What would have been understood.
        expected: String,
    },
    /// Neither five nor six fields.
    #[error(
        "`{text}` has {found} fields: expected five (minute, hour, day of month, month, day of week), or six with seconds first"
    )]
    FieldCount {
        /// The schedule as written.
        text: String,
        /// How many fields it has.
        found: usize,
    },
    /// One field cannot be read or holds an impossible value.
    #[error("{field} field `{found}` in `{text}`: {problem}; expected {expected}")]
    Field {
        /// The schedule as written.
        text: String,
        /// The field's name.
        field: &'static str,
        /// The field as written.
        found: String,
        /// What is wrong with it.
        problem: String,
        /// What the field may hold.
        expected: String,
    },
    /// Six fields whose first is `*`: every second, which is hardly ever meant.
    #[error(
        "`{text}` would run every second, as the first of six fields is seconds: write {likely} (if every second is meant, write `0-59` for the seconds)"
    )]
    SecondsFirst {
        /// The schedule as written.
        text: String,
        /// What was probably meant.
        likely: String,
    },
    /// Both day fields are restricted, one of them by a step on `*`, which crons read in two ways.
    #[error(
        "`{text}` restricts day of month and day of week, and one of them is a step on `*`, which some crons read as \"both must match\": here either matches; write `{instead}` to say so"
    )]
    StarDay {
        /// The schedule as written.
        text: String,
        /// The same fields without the doubt.
        instead: String,
    },
    /// No date matches.
    #[error("`{text}` never fires: {why}")]
    NeverFires {
        /// The schedule as written.
        text: String,
        /// Which dates it asks for in vain.
        why: String,
    },
    /// The interval of `every` cannot be used.
    #[error(
        "`every = \"{text}\"`: {problem}; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`"
    )]
    Every {
        /// The interval as written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The instant of `at` cannot be read.
    #[error(
        "`at = \"{text}\"`: {problem}; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`"
    )]
    At {
        /// The instant as written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}
