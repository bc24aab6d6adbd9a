//! Folders of scripts and plugins, and what is said of each file.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
};

use expect_test::expect;
use roundsman_finder::{Broken, MAX_FILES, MAX_SCRIPT_BYTES, scan_plugins, scan_scripts};
use roundsman_model::Code;

use crate::scene::{Folder, STRANGER, chmod, chown};

const HEADER: &str =
    "#!/bin/sh\n# /// roundsman\n# about = \"Says hello\"\n# every = \"1h\"\n# ///\necho hello\n";

#[test]
fn scripts_with_and_without_headers() {
    let folder = Folder::new();
    folder.script("Hello_World.sh", HEADER);
    folder.script("plain", "#!/bin/sh\necho plain\n");
    folder.script("beside.py", "#!/usr/bin/env python3\n");
    folder.file("beside.toml", "about = 'Is described beside itself'\nschedule = '@daily'\n", 0o644);
    folder.script("backup/nightly.sh", HEADER);
    folder.script("backup/cloud/offsite", "#!/bin/sh\n");
    folder.check(expect![[r#"
        Hello_World.sh: hello_world: [scripts] Says hello
        backup/cloud/offsite: offsite: [backup/cloud] runs offsite
        backup/nightly.sh: nightly: [backup] Says hello
        beside.py: beside: [scripts] Is described beside itself
        plain: plain: [scripts] runs plain
    "#]]);
    let scripts = scan_scripts(folder.path()).unwrap();
    let script = scripts.iter().find(|script| script.path.ends_with("beside.py")).unwrap();
    let kind = script.kind.as_ref().unwrap();
    let state = script.state.as_ref().unwrap();
    let Code::Script { path, sha256, .. } = &kind.description.code else { panic!("no script") };
    assert_eq!((path, sha256), (&script.path, &state.sha256));
    assert_eq!(*sha256, roundsman_finder::hash_file(path).unwrap());
    assert_eq!(state.size, 23);
    assert!(kind.description.takes_params && !kind.description.repeatable);
    let keys = kind.keys.as_ref().unwrap();
    assert!(keys.scheduled && keys.path.ends_with("beside.toml"));
    let plain = scripts.iter().find(|script| script.path.ends_with("plain")).unwrap();
    assert!(plain.kind.as_ref().unwrap().keys.is_none());
}

#[test]
fn what_lies_beside_scripts_is_passed_over() {
    let folder = Folder::new();
    folder.script("a.sh", HEADER);
    for name in [
        ".hidden.sh",
        "a.sh~",
        ".a.sh.swp",
        "b.swp",
        "a.sh.bak",
        "#a.sh#",
        "a.sh.rpmsave",
        "README",
        "readme.txt",
        "NOTES.md",
        "tool.so",
        ".git/hooks/pre-commit",
        "venv/bin/activate",
        "node_modules/x/run.js",
        "__pycache__/a.pyc",
        "a.toml.md",
    ] {
        folder.script(name, HEADER);
    }
    folder.file("venv/pyvenv.cfg", "", 0o644);
    folder.file("lib.py", "def hello(): pass\n", 0o644);
    folder.file("numbers.csv", "1,2\n", 0o644);
    folder.file("alone.toml", "about = 'There is no script'\n", 0o644);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    folder.check(expect![[r#"
        a.sh: a: [scripts] Says hello
    "#]]);
}

#[test]
fn scripts_that_are_not_in_order() {
    let folder = Folder::new();
    folder.file("lazy.sh", HEADER, 0o644);
    folder.file("lazy-beside.sh", "echo", 0o644);
    folder.file("lazy-beside.toml", "about = 'Is not executable'\n", 0o644);
    folder.script("broken.sh", "# /// roundsman\n# repeatable = 'yes'\n# ///\n");
    folder.script("beside.sh", "echo");
    folder.file("beside.toml", "\nexit_codes = 5\n", 0o644);
    folder.script("both.sh", HEADER);
    folder.file("both.toml", "about = 'Says hello'\n", 0o644);
    folder.script("two words.sh", HEADER);
    folder.script("archive.tar.sh", HEADER);
    folder.script("empty.sh", "");
    folder.file("shared.sh", HEADER, 0o775);
    folder.script("loose.sh", "echo");
    folder.file("loose.toml", "every = '1h'\n", 0o666);
    let strange = folder.script("strange.sh", HEADER);
    chown(&strange, STRANGER);
    let elsewhere = folder.script("elsewhere/fine.sh", HEADER);
    let foreign = folder.path().join(std::ffi::OsStr::from_bytes(b"gr\xfcn"));
    fs::rename(elsewhere.parent().unwrap(), foreign).unwrap();
    symlink("nowhere", folder.path().join("gone.sh")).unwrap();
    let large = folder.script("large.sh", HEADER);
    fs::File::options().write(true).open(large).unwrap().set_len(MAX_SCRIPT_BYTES + 1).unwrap();
    folder.check(expect![[r#"
        archive.tar.sh: -: broken: the file's name gives the kind's name: "archive.tar" is not a kind name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit; rename the file
        beside.sh: beside: broken: beside.toml:2:14: exit_codes: found a number; expected a table such as { partial = [2], retry = [75] }
        both.sh: both: broken: it has a header in its comments and another in both.toml; keep one of them
        broken.sh: broken: broken: broken.sh:2:16: repeatable: found a string; expected true or false
        empty.sh: empty: broken: the file is empty; it is looked at again when it is complete
        gone.sh: gone: broken: this symbolic link leads nowhere
        gr�n/fine.sh: fine: broken: its path is not UTF-8 text; rename it, or the folder it is in
        large.sh: large: broken: it has 16777217 bytes; at most 16777216 are read
        lazy-beside.sh: lazy-beside: broken: not executable: run `chmod +x lazy-beside.sh`
        lazy.sh: lazy: broken: not executable: run `chmod +x lazy.sh`
        loose.sh: loose: broken: loose.toml may be written by its group and all others (mode 0666); run `chmod go-w loose.toml`
        shared.sh: shared: broken: shared.sh may be written by its group (mode 0775); run `chmod g-w shared.sh`
        strange.sh: strange: broken: strange.sh belongs to user 65534, who could change what is run; run `chown 0 strange.sh`
        two words.sh: -: broken: the file's name gives the kind's name: "two words" is not a kind name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit; rename the file
    "#]]);
    let scripts = scan_scripts(folder.path()).unwrap();
    let passing: Vec<_> =
        scripts.iter().filter(|script| script.kind.as_ref().is_err_and(Broken::is_passing)).collect();
    assert_eq!(passing.len(), 1);
    assert!(passing[0].path.ends_with("empty.sh"));
}

#[test]
fn what_lies_in_the_place_of_a_header_is_not_passed_over() {
    let folder = Folder::new();
    let beside = |name: &str| {
        folder.script(&format!("{name}.sh"), "#!/bin/sh\n");
        folder.path().join(format!("{name}.toml"))
    };
    symlink("/dev/zero", beside("device")).unwrap();
    symlink("nowhere", beside("gone")).unwrap();
    fs::create_dir(beside("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, beside("pipe"), rustix::fs::Mode::from_raw_mode(0o644)).unwrap();
    folder.check(expect![[r#"
        device.sh: device: broken: device.toml is no regular file
        folder.sh: folder: [scripts] runs folder.sh
        gone.sh: gone: broken: cannot look at nowhere: No such file or directory (os error 2)
        pipe.sh: pipe: broken: pipe.toml is no regular file
    "#]]);
}

#[test]
fn one_name_for_two_files() {
    let folder = Folder::new();
    folder.script("hello.sh", HEADER);
    folder.script("Hello.py", HEADER);
    folder.script("backup/HELLO", HEADER);
    folder.script("other.sh", HEADER);
    folder.check(expect![[r#"
        Hello.py: hello: broken: the kind's name `hello` is also that of backup/HELLO, hello.sh; rename all but one
        backup/HELLO: hello: broken: the kind's name `hello` is also that of Hello.py, hello.sh; rename all but one
        hello.sh: hello: broken: the kind's name `hello` is also that of Hello.py, backup/HELLO; rename all but one
        other.sh: other: [scripts] Says hello
    "#]]);
}

#[test]
fn data_beside_a_script_is_no_script() {
    let folder = Folder::new();
    folder.script("report.sh", "echo");
    folder.file("report.toml", "about = 'Writes the report'\n", 0o644);
    folder.file("report.sql", "select 1", 0o644);
    folder.check(expect![[r#"
        report.sh: report: [scripts] Writes the report
    "#]]);
}

#[test]
fn folders_that_are_not_looked_into() {
    let folder = Folder::new();
    folder.script("a/b/c/deep.sh", HEADER);
    folder.script("a/b/c/d/too-deep.sh", HEADER);
    let open = folder.script("open/a.sh", HEADER);
    chmod(open.parent().unwrap(), 0o777);
    symlink("..", folder.path().join("a/back")).unwrap();
    folder.check(expect![[r#"
        a/b/c/d: -: broken: folders are looked into 3 deep; move it up
        a/b/c/deep.sh: deep: [a/b/c] Says hello
        open: -: broken: open may be written by its group and all others (mode 0777); run `chmod go-w open`
    "#]]);
    chmod(folder.path(), 0o770);
    folder.check(expect![
        "the folder is not used: . may be written by its group (mode 0770); run `chmod g-w .`"
    ]);
}

#[test]
fn links_to_scripts_elsewhere() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let tool = elsewhere.script("tool-1.2.sh", HEADER);
    symlink(&tool, folder.path().join("tool.sh")).unwrap();
    folder.check(expect![[r#"
        tool.sh: tool: [scripts] Says hello
    "#]]);
}

#[test]
fn folders_that_are_absent_or_full_or_files() {
    let folder = Folder::new();
    assert!(scan_scripts(&folder.path().join("absent")).unwrap().is_empty());
    assert!(scan_plugins(&folder.path().join("absent")).unwrap().is_empty());
    let file = folder.script("a.sh", HEADER);
    assert!(scan_scripts(&file).is_err());
    for number in 0..MAX_FILES {
        folder.file(&format!("{number}.txt"), "", 0o644);
    }
    folder.check(expect![". holds more than 2000 files; keep other files elsewhere"]);
}

#[test]
fn plugins() {
    let folder = Folder::new();
    folder.file("libgood.so", "\x7fELF", 0o644);
    folder.file("empty.so", "", 0o644);
    folder.file("open.so", "\x7fELF", 0o666);
    folder.file("notes.txt", "", 0o644);
    folder.file(".hidden.so", "", 0o644);
    folder.file("sub/other.so", "", 0o644);
    fs::create_dir(folder.path().join("folder.so")).unwrap();
    let own = format!("{}/", folder.path().display());
    let line = |plugin: &roundsman_finder::FoundPlugin| {
        let said = match &plugin.file {
            Ok(state) => format!("{} bytes", state.size),
            Err(broken) => broken.reason(),
        };
        format!("{}: {said}\n", plugin.path.display()).replace(&own, "")
    };
    expect![[r#"
        empty.so: the file is empty; it is looked at again when it is complete
        libgood.so: 4 bytes
        open.so: open.so may be written by its group and all others (mode 0666); run `chmod go-w open.so`
    "#]]
    .assert_eq(&scan_plugins(folder.path()).unwrap().iter().map(line).collect::<String>());
}
