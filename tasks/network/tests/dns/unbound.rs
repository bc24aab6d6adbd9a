//! A real `unbound` on a free port, with zones of its own and no way out. It ends with the test.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The server.
pub(crate) struct Unbound {
    pub(crate) at: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Unbound {
    /// Starts one and waits until it answers connections. Fails with the name of the package if it is missing.
    pub(crate) async fn start() -> Self {
        for _ in 0..5 {
            if let Some(unbound) = Self::try_start(free_port()).await {
                return unbound;
            }
        }
        panic!("unbound did not come up on any of five ports");
    }

    #[expect(clippy::disallowed_methods, reason = "a test starts the server it asks")]
    async fn try_start(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for unbound");
        let config = folder.path().join("unbound.conf");
        fs::write(&config, configuration(port)).expect("a configuration for unbound");
        // Debian keeps it in /usr/sbin, which is not on everybody's PATH.
        let program = ["/usr/sbin/unbound", "/usr/local/sbin/unbound", "/usr/bin/unbound"];
        let program = program.iter().find(|program| fs::exists(program).unwrap_or(false));
        let program = program.expect("no unbound on this machine: install the package \"unbound\"");
        let log = fs::File::create(folder.path().join("log")).expect("a log for unbound");
        let child = Command::new(program)
            .args(["-d", "-p", "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("unbound starts");
        let at = ([127, 0, 0, 1], port).into();
        Self { at, child, _folder: folder }.ready().await
    }

    async fn ready(mut self) -> Option<Self> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if self.child.try_wait().expect("unbound can be waited for").is_some() {
                return None;
            }
            if TcpStream::connect(self.at).is_ok() {
                return Some(self);
            }
            // sleep: between two tries; nothing tells when unbound listens.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    for _ in 0..100 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = listener.local_addr().expect("a bound socket has an address");
        if UdpSocket::bind(at).is_ok() {
            return at.port();
        }
    }
    panic!("no port is free for both UDP and TCP");
}

fn configuration(port: u16) -> String {
    // The last zone fails at once: by itself, unbound asks no server on loopback.
    let large = (0..12).fold(String::new(), |text, number| {
        let filler = "x".repeat(240);
        text + &format!("  local-data: 'large.example.com. 60 IN TXT \"{number} {filler}\"'\n")
    });
    format!(
        r#"
server:
  interface: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  directory: "/"
  pidfile: ""
  do-daemonize: no
  use-syslog: no
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
  ede: yes
  access-control: 127.0.0.0/8 allow
  local-zone: "." static
  local-data: ". 3600 IN NS a.root.example."
  local-data: ". 3600 IN SOA a.root.example. host.example.com. 1 3600 600 86400 300"
  local-zone: "example.com." static
  local-data: "example.com. 300 IN SOA ns.example.com. host.example.com. 2026010501 3600 600 86400 300"
  local-data: "example.com. 300 IN MX 10 mail.example.com."
  local-data: "www.example.com. 60 IN A 192.0.2.10"
  local-data: "www.example.com. 60 IN A 192.0.2.11"
  local-data: "www.example.com. 60 IN AAAA 2001:db8::10"
{large}
  local-zone: "hijacked.example.net." redirect
  local-data: "hijacked.example.net. 60 IN A 192.0.2.66"
  local-zone: "refused.example.org." always_refuse
  local-zone: "silent.example.org." always_deny
  local-zone: "broken.example.org." transparent
forward-zone:
  name: "broken.example.org."
  forward-addr: 127.0.0.1
"#
    )
}
