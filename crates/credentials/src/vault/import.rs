//! Credentials from a file of the same form that another program wrote, with a key of its own. The file stays as it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use zeroize::Zeroizing;

use super::{EVERYWHERE, NEXT, Vault, check_name, check_similar, text, token};
use crate::{
    Error, Keys,
    fernet::looks_like_token,
    ini::{Field, Ini},
};

/// How to import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportTerms {
    /// Plain values are taken; otherwise they are refused.
    pub plain: bool,
    /// Values that are there already are replaced; otherwise they are refused.
    pub replace: bool,
    /// Other names for sections and fields. What has none and holds blanks gets `_` in their place.
    pub rename: BTreeMap<String, String>,
}

/// What an import brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// How many sections it touched.
    pub sections: usize,
    /// How many values it brought.
    pub values: usize,
    /// How many of them were plain.
    pub plain: usize,
    /// How many of them replaced one.
    pub replaced: usize,
    /// Names that became others.
    pub renamed: BTreeMap<String, String>,
}

/// A value as it comes to the vault.
struct Coming {
    section: String,
    field: String,
    value: Zeroizing<String>,
    plain: bool,
    /// The line it comes from, counted from one.
    line: usize,
}

impl Vault {
    /// Brings all values of a file, encrypted with a key of ours; all or none. Without `keys`, ours open them.
    pub fn import(
        &self,
        path: &Path,
        content: &[u8],
        keys: Option<&Keys>,
        terms: &ImportTerms,
    ) -> Result<Imported, Error> {
        let file = Ini::parse(path, content)?;
        self.change(|ini, own| {
            let coming = coming(path, &file, keys.unwrap_or(own), terms)?;
            let taken = coming.iter().filter(|new| ini.get(&new.section, &new.field).is_some());
            let taken: Vec<String> = taken.map(|new| format!("{} {}", new.section, new.field)).collect();
            if !(terms.replace || taken.is_empty()) {
                return Err(Error::Taken { fields: taken.join(", ") });
            }
            let mut sections: Vec<&str> = coming.iter().map(|new| new.section.as_str()).collect();
            sections.dedup();
            let plain = coming.iter().filter(|new| new.plain).count();
            let imported = Imported {
                sections: sections.len(),
                values: coming.len(),
                plain,
                replaced: taken.len(),
                renamed: renamed(&file, terms),
            };
            for new in coming {
                let similar = check_similar(ini, &new.section, &new.field);
                similar.map_err(|error| wrong(path, new.line, &error))?;
                let token = own.newest().seal(new.value.as_bytes(), self.clock.now());
                ini.set(&new.section, &new.field, token);
            }
            Ok(imported)
        })
    }
}

/// The values of a file, decrypted; those without content are left out.
fn coming(path: &Path, file: &Ini, keys: &Keys, terms: &ImportTerms) -> Result<Vec<Coming>, Error> {
    let is_plain = |field: &&Field| !looks_like_token(&token(&field.value));
    let plain: Vec<usize> = file.fields().filter(is_plain).map(|field| field.line).collect();
    if !(terms.plain || plain.is_empty()) {
        return Err(Error::Plain { path: path.to_owned(), lines: plain });
    }
    let (mut coming, mut names) = (Vec::new(), BTreeSet::new());
    for section in file.sections().filter(|section| *section != EVERYWHERE) {
        for field in fields_of(file, section) {
            let (section, name) = (terms.name(section), terms.name(&field.name));
            let base = name.strip_suffix(NEXT).unwrap_or(&name);
            let named = check_name("section", &section).and_then(|()| check_name("field", base));
            named.map_err(|error| wrong(path, field.line, &error))?;
            if !names.insert((section.to_lowercase(), name.to_lowercase())) {
                let problem =
                    format!("{name} of section {section} is there twice: give one of them another name");
                return Err(Error::Syntax { path: path.to_owned(), line: field.line, problem });
            }
            let plain = is_plain(&field);
            let value = if plain { field.value.clone() } else { decrypted(path, field, keys)? };
            if !value.is_empty() {
                coming.push(Coming { section, field: name, value, plain, line: field.line });
            }
        }
    }
    Ok(coming)
}

/// The fields of a section, with those that count in every section.
fn fields_of<'a>(file: &'a Ini, section: &'a str) -> impl Iterator<Item = &'a Field> {
    let own = move || file.fields().filter(move |field| field.section == section);
    let is_own = move |shared: &&Field| own().any(|field| field.name.eq_ignore_ascii_case(&shared.name));
    own().chain(file.fields().filter(|field| field.section == EVERYWHERE).filter(move |field| !is_own(field)))
}

/// A name that cannot be, at its line.
fn wrong(path: &Path, line: usize, error: &Error) -> Error {
    let problem = format!("{error}; `--rename OLD=NEW` gives it another");
    Error::Syntax { path: path.to_owned(), line, problem }
}

/// The names of a file that become others.
fn renamed(file: &Ini, terms: &ImportTerms) -> BTreeMap<String, String> {
    let names = file.sections().chain(file.fields().map(|field| field.name.as_str()));
    let changed = names.map(|name| (name.to_owned(), terms.name(name)));
    changed.filter(|(before, after)| before != after).collect()
}

impl ImportTerms {
    /// What a name of the file becomes here.
    fn name(&self, name: &str) -> String {
        let (base, ending) = name.strip_suffix(NEXT).map_or((name, ""), |base| (base, NEXT));
        match self.rename.get(base) {
            Some(new) => format!("{new}{ending}"),
            None => name.split_whitespace().collect::<Vec<_>>().join("_"),
        }
    }
}

fn decrypted(path: &Path, field: &Field, keys: &Keys) -> Result<Zeroizing<String>, Error> {
    let (_, value) = keys.open(&token(&field.value)).ok_or_else(|| Error::Sealed {
        path: path.to_owned(),
        line: field.line,
        section: field.section.clone(),
        field: field.name.clone(),
        place: keys.place.clone(),
    })?;
    text(field, &value)
}
