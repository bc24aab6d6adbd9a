//! The vault: a file of sections whose values are Fernet tokens. Reading takes no lock; each change is one replacement of
//! the file under a lock. It does not know the other sources of credentials.

mod import;
mod inspect;
mod rotate;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_model::Clock;
use zeroize::Zeroizing;

pub use self::{
    import::{ImportTerms, Imported},
    inspect::{Inspection, Listed, Unopened},
    rotate::Rotated,
};
use crate::{
    Error, Key, KeyLookup, KeyPlace, Keys,
    disk::{self, OnStep},
    ini::{Field, Ini},
};

/// What is appended to a field's name for the value that follows.
pub const NEXT: &str = ".next";
/// The section whose fields count in all others, as Python's configparser has it.
const EVERYWHERE: &str = "DEFAULT";
/// The longest name of a section or field.
const LONGEST_NAME: usize = 64;
/// The most that a vault may hold. It is read for each run.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// How often vault and keys are read anew while they change.
const READS: usize = 10;
/// The first line of a new vault.
const HEADING: &str = "The values are encrypted: change them with `roundsman credentials`.";

/// The values of a section, by field, those that follow among them with [`NEXT`] in their names.
pub type Values = BTreeMap<String, Zeroizing<String>>;

/// A vault and where its keys are looked for. Both are read for each question, so that what others change counts at
/// once.
#[derive(Clone)]
pub struct Vault {
    path: PathBuf,
    lookup: KeyLookup,
    clock: Arc<dyn Clock>,
    on_step: OnStep,
}

/// Which value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in use.
    Current,
    /// The one that follows.
    Next,
}

impl Which {
    /// The name under which the value of a field stands.
    fn name(self, field: &str) -> String {
        match self {
            Self::Current => field.to_owned(),
            Self::Next => format!("{field}{NEXT}"),
        }
    }
}

impl Vault {
    /// The vault at this path. It may not exist.
    pub fn new(path: PathBuf, lookup: KeyLookup, clock: Arc<dyn Clock>) -> Self {
        Self { path, lookup, clock, on_step: |_| {} }
    }

