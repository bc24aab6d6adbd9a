//! Whether the program could be started: folder, file, right to execute, interpreter; of a shell line, whether the shell
//! understands it. The program itself is not run.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, access};
use roundsman_program::{Program, Ran, Tail, find, interpreter, is_program, pass_on};
use roundsman_task::{Finding, TaskContext};
use tokio::io::sink;

use super::config::{Config, SHELL};

/// Looks at everything that starting the program takes.
pub(super) async fn preflight(cx: &TaskContext, config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(config.cwd.as_deref().map(folder));
    match config.line() {
        None => found.extend(program(config)),
        Some(line) => found.extend(shell_line(cx, line).await),
    }
    found
}

fn folder(cwd: &Path) -> Finding {
    let what = format!("folder {}", cwd.display());
    let advice =
        "make it, let this user enter it, or correct `cwd`; with a sandbox, name it under `read` or `write`";
    if !cwd.is_dir() {
        return Finding::failure(what, "it is no folder, or cannot be looked at", advice);
    }
    match access(cwd, AccessFlags::X_OK) {
        Ok(()) => Finding::ok(what, "it can be entered"),
        Err(error) => Finding::failure(what, format!("it cannot be entered: {error}"), advice),
    }
}

fn program(config: &Config) -> Vec<Finding> {
    let name = config.argv()[0].to_owned();
    let what = format!("program {name}");
    let search =
        config.env.get("PATH").map_or_else(|| std::env::var_os("PATH").unwrap_or_default(), OsString::from);
    let file = match locate(config, &name, &search) {
        Ok(file) => file,
        Err((found, advice)) => return vec![Finding::failure(what, found, advice)],
    };
    if !is_program(&file) {
        let found = format!("{} may not be executed by this user", file.display());
        return vec![Finding::failure(
            what,
            found,
            format!("run `chmod +x {}`, or change its owner", file.display()),
        )];
    }
    vec![Finding::ok(what, format!("{} may be executed", file.display())), interpreter(&file, &search)]
}

/// The file that a program's name means, or why there is none and what to do.
fn locate(config: &Config, name: &str, search: &OsString) -> Result<PathBuf, (String, String)> {
    if !name.contains('/') {
        return find(name, search).ok_or_else(|| {
            let found = format!("it is in no folder of PATH ({})", search.display());
            (found, "install it, write its whole path, or put PATH into `with.env`".to_owned())
        });
    }
    let path = match &config.cwd {
        Some(cwd) => cwd.join(name),
        None if name.starts_with('/') => PathBuf::from(name),
        None => {
            let found = "a path that begins in the attempt's own folder, which is empty".to_owned();
            return Err((found, "write the whole path, or a `cwd`".to_owned()));
        }
    };
    if path.is_file() {
        return Ok(path);
    }
    let found = format!("{} is no file, or cannot be looked at", path.display());
    Err((found, "install it, or correct `argv`; with a sandbox, name it under `read`".to_owned()))
}

/// Lets the shell read the line without doing what it says.
async fn shell_line(cx: &TaskContext, line: &str) -> Vec<Finding> {
    let shell = Path::new(SHELL[0]);
    if !is_program(shell) {
        let found = format!("{} is no program that may be executed", shell.display());
        return vec![Finding::failure("shell", found, "install a shell there, or write `argv` instead")];
    }
    let argv = [SHELL[0], "-n", SHELL[1], line].map(str::to_owned).to_vec();
    let mut told = Tail::new(5);
    let program = Program { argv, cwd: None, env: std::collections::BTreeMap::new(), stdin: None };
    let read = async {
        let mut child = program.start()?;
        let (out, err) = child.streams();
        let mut nothing = Tail::new(0);
        let listen =
            async { tokio::join!(pass_on(out, sink(), &mut nothing), pass_on(err, sink(), &mut told)) };
        child.finish(cx, listen).await
    };
    vec![match read.await {
        Ok(ended) if ended.exit.code() == Some(0) => {
            Finding::ok("shell line", format!("{} understands it", shell.display()))
        }
        Ok(ended) => {
            let found = Ran::new(ended, Tail::new(0), told).told();
            Finding::failure("shell line", found, "correct the line; `sh -n` tells the same")
        }
        Err(error) => Finding::failure("shell line", error.to_string(), "look again later"),
    }]
}

#[cfg(test)]
mod tests;
