//! The names of files: templates, what no file system or person should have to bear, and two that would be the same. It
//! looks at no file system.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
};

use unicode_normalization::UnicodeNormalization as _;

use super::folder::LATEST;

/// The name of the manifest, which no unit may take.
pub const MANIFEST: &str = "manifest.json";
/// The most bytes and the most characters of one component.
const LONGEST: usize = 200;
/// The most bytes of what stands for a number.
const SHORT: usize = 40;
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

/// What the words of a template stand for, for one unit.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// The question's number; what stands for it where there is none.
    pub id: String,
    /// The name of the item.
    pub item: String,
    /// The question's name.
    pub name: String,
    /// Its entity id, else its number.
    pub entity_id: String,
    /// The dashboard's name.
    pub dashboard: String,
    /// The names of the collections that lead to it.
    pub collection: Vec<String>,
    /// Its place within its item, from 1.
    pub seq: u32,
    /// The values of its parameters, by slug.
    pub params: BTreeMap<String, String>,
    /// The ending.
    pub ext: String,
}

/// What the words of a template stand for that all files of a run share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunWords {
    /// `20261120_080000`, in the task's zone.
    pub ts: String,
    /// `20261120`.
    pub date: String,
    /// The slot as `20261120T080000Z`; the beginning of the run where there is none.
    pub slot: String,
    /// The run's number.
    pub run_id: String,
}

impl RunWords {
    /// Words that are the same in every run: names with these differ only where something else does.
    pub fn timeless() -> Self {
        let word = str::to_owned;
        Self { ts: word("ts"), date: word("date"), slot: word("slot"), run_id: word("run_id") }
    }
}

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Word { word: Word, width: usize },
}

/// A word in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// `id`.
    Id,
    /// `item`.
    Item,
    /// `name`.
    Name,
    /// `entity_id`.
    EntityId,
    /// `dashboard`.
    Dashboard,
    /// `collection`.
    Collection,
    /// `seq`.
    Seq,
    /// `ts`.
    Ts,
    /// `date`.
    Date,
    /// `slot`.
    Slot,
    /// `run_id`.
    RunId,
    /// `ext`.
    Ext,
    /// `param.` and this slug.
    Param(String),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {template:?}: {why}")]
pub struct InvalidTemplate {
    template: String,
    why: String,
}

impl Template {
    /// Reads one such as `{dashboard}/{seq:02}_{name}_{ts}.{ext}`.
    pub fn parse(template: &str) -> Result<Self, InvalidTemplate> {
        let invalid = |why: String| InvalidTemplate { template: template.to_owned(), why };
        if template.trim().is_empty() || template.starts_with('/') || template.ends_with('/') {
            return Err(invalid("it is no name below the folder of a run".to_owned()));
        }
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (text, after) = rest.split_at(open);
            pieces.push(Piece::Text(text.to_owned()));
            let (word, after) =
                after[1..].split_once('}').ok_or_else(|| invalid("a brace is not closed".to_owned()))?;
            pieces.push(piece(word).map_err(invalid)?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('}'))) {
            return Err(invalid("a brace closes that was not opened".to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Its words, in their order.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Word { word, .. } => Some(word),
            Piece::Text(_) => None,
        })
    }

    /// The path for a unit, each component fit for any file system, below whatever folder it is joined to.
    pub fn render(&self, run: &RunWords, words: &Words) -> PathBuf {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Word { word, width } => text.push_str(&value(word, *width, run, words)),
            }
        }
        let components: Vec<&str> = text.split('/').filter(|part| !part.trim().is_empty()).collect();
        let fallback = format!("question_{}", words.id);
        let Some((file, folders)) = components.split_last() else {
            return PathBuf::from(sanitise_file("", &words.ext, &fallback));
        };
        let folders = folders.iter().map(|folder| sanitise(folder, &fallback)).enumerate();
        let mut path: PathBuf =
            folders.map(|(at, folder)| if at == 0 { not_ours(folder) } else { folder }).collect();
        path.push(sanitise_file(file, &words.ext, &fallback));
        path
    }
}

fn piece(word: &str) -> Result<Piece, String> {
    let (word, width) = match word.split_once(':') {
        Some((word, width)) => (word, width),
        None => (word, "0"),
    };
    let width: usize = match width.parse() {
        Ok(width) if width <= 20 => width,
        _ => return Err(format!("{{{word}:{width}}}: a width is a number up to 20")),
    };
    let word = match word {
        "id" => Word::Id,
        "item" => Word::Item,
        "name" => Word::Name,
        "entity_id" => Word::EntityId,
        "dashboard" => Word::Dashboard,
        "collection" => Word::Collection,
        "seq" => Word::Seq,
        "ts" => Word::Ts,
        "date" => Word::Date,
        "slot" => Word::Slot,
        "run_id" => Word::RunId,
        "ext" => Word::Ext,
        other => match other.strip_prefix("param.") {
            Some(slug) if !slug.is_empty() => Word::Param(slug.to_owned()),
            _ => {
                return Err(format!(
                    "{{{other}}} is no word; there are id, item, name, entity_id, dashboard, collection, seq, ts, date, slot, \
                     run_id, ext and param.<slug>"
                ));
            }
        },
    };
    Ok(Piece::Word { word, width })
}

/// What a word stands for. Separators of folders come from collections and from nothing else.
fn value(word: &Word, width: usize, run: &RunWords, words: &Words) -> String {
    let plain = match word {
        Word::Collection => {
            let folders = words.collection.iter().map(|name| sanitise(name, "collection"));
            return folders.collect::<Vec<_>>().join("/");
        }
        Word::Seq => format!("{:0width$}", words.seq),
        Word::Id => words.id.clone(),
        Word::Item => words.item.clone(),
        Word::Name => words.name.clone(),
        Word::EntityId => words.entity_id.clone(),
        Word::Dashboard => words.dashboard.clone(),
        Word::Ts => run.ts.clone(),
        Word::Date => run.date.clone(),
        Word::Slot => run.slot.clone(),
        Word::RunId => run.run_id.clone(),
        Word::Ext => words.ext.clone(),
        Word::Param(slug) => words.params.get(slug).cloned().unwrap_or_default(),
    };
    plain.replace('/', "_")
}

