//! The collector and the kind on hosts made of files. Parts are tested beside their code.

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod kind;
#[cfg(test)]
mod local;
