//! Where credentials come from and how they are kept from showing: the vault, its keys, the neighbours it is merged with,
//! and the masking of values. It does not know which task needs which credential.

mod disk;
mod error;
mod fernet;
mod ini;
mod keys;
mod redact;
mod seals;
mod sources;
mod spot;
mod vault;

pub use disk::{OnStep, Step};
pub use error::Error;
pub use fernet::Key;
pub use keys::{KEY_FILE, KEY_SECRET, KEY_VARIABLE, KeyLookup, KeyPlace, Keys};
pub use redact::Redactor;
pub use seals::Seals;
pub use sources::{
    Found, OldNames, Parts, Program, References, Resolve, Source, Sources, VARIABLE_PREFIX, Variables,
};
pub use vault::{
    ImportTerms, Imported, Inspection, Listed, NEXT, Rotated, Unopened, Values, Vault, Which, check_name,
};
