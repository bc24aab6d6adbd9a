//! One field of a cron pattern as its author wrote it: its terms, or what is wrong with it. It matches no times.

use std::fmt;

/// What a field of a cron pattern may hold.
pub(super) struct FieldRule {
    pub(super) name: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
}

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The place of each field among six.
pub(super) const SECOND: usize = 0;
pub(super) const MINUTE: usize = 1;
pub(super) const HOUR: usize = 2;
pub(super) const DAY: usize = 3;
pub(super) const MONTH: usize = 4;
pub(super) const WEEKDAY: usize = 5;

/// The six fields in the order in which they are written.
pub(super) const RULES: [FieldRule; 6] = [
    FieldRule { name: "second", min: 0, max: 59, names: &[] },
    FieldRule { name: "minute", min: 0, max: 59, names: &[] },
    FieldRule { name: "hour", min: 0, max: 23, names: &[] },
    FieldRule { name: "day-of-month", min: 1, max: 31, names: &[] },
    FieldRule { name: "month", min: 1, max: 12, names: &MONTHS },
    FieldRule { name: "day-of-week", min: 0, max: 7, names: &WEEKDAYS },
];

/// One element of a field's comma-separated list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    /// `*` (step 1) or `*/15`.
    Star { step: u8 },
    /// `1-5` (step 1) or `1-31/2`.
    Range { from: u8, to: u8, step: u8 },
    /// `7`.
    One(u8),
    /// `L` in the day-of-month field: the last day of the month.
    LastDay,
    /// `5L` in the day-of-week field: the month's last Friday.
    LastWeekday(u8),
    /// `1#2` in the day-of-week field: the month's second Monday.
    NthWeekday(u8, u8),
}

/// A field's terms, in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field(pub(super) Vec<Term>);

impl Field {
    /// The field that a text of the given rule says, or what is wrong with it.
    pub(super) fn parse(text: &str, rule: &FieldRule) -> Result<Self, String> {
        let terms = text.split(',').map(|term| rule.term(term)).collect::<Result<Vec<_>, _>>()?;
        if terms.len() > 1 && terms.iter().any(|term| matches!(term, Term::Star { .. })) {
            return Err("`*` cannot be part of a list".into());
        }
        Ok(Self(terms))
    }

    /// The field of one value.
    pub(super) fn one(value: u8) -> Self {
        Self(vec![Term::One(value)])
    }

    /// Whether the field begins with `*`, with or without a step.
    pub(super) fn is_star(&self) -> bool {
        matches!(self.0[..], [Term::Star { .. }])
    }

    /// Whether the field is `*`, so that every value matches.
    pub(super) fn is_any(&self) -> bool {
        matches!(self.0[..], [Term::Star { step: 1 }])
    }

    /// The plain values of the field, ascending, each once. `L` and `#` have none.
    pub(super) fn values(&self, rule: &FieldRule) -> Vec<u8> {
        let mut values: Vec<u8> = self.0.iter().flat_map(|term| term.values(rule)).collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}

impl Term {
    fn values(self, rule: &FieldRule) -> Vec<u8> {
        match self {
            Self::Star { step } => (rule.min..=rule.max).step_by(step.into()).collect(),
            Self::Range { from, to, step } => (from..=to).step_by(step.into()).collect(),
            Self::One(value) => vec![value],
            Self::LastDay | Self::LastWeekday(_) | Self::NthWeekday(..) => Vec::new(),
        }
    }
}

impl fmt::Display for Term {
    /// The term with numbers instead of names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star { step: 1 } => f.write_str("*"),
            Self::Star { step } => write!(f, "*/{step}"),
            Self::Range { from, to, step: 1 } => write!(f, "{from}-{to}"),
            Self::Range { from, to, step } => write!(f, "{from}-{to}/{step}"),
            Self::One(value) => value.fmt(f),
            Self::LastDay => f.write_str("L"),
            Self::LastWeekday(day) => write!(f, "{day}L"),
            Self::NthWeekday(day, nth) => write!(f, "{day}#{nth}"),
        }
    }
}

impl fmt::Display for Field {
    /// The field with numbers instead of names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{term}")?;
        }
        Ok(())
    }
}

