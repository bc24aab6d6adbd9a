//! The configuration from the outside: real files in a folder of their own, made-up kinds. It starts no daemon.

mod bad_files;
mod files;
mod kinds;
mod precedence;
mod scene;
