//! Records of an answer as texts that can be compared. It follows aliases inside the answer only and asks nobody.

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::{Name, RData, Record, RecordType};

/// The most aliases followed; real chains have one or two.
const MAX_ALIASES: usize = 16;

/// The records of the wanted type at the end of the chain of aliases that begins at `name`.
pub(super) fn wanted<'a>(answers: &'a [Record], name: &Name, record_type: RecordType) -> Vec<&'a Record> {
    let mut owner = name;
    for _ in 0..MAX_ALIASES {
        let fits = |record: &&Record| {
            record.name == *owner && (record.record_type() == record_type || record_type == RecordType::ANY)
        };
        let found: Vec<&Record> = answers.iter().filter(fits).collect();
        if !found.is_empty() {
            return found;
        }
        let alias = answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *owner => Some(&target.0),
            _ => None,
        });
        match alias {
            Some(target) => owner = target,
            None => break,
        }
    }
    Vec::new()
}

/// A record's data in the form in which texts are compared.
pub(super) fn text(record: &Record) -> String {
    comparable(record.record_type(), &record.data.to_string())
}

/// A text that somebody expects, in the same form.
pub(super) fn expected(record_type: RecordType, value: &str) -> Result<String, String> {
    let value = value.trim();
    match record_type {
        RecordType::A => value
            .parse::<Ipv4Addr>()
            .map(|ip| ip.to_string())
            .map_err(|_| format!("{value:?} is no IPv4 address")),
        RecordType::AAAA => value
            .parse::<Ipv6Addr>()
            .map(|ip| ip.to_string())
            .map_err(|_| format!("{value:?} is no IPv6 address")),
        _ => Ok(comparable(record_type, value)),
    }
}

/// Names compare without regard to case and to the dot at the end; everything else as it is.
fn comparable(record_type: RecordType, text: &str) -> String {
    let holds_names = matches!(
        record_type,
        RecordType::NS
            | RecordType::CNAME
            | RecordType::DNAME
            | RecordType::PTR
            | RecordType::MX
            | RecordType::SRV
            | RecordType::SOA
    );
    if !holds_names {
        return text.to_owned();
    }
    let words = text.split_whitespace().map(|word| match word {
        "." => ".".to_owned(),
        word => word.trim_end_matches('.').to_lowercase(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
