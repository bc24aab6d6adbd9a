//! Kinds around hardware: what machines are made of, and what changed since last time.
//!
//! A record ([`record`]) comes from a collector ([`local`]), is put into one form ([`normalise`]), compared with the last
//! one ([`diff`]) and kept ([`hardware_refresh`]). Nothing here knows an address management system.

pub mod hardware_refresh;

pub mod record;

pub mod normalise;

pub mod local;

pub mod diff;
