//! Credentials from a file of the same form that another program wrote, with a key of its own. The file stays as it is.

use std::path::Path;

use zeroize::Zeroizing;

use super::{NEXT, Vault, check_name, text, token};
use crate::{
    Error, Keys,
    fernet::looks_like_token,
    ini::{Field, Ini},
};

/// The section whose fields count in all others, as Python's configparser has it.
const EVERYWHERE: &str = "DEFAULT";

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportTerms {
    /// Plain values are taken; otherwise they are refused.
    pub plain: bool,
    /// Values that are there already are replaced; otherwise they are refused.
    pub replace: bool,
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
}

/// A value as it comes to the vault.
struct Coming {
    section: String,
    field: String,
    value: Zeroizing<String>,
    plain: bool,
}

impl Vault {
    /// Brings all values of a file, encrypted with a key of ours; all or none. Without `keys`, ours open them.
    pub fn import(
        &self,
        path: &Path,
        content: &[u8],
        keys: Option<&Keys>,
        terms: ImportTerms,
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
            let imported =
                Imported { sections: sections.len(), values: coming.len(), plain, replaced: taken.len() };
            for new in coming {
                let token = own.newest().seal(new.value.as_bytes(), self.clock.now());
                ini.set(&new.section, &new.field, token);
            }
            Ok(imported)
        })
    }
}

/// The values of a file, decrypted; those without content are left out.
fn coming(path: &Path, file: &Ini, keys: &Keys, terms: ImportTerms) -> Result<Vec<Coming>, Error> {
    let is_plain = |field: &&Field| !looks_like_token(&token(&field.value));
    let plain: Vec<usize> = file.fields().filter(is_plain).map(|field| field.line).collect();
    if !(terms.plain || plain.is_empty()) {
        return Err(Error::Plain { path: path.to_owned(), lines: plain });
    }
    let mut coming = Vec::new();
    for section in file.sections().filter(|section| *section != EVERYWHERE) {
        let own = file.fields().filter(|field| field.section == section);
        let shared = file
            .fields()
            .filter(|field| field.section == EVERYWHERE && file.get(section, &field.name).is_none());
        for field in own.chain(shared) {
            let wrong = |problem: String| Error::Syntax { path: path.to_owned(), line: field.line, problem };
            let name = field.name.strip_suffix(NEXT).unwrap_or(&field.name);
            let named = check_name("section", section).and_then(|()| check_name("field", name));
            named.map_err(|error| wrong(error.to_string()))?;
            let plain = is_plain(&field);
            let value = if plain { field.value.clone() } else { decrypted(path, field, keys)? };
            if !value.is_empty() {
                coming.push(Coming { section: section.to_owned(), field: field.name.clone(), value, plain });
            }
        }
    }
    Ok(coming)
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
