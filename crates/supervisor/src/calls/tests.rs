//! How many questions may be open, and from when on another one may be asked. What is answered is the host's.

use std::{
    os::unix::net::UnixStream as StdStream,
    sync::{Arc, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, MetricValue,
    Question,
};
use roundsman_wire::{Decoder, Host, LogLine, MAX_QUESTIONS, ToWorker};
use tokio::{io::AsyncReadExt as _, net::UnixStream, task::JoinSet};

use super::Calls;
use crate::link;

/// Answers nothing.
struct Silent;

#[async_trait]
impl Host for Silent {
    fn log(&self, _: LogLine) {}
    fn progress(&self, _: u64, _: Option<u64>, _: String) {}
    fn metric(&self, _: MetricValue) {}
    fn dropped(&self, _: u64, _: u64) {}

    async fn document(&self, _: &DocumentPlace, _: DocumentOp) -> Result<DocumentReply, DocumentError> {
        std::future::pending().await
    }

    async fn artifact(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Artifact, String> {
        Err("none".into())
    }

    async fn ask(&self, _: Question) -> Result<Answer, AskError> {
        Err(AskError::Unavailable { cause: "none".into() })
    }
}

/// A worker's end of the wire.
struct Worker {
    wire: UnixStream,
    decoder: Decoder,
}

impl Worker {
    /// The next answer: whether it is one, and not a refusal.
    async fn is_answered(&mut self) -> bool {
        let mut portion = vec![0; 4_096];
        loop {
            if let Some(frame) = self.decoder.next::<ToWorker>().unwrap() {
                let ToWorker::DocumentReply { result, .. } = frame else { panic!("{frame:?}") };
                return result.is_ok();
            }
            let read = self.wire.read(&mut portion).await.unwrap();
            self.decoder.feed(&portion[..read]);
        }
    }
}

fn connected(tasks: &mut JoinSet<()>) -> (Calls, Worker) {
    let (ours, theirs) = StdStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let (_, outlet) = link::open(ours, Vec::new(), tasks).unwrap();
    let worker = Worker { wire: UnixStream::from_std(theirs).unwrap(), decoder: Decoder::new() };
    (Calls::new(Arc::new(Silent), outlet), worker)
}

fn ask(calls: &mut Calls, id: u64) {
    calls.document(id, DocumentPlace::own("a"), DocumentOp::Count { prefix: String::new() });
}

#[tokio::test]
async fn what_is_beyond_the_limit_is_refused() {
    let mut tasks = JoinSet::new();
    let (mut calls, mut worker) = connected(&mut tasks);
    for id in 0..=MAX_QUESTIONS as u64 {
        ask(&mut calls, id);
    }
    assert!(!worker.is_answered().await, "the last one is refused, the others wait");
}

/// Ends when it is told to, and with it what holds it.
struct SlowEnd(mpsc::Receiver<()>);

impl Drop for SlowEnd {
    fn drop(&mut self) {
        // Others are not to wait for it: what writes the answer is next on this thread.
        let _ = tokio::task::block_in_place(|| self.0.recv_timeout(Duration::from_secs(10)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_an_answer_may_ask_again_at_once() {
    let mut tasks = JoinSet::new();
    let (mut calls, mut worker) = connected(&mut tasks);
    for id in 1..MAX_QUESTIONS as u64 {
        ask(&mut calls, id);
    }
    let reply = |result| ToWorker::DocumentReply { id: 0, result };
    let (end, slow) = mpsc::channel();
    let slow = SlowEnd(slow);
    let refuse = move |cause| {
        drop(slow);
        reply(Err(DocumentError::Unavailable { cause }))
    };
    // What answered is still busy when the answer has arrived.
    calls.ask(refuse, async move { reply(Ok(DocumentReply::Count { count: 0 })) });
    assert!(worker.is_answered().await);
    let refuse = move |cause| reply(Err(DocumentError::Unavailable { cause }));
    calls.ask(refuse, async move { reply(Ok(DocumentReply::Count { count: 0 })) });
    let is_answered = worker.is_answered().await;
    end.send(()).unwrap();
    assert!(is_answered, "the next question was refused");
}
