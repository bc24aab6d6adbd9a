//! What is wrong with an item by itself: what it exports, keys that can have no effect, expectations that nothing can meet,
//! names and values that stand for nothing. The server is not asked.

use chrono::NaiveDate;
use serde_json::Value;

use super::template;
use crate::{
    config::{CardRef, Item, Verify, What},
    export::names::Word,
    params::{self, Days},
};

impl Item {
    /// All of it, a sentence each.
    pub(super) fn wrong(&self) -> Vec<String> {
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
        self.check_ids(&mut wrong);
        self.check_effects(&mut wrong);
        self.check_expectations(&mut wrong);
        self.check_template(&mut wrong);
        self.check_params(&mut wrong);
        wrong
    }

    fn check_ids(&self, wrong: &mut Vec<String>) {
        let single = [("card", &self.card), ("dashboard", &self.dashboard), ("collection", &self.collection)];
        let single = single.into_iter().filter_map(|(key, of)| Some((key, of.as_ref()?)));
        let listed = self.cards.iter().map(|card| ("cards", card));
        for (key, of) in single.chain(listed) {
            if matches!(of, CardRef::Entity(id) if id.trim().is_empty()) {
                wrong.push(format!("{key}: an id is empty"));
            }
        }
        if self.sql.as_ref().is_some_and(|sql| sql.query.trim().is_empty()) {
            wrong.push("sql.query is empty".to_owned());
        }
    }

    /// Keys that mean nothing here: whoever wrote them expects something of them.
    fn check_effects(&self, wrong: &mut Vec<String>) {
        let mut idle = |key: &str, why: &str| wrong.push(format!("{key} has no effect: {why}"));
        if self.collection.is_none() {
            let of_collection = [
                ("recursive", self.recursive),
                ("include", !self.include.is_empty()),
                ("exclude", !self.exclude.is_empty()),
            ];
            for (key, _) in of_collection.into_iter().filter(|(_, written)| *written) {
                idle(key, "it belongs to a collection");
            }
        }
        if self.include_series.is_some() && self.dashboard.is_none() {
            idle("include_series", "it belongs to a dashboard");
        }
        match (&self.prefix, &self.template) {
            (Some(_), _) if self.cards.is_empty() => {
                idle("prefix", "it belongs to a list of questions (cards)");
            }
            (Some(_), Some(_)) => idle("prefix", "the item's template names the folders; write it there"),
            _ => {}
        }
        if self.expect_order && self.expect_columns.is_empty() {
            idle("expect_order", "there are no expect_columns whose order it could be");
        }
        if self.verify == Some(Verify::Count) && self.sql.is_some() {
            idle("verify = \"count\"", "rows of a query of your own cannot be counted by another one");
        }
        let patterns = [("include", &self.include), ("exclude", &self.exclude)];
        for (key, _) in patterns.into_iter().filter(|(_, all)| all.iter().any(String::is_empty)) {
            idle(key, "a pattern is empty, and no question has an empty name; \"*\" means any");
        }
    }

    fn check_expectations(&self, wrong: &mut Vec<String>) {
        if let (Some(min), Some(max)) = (self.min_rows, self.max_rows)
            && min > max
        {
            wrong.push(format!("min_rows = {min} is above max_rows = {max}"));
        }
        match (self.allow_empty, self.min_rows, self.max_rows) {
            (Some(true), Some(min), _) if min > 0 => {
                wrong.push(format!("allow_empty = true contradicts min_rows = {min}"));
            }
            (Some(false), _, Some(0)) => {
                wrong.push("allow_empty = false contradicts max_rows = 0".to_owned());
            }
            _ => {}
        }
        if self.max_drop_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            wrong.push("max_drop_percent is not between 0 and 100".to_owned());
        }
        if self.timeout.is_some_and(|timeout| timeout.get().is_zero()) {
            wrong.push("timeout is no time at all: nothing could succeed".to_owned());
        }
    }

    fn check_template(&self, wrong: &mut Vec<String>) {
        let Some(written) = &self.template else {
            if self.prefix.as_ref().is_some_and(|prefix| prefix.trim().is_empty()) {
                wrong.push("prefix is empty".to_owned());
            }
            return;
        };
        let template = match template(written) {
            Ok(template) => template,
            Err(error) => return wrong.push(error),
        };
        for word in template.words() {
            match word {
                Word::Param(slug) if !self.params.contains_key(slug) => wrong.push(format!(
                    "template: {{param.{slug}}} stands for nothing: params of the item has no {slug:?}"
                )),
                Word::Dashboard if self.dashboard.is_none() => {
                    wrong.push("template: {dashboard} stands for nothing: the item exports none".to_owned());
                }
                Word::Collection if self.collection.is_none() => {
                    wrong.push("template: {collection} stands for nothing: the item exports none".to_owned());
                }
                _ => {}
            }
        }
    }

    fn check_params(&self, wrong: &mut Vec<String>) {
        let days = any_days();
        let before = wrong.len();
        for (slug, value) in &self.params {
            if slug.trim().is_empty() {
                wrong.push("params: a parameter has no name".to_owned());
            }
            if let Err(why) = days.expand(value) {
                wrong.push(format!("params.{slug}: {why}"));
            }
            if !is_plain(value) {
                wrong.push(format!(
                    "params.{slug}: a text, a number, true, false or a list of these was expected"
                ));
            }
        }
        // What a query of one's own takes is written in it.
        if let (Some(What::Sql(sql)), true) = (self.what(), before == wrong.len())
            && let Err(error) = params::of_sql(&sql.query, &self.params, &days)
        {
            wrong.push(format!("params: {error}"));
        }
    }
}

/// Whether a value has the form of one: whether a parameter takes it is seen when that is known.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(list) => !list.iter().any(|value| value.is_array() || value.is_object()),
        _ => true,
    }
}

/// Days to read texts with, of which only it is asked whether they can be read.
fn any_days() -> Days {
    let day = NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day of the calendar");
    Days { today: day, slot: day }
}
