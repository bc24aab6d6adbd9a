//! The table of what was measured, against baselines and targets. It measures nothing, save how busy the machine was.

use std::fmt;

use anyhow::Result;
use serde_json::{Value, json};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Millis,
    PerSecond,
    MiB,
    MiBPerSecond,
}

/// What a number should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// No more than this.
    AtMost(f64),
    /// At least this part of the baseline.
    OfBaseline(f64),
}

/// One thing measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    name: String,
    measured: f64,
    unit: Unit,
    baseline: Option<f64>,
    target: Option<Target>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, measured: f64, unit: Unit) -> Self {
        Self { name: name.into(), measured, unit, baseline: None, target: None }
    }

    pub(crate) fn beside(self, baseline: f64) -> Self {
        Self { baseline: Some(baseline), ..self }
    }

    pub(crate) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Whether it is a number of these.
    pub(crate) fn is(&self, unit: Unit) -> bool {
        self.unit == unit
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.filter(|baseline| *baseline > 0.0).map(|baseline| self.measured / baseline)
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.target? {
            Target::AtMost(most) => self.measured <= most,
            Target::OfBaseline(part) => self.ratio()? >= part,
        })
    }

    fn cells(&self) -> [String; 6] {
        let target = self.target.map(|target| match target {
            Target::AtMost(most) => format!("≤ {}", self.unit.write(most)),
            Target::OfBaseline(part) => format!("ratio ≥ {part}"),
        });
        let met = self.is_met().map(|met| if met { "ok" } else { "MISSED" });
        [
            self.name.clone(),
            self.unit.write(self.measured),
            self.baseline.map(|baseline| self.unit.write(baseline)).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            target.unwrap_or_default(),
            met.unwrap_or_default().to_owned(),
        ]
    }

    fn json(&self, section: &str) -> Value {
        let target = self.target.map(|target| match target {
            Target::AtMost(most) => json!({ "at_most": most }),
            Target::OfBaseline(part) => json!({ "of_baseline": part }),
        });
        json!({
            "section": section, "name": self.name, "measured": self.measured, "unit": self.unit.name(),
            "baseline": self.baseline, "ratio": self.ratio(), "target": target, "ok": self.is_met(),
        })
    }
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Millis if value >= 1_000.0 => format!("{:.2} s", value / 1_000.0),
            Self::Millis => format!("{value:.2} ms"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::MiB => format!("{value:.1} MiB"),
            Self::MiBPerSecond => format!("{value:.0} MiB/s"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Millis => "ms",
            Self::PerSecond => "per_second",
            Self::MiB => "MiB",
            Self::MiBPerSecond => "MiB_per_second",
        }
    }
}

/// All that was measured.
pub(crate) struct Report {
    quick: bool,
    load: [String; 2],
    sections: Vec<(String, Result<Vec<Row>>)>,
}

impl Report {
    pub(crate) fn begin(quick: bool) -> Self {
        Self { quick, load: [load(), String::new()], sections: Vec::new() }
    }

    pub(crate) fn add(&mut self, section: String, measured: Result<Vec<Row>>) {
        self.sections.push((section, measured));
    }

    pub(crate) fn end(&mut self) {
        self.load[1] = load();
    }

    /// Whether everything could be measured and no target was missed.
    pub(crate) fn is_good(&self) -> bool {
        let met = |rows: &Vec<Row>| rows.iter().all(|row| row.is_met() != Some(false));
        self.sections.iter().all(|(_, measured)| measured.as_ref().is_ok_and(met))
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.sections.iter().filter_map(|(name, measured)| Some((name, measured.as_ref().ok()?)));
        let rows: Vec<_> = rows.flat_map(|(name, rows)| rows.iter().map(|row| row.json(name))).collect();
        let errors =
            self.sections.iter().filter_map(|(name, measured)| Some((name, measured.as_ref().err()?)));
        let errors: Vec<_> =
            errors.map(|(name, error)| json!({ "section": name, "error": format!("{error:#}") })).collect();
        let [before, after] = &self.load;
        json!({ "quick": self.quick, "load": { "before": before, "after": after }, "rows": rows, "errors": errors })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "measured", "baseline", "ratio", "target", ""].map(str::to_owned);
        let rows = self.sections.iter().filter_map(|(_, measured)| measured.as_ref().ok()).flatten();
        let cells: Vec<_> = std::iter::once(head.clone()).chain(rows.map(Row::cells)).collect();
        let width =
            |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 6] = std::array::from_fn(width);
        for (section, measured) in &self.sections {
            let mut head = head.clone();
            head[0].clone_from(section);
            write_line(f, &head, widths)?;
            match measured {
                Ok(rows) => rows.iter().try_for_each(|row| write_line(f, &row.cells(), widths))?,
                Err(error) => writeln!(f, "  could not be measured: {error:#}")?,
            }
            writeln!(f)?;
        }
        let [before, after] = &self.load;
        writeln!(f, "load of the machine: {before} before, {after} after")?;
        if self.quick { writeln!(f, "--quick: the numbers are too small to mean much") } else { Ok(()) }
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, cells: &[String; 6], widths: [usize; 6]) -> fmt::Result {
    let [name, measured, baseline, ratio, target, met] = cells;
    let [w_name, w_measured, w_baseline, w_ratio, w_target, _] = widths;
    let line = format!(
        "{name:w_name$}  {measured:>w_measured$}  {baseline:>w_baseline$}  {ratio:>w_ratio$}  {target:w_target$}  {met}"
    );
    writeln!(f, "{}", line.trim_end())
}

/// How many processes wanted to run, over the last minute and five: other work beside a benchmark spoils it.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<_> = text.split_whitespace().take(2).collect();
    averages.join(" ")
}
