//! Where credentials come from and how they are kept from showing: the vault, its keys, the neighbours it is merged with,
//! and the masking of values. It does not know which task needs which credential.

mod redact;

pub use redact::Redactor;
