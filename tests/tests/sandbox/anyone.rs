//! What holds for every worker, whoever it is: these run as root, as nobody, and in a process namespace of their own.

use roundsman_model::{Code, ExitCodes};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_the_daemon_is_neither_read_nor_changed() {
    need_landlock(3);
    let house = House::new();
    let deeds = [
        "cat $H/state/roundsman.db",
        "cat $H/etc/roundsman.toml",
        "cat $H/etc/conf.d/more.toml",
        "cat $H/etc/vault",
        "cat $H/state/spool/1.json",
        "echo x >> $H/state/roundsman.db",
        ": > $H/etc/roundsman.toml",
        "truncate -s 0 $H/etc/vault",
        "echo x > $H/etc/conf.d/new.toml",
        "touch $H/state/new",
        "mkdir $H/state/new",
        "mkfifo $H/etc/conf.d/pipe",
        "ln -s /tmp/evil.toml $H/etc/conf.d/evil.toml",
        "rm -f $H/etc/roundsman.toml",
        "rm -rf $H/state/spool",
        "mv $H/etc/roundsman.toml $H/etc/old",
        "mv $H/etc $H/old",
        "mv $H/state $H/open/",
        "mv $H/open/notes $H/etc/roundsman.toml",
        "mv $H/open/notes $H/etc/conf.d/notes.toml",
        "mv $H/open/deep $H/state/deep",
        "touch $H/etc/vault.key",
        "cp $H/etc/hosts $H/etc/vault",
    ];
    house.all_refused(Sandbox::default(), &deeds).await;
    house.assert_untouched();
    assert_eq!(house.text("open/notes"), "ordinary");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_nowhere_new() {
    need_landlock(3);
    let house = House::new();
    let deeds = [
        "ln $H/state/roundsman.db ./db && cat ./db",
        "ln $H/etc/vault $H/open/vault && cat $H/open/vault",
        "ln -s $H/etc/vault ./vault && cat ./vault",
        "ln -s $H/etc ./etc && cat ./etc/vault",
        "ln -s ../roundsman.db ./db2 && cat $PWD/db2",
        "cat /proc/self/cwd/../../roundsman.db",
        "cat /proc/self/root$H/etc/vault",
        "cd / && cat .$H/etc/vault",
        "cd $H/state && cat roundsman.db",
        "cat /proc/$D/cwd/Cargo.toml",
        "cat /proc/$D/root$H/open/notes",
    ];
    house.all_refused(Sandbox::default(), &deeds).await;
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_directory_and_all_beside_the_daemon_work_as_ever() {
    need_landlock(3);
    let house = House::new();
    let deeds = [
        "mkdir -p a/b && echo x > a/b/c && mv a/b/c a/d && ln a/d e && cat e && rm -r a",
        "printf '#!/bin/sh\\necho ran\\n' > program && chmod +x program && ./program",
        "test \"$(pwd)\" = \"$TMPDIR\" && touch $HOME/there && mktemp",
        "ls $H $H/state $H/etc $H/etc/conf.d",
        "cat $H/etc/hosts && echo more >> $H/etc/hosts",
        "echo x > $H/open/new && mv $H/open/new $H/open/deep/new && mv $H/open/deep/new ./new && rm new",
        "mkdir $H/open/made && echo x > $H/open/made/file && rm -r $H/open/made",
        "cp $H/open/notes . && mv notes $H/open/notes2 && rm $H/open/notes2",
        "echo x > /dev/null && head -c 1 /dev/urandom > /dev/null && echo out > /dev/stdout && echo err > /dev/stderr",
        "cat /proc/self/status /proc/meminfo > /dev/null && ls /sys > /dev/null",
        "f=/dev/shm/roundsman-test-$$ && echo x > $f && rm $f",
        "sleep 5 & kill $!",
    ];
    house.all_done(Sandbox::default(), &deeds).await;
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_directly_above_what_is_protected() {
    need_landlock(3);
    let house = House::new();
    // Landlock allows by folder, and what is allowed in a folder is allowed in all that it holds.
    house.all_refused(Sandbox::default(), &["echo x > $H/new", "mkdir $H/new", "rm $H/etc/hosts"]).await;
    assert_eq!(house.text("etc/hosts"), "a neighbour");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_not_to_be_fenced_in_is_not() {
    let house = House::new();
    let sandbox = Sandbox { protect: Some(false), ..Sandbox::default() };
    let deeds = ["cat $H/etc/vault", "echo x > $H/etc/new && rm $H/etc/new", "kill -URG $D"];
    house.all_done(sandbox.clone(), &deeds).await;
    // What else its sandbox says holds all the same.
    need_landlock(3);
    let sandbox = Sandbox { write: Some(vec![house.path("open")]), ..sandbox };
    house.all_refused(sandbox, &["echo x >> $H/etc/vault"]).await;
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_written_only_where_the_task_says() {
    need_landlock(3);
    let house = House::new();
    let sandbox =
        || Sandbox { write: Some(vec![house.path("open"), house.path("etc/hosts")]), ..Sandbox::default() };
    let deeds = [
        "echo x > $H/shut/new",
        "echo x >> $H/shut/secret",
        "truncate -s 0 $H/shut/secret",
        "rm $H/shut/secret",
        "mv $H/shut/secret $H/open/",
        "ln $H/shut/secret $H/open/secret",
        "mkdir $H/etc/scripts/x",
        "echo x > /dev/shm/roundsman-test-$$",
        "echo x > /tmp/roundsman-test-$$",
        "echo x >> $H/state/roundsman.db",
    ];
    house.all_refused(sandbox(), &deeds).await;
    assert_eq!(house.text("shut/secret"), "not for this task");
    let deeds = [
        "cat $H/shut/secret",
        "echo x > $H/open/new && mv $H/open/new ./new && mv new $H/open/deep/new && rm $H/open/deep/new",
        "echo x >> $H/etc/hosts",
        "echo x > /dev/null && echo x > file && mktemp",
    ];
    house.all_done(sandbox(), &deeds).await;
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_only_where_the_task_says() {
    need_landlock(3);
    let house = House::new();
    let sandbox = || Sandbox { read: Some(vec![house.path("open")]), ..Sandbox::default() };
    let deeds = [
        "cat $H/shut/secret",
        "ls $H/shut",
        "cat $H/etc/hosts",
        "cp /bin/true $H/shut/true && $H/shut/true",
        "cat $H/etc/vault",
        "ls /dev/shm",
    ];
    house.all_refused(sandbox(), &deeds).await;
    let _ = fs::remove_file(house.path("shut/true"));
    let deeds = [
        "cat $H/open/notes && ls $H/open/deep",
        "cat /etc/passwd /proc/self/status > /dev/null",
        "echo x > file && cat file && mv file $H/open/file && mv $H/open/file ./file",
        "printf '#!/bin/sh\\necho ran\\n' > program && chmod +x program && ./program",
        "head -c 1 /dev/urandom > /dev/null",
        "/usr/bin/python3 -c 'import json, ssl, subprocess; print(1)'",
    ];
    house.all_done(sandbox(), &deeds).await;
    house.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_at_once_leave_what_is_written_readable() {
    need_landlock(3);
    let house = House::new();
    let sandbox = || Sandbox {
        read: Some(vec![house.path("etc/hosts")]),
        write: Some(vec![house.path("open")]),
        ..Sandbox::default()
    };
    house
        .all_done(sandbox(), &["cat $H/etc/hosts", "echo x > $H/open/x && cat $H/open/x && rm $H/open/x"])
        .await;
    house.all_refused(sandbox(), &["cat $H/shut/secret", "echo x >> $H/etc/hosts", "cat $H/etc/vault"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_told() {
    need_landlock(3);
    let house = House::new();
    let mut order = house.script("echo ran");
    order.request.confinement.sandbox.write = Some(vec![house.path("nonesuch")]);
    let lines = house.lines(order).await;
    assert!(lines.iter().any(|line| line.contains("nonesuch cannot be opened")), "{lines:?}");
    assert!(lines.contains(&"ran".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_in_a_protected_folder_is_readable_and_nothing_else_there() {
    need_landlock(3);
    let house = House::new();
    let file = house.path("etc/scripts/backup");
    fs::write(
        &file,
        "#!/bin/sh\ncat \"$0\" > /dev/null && echo ran\ncat \"${0%backup}other\" || echo refused\n",
    )
    .unwrap();
    fs::write(house.path("etc/scripts/other"), "somebody else's").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let mut order = house.script("");
    order.request.kind = "backup".parse().unwrap();
    order.request.with = json!({});
    order.request.confinement.protected.closed.push(house.path("etc/scripts"));
    order.request.confinement.sandbox.read = Some(vec![]);
    let sha256 = sha256(&file);
    order.request.code = Code::Script {
        path: file,
        sha256,
        exit_codes: ExitCodes::default(),
        dry_run: false,
        defaults: serde_json::Value::Null,
    };
    let lines = house.lines(order).await;
    assert!(lines.contains(&"ran".to_owned()), "{lines:?}");
    assert!(lines.contains(&"refused".to_owned()), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fixed_is_read_and_executed_and_never_changed() {
    need_landlock(3);
    let house = House::new();
    for (made, text) in [
        ("etc/scripts/helper", "#!/bin/sh\necho helped\n"),
        ("etc/scripts/ops/table", "one\n"),
        ("etc/scripts/key", "the key"),
        ("opt/linked", "code"),
    ] {
        fs::create_dir_all(house.path(made).parent().unwrap()).unwrap();
        fs::write(house.path(made), text).unwrap();
        fs::set_permissions(house.path(made), Permissions::from_mode(0o755)).unwrap();
    }
    let order = |text: &str| {
        let mut order = house.script(text);
        let protected = &mut order.request.confinement.protected;
        protected.fixed = ["etc/scripts", "etc/plugins", "opt/linked"].map(|name| house.path(name)).to_vec();
        protected.closed.push(house.path("etc/scripts/key"));
        order
    };
    let deeds = [
        "echo x > $H/etc/scripts/evil.sh",
        "echo x >> $H/etc/scripts/helper",
        "truncate -s 0 $H/etc/scripts/ops/table",
        "mkdir $H/etc/scripts/more",
        "echo x > $H/etc/scripts/ops/evil.sh",
        "ln -s /tmp/evil.sh $H/etc/scripts/evil.sh",
        "ln $H/open/notes $H/etc/scripts/evil.sh",
        "mv $H/open/notes $H/etc/scripts/ops/evil.sh",
        "mv $H/open/deep $H/etc/scripts/deep",
        "mv $H/etc/scripts $H/open/scripts",
        "rm $H/etc/scripts/ops/table",
        "mkdir $H/etc/plugins",
        "cat $H/etc/scripts/key",
        "echo x >> $H/opt/linked",
        "mv $H/open/notes $H/opt/linked",
        "cat $H/etc/vault",
    ];
    let deeds: String =
        deeds.iter().map(|deed| format!("( {deed} ) 2>&- && echo \"DONE: {deed}\"\n")).collect();
    let text =
        "$H/etc/scripts/helper && cat $H/etc/scripts/ops/table && ls $H/etc/scripts && cat $H/opt/linked";
    let lines = house.lines(order(&format!("{deeds}\n{text}"))).await;
    assert_eq!(lines, ["helped", "one", "helper", "key", "ops", "code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_outside_of_what_may_be_read_is_told_apart_from_one_without_the_right() {
    need_landlock(3);
    let house = House::new();
    for (name, mode) in [("shut/tool", 0o755), ("open/plain", 0o644)] {
        fs::write(house.path(name), "#!/bin/sh\necho ran\n").unwrap();
        fs::set_permissions(house.path(name), Permissions::from_mode(mode)).unwrap();
    }
    for (name, named) in [("shut/tool", true), ("open/plain", false)] {
        let mut order = house.program(&[house.path(name).to_str().unwrap()]);
        order.request.confinement.sandbox.read = Some(vec![house.path("open")]);
        let (report, _) = house.run(order).await;
        let told = format!("{:?}", report.end);
        assert!(told.contains("must not be executed"), "{told}");
        assert_eq!(told.contains("sandbox.read"), named, "{told}");
    }
}

#[expect(clippy::disallowed_methods, reason = "asks a program of the system")]
fn sha256(file: &Path) -> String {
    let output = std::process::Command::new("sha256sum").arg(file).output().expect("coreutils are installed");
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}
