//! A DNS server that says what a test tells it to. It knows no zones.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use hickory_proto::{
    op::Message,
    rr::{RData, Record, rdata::A},
};

/// How often the threads look whether they are to end.
const TICK: Duration = Duration::from_millis(20);

/// A question as it came in.
pub(crate) struct Heard<'a> {
    /// How many came before it.
    pub(crate) number: usize,
    pub(crate) message: Message,
    pub(crate) from: SocketAddr,
    pub(crate) socket: &'a UdpSocket,
}

impl Heard<'_> {
    /// Answers.
    pub(crate) fn say(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.from).expect("loopback takes a packet");
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Liar {
    pub(crate) at: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Liar {
    /// Listens on UDP only: TCP connections are refused.
    pub(crate) fn udp(answer: impl FnMut(Heard<'_>) + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let at = socket.local_addr().expect("a bound socket has an address");
        let liar = Self { at, stop: Arc::default(), threads: Vec::new() };
        liar.hear(socket, answer)
    }

    /// Listens on both transports of one port. Over TCP it sends what `over_tcp` makes of a question, as it is.
    pub(crate) fn both(
        answer: impl FnMut(Heard<'_>) + Send + 'static,
        over_tcp: impl FnMut(Message) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let (listener, socket) = both_on_one_port();
        let at = socket.local_addr().expect("a bound socket has an address");
        let mut liar = Self { at, stop: Arc::default(), threads: Vec::new() };
        let stop = liar.stop.clone();
        listener.set_nonblocking(true).expect("a listener that does not block");
        liar.threads.push(start(move || serve_tcp(&listener, &stop, over_tcp)));
        liar.hear(socket, answer)
    }

    fn hear(mut self, socket: UdpSocket, answer: impl FnMut(Heard<'_>) + Send + 'static) -> Self {
        socket.set_read_timeout(Some(TICK)).expect("a read time-out");
        let stop = self.stop.clone();
        self.threads.push(start(move || serve_udp(&socket, &stop, answer)));
        self
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn start(serve: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    Builder::new().name("liar".to_owned()).spawn(serve).expect("a thread")
}

fn both_on_one_port() -> (TcpListener, UdpSocket) {
    for _ in 0..100 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = listener.local_addr().expect("a bound socket has an address");
        if let Ok(socket) = UdpSocket::bind(at) {
            return (listener, socket);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

fn serve_udp(socket: &UdpSocket, stop: &AtomicBool, mut answer: impl FnMut(Heard<'_>)) {
    let mut buffer = [0; 4096];
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let message = Message::from_vec(&buffer[..length]).expect("questions can be read");
        answer(Heard { number, message, from, socket });
        number += 1;
    }
}

fn serve_tcp(listener: &TcpListener, stop: &AtomicBool, mut answer: impl FnMut(Message) -> Vec<u8>) {
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => drop(serve_connection(stream, &mut answer)),
            // There is nothing to wait on with a time limit but a channel that never says anything.
            Err(_) => drop(std::sync::mpsc::channel::<()>().1.recv_timeout(TICK)),
        }
        std::thread::yield_now();
    }
}

fn serve_connection(mut stream: TcpStream, answer: &mut impl FnMut(Message) -> Vec<u8>) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut packet)?;
    stream.write_all(&answer(Message::from_vec(&packet).expect("questions can be read")))
}

/// A true answer: the address 192.0.2.1.
pub(crate) fn truth(question: &Message) -> Message {
    let mut message = question.clone().into_response();
    message.metadata.recursion_available = true;
    let name = message.queries[0].name.clone();
    message.add_answer(Record::from_rdata(name, 60, RData::A(A::new(192, 0, 2, 1))));
    message
}

/// The bytes of a message.
pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("a message that can be written")
}

/// The bytes of a message as they go over TCP.
pub(crate) fn framed(message: &Message) -> Vec<u8> {
    let bytes = bytes(message);
    let length = u16::try_from(bytes.len()).expect("a short message");
    [length.to_be_bytes().as_slice(), &bytes].concat()
}
