//! A server that answers each request with the next of the answers it was given, and remembers what it was asked. It knows
//! no more of HTTP than where a request ends.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use roundsman_http::{BaseUrl, Client, ClientBuilder};
use roundsman_testkit::{FakeClock, TestContext};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// An answer.
#[derive(Clone)]
pub(crate) enum Say {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// The connection ends without a word.
    Hang,
    /// Nothing, ever.
    Silence,
    /// These bytes, then nothing, ever.
    Stall(Vec<u8>),
}

impl Say {
    pub(crate) fn status(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        Self::Bytes(format!("{head}{body}").into_bytes())
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::status("200 OK", "Content-Type: application/json\r\n", body)
    }
}

/// The server, its clock, and the context of the kind that asks it.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) test: TestContext,
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    /// A server with these answers; after the last one it hangs up.
    pub(crate) async fn answering(answers: Vec<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let remembered = asked.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let answer = answers.lock().unwrap().pop_front().unwrap_or(Say::Hang);
                tokio::spawn(answer_one(connection, answer, remembered.clone()));
            }
        });
        let clock = Arc::new(FakeClock::at("2026-11-20T12:00:00Z"));
        let test = TestContext::builder().virtual_time(&clock).build();
        Self { clock, test, base, asked }
    }

    /// A client of the server that is described further.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(self.test.cx(), BaseUrl::parse(&self.base).unwrap()).within(
            Duration::from_secs(2),
            Duration::from_millis(300),
            Duration::from_millis(300),
        )
    }

    /// The requests so far, head and body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How long the client waited in all, in whole seconds.
    pub(crate) fn waited(&self) -> u64 {
        self.test.waits().iter().sum::<Duration>().as_secs()
    }
}

async fn answer_one(mut connection: TcpStream, answer: Say, asked: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut connection).await;
    asked.lock().unwrap().push(request);
    match answer {
        Say::Bytes(bytes) => drop(connection.write_all(&bytes).await),
        Say::Hang => {}
        Say::Silence => std::future::pending::<()>().await,
        Say::Stall(bytes) => {
            drop(connection.write_all(&bytes).await);
            std::future::pending::<()>().await;
        }
    }
}

/// Reads a request to the end of the body that it announces.
async fn read_request(connection: &mut TcpStream) -> String {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match connection.read(&mut chunk).await {
            Ok(length @ 1..) => read.extend_from_slice(&chunk[..length]),
            _ => return text,
        }
    }
}
