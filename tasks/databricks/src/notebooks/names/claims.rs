//! Which path of the workspace has which place in the folder: each place belongs to one path, also where the file system takes
//! names that differ in case for the same. It keeps hashes instead of names.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{file_name, folded, hash};

/// Stands for a text; as good as the text itself to tell two apart.
type Mark = [u8; 16];

/// How many digits of a hash set apart what has no number.
const DIGITS: usize = 16;

/// The places that are taken.
#[derive(Default)]
pub(in crate::notebooks) struct Claims {
    /// Places, in folded case, and the paths they belong to.
    taken: HashMap<Mark, Mark>,
    /// Folders of the workspace and where they are.
    folders: HashMap<Mark, Box<str>>,
}

/// Something that needs a place.
pub(in crate::notebooks) struct Wanted<'a> {
    /// Its path in the workspace.
    pub(in crate::notebooks) path: &'a str,
    /// Its number there.
    pub(in crate::notebooks) id: Option<i64>,
    /// What is put behind its name.
    pub(in crate::notebooks) ending: &'a str,
}

impl Claims {
    /// What was saved at an earlier time keeps its place, and so do the folders above it.
    pub(in crate::notebooks) fn remember(&mut self, path: &str, local: &str) {
        self.claim(local, mark(path));
        let depth = path.matches('/').count();
        if depth != local.matches('/').count() + 1 {
            return;
        }
        let ends = |text: &str| text.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
        for (of_path, of_local) in ends(path).into_iter().skip(1).zip(ends(local)) {
            let (folder, local) = (&path[..of_path], &local[..of_local]);
            if !self.folders.contains_key(&mark(folder)) && self.claim(local, mark_of_folder(folder)) {
                self.folders.insert(mark(folder), local.into());
            }
        }
    }

    /// The place of a notebook or file. One that it had before is kept as long as its folder is still there.
    pub(in crate::notebooks) fn of_file(&mut self, wanted: &Wanted<'_>, before: Option<&str>) -> String {
        let parent = self.of_folder(parent(wanted.path), None);
        let mark = mark(wanted.path);
        let stays = |local: &&str| local.rsplit_once('/').map_or("", |(parent, _)| parent) == parent;
        match before.filter(stays) {
            Some(local) if self.claim(local, mark) => local.to_owned(),
            _ => self.find(wanted, &parent, mark),
        }
    }

    /// The place of a folder; nothing for the root.
    pub(in crate::notebooks) fn of_folder(&mut self, path: &str, id: Option<i64>) -> String {
        if path.is_empty() || path == "/" {
            return String::new();
        }
        if let Some(local) = self.folders.get(&mark(path)) {
            return local.to_string();
        }
        let above = self.of_folder(parent(path), None);
        let local = self.find(&Wanted { path, id, ending: "" }, &above, mark_of_folder(path));
        self.folders.insert(mark(path), local.as_str().into());
        local
    }

    /// A place that belongs to nobody else: by its name; where that is taken, by its name and number.
    fn find(&mut self, wanted: &Wanted<'_>, parent: &str, mark: Mark) -> String {
        let name = wanted.path.rsplit('/').next().unwrap_or_default();
        let number =
            wanted.id.map_or_else(|| hash(wanted.path.as_bytes())[..DIGITS].to_owned(), |id| id.to_string());
        let apart = (2..).map(|nth| format!("~{number}~{nth}"));
        let tails = [String::new(), format!("~{number}")].into_iter().chain(apart);
        let places = tails.map(|tail| {
            let file = file_name(name, &(tail + wanted.ending), parent.is_empty());
            if parent.is_empty() { file } else { format!("{parent}/{file}") }
        });
        places.into_iter().find(|local| self.claim(local, mark)).expect("there is no end of numbers")
    }

    /// Whether a place is this path's, now or already.
    fn claim(&mut self, local: &str, path: Mark) -> bool {
        *self.taken.entry(mark(&folded(local))).or_insert(path) == path
    }
}

/// The folder that something is in.
pub(in crate::notebooks) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn mark(text: &str) -> Mark {
    let digest = Sha256::digest(text.as_bytes());
    std::array::from_fn(|at| digest[at])
}

/// Once there was a file where a folder is now.
fn mark_of_folder(path: &str) -> Mark {
    mark(&format!("{path}/"))
}
