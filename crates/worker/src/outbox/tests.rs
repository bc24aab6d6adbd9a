//! What is kept, what is dropped, and that the latter is told.

use std::{sync::Arc, thread};

use roundsman_model::{MetricValue, Outcome};
use roundsman_wire::{Decoder, LogLine, LogStream};

use super::*;

#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Wire {
    fn frames(&self) -> Vec<FromWorker> {
        let mut decoder = Decoder::new();
        let mut found = Vec::new();
        for part in self.0.lock().unwrap().chunks(64 << 10) {
            decoder.feed(part);
            while let Some(frame) = decoder.next().unwrap() {
                found.push(frame);
            }
        }
        found
    }
}

fn line(text: &str) -> FromWorker {
    let at = "2026-01-05T12:00:00Z".parse().unwrap();
    let line = LogLine { at, stream: LogStream::Log, level: "info".into(), text: text.into() };
    FromWorker::Log { line }
}

fn step(done: u64) -> FromWorker {
    FromWorker::Progress { done, total: None, note: String::new() }
}

fn write_out(outbox: &Arc<Outbox>) -> Vec<FromWorker> {
    let wire = Wire::default();
    let (writing, writer) = (outbox.clone(), wire.clone());
    thread::spawn(move || writing.write_to(writer));
    assert!(outbox.flush(Duration::from_secs(20)));
    wire.frames()
}

#[test]
fn only_the_latest_progress_is_sent() {
    let outbox = Arc::new(Outbox::default());
    (0..1_000).for_each(|done| outbox.progress(step(done)));
    assert_eq!(write_out(&outbox), [step(999)]);
}

#[test]
fn a_flood_is_dropped_and_counted_and_the_outcome_still_arrives() {
    let outbox = Arc::new(Outbox::default());
    let text = "x".repeat(10_000);
    (0..1_000).for_each(|_| outbox.offer(&line(&text)));
    let metric = MetricValue { name: "m".into(), labels: std::collections::BTreeMap::new(), value: 1.0 };
    // The room is used up by now, whatever the sizes were.
    outbox.offer(&FromWorker::Metric { metric: MetricValue { name: "y".repeat(20_000), ..metric } });
    let outcome = FromWorker::Outcome { result: Ok(Outcome::success("done")) };
    outbox.send(&outcome).unwrap();

    let frames = write_out(&outbox);
    let logs = frames.iter().filter(|frame| matches!(frame, FromWorker::Log { .. })).count() as u64;
    let told = frames.iter().find_map(|frame| match frame {
        FromWorker::Dropped { logs, metrics } => Some((*logs, *metrics)),
        _ => None,
    });
    assert!((90..110).contains(&logs), "{logs}");
    assert_eq!(told, Some((1_000 - logs, 1)));
    assert_eq!(frames.last(), Some(&outcome));
}

#[test]
fn a_message_that_cannot_be_sent_is_an_error_and_leaves_no_trace() {
    let outbox = Arc::new(Outbox::default());
    let huge = FromWorker::Panicked { message: "x".repeat(30 << 20), place: String::new() };
    assert!(outbox.send(&huge).is_err());
    outbox.send(&step(1)).unwrap();
    assert_eq!(write_out(&outbox), [step(1)]);
}
