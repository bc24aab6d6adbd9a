//! Days that follow from the run: `{{today}}`, `{{slot.date}}`, `{{today-7d}}~{{today-1d}}`, `{{prev_month_start}}`. Pure; the
//! instants are given.

use chrono::{Datelike, Days as Count, Months, NaiveDate};
use chrono_tz::Tz;
use roundsman_task::{TaskContext, Timestamp};
use serde_json::Value;

use super::near::near;

/// What may stand in braces; each also behind `slot.`, where it is counted from the day of the slot.
const WORDS: [&str; 15] = [
    "today",
    "date",
    "yesterday",
    "tomorrow",
    "week_start",
    "prev_week_start",
    "month_start",
    "month_end",
    "prev_month_start",
    "prev_month_end",
    "quarter_start",
    "prev_quarter_start",
    "year_start",
    "prev_year_start",
    "prev_year_end",
];

/// The days that relative ones are counted from, in the task's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The day on which the run works.
    pub today: NaiveDate,
    /// The day of its slot; today for runs on request.
    pub slot: NaiveDate,
}

impl Days {
    /// The days of an attempt. Whoever wants them twice keeps them: an attempt may last over midnight.
    pub fn of(cx: &TaskContext) -> Self {
        Self::at(cx.now(), cx.slot(), cx.timezone())
    }

    /// The days at an instant, for a slot.
    pub fn at(now: Timestamp, slot: Option<Timestamp>, zone: Tz) -> Self {
        let day = |at: Timestamp| at.with_timezone(&zone).date_naive();
        Self { today: day(now), slot: day(slot.unwrap_or(now)) }
    }

    /// The value with all days in braces filled in. The error is a sentence.
    pub fn expand(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.expand_text(text)?.into(),
            Value::Array(list) => list.iter().map(|value| self.expand(value)).collect::<Result<_, _>>()?,
            value => value.clone(),
        })
    }

    /// The text with all days in braces filled in. The error is a sentence.
    pub fn expand_text(&self, text: &str) -> Result<String, String> {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (word, behind) = behind
                .split_once("}}")
                .ok_or_else(|| format!("in {text:?} braces are opened and not closed"))?;
            whole.push_str(before);
            whole.push_str(&self.day(word.trim())?.to_string());
            rest = behind;
        }
        whole.push_str(rest);
        Ok(whole)
    }

    /// The day that a word stands for, with what is added to it.
    fn day(self, word: &str) -> Result<NaiveDate, String> {
        let (name, offsets) = match word.find(['+', '-']) {
            Some(at) => word.split_at(at),
            None => (word, ""),
        };
        let name = name.trim();
        let day = match name.strip_prefix("slot.") {
            Some(name) => named(name, self.slot),
            None if name == "date" => None,
            None => named(name, self.today),
        };
        let day = day.ok_or_else(|| unknown(word, name))?;
        let far = || format!("{{{{{word}}}}} is no day that a calendar has");
        shifted(day?, offsets)
            .map_err(|()| {
                format!("{{{{{word}}}}}: what is added is a number and one of d, w, m, y, such as -7d or +1m")
            })?
            .ok_or_else(far)
    }
}

fn unknown(word: &str, name: &str) -> String {
    let slots: Vec<String> = WORDS.iter().map(|word| format!("slot.{word}")).collect();
    let known: Vec<&str> = if name.starts_with("slot.") {
        slots.iter().map(String::as_str).collect()
    } else {
        WORDS.iter().copied().filter(|word| *word != "date").collect()
    };
    format!("{{{{{word}}}}} is no day; {}", near(name, &known).unwrap_or_default())
}

/// The day that a word means when it is said on this day; nothing if it is no such word.
fn named(name: &str, day: NaiveDate) -> Option<Result<NaiveDate, String>> {
    let month = |of: NaiveDate| of.with_day(1);
    let quarter = |of: NaiveDate| month(of)?.with_month0(of.month0() / 3 * 3);
    let year = |of: NaiveDate| month(of)?.with_month(1);
    let week = |of: NaiveDate| of.checked_sub_days(Count::new(of.weekday().num_days_from_monday().into()));
    let found = match name {
        "today" | "date" => Some(day),
        "yesterday" => day.pred_opt(),
        "tomorrow" => day.succ_opt(),
        "week_start" => week(day),
        "prev_week_start" => week(day).and_then(|day| day.checked_sub_days(Count::new(7))),
        "month_start" => month(day),
        "month_end" => month(day).and_then(|day| day.checked_add_months(Months::new(1))?.pred_opt()),
        "prev_month_start" => month(day).and_then(|day| day.checked_sub_months(Months::new(1))),
        "prev_month_end" => month(day).and_then(|day| day.pred_opt()),
        "quarter_start" => quarter(day),
        "prev_quarter_start" => quarter(day).and_then(|day| day.checked_sub_months(Months::new(3))),
        "year_start" => year(day),
        "prev_year_start" => year(day).and_then(|day| day.checked_sub_months(Months::new(12))),
        "prev_year_end" => year(day).and_then(|day| day.pred_opt()),
        _ => return None,
    };
    Some(found.ok_or_else(|| format!("{name} is no day that a calendar has")))
}

/// The day with this added, such as `-1m+3d`: from left to right, and to the end of months that are too short. The error says
/// that it cannot be read, nothing that there is no such day.
fn shifted(day: NaiveDate, offsets: &str) -> Result<Option<NaiveDate>, ()> {
    let mut day = day;
    let mut rest = offsets.trim();
    while !rest.is_empty() {
        let back = rest.starts_with('-');
        let digits = rest.strip_prefix(['+', '-']).ok_or(())?.trim_start();
        let end = digits.find(|char: char| !char.is_ascii_digit()).ok_or(())?;
        let count: u32 = digits[..end].parse().map_err(drop)?;
        let unit = digits[end..].chars().next().ok_or(())?;
        let (days, months) = match unit {
            'd' => (Some(u64::from(count)), 0),
            'w' => (Some(u64::from(count) * 7), 0),
            'm' => (None, count),
            'y' => (None, count.saturating_mul(12)),
            _ => return Err(()),
        };
        let next = match (days, back) {
            (Some(days), true) => day.checked_sub_days(Count::new(days)),
            (Some(days), false) => day.checked_add_days(Count::new(days)),
            (None, true) => day.checked_sub_months(Months::new(months)),
            (None, false) => day.checked_add_months(Months::new(months)),
        };
        let Some(next) = next else { return Ok(None) };
        day = next;
        rest = digits[end + 1..].trim_start();
    }
    Ok(Some(day))
}

#[cfg(test)]
mod tests;
