//! Lines that tasks of the kind `sharing` write into one file: who did what when. Nothing is judged here.

use std::path::PathBuf;

use roundsman_tests::daemon::Site;

use crate::both::MakeSite;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) task: String,
    pub(crate) word: String,
    pub(crate) at_us: i64,
}

/// A site with this configuration, in which `HERE` stands for the site's folder.
pub(crate) fn site_here(site: MakeSite<'_>, tasks: &str) -> Site {
    let site = site("");
    let here = site.path("");
    site.configure(&tasks.replace("HERE/", here.to_str().expect("a path of ASCII")));
    site
}

/// What was marked so far, oldest first.
pub(crate) fn marks(site: &Site) -> Vec<Mark> {
    let path: PathBuf = site.path("marks");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut marks: Vec<Mark> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (task, word) = (words.next()?.to_owned(), words.next()?.to_owned());
            Some(Mark { task, word, at_us: words.next()?.parse().ok()? })
        })
        .collect();
    marks.sort_by_key(|mark| mark.at_us);
    marks
}

/// When a word was marked, over all tasks, oldest first.
pub(crate) fn times(marks: &[Mark], word: &str) -> Vec<i64> {
    marks.iter().filter(|mark| mark.word == word).map(|mark| mark.at_us).collect()
}
