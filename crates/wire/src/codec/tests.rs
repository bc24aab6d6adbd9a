//! Tables for single cases, properties for arbitrary bytes.

use proptest::prelude::*;
use roundsman_model::{Outcome, TaskError};

use super::*;
use crate::{FromWorker, ToWorker};

fn decode_all(bytes: &[u8], portion: usize) -> (Vec<FromWorker>, Result<(), CodecError>) {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for part in bytes.chunks(portion) {
        decoder.feed(part);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
            assert!(decoder.held() <= MAX_MESSAGE_BYTES + MAX_FRAME_BYTES + 4 + portion);
        }
    }
    (found, Ok(()))
}

fn raw(body: &str) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

fn only(bytes: &[u8]) -> Result<FromWorker, CodecError> {
    let (mut found, end) = decode_all(bytes, 1 << 20);
    end.map(|()| found.pop().expect("a frame"))
}

fn artifact(size: usize) -> FromWorker {
    let media_type = "text/plain".to_owned();
    FromWorker::Artifact { id: 1, name: "a".into(), media_type, base64: "QUJD".repeat(size / 3) }
}

#[test]
fn an_artifact_of_sixteen_mebibytes_travels_in_chunks() {
    let frame = artifact(16 << 20);
    let bytes = encode(&frame).unwrap();
    let (found, end) = decode_all(&bytes, 64 << 10);
    assert_eq!(end, Ok(()));
    assert!(found == [frame]);
}

#[test]
fn text_full_of_quotes_and_wide_characters_survives_the_cut() {
    let summary = "\"\\é\u{1f600}\n".repeat(400_000);
    let frame = FromWorker::Outcome { result: Ok(Outcome::success(summary)) };
    let bytes = encode(&frame).unwrap();
    let (found, end) = decode_all(&bytes, 10_007);
    assert_eq!(end, Ok(()));
    assert!(found == [frame]);
}

