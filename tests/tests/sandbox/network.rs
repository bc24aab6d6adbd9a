//! What is left of the network without it.

use std::{
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
};

use super::*;

/// Tells which ways out are open. Ports and name of listeners are in the environment.
const WAYS: &str = r#"
import os, socket
open_ways = []

def attempt(name, deed):
    try:
        deed()
        open_ways.append(name)
    except OSError:
        pass

def bind():
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))

def abstract():
    with socket.socket(socket.AF_UNIX) as way:
        way.connect("\0" + os.environ["ABSTRACT"])

def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.sendto(b"x", ("127.0.0.1", int(os.environ["UDP"])))

attempt("tcp", lambda: socket.create_connection(("127.0.0.1", int(os.environ["TCP"])), 5).close())
attempt("tcp bind", bind)
attempt("udp", udp)
attempt("abstract", abstract)
print(", ".join(open_ways))
"#;

async fn open_ways(sandbox: Sandbox) -> String {
    let house = House::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let name = format!("roundsman-test-{}-{}", std::process::id(), tcp.local_addr().unwrap().port());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let mut order = house.python(WAYS);
    order.request.confinement.sandbox = sandbox;
    let env = &mut order.request.with["env"];
    env["TCP"] = json!(tcp.local_addr().unwrap().port().to_string());
    env["UDP"] = json!(udp.local_addr().unwrap().port().to_string());
    env["ABSTRACT"] = json!(name);
    house.lines(order).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_rule_all_ways_are_open() {
    assert_eq!(open_ways(Sandbox::default()).await, "tcp, tcp bind, udp, abstract");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_network_only_what_the_verdict_says_is_left() {
    need_landlock(6);
    let sandbox = Sandbox { network: Some(false), ..Sandbox::default() };
    let verdict = sandbox.verdict(None, &abilities());
    let left = open_ways(sandbox).await;
    if abilities().network_namespace {
        assert!(verdict.is_enforced());
        // A port of a network in which there is nobody.
        assert_eq!(left, "tcp bind");
    } else {
        assert!(verdict.unenforceable[0].why.contains("UDP and other protocols stay open"));
        assert_eq!(left, "udp");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strictly_without_network_does_not_run_where_that_cannot_be() {
    if abilities().network_namespace {
        return eprintln!("here it can be");
    }
    let house = House::new();
    let mut order = house.script("echo ran");
    order.request.confinement.sandbox.network = Some(false);
    order.request.confinement.sandbox.enforce = roundsman_model::Enforce::Strict;
    let (report, notes) = house.run(order).await;
    assert!(format!("{:?}", report.end).contains("the network cannot be cut off"), "{:?}", report.end);
    assert_eq!(notes.texts(), Vec::<String>::new());
}
