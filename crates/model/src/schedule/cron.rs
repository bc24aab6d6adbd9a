//! Cron patterns as written: five fields, six with seconds first, and nicknames. Finding slots is left to others.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use serde::{Deserialize, Serialize};

use super::{
    ScheduleError, describe,
    field::{DAY, Field, HOUR, MINUTE, MONTH, RULES, SECOND, Term, WEEKDAY},
    pattern::Pattern,
    wall_clock::Rule,
};

/// A cron pattern. Two are equal when they match the same times and treat changes of the clocks alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronSchedule {
    written: String,
    fields: Box<[Field; 6]>,
    pattern: Box<Pattern>,
}

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const KNOWN_NICKNAMES: &str = "@yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly";

impl CronSchedule {
    /// The schedule that a pattern says: five fields, six with seconds first, or a nickname.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = parse_fields(&written)?;
        refuse_seconds_first(&written, &fields)?;
        refuse_star_day(&written, &fields)?;
        let pattern = read(&written, &fields)?;
        if !pattern.fires() {
            return Err(ScheduleError::NeverFires { text: written, why: missing_dates(&fields) });
        }
        Ok(Self { written, fields: Box::new(fields), pattern: Box::new(pattern) })
    }

    /// The pattern as written, with single spaces.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The pattern in plain English.
    pub fn describe(&self) -> String {
        describe::cron(&self.fields)
    }

    /// How the schedule goes through changes of the clocks: with a `*` at the head of minute or hour it follows them.
    pub(super) fn rule(&self) -> Rule {
        if self.fields[MINUTE].is_star() || self.fields[HOUR].is_star() {
            Rule::FollowsClock
        } else {
            Rule::Fixed
        }
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }
}

impl PartialEq for CronSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern && self.rule() == other.rule()
    }
}

impl Eq for CronSchedule {}

impl fmt::Display for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for CronSchedule {
    type Error = ScheduleError;
    fn try_from(text: String) -> Result<Self, ScheduleError> {
        Self::parse(&text)
    }
}

impl From<CronSchedule> for String {
    fn from(schedule: CronSchedule) -> String {
        schedule.written
    }
}

/// The six fields of the text; the seconds are 0 where they are not written.
fn parse_fields(written: &str) -> Result<[Field; 6], ScheduleError> {
    let one_word = !written.is_empty() && !written.contains(' ');
    let plain = if one_word { nickname(written)? } else { written };
    let texts: Vec<&str> = plain.split_whitespace().collect();
    let rules = match texts.len() {
        0 => return Err(ScheduleError::Empty),
        5 => &RULES[MINUTE..],
        6 => &RULES[..],
        found => return Err(ScheduleError::FieldCount { text: written.into(), found }),
    };
    let mut fields = [const { Field(Vec::new()) }; 6];
    fields[SECOND] = Field::one(0);
    for ((field, rule), text) in fields[6 - rules.len()..].iter_mut().zip(rules).zip(texts) {
        *field = Field::parse(text, rule).map_err(|problem| ScheduleError::Field {
            text: written.into(),
            field: rule.name,
            found: text.into(),
            problem,
            expected: rule.expected(),
        })?;
    }
    Ok(fields)
}

/// The fields that a word stands for.
fn nickname(written: &str) -> Result<&'static str, ScheduleError> {
    if let Some((_, plain)) = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(written)) {
        return Ok(plain);
    }
    let known = |(name, _): &&(&str, &str)| name[1..].eq_ignore_ascii_case(written);
    let expected = if let Some((name, _)) = NICKNAMES.iter().find(known) {
        format!("`{name}`")
    } else if written.eq_ignore_ascii_case("@reboot") {
        "a schedule; for a run when the daemon first starts, set `run_at_first_start = true`".into()
    } else if humantime::parse_duration(written).is_ok() {
        format!("a cron pattern; an interval is written `every = \"{written}\"`")
    } else {
        format!("a cron pattern such as `0 2 * * *`, or {KNOWN_NICKNAMES}")
    };
    Err(ScheduleError::Word { text: written.into(), expected })
}

/// `* */10 * * * *` runs every second of every tenth minute, and its author hardly knows.
fn refuse_seconds_first(written: &str, fields: &[Field; 6]) -> Result<(), ScheduleError> {
    if !fields[SECOND].is_any() || fields[MINUTE..].iter().all(Field::is_any) {
        return Ok(());
    }
    let texts: Vec<&str> = written.split(' ').collect();
    // The first field that is not `*` says how often was meant; the finer ones are then zero.
    let finer = fields[..DAY].iter().take_while(|field| field.is_any()).count();
    let rest = texts[finer..].join(" ");
    let mut likely = format!("`{}{rest}`", "0 ".repeat(finer));
    if finer == MINUTE && fields[MINUTE].is_star() {
        likely = format!("{likely} or `{} {}`", texts[MINUTE], "* ".repeat(5).trim_end());
    }
    Err(ScheduleError::SecondsFirst { text: written.into(), likely })
}

/// Crons disagree on `0 0 */2 * 1`; nobody shall have to guess.
fn refuse_star_day(written: &str, fields: &[Field; 6]) -> Result<(), ScheduleError> {
    let both = !fields[DAY].is_any() && !fields[WEEKDAY].is_any();
    if !both || !(fields[DAY].is_star() || fields[WEEKDAY].is_star()) {
        return Ok(());
    }
    let mut texts: Vec<String> = written.split(' ').map(str::to_owned).collect();
    let hidden = RULES.len() - texts.len();
    for place in [DAY, WEEKDAY] {
        if let [Term::Star { step }] = fields[place].0[..] {
            texts[place - hidden] = RULES[place].without_star(step);
        }
    }
    Err(ScheduleError::StarDay { text: written.into(), instead: texts.join(" ") })
}

/// Lets croner read the fields, with numbers for names.
fn read(written: &str, fields: &[Field; 6]) -> Result<Pattern, ScheduleError> {
    let plain = fields.iter().map(Field::to_string).collect::<Vec<_>>().join(" ");
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build();
    // Each field has been checked, so this only fails where croner is stricter than we are.
    let cron = parser.parse(&plain).map_err(|error| ScheduleError::Field {
        text: written.into(),
        field: "some",
        found: plain.clone(),
        problem: error.to_string(),
        expected: "a cron pattern".into(),
    })?;
    Ok(Pattern::new(&cron))
}

/// Only days of month that none of the months has keep a pattern from firing.
fn missing_dates(fields: &[Field; 6]) -> String {
    let days: Vec<String> = fields[DAY].values(&RULES[DAY]).iter().map(u8::to_string).collect();
    format!("there is no day {} in {}", days.join(" or "), describe::month_names(&fields[MONTH]))
}
