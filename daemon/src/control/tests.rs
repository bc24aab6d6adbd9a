//! The socket under people who behave and people who do not.

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::BootId;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    ControlError, ControlSocket, Reloaded, Status, hint, reload, server, server::Ears, socket_path, status,
};

#[derive(Default)]
struct Listener {
    woken: AtomicUsize,
}

#[async_trait]
impl Ears for Listener {
    fn wake(&self) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }

    async fn status(&self) -> Status {
        Status {
            boot: BootId::new("boot-1"),
            leader: true,
            uptime_secs: 7.5,
            tick_age_secs: Some(0.5),
            version: None,
            replaced: false,
            abilities: None,
            progress: Vec::new(),
        }
    }

    async fn reload(&self, by: &str) -> Result<Reloaded, String> {
        match by {
            "ada@host" => Ok(Reloaded { added: vec!["backup".parse().unwrap()], ..Reloaded::default() }),
            other => Err(format!("2 problems\n{other} may look at them")),
        }
    }
}

struct Scene {
    folder: tempfile::TempDir,
    ears: Arc<Listener>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ears, stop) = (Arc::new(Listener::default()), CancellationToken::new());
        let socket = ControlSocket::bind(folder.path()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test waits for its end")]
        let serving = tokio::spawn(socket.serve(ears.clone(), stop.clone()));
        Self { folder, ears, stop, serving }
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(socket_path(self.folder.path())).await.unwrap()
    }

    /// What is answered to these bytes, up to where the daemon hangs up or has answered so many lines.
    async fn answers(&self, bytes: &[u8], lines: usize) -> Vec<String> {
        let (reading, mut writing) = self.connect().await.into_split();
        // The daemon may hang up before it has read all.
        let _ = writing.write_all(bytes).await;
        let mut answers = BufReader::new(reading).lines();
        let mut told = Vec::new();
        while told.len() < lines {
            match answers.next_line().await {
                Ok(Some(line)) => told.push(line),
                _ => break,
            }
        }
        told
    }

    async fn is_well(&self) {
        assert_eq!(status(self.folder.path()).await.unwrap().boot, BootId::new("boot-1"));
    }
}

#[tokio::test]
async fn orders_are_answered() {
    let scene = Scene::new();
    let state_dir = scene.folder.path();
    scene.is_well().await;
    hint(state_dir).await;
    assert_eq!(scene.ears.woken.load(Ordering::SeqCst), 1);
    let reloaded = reload(state_dir, "ada@host".to_owned()).await.unwrap();
    assert_eq!(reloaded.added[0].as_str(), "backup");
    match reload(state_dir, "eve".to_owned()).await.unwrap_err() {
        ControlError::Refused(why) => assert_eq!(why, "2 problems\neve may look at them"),
        other => panic!("{other}"),
    }
    let told = scene.answers(b"{\"do\":\"wake\"}\n{\"do\":\"status\",\"more\":1}\n", 2).await;
    assert_eq!(told[0], r#"{"ok":true}"#);
    assert!(told[1].contains("boot-1"), "{told:?}");
}

#[tokio::test]
async fn the_file_is_private_and_goes_with_the_daemon() {
    let scene = Scene::new();
    let path = socket_path(scene.folder.path());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    scene.stop.cancel();
    scene.serving.await.unwrap();
    assert!(!path.exists());
    let absent = status(scene.folder.path()).await.unwrap_err();
    assert!(matches!(absent, ControlError::Absent { .. }), "{absent}");
    hint(scene.folder.path()).await;
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_path(folder.path());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let absent = status(folder.path()).await.unwrap_err();
    assert!(matches!(absent, ControlError::Absent { .. }), "{absent}");
    drop(ControlSocket::bind(folder.path()).unwrap());
    std::fs::write(&path, "somebody's notes").unwrap();
    let error = ControlSocket::bind(folder.path()).err().unwrap();
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's notes");
}

#[tokio::test]
async fn a_path_too_long_is_an_error_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    assert!(ControlSocket::bind(&deep).is_err());
    assert!(matches!(status(&deep).await.unwrap_err(), ControlError::Broken { .. }));
}

#[tokio::test]
async fn nonsense_harms_nothing() {
    let scene = Scene::new();
    for nonsense in [
        &b"\n"[..],
        b"reload\n",
        b"{\"do\":\"explode\"}\n",
        b"{\"do\":7}\n",
        b"[]\n",
        b"\xff\xfe\x00\n",
        b"{\"do\":\"reload\",\"by\":[]}\n",
        b"{{{{{{{{\n",
    ] {
        let told = scene.answers(nonsense, 1).await;
        assert!(told[0].starts_with(r#"{"error":"#) || told[0].contains(r#""ok":false"#), "{told:?}");
    }
    // A deep nesting must not overflow the stack.
    let deep = format!("{}\n", "[".repeat(60_000));
    assert!(scene.answers(deep.as_bytes(), 1).await[0].contains("no order"));
    let long = [vec![b'a'; 1 << 20], b"\n{\"do\":\"wake\"}\n".to_vec()].concat();
    let told = scene.answers(&long, 2).await;
    assert!(told.len() <= 1, "it went on after a line it did not read: {told:?}");
    let mut half = scene.connect().await;
    half.write_all(b"{\"do\":\"wa").await.unwrap();
    drop(half);
    scene.is_well().await;
    assert_eq!(scene.ears.woken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_hundred_silent_connections_keep_nobody_out() {
    let scene = Scene::new();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(scene.connect().await);
    }
    scene.is_well().await;
    // Beyond the limit people are told, and those who were there before are not harmed.
    for _ in 0..60 {
        silent.push(scene.connect().await);
    }
    let mut told = String::new();
    let mut last = silent.pop().unwrap();
    tokio::time::timeout(Duration::from_secs(5), last.read_to_string(&mut told)).await.unwrap().unwrap();
    assert!(told.contains("too many"), "{told}");
    drop((silent, last));
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while status(scene.folder.path()).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "the places were not given free");
    }
}

#[test]
fn only_the_same_user_and_root_may_ask() {
    assert!(server::may_ask(1000, 1000) && server::may_ask(0, 1000));
    assert!(!server::may_ask(1001, 1000) && !server::may_ask(1000, 0));
}