    /// The same vault; what it writes is told step by step. For tests that end a process in between.
    #[must_use]
    pub fn told(self, on_step: OnStep) -> Self {
        Self { on_step, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its keys are looked for.
    pub fn lookup(&self) -> &KeyLookup {
        &self.lookup
    }

    /// Something that differs once the vault or the keys to it may have changed. It opens nothing.
    pub fn revision(&self) -> String {
        let stamp = |path: &Path| {
            let stat = fs::metadata(path).ok()?;
            Some((stat.ino(), stat.len(), stat.mtime(), stat.mtime_nsec()))
        };
        let keys = self.lookup.files();
        let stamps: Vec<_> = std::iter::once(self.path.as_path())
            .chain(keys.iter().map(PathBuf::as_path))
            .map(stamp)
            .collect();
        format!("{stamps:?}")
    }

    /// Whether there is one.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Makes an empty vault. Its key comes to the key file unless there are keys already.
    pub fn init(&self) -> Result<KeyPlace, Error> {
        let place = self.lookup.place();
        disk::make_folder(&self.path)?;
        let _lock = disk::lock(&self.path)?;
        // What is there must be of use before anything relies on it.
        let keys = self.keys();
        if self.exists() {
            return Err(match keys {
                Err(lost @ Error::LostKey { .. }) => lost,
                _ => Error::Exists { path: self.path.clone() },
            });
        }
        match (keys, &place) {
            // One without a key in it, as a cut off copy leaves it, is of no more use than none.
            (Err(Error::NoKey { .. }), KeyPlace::File(path)) => {
                disk::make_folder(path)?;
                let keys = Keys::of(vec![Key::generate()], place.clone());
                disk::replace(path, keys.text().as_bytes(), self.on_step)?;
            }
            (keys, _) => drop(keys?),
        }
        self.create_empty()?;
        Ok(place)
    }

    /// Its keys.
    fn keys(&self) -> Result<Keys, Error> {
        self.lookup.load().map_err(|error| match error {
            Error::NoKey { searched } if self.exists() => {
                Error::LostKey { vault: self.path.clone(), searched }
            }
            other => other,
        })
    }

    /// Makes an empty vault whose key is kept elsewhere.
    pub fn init_without_key(&self) -> Result<(), Error> {
        disk::make_folder(&self.path)?;
        let _lock = disk::lock(&self.path)?;
        if self.exists() {
            return Err(Error::Exists { path: self.path.clone() });
        }
        self.create_empty()
    }

    fn create_empty(&self) -> Result<(), Error> {
        let mut ini = Ini::default();
        ini.comment(HEADING);
        self.write(&ini)
    }

    /// The values of a section; nothing if it is not there.
    pub fn section(&self, name: &str) -> Result<Option<Values>, Error> {
        self.section_without(name, &BTreeSet::new())
    }

    /// The same without some of its fields, which are not decrypted.
    pub(crate) fn section_without(
        &self,
        name: &str,
        without: &BTreeSet<String>,
    ) -> Result<Option<Values>, Error> {
        self.consistently(|vault| {
            if !vault.ini.sections().any(|section| section == name) {
                return Ok(None);
            }
            let fields = vault.ini.fields();
            let fields = fields.filter(|field| field.section == name && !without.contains(&field.name));
            let values = fields.map(|field| Ok((field.name.clone(), vault.open(field)?)));
            values.collect::<Result<_, _>>().map(Some)
        })
    }

    /// One value; nothing if it is not there.
    pub fn get(&self, section: &str, field: &str, which: Which) -> Result<Option<Zeroizing<String>>, Error> {
        self.consistently(|vault| {
            let field = vault.ini.get(section, &which.name(field));
            field.map(|field| vault.open(field)).transpose()
        })
    }

    /// Sets a value; says whether there was one before. A value that follows needs one that it follows.
    pub fn set(&self, section: &str, field: &str, which: Which, value: &str) -> Result<bool, Error> {
        check_name("section", section)?;
        check_name("field", field)?;
        self.change(|ini, keys| {
            if which == Which::Next && ini.get(section, field).is_none() {
                let problem =
                    "has no current value that a next one could follow: set it without `--next` first";
                return Err(staging(section, field, problem));
            }
            check_similar(ini, section, field)?;
            let name = which.name(field);
            let before = ini.get(section, &name).is_some();
            ini.set(section, &name, keys.newest().seal(value.as_bytes(), self.clock.now()));
            Ok(before)
        })
    }

    /// Lets the value that follows take the place of the current one.
    pub fn promote(&self, section: &str, field: &str) -> Result<(), Error> {
        self.change(|ini, keys| {
            let name = Which::Next.name(field);
            let Some(next) = ini.get(section, &name) else {
                return Err(staging(section, field, "has no next value: `set` it with `--next` first"));
            };
            let value = self.open(next, keys)?;
            ini.remove(section, &name);
            ini.set(section, field, keys.newest().seal(value.as_bytes(), self.clock.now()));
            Ok(())
        })
    }

    /// Removes a field with the value that follows it. A section without fields goes with its last one.
    pub fn remove_field(&self, section: &str, field: &str) -> Result<(), Error> {
        self.change_text(|ini| {
            ini.remove(section, &Which::Next.name(field));
            if !ini.remove(section, field) {
                return Err(Error::NoField {
                    section: section.to_owned(),
                    field: field.to_owned(),
                    variable: None,
                });
            }
            if !ini.fields().any(|field| field.section == section) {
                ini.remove_section(section);
            }
            Ok(())
        })
    }

    /// Removes the value that follows, and keeps the current one.
    pub fn remove_next(&self, section: &str, field: &str) -> Result<(), Error> {
        self.change_text(|ini| {
            let removed = ini.remove(section, &Which::Next.name(field));
            if removed { Ok(()) } else { Err(staging(section, field, "has no next value")) }
        })
    }

    /// Removes a section.
    pub fn remove_section(&self, section: &str) -> Result<(), Error> {
        self.change_text(|ini| {
            let no =
                || Error::NoSection { section: section.to_owned(), role: None, field: None, variable: None };
            if ini.remove_section(section) { Ok(()) } else { Err(no()) }
        })
    }

    /// Changes the vault, which all its keys are needed for.
    fn change<T>(&self, change: impl FnOnce(&mut Ini, &Keys) -> Result<T, Error>) -> Result<T, Error> {
        self.change_text(|ini| change(ini, &self.keys()?))
    }

    /// Changes the text of the vault. Nothing is written if the change is refused.
    fn change_text<T>(&self, change: impl FnOnce(&mut Ini) -> Result<T, Error>) -> Result<T, Error> {
        let _lock = self.lock()?;
        let mut ini = self.read()?.0;
        let answer = change(&mut ini)?;
        self.write(&ini)?;
        Ok(answer)
    }

    /// Puts the vault in place. One that could not be read again is not written.
    fn write(&self, ini: &Ini) -> Result<(), Error> {
        let text = ini.text();
        if text.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge { path: self.path.clone(), limit: MAX_BYTES });
        }
        disk::replace(&self.path, text.as_bytes(), self.on_step)
    }