#[test]
fn what_is_too_large_is_refused_by_both_sides() {
    let error = encode(&artifact(20 << 20)).unwrap_err();
    assert!(matches!(error, CodecError::MessageTooLarge { .. }), "{error}");

    let piece = raw(&format!(r#"{{"type":"chunk","text":"{}"}}"#, "a".repeat(1_000_000)));
    let mut decoder = Decoder::new();
    let refused = (0..30).find_map(|_| {
        decoder.feed(&piece);
        decoder.next::<FromWorker>().err()
    });
    assert!(matches!(refused, Some(CodecError::MessageTooLarge { .. })), "{refused:?}");
    assert_eq!(decoder.held(), 0);
}

#[test]
fn a_message_of_millions_of_values_is_refused_by_both_sides() {
    let detail = serde_json::Value::Array(vec![serde_json::Value::from(0); MAX_VALUES + 1]);
    let outcome = Outcome::success("many").with_detail(detail);
    let frame = FromWorker::Outcome { result: Ok(outcome) };
    assert_eq!(encode(&frame).unwrap_err(), CodecError::TooManyValues);

    let text = format!("[{}0]", "0,".repeat(MAX_VALUES + 1));
    let mut bytes = Vec::new();
    for (index, piece) in text.as_bytes().chunks(1_000_000).enumerate() {
        let last = (index + 1) * 1_000_000 >= text.len();
        let piece = std::str::from_utf8(piece).unwrap();
        bytes.extend(raw(&format!(r#"{{"type":"chunk","text":"{piece}","last":{last}}}"#)));
    }
    assert_eq!(only(&bytes).unwrap_err(), CodecError::TooManyValues);
}

#[test]
fn commas_within_text_are_no_values() {
    let outcome = Outcome::success(",[{".repeat(2_000_000));
    let frame = FromWorker::Outcome { result: Ok(outcome) };
    assert!(only(&encode(&frame).unwrap()).unwrap() == frame);
}

#[test]
fn frames_and_fields_of_later_versions_are_tolerated() {
    assert_eq!(only(&raw(r#"{"type":"telepathy","strength":[1,{"a":2}]}"#)), Ok(FromWorker::Unknown));
    assert_eq!(only(&raw(r#"{"type":"telepathy"}"#)), Ok(FromWorker::Unknown));
    let known = only(&raw(r#"{"type":"progress","done":1,"mood":"fine"}"#));
    assert_eq!(known, Ok(FromWorker::Progress { done: 1, total: None, note: String::new() }));
    let mut decoder = Decoder::new();
    decoder.feed(&raw(r#"{"type":"telepathy","x":1}"#));
    assert_eq!(decoder.next::<ToWorker>(), Ok(Some(ToWorker::Unknown)));
}

#[test]
fn garbage_is_an_error_and_stays_one() {
    for bytes in [
        raw("{"),
        raw("null"),
        raw("[]"),
        raw(r#"{"done":1}"#),
        raw(r#"{"type":"progress"}"#),
        raw(&"[".repeat(100_000)),
        raw(&format!(r#"{{"type":"outcome","result":{}"#, r#"{"a":"#.repeat(50_000))),
        raw(r#"{"type":"chunk","text":5}"#),
        vec![0, 0, 0, 0],
        vec![0xff; 64],
    ] {
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        let error = decoder.next::<FromWorker>().unwrap_err();
        decoder.feed(&encode(&FromWorker::Dropped { logs: 1, metrics: 1 }).unwrap());
        assert_eq!(decoder.next::<FromWorker>(), Err(error));
        assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn a_frame_between_chunks_is_an_error() {
    let mut bytes = raw(r#"{"type":"chunk","text":"{\"type\":"}"#);
    bytes.extend(raw(r#"{"type":"dropped","logs":1,"metrics":1}"#));
    assert_eq!(only(&bytes), Err(CodecError::BrokenChunks));
}

#[test]
fn a_wrong_length_is_an_error_before_the_bytes_arrive() {
    let mut decoder = Decoder::new();
    decoder.feed(&(MAX_FRAME_BYTES as u32 + 1).to_be_bytes());
    let error = CodecError::FrameLength { length: MAX_FRAME_BYTES + 1 };
    assert_eq!(decoder.next::<FromWorker>(), Err(error));
}

#[test]
fn a_mismatch_names_both_versions() {
    assert_eq!(check_protocol(PROTOCOL), Ok(()));
    let message = check_protocol(PROTOCOL + 41).unwrap_err().to_string();
    assert_eq!(
        message,
        format!("the other side speaks protocol {}, this side speaks {PROTOCOL}", PROTOCOL + 41)
    );
}

fn any_frame() -> impl Strategy<Value = FromWorker> {
    prop_oneof![
        (any::<u64>(), any::<Option<u64>>(), ".*").prop_map(|(done, total, note)| FromWorker::Progress {
            done,
            total,
            note
        }),
        (any::<u64>(), any::<u64>()).prop_map(|(logs, metrics)| FromWorker::Dropped { logs, metrics }),
        (".*", ".*").prop_map(|(message, place)| FromWorker::Panicked { message, place }),
        ".*".prop_map(|cause| FromWorker::Outcome { result: Err(TaskError::permanent(cause)) }),
        (1_000_000..1_200_000_usize).prop_map(artifact),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic_or_pile_up(bytes in prop::collection::vec(any::<u8>(), 0..4_096), portion in 1..512_usize) {
        let _ = decode_all(&bytes, portion);
    }

    #[test]
    fn arbitrary_bodies_never_panic(bodies in prop::collection::vec(r#"(\{"type":"[a-z]{1,8}"|.*)[\[\]{}",:0-9a-z]*"#, 1..8), portion in 1..512_usize) {
        let bytes: Vec<u8> = bodies.iter().flat_map(|body| raw(body)).collect();
        let _ = decode_all(&bytes, portion);
    }

    #[test]
    fn whatever_the_portions_the_frames_are_the_same(frames in prop::collection::vec(any_frame(), 1..6), portion in 1..100_000_usize) {
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| encode(frame).unwrap()).collect();
        let (found, end) = decode_all(&bytes, portion);
        prop_assert_eq!(end, Ok(()));
        prop_assert!(found == frames);
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_frames_before_the_cut(frames in prop::collection::vec(any_frame(), 1..4), cut in any::<prop::sample::Index>(), portion in 512..100_000_usize) {
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| encode(frame).unwrap()).collect();
        let cut = cut.index(bytes.len());
        let (found, end) = decode_all(&bytes[..cut], portion);
        prop_assert_eq!(end, Ok(()));
        prop_assert!(found.len() < frames.len());
        prop_assert!(frames.starts_with(&found));
    }

    #[test]
    fn garbage_after_valid_frames_does_not_touch_them(frames in prop::collection::vec(any_frame(), 1..4), garbage in prop::collection::vec(any::<u8>(), 1..300), portion in 512..100_000_usize) {
        let mut bytes: Vec<u8> = frames.iter().flat_map(|frame| encode(frame).unwrap()).collect();
        bytes.extend(garbage);
        let (found, _) = decode_all(&bytes, portion);
        prop_assert!(found.starts_with(&frames));
    }
}