/// A folder beside the manifest or the link that is not called like them: else it would be in the manifest's place, or its
/// files would go through the link.
fn not_ours(folder: String) -> String {
    let is_ours = [MANIFEST, LATEST].iter().any(|ours| folder.eq_ignore_ascii_case(ours));
    if is_ours { folder + "_" } else { folder }
}

/// A component of a path that every file system takes and that leads nowhere else.
pub fn sanitise(text: &str, fallback: &str) -> String {
    fit(text, LONGEST, fallback)
}

/// What stands in names for the number of a question that has none: short, so that it tells apart behind any name.
pub fn number_for(name: &str) -> String {
    fit(name, SHORT, "query")
}

/// The same of a file, whose ending stays when the name is cut.
fn sanitise_file(text: &str, ext: &str, fallback: &str) -> String {
    let ending = format!(".{ext}");
    match text.strip_suffix(&ending) {
        Some(stem) => fit(stem, LONGEST - ending.len(), fallback) + &ending,
        None => fit(text, LONGEST, fallback),
    }
}

fn fit(text: &str, longest: usize, fallback: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for char in text.nfc() {
        let bad = char.is_control() || matches!(char, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
        let char = if bad { '_' } else { char };
        if !(char == '_' && clean.ends_with('_')) {
            clean.push(char);
        }
    }
    let cut = trim(cut(trim(&clean), longest));
    if cut.is_empty() || cut == "." || cut == ".." {
        return fallback.to_owned();
    }
    if is_device(cut) {
        trim_end(&format!("_{}", self::cut(cut, longest - 1))).to_owned()
    } else {
        cut.to_owned()
    }
}

fn trim(text: &str) -> &str {
    trim_end(text).trim_start_matches(|char: char| char.is_whitespace() || char == '.')
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(|char: char| char.is_whitespace() || char == '.')
}

/// The beginning that has at most so many bytes and characters.
fn cut(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // There are at least as many bytes as characters.
    &text[..end]
}

/// Names that Windows takes for devices, whatever ending they have.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    let numbered = |device: &str| {
        let number = stem.strip_prefix(device);
        number.is_some_and(|number| number.len() == 1 && ("1"..="9").contains(&number))
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(|device| numbered(device))
}

/// What tells apart two units with the same path.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// The question's number.
    pub id: &'a str,
    /// The unit's place within its item.
    pub seq: u32,
    /// The ending.
    pub ext: &'a str,
}

/// Makes paths different, also for file systems that do not tell large letters from small ones: with the number, then with
/// number and place, then with a count.
pub fn tell_apart(paths: &mut [PathBuf], marks: &[Mark<'_>]) {
    let by_id = |mark: &Mark<'_>| format!("_{}", mark.id);
    let by_place = |mark: &Mark<'_>| format!("_{}_{}", mark.id, mark.seq);
    let wanted = paths.to_vec();
    for suffix in [&by_id as &dyn Fn(&Mark<'_>) -> String, &by_place] {
        for at in same(paths) {
            paths[at] = with_suffix(&wanted[at], marks[at].ext, &suffix(&marks[at]));
        }
    }
    let mut count = 1;
    loop {
        let clashing = same(paths);
        if clashing.is_empty() {
            return;
        }
        count += 1;
        // The first keeps its name; each round gives all others a new one.
        for (nth, at) in clashing.into_iter().enumerate().skip(1) {
            let suffix = format!("{}_{}", by_place(&marks[at]), count + nth);
            paths[at] = with_suffix(&wanted[at], marks[at].ext, &suffix);
        }
    }
}

/// Another path for one that is taken: with the number, with number and place, then with a count.
pub fn step_aside(
    path: &std::path::Path,
    mark: Mark<'_>,
    is_free: impl Fn(&std::path::Path) -> bool,
) -> PathBuf {
    let Mark { id, seq, ext } = mark;
    let counted = (2..).map(|count| format!("_{id}_{seq}_{count}"));
    let suffixes = [format!("_{id}"), format!("_{id}_{seq}")].into_iter().chain(counted);
    let mut paths = suffixes.map(|suffix| with_suffix(path, ext, &suffix));
    paths.find(|path| is_free(path)).expect("counts do not end")
}

/// The units whose path another one has too, or the manifest.
fn same(paths: &[PathBuf]) -> Vec<usize> {
    let folded: Vec<String> = paths.iter().map(|path| path.to_string_lossy().to_lowercase()).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::from([(MANIFEST, 1)]);
    for path in &folded {
        *times.entry(path).or_default() += 1;
    }
    // A file cannot be where another one has its folder.
    let folders: BTreeSet<&str> =
        folded.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at])).collect();
    let clashes = |path: &String| times[path.as_str()] > 1 || folders.contains(path.as_str());
    folded.iter().enumerate().filter(|(_, path)| clashes(path)).map(|(at, _)| at).collect()
}

fn with_suffix(path: &std::path::Path, ext: &str, suffix: &str) -> PathBuf {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = format!(".{ext}");
    let (stem, ending) = match file.strip_suffix(&ending) {
        Some(stem) => (stem, ending.as_str()),
        None => (&*file, ""),
    };
    let mut name = cut(stem, LONGEST.saturating_sub(ending.len() + suffix.len())).to_owned();
    let _ = write!(name, "{suffix}{ending}");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests;