impl FieldRule {
    /// What the field may hold, for a message.
    pub(super) fn expected(&self) -> String {
        let values = match self.name {
            "month" => "1-12 or JAN-DEC".to_owned(),
            "day-of-week" => "0-7 (Sunday is 0 or 7) or SUN-SAT".to_owned(),
            _ => format!("{}-{}", self.min, self.max),
        };
        let special = match self.name {
            "day-of-month" => ", or `L` for the month's last day",
            "day-of-week" => ", `5L` for the month's last Friday, `1#2` for its second Monday",
            _ => "",
        };
        format!("{values}, `a-b`, `*`, `*/n`, `a-b/n` or a list of these{special}")
    }

    /// The text by which the field says "every `step`th value" without a leading `*`.
    pub(super) fn without_star(&self, step: u8) -> String {
        let max = if self.name == "day-of-week" { 6 } else { self.max };
        format!("{}-{max}/{step}", self.min)
    }

    fn term(&self, text: &str) -> Result<Term, String> {
        if text.is_empty() {
            return Err("an element of the list is empty".into());
        }
        if let Some(term) = self.special(text)? {
            return Ok(term);
        }
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        if range == "*" {
            return Ok(Term::Star { step: step.unwrap_or(1) });
        }
        if range.is_empty() {
            return Err(format!("nothing stands before the step: write `*{text}`"));
        }
        match (range.split_once('-'), step) {
            (Some((from, to)), step) => self.range(from, to, step.unwrap_or(1)),
            (None, None) => self.value(range).map(Term::One),
            (None, Some(step)) => {
                let from = self.value(range)?;
                Err(format!("a step needs a range: write `{from}-{}/{step}`", self.max))
            }
        }
    }

    /// The forms that only the day fields have, and those of other schedulers that mean nothing here.
    fn special(&self, text: &str) -> Result<Option<Term>, String> {
        let (days, weekdays) = (self.name == "day-of-month", self.name == "day-of-week");
        if text == "?" && (days || weekdays) {
            return Err("`?` is not known here: write `*`".into());
        }
        if days && text.eq_ignore_ascii_case("L") {
            return Ok(Some(Term::LastDay));
        }
        if days && text.ends_with(['W', 'w']) {
            return Err("the nearest weekday (`W`) is not supported".into());
        }
        if !weekdays {
            return Ok(None);
        }
        if let Some((day, nth)) = text.split_once('#') {
            let Ok(nth @ 1..=5) = nth.parse() else {
                return Err(format!("`{nth}` after `#` is no number from 1 to 5"));
            };
            return Ok(Some(Term::NthWeekday(self.value(day)? % 7, nth)));
        }
        match text.strip_suffix(['L', 'l']) {
            Some("") => Err("`L` needs a weekday: `5L` is the month's last Friday".into()),
            Some(day) => Ok(Some(Term::LastWeekday(self.value(day)? % 7))),
            None => Ok(None),
        }
    }

    fn range(&self, from: &str, to: &str, step: u8) -> Result<Term, String> {
        let (from, mut to) = (self.value(from)?, self.value(to)?);
        // A week that is said to end on Sunday ends on its day 7.
        if self.name == "day-of-week" && to == 0 && from > 0 {
            to = 7;
        }
        if from > to {
            return Err(format!("the range runs backwards from {from} to {to}: write two ranges"));
        }
        Ok(Term::Range { from, to, step })
    }

    fn step(&self, text: &str) -> Result<u8, String> {
        match text.parse() {
            Ok(step) if (1..=self.max).contains(&step) => Ok(step),
            _ => Err(format!("the step `{text}` is no number from 1 to {}", self.max)),
        }
    }

    fn value(&self, text: &str) -> Result<u8, String> {
        if let Some(place) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.min + place as u8);
        }
        // `u8::from_str` would take a leading plus sign.
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u8>());
        match number {
            Some(Ok(value)) if (self.min..=self.max).contains(&value) => Ok(value),
            Some(Ok(_) | Err(_)) if !text.is_empty() => Err(format!("{text} is out of range")),
            _ => Err(format!("`{text}` is not understood")),
        }
    }
}
