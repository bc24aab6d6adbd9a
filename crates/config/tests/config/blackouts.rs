//! Blackouts: windows that cannot be, and tasks that would never run for them.

use expect_test::expect;

use crate::scene::{Scene, check, task};

fn windows(text: &str) -> usize {
    let scene = Scene::new().file("roundsman.toml", text);
    let loaded = scene.load().unwrap_or_else(|problems| panic!("{}", scene.plain(problems)));
    loaded.tasks[0].blackouts.len()
}

#[test]
fn blackouts_that_cannot_be_read() {
    check(
        &task(
            "blackout = [{ schedule = \"0 25 * * *\", duration = \"4h\" }, { schedule = \"0 2 * * *\", lasts = \"1h\" }, { schedule = \"0 2 * * *\", duration = \"0s\", timezone = \"Berlin\" }]",
        ),
        expect![[r#"
            the configuration has 5 problems:

            /cfg/roundsman.toml:4:26: tasks.backup.blackout[0].schedule: hour field `25` in `0 25 * * *`: 25 is out of range; expected 0-23, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
             4 | blackout = [{ schedule = "0 25 * * *", duration = "4h" }, { schedule = "0 2 * * *", lasts = "1h" }, { schedule = "0 2 * * *", duration = "0s", timezone = "Berlin" }]
               |                          ^^^^^^^^^^^^

            /cfg/roundsman.toml:4:59: tasks.backup.blackout[1]: the key `duration` is missing; expected `duration = …` with a duration such as "4h"
             4 | blackout = [{ schedule = "0 25 * * *", duration = "4h" }, { schedule = "0 2 * * *", lasts = "1h" }, { schedule = "0 2 * * *", duration = "0s", timezone = "Berlin" }]
               |                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            /cfg/roundsman.toml:4:85: tasks.backup.blackout[1]: unknown key `lasts`; expected `duration`, `reason`, `schedule` or `timezone`
             4 | blackout = [{ schedule = "0 25 * * *", duration = "4h" }, { schedule = "0 2 * * *", lasts = "1h" }, { schedule = "0 2 * * *", duration = "0s", timezone = "Berlin" }]
               |                                                                                     ^^^^^

            /cfg/roundsman.toml:4:138: tasks.backup.blackout[2].duration: 0s is too little; expected at least 1s
             4 | blackout = [{ schedule = "0 25 * * *", duration = "4h" }, { schedule = "0 2 * * *", lasts = "1h" }, { schedule = "0 2 * * *", duration = "0s", timezone = "Berlin" }]
               |                                                                                                                                          ^^^^

            /cfg/roundsman.toml:4:155: tasks.backup.blackout[2].timezone: "Berlin" is not a known time zone; expected an IANA name such as "Europe/Berlin" or "UTC"; did you mean `Europe/Berlin`?
             4 | blackout = [{ schedule = "0 25 * * *", duration = "4h" }, { schedule = "0 2 * * *", lasts = "1h" }, { schedule = "0 2 * * *", duration = "0s", timezone = "Berlin" }]
               |                                                                                                                                                           ^^^^^^^^"#]],
    );
    check(
        &task("blackout = { schedule = \"0 2 * * *\", duration = \"4h\" }"),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.blackout: found a table; expected a list of tables such as [{ duration = "4h", schedule = "0 22 * * fri" }]
         4 | blackout = { schedule = "0 2 * * *", duration = "4h" }
           |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn windows_that_overlap() {
    check(
        &task(
            "blackout = [\n  { schedule = \"0 2 * * *\", duration = \"24h\" },\n  { schedule = \"0 2,5 * * *\", duration = \"4h\" },\n  { schedule = \"0 0 1 * *\", duration = \"30d\" },\n]",
        ),
        expect![[r#"
            the configuration has 3 problems:

            /cfg/roundsman.toml:5:40: tasks.backup.blackout[0].duration: this never ends: the window opens again every 1day, when it closes; expected less than 1day
             5 |   { schedule = "0 2 * * *", duration = "24h" },
               |                                        ^^^^^

            /cfg/roundsman.toml:6:42: tasks.backup.blackout[1].duration: this is longer than the time between two openings, which is 3h at least; expected at most 3h
             6 |   { schedule = "0 2,5 * * *", duration = "4h" },
               |                                          ^^^^

            /cfg/roundsman.toml:7:40: tasks.backup.blackout[2].duration: this is longer than the time between two openings, which is 28days at least; expected at most 28days
             7 |   { schedule = "0 0 1 * *", duration = "30d" },
               |                                        ^^^^^"#]],
    );
}

#[test]
fn blackouts_of_the_daemon_and_other_spellings() {
    check(
        "[daemon]\nblackout = [{ schedule = \"@hourly\", duration = \"2h\" }]\n",
        expect![[r#"
        /cfg/roundsman.toml:2:48: daemon.blackout[0].duration: this is longer than the time between two openings, which is 1h at least; expected less than 1h
         2 | blackout = [{ schedule = "@hourly", duration = "2h" }]
           |                                                ^^^^"#]],
    );
    check(
        &task("blackouts = []\nlabels = []"),
        expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:4:1: tasks.backup.blackouts: unknown key: write it as `blackout`
         4 | blackouts = []
           | ^^^^^^^^^

        /cfg/roundsman.toml:5:1: tasks.backup.labels: unknown key: write it as `runs_on`; `labels` are what the `[daemon]` of a node says of itself
         5 | labels = []
           | ^^^^^^"#]],
    );
}

#[test]
fn windows_that_touch_are_in_order() {
    for window in ["\"0 0 * * sat,sun\", duration = \"24h\"", "\"0 2,6 * * *\", duration = \"4h\""] {
        let text = task(&format!("blackout = [{{ schedule = {window}, timezone = \"Asia/Jerusalem\" }}]"));
        assert_eq!(windows(&text), 1);
    }
}

#[test]
fn a_task_that_would_never_run() {
    check(
        &task("schedule = \"0 2 * * *\"\nblackout = [{ schedule = \"0 1 * * *\", duration = \"3h\" }]"),
        expect![[r#"
            /cfg/roundsman.toml:5:1: tasks.backup.blackout: every slot of the task (`0 2 * * *`) lies in a blackout: it would never run; expected other windows, another schedule, or `after_blackout = "once"`
             5 | blackout = [{ schedule = "0 1 * * *", duration = "3h" }]
               | ^^^^^^^^"#]],
    );
    check(
        &format!(
            "[daemon]\nblackout = [{{ schedule = \"0 22 * * fri\", duration = \"4h\" }}]\n{}",
            task("at = \"2027-03-05T23:00\"")
        ),
        expect![[r#"
            /cfg/roundsman.toml:6:1: tasks.backup.at: every slot of the task (`at 2027-03-05T23:00`) lies in a blackout of the daemon: it would never run; expected other windows, another schedule, or `after_blackout = "once"`
             6 | at = "2027-03-05T23:00"
               | ^^"#]],
    );
    for in_order in [
        "schedule = \"0 2 * * *\"\nafter_blackout = \"once\"\nblackout = [{ schedule = \"0 1 * * *\", duration = \"3h\" }]",
        "schedule = \"0 2 * * *\"\nblackout = [{ schedule = \"0 1 * * 1-6\", duration = \"3h\" }]",
        "schedule = \"0 2 29 2 *\"\nblackout = [{ schedule = \"0 0 29 2 thu\", duration = \"1h\" }]",
    ] {
        assert_eq!(windows(&task(in_order)), 1);
    }
}
