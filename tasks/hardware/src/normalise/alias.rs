//! Canonical names of vendors and models. Versions and unknown names stay as reported.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Regex, RegexBuilder};

use super::text::clean;

/// Other names of a vendor (lower case, no dots and commas) and its canonical one.
const VENDORS: [(&str, &[&str]); 21] = [
    ("amazon-ec2", &["amazon ec2"]),
    ("arista", &["arista", "arista networks", "arista networks inc"]),
    ("asus", &["asus", "asustek computer inc"]),
    ("cisco", &["cisco", "cisco systems", "cisco systems inc"]),
    ("dell", &["dell", "dell inc", "dell emc", "dell computer corporation"]),
    ("f5", &["f5", "f5 inc", "f5 networks", "f5 networks inc"]),
    ("fujitsu", &["fujitsu", "fujitsu siemens"]),
    ("gigabyte", &["gigabyte", "gigabyte technology co ltd"]),
    ("google", &["google", "google inc"]),
    (
        "hpe",
        &[
            "hp",
            "hpe",
            "hewlett packard enterprise",
            "hewlett packard",
            "hewlett-packard",
            "hewlett-packard company",
        ],
    ),
    ("huawei", &["huawei", "huawei technologies co ltd"]),
    ("intel", &["intel", "intel corporation", "intel(r) corporation"]),
    ("juniper", &["juniper", "juniper networks", "juniper networks inc"]),
    ("lenovo", &["lenovo"]),
    ("micron", &["micron", "micron technology", "micron technology inc"]),
    ("microsoft", &["microsoft", "microsoft corporation"]),
    ("palo-alto", &["palo alto", "palo alto networks", "palo alto networks inc", "palo-alto"]),
    ("qemu", &["qemu"]),
    ("samsung", &["samsung", "samsung electronics"]),
    ("supermicro", &["supermicro", "super micro computer", "super micro computer inc"]),
    ("vmware", &["vmware", "vmware inc"]),
];

/// An alias table that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// Following aliases never ends.
    #[error(
        "the aliases of {0:?} lead back to itself: let each name in vendor_aliases point to its canonical name"
    )]
    Cycle(String),
    /// A pattern is no regular expression.
    #[error("{pattern:?} in model_aliases is no regular expression: {cause}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why it is none.
        cause: String,
    },
}

/// Vendors by their other names. Case, dots and commas do not matter.
#[derive(Debug, Clone)]
pub struct Aliases {
    canonical: BTreeMap<String, String>,
    names: BTreeSet<String>,
}

impl Default for Aliases {
    fn default() -> Self {
        Self::new(&BTreeMap::new()).expect("the built-in aliases have no cycle")
    }
}

impl Aliases {
    /// The built-in table, with entries (other name → canonical name) that add to it and replace parts of it.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, AliasError> {
        let built_in = VENDORS
            .iter()
            .flat_map(|(name, others)| others.iter().map(|other| (fold(other), (*name).to_owned())));
        let mut step: BTreeMap<String, String> = built_in.collect();
        // A name that an installation calls canonical is so, even where the built-in table has another.
        step.extend(own.values().map(|name| (fold(name), clean(name))));
        step.extend(own.iter().map(|(other, name)| (fold(other), clean(name))));
        let mut canonical = BTreeMap::new();
        for other in step.keys() {
            canonical.insert(other.clone(), follow(&step, other)?);
        }
        let names = canonical.values().cloned().collect();
        Ok(Self { canonical, names })
    }

    /// The canonical name of a vendor; one without an alias stays as it is.
    pub fn canonical(&self, vendor: &str) -> String {
        if self.names.contains(vendor) {
            return vendor.to_owned();
        }
        self.canonical.get(&fold(vendor)).cloned().unwrap_or_else(|| vendor.to_owned())
    }
}

/// Goes from alias to alias until a name points nowhere or to itself.
fn follow(step: &BTreeMap<String, String>, start: &str) -> Result<String, AliasError> {
    let mut name = &step[start];
    for _ in 0..=step.len() {
        match step.get(&fold(name)) {
            None => return Ok(name.clone()),
            Some(next) if fold(next) == fold(name) => return Ok(next.clone()),
            Some(next) => name = next,
        }
    }
    Err(AliasError::Cycle(start.to_owned()))
}

fn fold(name: &str) -> String {
    clean(&name.replace([',', '.'], " ")).to_lowercase()
}

/// Models by patterns that must fit the whole model. The first that fits wins.
#[derive(Debug, Clone, Default)]
pub struct ModelAliases {
    patterns: Vec<(Regex, String)>,
}

impl ModelAliases {
    /// Patterns (regular expressions, case ignored) and the canonical model for each, tried in the order of the patterns.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, AliasError> {
        let compile = |(pattern, model): (&String, &String)| {
            let whole = format!("^(?:{pattern})$");
            let compiled = RegexBuilder::new(&whole).case_insensitive(true).size_limit(1 << 20).build();
            let cause = |error: regex::Error| AliasError::Pattern {
                pattern: pattern.clone(),
                cause: error.to_string(),
            };
            Ok((compiled.map_err(cause)?, clean(model)))
        };
        Ok(Self { patterns: own.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// The canonical name of a model; one that no pattern fits stays as it is.
    pub fn canonical(&self, model: &str) -> String {
        if self.patterns.iter().any(|(_, name)| name == model) {
            return model.to_owned();
        }
        let fits = self.patterns.iter().find(|(pattern, _)| pattern.is_match(model));
        fits.map_or_else(|| model.to_owned(), |(_, name)| name.clone())
    }
}
