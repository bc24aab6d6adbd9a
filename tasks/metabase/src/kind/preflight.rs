//! Whether exports could be made: the server is ready and lets us in, the folder can be written, there is space. It runs where
//! a run would, under the same rules of the sandbox, and leaves nothing behind.

use std::{io::ErrorKind, path::Path};

use roundsman_task::{Finding, TaskContext};

use crate::{
    config::Checked,
    export::{
        part::{DiskError, free_space, look_for_space},
        probe::{try_to_make_folder, try_to_write},
    },
    server::{CREDENTIAL, Health, Server, ServerFailure},
};

/// Looks.
pub(super) async fn look(cx: &TaskContext, config: &Checked) -> Vec<Finding> {
    let mut findings = match Server::open(cx, config).await {
        Ok(server) => of_server(&server).await,
        Err(error) => {
            let advice = "check the task's configuration and its credentials";
            vec![Finding::failure("open the server", error.to_string(), advice)]
        }
    };
    findings.extend(of_folder(config));
    findings
}

async fn of_server(server: &Server) -> Vec<Finding> {
    let reach = format!("reach {}", server.base_url());
    match server.health().await {
        Ok(Health::Ok) => {}
        Ok(Health::Initializing) => {
            return vec![Finding::warning(reach, "it is starting", "wait; runs wait too, for init_wait")];
        }
        Ok(Health::Unwell(says)) => {
            return vec![Finding::failure(reach, says, "look at the server's own database and its log")];
        }
        Err(failure) => return vec![failed(reach, &failure)],
    }
    let mut findings = vec![Finding::ok(reach, "it is ready")];
    match server.current_user().await {
        Ok(user) => {
            let name = user.common_name.unwrap_or_else(|| format!("user {}", user.id));
            let let_in = Finding::ok("be let in", format!("we are {name}"));
            findings.push(let_in.about_credential(CREDENTIAL));
        }
        Err(failure) => {
            // Nothing more is asked: it could be another login, and those who try too often are kept out.
            findings.push(failed("be let in".to_owned(), &failure).about_credential(CREDENTIAL));
            server.close().await;
            return findings;
        }
    }
    findings.push(match server.properties().await {
        Ok(properties) => {
            let version = properties.tag.clone().unwrap_or_else(|| "a version it does not tell".to_owned());
            let limit = properties.file_cap();
            Finding::ok("learn its version", format!("{version}; files have at most {limit} rows"))
        }
        Err(failure) => failed("learn its version".to_owned(), &failure),
    });
    server.close().await;
    findings
}

fn failed(what: String, failure: &ServerFailure) -> Finding {
    Finding::failure(what, failure.message.clone(), failure.class.hint())
}

fn of_folder(config: &Checked) -> Vec<Finding> {
    let Some(folder) = &config.output_dir else { return Vec::new() };
    vec![writable(folder), spacious(folder, config.min_free_bytes.bytes())]
}

fn writable(folder: &Path) -> Finding {
    let what = format!("write to {}", folder.display());
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    if !there.is_dir() {
        let found = format!("{} is no folder", there.display());
        return Finding::failure(what, found, "name another output_dir");
    }
    let is_there = there == folder;
    match if is_there { try_to_write(there) } else { try_to_make_folder(there) } {
        Ok(()) if is_there => Finding::ok(what, "a file was made in it and removed"),
        Ok(()) => Finding::ok(what, format!("it is not there yet and can be made in {}", there.display())),
        Err(error) => {
            let advice = advice(&error, is_there);
            Finding::failure(what, error.to_string(), advice)
        }
    }
}

fn advice(error: &DiskError, is_there: bool) -> &'static str {
    match error.source.kind() {
        ErrorKind::PermissionDenied if is_there => {
            "let the task's user write there; where that is so, the sandbox keeps it from it: `write` must name the folder, and \
             it must not be one that leads to the daemon's own files, such as /var/lib or a home (docs/sandbox.md)"
        }
        ErrorKind::PermissionDenied => {
            "make the folder yourself, for the task's user; a sandbox lets nobody make one beside the daemon's own files, nor \
             where `write` does not lead (docs/sandbox.md)"
        }
        _ => "name another output_dir, or look at its file system",
    }
}

fn spacious(folder: &Path, min_free: u64) -> Finding {
    let what = format!("find space at {}", folder.display());
    match (look_for_space(folder, min_free), free_space(folder)) {
        (Ok(()), Ok(free)) => Finding::ok(what, format!("{} MiB are free", free >> 20)),
        (Err(error), _) | (_, Err(error)) => {
            Finding::failure(what, error.source.to_string(), "make space, or lower min_free_bytes")
        }
    }
}
