//! What users do with the image: start the daemon, wait until it is ready, run a task beside it, stop it, and run a
//! task alone on the same volume. It looks only at what is promised: answers over HTTP and exit codes.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::program::{output, program, run, shown, succeeds};

const READY_WITHIN: Duration = Duration::from_mins(1);
const TASK: &str = "hardware-refresh";
const TASK_WITHIN: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(200);

/// `run-task` ends with this while the same task runs already, as it does right after the first start.
const SKIPPED: i32 = 4;

/// Plays it through; nothing of it is left afterwards, however it ends.
pub(crate) fn rehearse(image: &str) -> Result<()> {
    let name = format!("roundsman-rehearsal-{}", process::id());
    let stage = Stage { image, name };
    let result = stage.play();
    if result.is_err() {
        println!("── what the container said");
        // The error that led here matters more than that there may be no log.
        let _ = run(program("podman").args(["logs", &stage.name]));
    }
    result
}

/// One container and one volume, both of this name.
struct Stage<'a> {
    image: &'a str,
    name: String,
}

impl Stage<'_> {
    fn play(&self) -> Result<()> {
        let address = free_address()?;
        println!("── start the daemon on {address}");
        run(self.podman_run(address).args(["--detach", "--name", &self.name, self.image]))?;
        self.wait_until_ready(address)?;
        println!("── health check of the image");
        run(program("podman").args(["healthcheck", "run", &self.name]))?;
        println!("── run {TASK} beside it");
        let mut beside = program("podman");
        beside.args(["exec", &self.name, "roundsman", "run-task", TASK]);
        run_task(&mut beside)?;
        self.stop()?;
        println!("── run {TASK} alone on the same volume");
        let mut alone = self.podman_run(address);
        alone.args(["--rm", self.image, "run-task", TASK]);
        run_task(&mut alone)
    }

    /// `podman run` up to the image.
    fn podman_run(&self, address: SocketAddr) -> Command {
        let mut command = program("podman");
        command.args(["--runtime", "runc", "run", "--network=host"]);
        command.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
        command.arg(format!("--volume={}:/var/lib/roundsman", self.name));
        command.arg(format!("--env=ROUNDSMAN_LISTEN={address}"));
        command
    }

    fn wait_until_ready(&self, address: SocketAddr) -> Result<()> {
        let start = Instant::now();
        loop {
            let answer = get(address, "/readyz");
            if answer.as_ref().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200")) {
                println!("ready after {:.1} s", start.elapsed().as_secs_f32());
                return Ok(());
            }
            ensure!(self.inspect("{{.State.Running}}")? == "true", "the daemon ended before it was ready");
            if start.elapsed() > READY_WITHIN {
                let seconds = READY_WITHIN.as_secs();
                bail!("/readyz on {address} was not 200 within {seconds} s; the last answer was {answer:?}");
            }
            thread::sleep(POLL);
        }
    }

    fn stop(&self) -> Result<()> {
        println!("── stop the daemon");
        let start = Instant::now();
        run(program("podman").args(["stop", "--time", "40", &self.name]))?;
        let code = self.inspect("{{.State.ExitCode}}")?;
        ensure!(code == "0", "the daemon ended with exit code {code} when it was stopped, instead of 0");
        println!("stopped after {:.1} s", start.elapsed().as_secs_f32());
        Ok(())
    }

    fn inspect(&self, field: &str) -> Result<String> {
        let text = output(program("podman").args([
            "inspect",
            "--type",
            "container",
            "--format",
            field,
            &self.name,
        ]))?;
        Ok(text.trim().to_owned())
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        succeeds(program("podman").args(["rm", "--force", "--ignore", &self.name]));
        succeeds(program("podman").args(["volume", "rm", "--force", &self.name]));
    }
}

/// Runs the task; while another run of it is active, again.
fn run_task(command: &mut Command) -> Result<()> {
    let deadline = Instant::now() + TASK_WITHIN;
    loop {
        let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
        match status.code() {
            Some(0) => return Ok(()),
            Some(SKIPPED) if Instant::now() < deadline => thread::sleep(POLL),
            _ => bail!("`{}` ended with {status}", shown(command)),
        }
    }
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    listener.local_addr().context("cannot learn which port is free")
}

/// The whole answer to a GET, status line first.
fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
