//! The titles of a file's columns, and finding a column by one. It does not know which titles there should be.

use std::collections::HashMap;

use csv::StringRecord;

use super::super::{
    complaint::Complaint,
    remark::{Place, Remarks},
    text::{short, tidy},
};

/// The titles of a file's columns.
pub(crate) struct Header {
    pub(crate) line: usize,
    titles: Vec<String>,
    /// The titles as they are compared.
    keys: Vec<String>,
}

impl Header {
    pub(super) fn of(line: usize, cells: &StringRecord) -> Self {
        let titles: Vec<String> = cells.iter().map(tidy).collect();
        let keys = titles.iter().map(|title| title.to_lowercase()).collect();
        Self { line, titles, keys }
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.titles.len()
    }

    /// The title of a column (from 0); empty where there is none.
    pub(crate) fn title(&self, index: usize) -> &str {
        self.titles.get(index).map_or("", String::as_str)
    }

    /// All titles, one after the other.
    pub(crate) fn titles(&self) -> String {
        self.titles.join(", ")
    }

    /// The columns (from 0) whose title in lower case is such a one.
    pub(crate) fn columns(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
        self.keys.iter().enumerate().filter(move |(_, key)| is_wanted(key)).map(|(index, _)| index)
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        self.columns(is_wanted).next().is_some()
    }

    /// The one such column, with a complaint about any other.
    pub(crate) fn column(&self, is_wanted: impl Fn(&str) -> bool, remarks: &mut Remarks) -> Option<usize> {
        let mut columns = self.columns(is_wanted);
        let first = columns.next()?;
        for other in columns.filter(|&other| self.keys[other] != self.keys[first]) {
            let complaint = Complaint::TwoColumns { title: short(&self.titles[first]), first: first + 1 };
            remarks.error(self.place(other), complaint);
        }
        Some(first)
    }

    /// Complains about titles that are there twice.
    pub(crate) fn check_duplicates(&self, remarks: &mut Remarks) {
        let mut firsts = HashMap::new();
        for (index, key) in self.keys.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
            let first = *firsts.entry(key).or_insert(index);
            if first < index {
                let complaint =
                    Complaint::DuplicateTitle { title: short(&self.titles[index]), first: first + 1 };
                remarks.error(self.place(index), complaint);
            }
        }
    }

    /// The place of a title.
    pub(crate) fn place(&self, index: usize) -> Place {
        Place::cell(self.line, index + 1, self.title(index))
    }
}
