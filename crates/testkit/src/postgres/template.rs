//! The files of a fresh cluster. `initdb` takes a second or more, so it is done once for each version and kept below
//! `target/`; a test copies the result. It starts no server.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    USER, USER_WITH_PASSWORD, command,
    programs::{Account, Programs},
};

/// Changes whenever `initdb` is called differently.
const RECIPE: u32 = 1;

/// Copies the files of a fresh cluster into a new folder below the system's temporary one.
pub(super) fn copy(programs: &Programs, account: Option<&Account>) -> PathBuf {
    let kept = kept(programs);
    if !kept.join("PG_VERSION").exists() {
        make(programs, account, &kept);
    }
    let folder = new_folder();
    copy_folder(&kept, &folder, account);
    folder
}

/// Where the template is kept.
fn kept(programs: &Programs) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let version = programs.postgres().to_string_lossy().replace('/', "-");
    target.join("tmp").join(format!("postgres-template-{RECIPE}{version}"))
}

fn new_folder() -> PathBuf {
    // The server removes it at its end; this process may not live to do so.
    let folder =
        tempfile::Builder::new().prefix("roundsman-postgres-").tempdir().expect("there is room for a folder");
    folder.keep()
}

fn make(programs: &Programs, account: Option<&Account>, kept: &Path) {
    let folder = new_folder();
    Account::own(account, &folder);
    let mut initdb = command(programs.initdb());
    initdb.arg("-D").arg(&folder).args(["-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]);
    // A collation that is not that of bytes, so that a test notices where bytes were to be compared.
    initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--wal-segsize=1"]);
    initdb.current_dir(&folder);
    Account::apply(account, &mut initdb);
    let output = initdb.output().expect("initdb was found");
    assert!(output.status.success(), "initdb fails: {}", String::from_utf8_lossy(&output.stderr));
    let rules = fs::read_to_string(folder.join("pg_hba.conf")).expect("initdb writes pg_hba.conf");
    let rules = format!("host all {USER_WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n{rules}");
    fs::write(folder.join("pg_hba.conf"), rules).expect("the folder is ours to write");
    publish(&folder, kept);
    let _ = fs::remove_dir_all(&folder);
}

/// Puts the template in its place, whole: another process may be doing the same.
fn publish(folder: &Path, kept: &Path) {
    let parent = kept.parent().expect("a path below the target folder");
    fs::create_dir_all(parent).expect("the target folder is ours to write");
    let draft = tempfile::Builder::new().prefix("postgres-draft-").tempdir_in(parent).expect("there is room");
    copy_folder(folder, draft.path(), None);
    // Fails if the other was quicker; its template is as good.
    if fs::rename(draft.path(), kept).is_ok() {
        let _ = draft.keep();
    }
}

fn copy_folder(from: &Path, to: &Path, account: Option<&Account>) {
    fs::create_dir_all(to).expect("there is room for a folder");
    Account::own(account, to);
    // Postgres refuses a folder that others can read.
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("the template can be read").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy_folder(&from, &to, account);
        } else {
            fs::copy(&from, &to).expect("there is room for a file");
            Account::own(account, &to);
        }
    }
}
