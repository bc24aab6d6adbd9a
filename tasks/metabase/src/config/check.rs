//! What no schema tells of a configuration: keys that need or exclude each other. It changes nothing.

use std::collections::BTreeSet;

use roundsman_http::BaseUrl;
use roundsman_task::Check;

use super::{Config, Item};

impl Check for Config {
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Err(error) = BaseUrl::parse(&self.base_url) {
            wrong.push(format!("base_url: {error}"));
        }
        if !u32::from_str_radix(&self.file_mode, 8).is_ok_and(|mode| mode <= 0o777) {
            wrong.push(format!("file_mode = {:?} is no mode in octal, such as \"0640\"", self.file_mode));
        }
        if self.output_dir.as_ref().is_some_and(|dir| !dir.is_absolute()) {
            wrong.push("output_dir must be an absolute path".to_owned());
        }
        if self.output_dir.is_none() && !self.item.is_empty() {
            wrong.push("output_dir is missing: there are items to export".to_owned());
        }
        let rate = self.requests_per_second;
        if !(rate.is_finite() && (0.001..=1_000.0).contains(&rate)) {
            wrong.push(format!("requests_per_second = {rate} is not between 0.001 and 1000"));
        }
        if !(0.0..=100.0).contains(&self.count_tolerance_percent) {
            wrong.push("count_tolerance_percent is not between 0 and 100".to_owned());
        }
        if !(0.0..=1.0).contains(&self.retry.jitter) {
            wrong.push("retry.jitter is not between 0 and 1".to_owned());
        }
        self.check_items(&mut wrong);
        wrong
    }
}

impl Config {
    /// The mode of published files.
    pub fn mode(&self) -> u32 {
        u32::from_str_radix(&self.file_mode, 8).unwrap_or(0o640)
    }

    fn check_items(&self, wrong: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        for (at, item) in self.item.iter().enumerate() {
            let here = if item.name.is_empty() {
                format!("item {}", at + 1)
            } else {
                format!("item {:?}", item.name)
            };
            if item.name.is_empty() {
                wrong.push(format!("{here} has no name: following tasks and manifests know it by name"));
            } else if !names.insert(&item.name) {
                wrong.push(format!("{here}: another item has the same name"));
            }
            wrong.extend(item.wrong().into_iter().map(|what| format!("{here}: {what}")));
        }
    }
}

impl Item {
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match self.all().len() {
            1 => {}
            0 => {
                wrong
                    .push("nothing to export: say one of card, cards, dashboard, collection, sql".to_owned());
            }
            _ => wrong.push(
                "more than one of card, cards, dashboard, collection, sql: make items of them".to_owned(),
            ),
        }
        let of_collection = self.recursive || !self.include.is_empty() || !self.exclude.is_empty();
        if of_collection && self.collection.is_none() {
            wrong.push("recursive, include and exclude belong to a collection".to_owned());
        }
        if self.include_series.is_some() && self.dashboard.is_none() {
            wrong.push("include_series belongs to a dashboard".to_owned());
        }
        if let (Some(min), Some(max)) = (self.min_rows, self.max_rows)
            && min > max
        {
            wrong.push(format!("min_rows = {min} is above max_rows = {max}"));
        }
        if self.max_drop_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            wrong.push("max_drop_percent is not between 0 and 100".to_owned());
        }
        wrong
    }
}
