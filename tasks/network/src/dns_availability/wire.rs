//! Questions and answers as bytes: what is sent, and whether what came back answers it. It opens no socket.

use hickory_proto::{
    op::{Edns, Header, Message, MessageType, OpCode, Query},
    rr::{
        Name, RecordType,
        rdata::opt::{EdnsCode, EdnsOption},
    },
    serialize::binary::{BinDecodable, BinDecoder},
};
use serde::Serialize;

use super::rcode::Rcode;

/// The EDNS option with which servers explain themselves (RFC 8914).
const EXTENDED_ERROR: u16 = 15;

/// What is to be asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) name: Name,
    pub(super) record_type: RecordType,
    pub(super) recursion_desired: bool,
}

/// One packet that was or will be sent.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    id: u16,
    query: Query,
    recursion_desired: bool,
    edns_size: Option<u16>,
}

/// What a received packet is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// The answer.
    Answer(Box<Message>),
    /// The answer, cut because it does not fit.
    Truncated,
    /// Something that does not answer this question: another id, another question, no answer at all.
    Stray,
    /// An answer to this question that cannot be read.
    Malformed,
}

/// What a server says about its response code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ExtendedError {
    pub(super) code: u16,
    pub(super) text: String,
}

impl Asked {
    /// A packet with an id of its own.
    pub(super) fn new(question: &Question, edns_size: Option<u16>, random_case: bool) -> Self {
        let mut name = question.name.clone();
        if random_case {
            name.randomize_label_case();
        }
        let query = Query::query(name, question.record_type);
        Self { id: rand::random(), query, recursion_desired: question.recursion_desired, edns_size }
    }

    /// The bytes to send.
    pub(super) fn packet(&self) -> Vec<u8> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = self.recursion_desired;
        message.add_query(self.query.clone());
        if let Some(size) = self.edns_size {
            let mut edns = Edns::new();
            edns.set_max_payload(size);
            message.set_edns(edns);
        }
        message.to_vec().expect("one question with a valid name always fits into a message")
    }

    /// What a packet from the right place is.
    pub(super) fn read(&self, packet: &[u8]) -> Heard {
        let mut decoder = BinDecoder::new(packet);
        let Ok(Header { metadata, counts }) = Header::read(&mut decoder) else { return Heard::Stray };
        let answers = metadata.message_type == MessageType::Response && metadata.op_code == OpCode::Query;
        if metadata.id != self.id || !answers {
            return Heard::Stray;
        }
        let low_rcode = Rcode(u16::from(metadata.response_code));
        match counts.queries {
            // Servers that could not read the question cannot repeat it.
            0 if matches!(low_rcode, Rcode::FORMERR | Rcode::NOTIMP) => {}
            1 => match Query::read(&mut decoder) {
                Ok(query) if self.is_mine(&query) => {}
                Ok(_) => return Heard::Stray,
                Err(_) => return Heard::Malformed,
            },
            _ => return Heard::Stray,
        }
        if metadata.truncation {
            return Heard::Truncated;
        }
        Message::from_vec(packet).map_or(Heard::Malformed, |message| Heard::Answer(Box::new(message)))
    }

    fn is_mine(&self, query: &Query) -> bool {
        query.name.eq_case(&self.query.name)
            && query.query_type == self.query.query_type
            && query.query_class == self.query.query_class
    }
}

/// What the server says about its response code.
pub(super) fn extended_errors(message: &Message) -> Vec<ExtendedError> {
    let Some(edns) = &message.edns else { return Vec::new() };
    let options = edns.options().get_all(EdnsCode::from(EXTENDED_ERROR));
    let read = |option: &EdnsOption| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, bytes) => {
            let (code, text) = bytes.split_first_chunk::<2>()?;
            let text = String::from_utf8_lossy(text).trim_end_matches('\0').chars().take(200).collect();
            Some(ExtendedError { code: u16::from_be_bytes(*code), text })
        }
        _ => None,
    };
    options.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests;