    fn lock(&self) -> Result<disk::Lock, Error> {
        if !self.exists() {
            return Err(Error::NoVault { path: self.path.clone() });
        }
        disk::lock(&self.path)
    }

    fn read(&self) -> Result<(Ini, Zeroizing<Vec<u8>>), Error> {
        let read = disk::read(&self.path, MAX_BYTES)?;
        let bytes = read.ok_or_else(|| Error::NoVault { path: self.path.clone() })?.bytes;
        if bytes.is_empty() {
            let problem = "the file is empty, as after a full disk: put its backup in its place".to_owned();
            return Err(Error::Syntax { path: self.path.clone(), line: 1, problem });
        }
        Ok((Ini::parse(&self.path, &bytes)?, bytes))
    }

    /// Answers from the vault and its keys as they are at one time. A rotation replaces the two files one after the
    /// other: what does not open is asked for again until neither changes.
    fn consistently<T>(&self, ask: impl Fn(&Opened<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut seen = None;
        for _ in 1..READS {
            let (ini, bytes) = self.read()?;
            let answer = ask(&Opened { vault: self, ini: &ini });
            let sealed = matches!(answer, Err(Error::Sealed { .. }));
            if !sealed || seen.replace(bytes.clone()).is_some_and(|before| before == bytes) {
                return answer;
            }
        }
        ask(&Opened { vault: self, ini: &self.read()?.0 })
    }

    fn open(&self, field: &Field, keys: &Keys) -> Result<Zeroizing<String>, Error> {
        let (_, value) = keys.open(&token(&field.value)).ok_or_else(|| self.sealed(field, &keys.place))?;
        text(field, &value)
    }

    fn sealed(&self, field: &Field, place: &KeyPlace) -> Error {
        Error::Sealed {
            path: self.path.clone(),
            line: field.line,
            section: field.section.clone(),
            field: field.name.clone(),
            place: place.clone(),
        }
    }
}

/// The vault as it was read. Keys are read after it, and only when a value is asked for.
struct Opened<'a> {
    vault: &'a Vault,
    ini: &'a Ini,
}

impl Opened<'_> {
    fn open(&self, field: &Field) -> Result<Zeroizing<String>, Error> {
        self.vault.open(field, &self.vault.keys()?)
    }
}

/// The token in a value, which other programs may have put in quotes or on several lines.
fn token(value: &str) -> String {
    let whole: String = value.split_whitespace().collect();
    let bare = whole.strip_prefix('b').filter(|rest| rest.starts_with(['\'', '"'])).unwrap_or(&whole);
    bare.trim_matches(['\'', '"']).to_owned()
}

fn text(field: &Field, value: &[u8]) -> Result<Zeroizing<String>, Error> {
    let text = std::str::from_utf8(value);
    let wrong = |_| Error::NotText { section: field.section.clone(), field: field.name.clone() };
    text.map(|text| Zeroizing::new(text.to_owned())).map_err(wrong)
}

fn staging(section: &str, field: &str, problem: &'static str) -> Error {
    Error::Staging { section: section.to_owned(), field: field.to_owned(), problem }
}

/// Refuses a name that differs only in case from one that is there.
fn check_similar(ini: &Ini, section: &str, field: &str) -> Result<(), Error> {
    let similar = |what, name: &str, there: &str| {
        Err(Error::Similar { what, name: name.to_owned(), there: there.to_owned() })
    };
    if let Some(there) = ini.similar_section(section) {
        return similar("section", section, there);
    }
    match ini.similar_field(section, field) {
        Some(there) => similar("field", field, there),
        None => Ok(()),
    }
}

/// Whether this can be the name of a section or field.
pub fn check_name(what: &'static str, name: &str) -> Result<(), Error> {
    let fits = |char: char| char.is_ascii_alphanumeric() || ".-_".contains(char);
    let wrong = |also| Err(Error::Name { name: name.to_owned(), what, also });
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
        return wrong("");
    }
    if what == "section" && name.eq_ignore_ascii_case(EVERYWHERE) {
        return wrong("; to other programs DEFAULT means every section");
    }
    if what == "field" && name.ends_with(NEXT) {
        return wrong("; the value that follows is set with `--next`");
    }
    Ok(())
}
