//! Values from where nobody else sees them: a terminal that shows nothing, or standard input. Never from arguments.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Read as _, Write as _},
    os::fd::AsFd as _,
    task::Poll,
};

use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroizing;

use crate::cli::failure::{Answer, Failure};

/// The longest value: what the vault can hold without anybody noticing.
const LONGEST: u64 = 4 * 1024 * 1024;
/// What a terminal sends for Ctrl-C, Ctrl-D, Ctrl-U and the two keys that delete.
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const LINE: u8 = 0x15;
const DELETE: [u8; 2] = [0x08, 0x7f];

/// Whether a person can be asked.
pub(super) fn is_person() -> bool {
    io::stdin().is_terminal()
}

/// A value: from standard input, or asked for twice where that is a terminal.
pub(super) fn value(what: &str) -> Answer<Zeroizing<String>> {
    let value = if is_person() { twice(what)? } else { piped()? };
    if value.is_empty() {
        return Err(Failure::Usage(format!("no {what} was given: nothing was changed")));
    }
    Ok(value)
}

/// A secret that is asked for once, where there is a person to ask.
pub(super) fn once(prompt: &str) -> Answer<Zeroizing<String>> {
    let mut terminal = Terminal::open()?;
    let line = terminal.line(prompt);
    drop(terminal);
    line
}

fn twice(what: &str) -> Answer<Zeroizing<String>> {
    let mut terminal = Terminal::open()?;
    let first = terminal.line(&format!("{what}: "))?;
    let second = terminal.line("once more: ")?;
    if *first != *second {
        let message = "the two differ: nothing was changed; values of several lines come from a file: \
                       `roundsman credentials set … < FILE`";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(first)
}

/// All of standard input, without the line end that `echo` adds.
fn piped() -> Answer<Zeroizing<String>> {
    let failed = |error| Failure::failed("cannot read standard input", error);
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    io::stdin().take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::Usage(format!("the value has more than {} MiB", LONGEST >> 20)));
    }
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Zeroizing::new(line.to_owned()))
}

/// Asks whether to go on; only a clear yes counts.
pub(super) fn confirm(question: &str) -> Answer<bool> {
    let failed = |error| Failure::failed("cannot ask", error);
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// The terminal while it shows nothing. It is as before when this is dropped.
struct Terminal {
    file: File,
    before: Termios,
}

impl Terminal {
    fn open() -> Answer<Self> {
        let failed = |error: io::Error| {
            Failure::failed("cannot ask on the terminal; the value can come on standard input", error)
        };
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(failed)?;
        let before = tcgetattr(file.as_fd()).map_err(|errno| failed(errno.into()))?;
        let mut silent = before.clone();
        // Key by key: lines of a terminal end after 4,095 bytes, and Ctrl-C must not leave it silent.
        silent.local_flags -= LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG;
        silent.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        silent.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        file.try_clone().and_then(|file| mend_at_signals(file, before.clone())).map_err(failed)?;
        tcsetattr(file.as_fd(), SetArg::TCSAFLUSH, &silent).map_err(|errno| failed(errno.into()))?;
        Ok(Self { file, before })
    }

    fn line(&mut self, prompt: &str) -> Answer<Zeroizing<String>> {
        let failed = |error| Failure::failed("cannot read from the terminal", error);
        write!(self.file, "{prompt}").map_err(failed)?;
        let mut typed = Zeroizing::new(Vec::with_capacity(8 * 1024));
        let mut key = [0];
        loop {
            let read = self.file.read(&mut key).map_err(failed)?;
            match key[0] {
                _ if read == 0 => break,
                b'\n' | b'\r' | END => break,
                INTERRUPT => {
                    // So that the next line begins at its beginning.
                    let _ = writeln!(self.file);
                    return Err(Failure::Told(130));
                }
                LINE => typed.clear(),
                key if DELETE.contains(&key) => delete(&mut typed),
                key => typed.push(key),
            }
        }
        writeln!(self.file).map_err(failed)?;
        let text = std::str::from_utf8(&typed);
        let text = text.map_err(|_| Failure::Usage("what was typed is not UTF-8 text".to_owned()))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// From now on a signal that ends this process leaves the terminal as it was. The thread that sees to it stays: nobody
/// else hears these signals any more.
fn mend_at_signals(terminal: File, before: Termios) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let heard = {
        let _entered = runtime.enter();
        [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()]
            .into_iter()
            .map(|kind| Ok((kind, signal(kind)?)))
            .collect::<io::Result<Vec<_>>>()?
    };
    let wait = move || {
        let kind = runtime.block_on(first(heard));
        // What was typed and not read must not reach the shell.
        let _ = tcsetattr(terminal.as_fd(), SetArg::TCSAFLUSH, &before);
        let _ = writeln!(&terminal);
        std::process::exit(128 + kind.as_raw_value());
    };
    std::thread::Builder::new().name("terminal".to_owned()).spawn(wait).map(drop)
}

/// The first of these signals that comes.
async fn first(mut heard: Vec<(SignalKind, Signal)>) -> SignalKind {
    std::future::poll_fn(|context| {
        let mut came = heard
            .iter_mut()
            .filter_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
        came.next().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Takes away the last character.
fn delete(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // If the terminal is gone there is nothing to put right.
        let _ = tcsetattr(self.file.as_fd(), SetArg::TCSAFLUSH, &self.before);
    }
}
