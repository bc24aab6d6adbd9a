//! Tasks that follow others: names, circles and roots, all of it said at once.

use expect_test::expect;
use roundsman_model::RunState;

use crate::scene::{Scene, check};

/// A file with these tasks: a name and the lines of its table.
fn tasks(tasks: &[(&str, &str)]) -> String {
    let one =
        |(name, lines): &(&str, &str)| format!("[tasks.{name}]\nuses = \"dns-availability\"\n{lines}\n");
    tasks.iter().map(one).collect()
}

fn loads(all: &[(&str, &str)]) -> roundsman_config::Loaded {
    let scene = Scene::new().file("roundsman.toml", &tasks(all));
    scene.load().unwrap_or_else(|problems| panic!("{}", scene.plain(problems)))
}

#[test]
fn the_ways_to_write_it() {
    let ways = [
        "after = \"a\"",
        "after = [\"a\"]",
        "after = { task = \"a\" }",
        "after = [{ task = \"a\", on = [\"succeeded\"] }]",
        "[[tasks.b.after]]\ntask = \"a\"",
    ];
    for way in ways {
        let loaded = loads(&[("a", "every = \"1h\""), ("b", way)]);
        let after = &loaded.tasks[1].after;
        assert_eq!(after.len(), 1, "{way}");
        assert_eq!(
            (after[0].task.as_str(), after[0].on.as_slice()),
            ("a", &[RunState::Succeeded][..]),
            "{way}"
        );
        assert!(loaded.tasks[1].schedule.is_none());
    }
}

#[test]
fn what_cannot_be_read() {
    check(
        &tasks(&[("a", "after = 3")]),
        expect![[r#"
        /cfg/roundsman.toml:3:9: tasks.a.after: found the number 3; expected the name of a task, a list, each entry the name of a task or a table such as { task = … } or a table such as { task = … }, such as [{ on = ["succeeded", "partial"], task = "collect" }]
         3 | after = 3
           |         ^"#]],
    );
    check(
        &tasks(&[("a", "after = []")]),
        expect![[r#"
        /cfg/roundsman.toml:3:9: tasks.a.after: found a list of 0; expected at least 1
         3 | after = []
           |         ^^"#]],
    );
    check(
        &tasks(&[("a", "after = \"B b\"")]),
        expect![[r#"
        /cfg/roundsman.toml:3:9: tasks.a.after: "B b" is not a task name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
         3 | after = "B b"
           |         ^^^^^"#]],
    );
    check(
        &tasks(&[("a", "after = [{ task = \"b\", on = [\"succeded\", \"running\"] }]"), ("b", "")]),
        expect![[r#"
            the configuration has 2 problems:

            /cfg/roundsman.toml:3:30: tasks.a.after[0].on[0]: found the string "succeded"; expected "succeeded", "partial", "failed", "timed_out", "cancelled", "skipped" or "lost"; did you mean `succeeded`?
             3 | after = [{ task = "b", on = ["succeded", "running"] }]
               |                              ^^^^^^^^^^

            /cfg/roundsman.toml:3:42: tasks.a.after[0].on[1]: found the string "running"; expected "succeeded", "partial", "failed", "timed_out", "cancelled", "skipped" or "lost"
             3 | after = [{ task = "b", on = ["succeded", "running"] }]
               |                                          ^^^^^^^^^"#]],
    );
    check(
        &tasks(&[("a", "after = [{ task = \"b\", on = [] }, { on = [\"lost\"] }]"), ("b", "")]),
        expect![[r#"
            the configuration has 2 problems:

            /cfg/roundsman.toml:3:29: tasks.a.after[0].on: found a list of 0; expected at least 1
             3 | after = [{ task = "b", on = [] }, { on = ["lost"] }]
               |                             ^^

            /cfg/roundsman.toml:3:35: tasks.a.after[1]: the key `task` is missing; expected `task = …` with the name of a task such as "collect"
             3 | after = [{ task = "b", on = [] }, { on = ["lost"] }]
               |                                   ^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        &tasks(&[("a", "after = \"b\"\nevery = \"1h\""), ("b", "")]),
        expect![[r#"
        /cfg/roundsman.toml:3:1: tasks.a.after: the task has `every` already; expected one of `schedule`, `every`, `at` and `after`
         3 | after = "b"
           | ^^^^^"#]],
    );
}

#[test]
fn names() {
    check(
        &tasks(&[
            ("colect", ""),
            ("report", "after = [\"collect\", \"report\", \"colect\", { task = \"colect\" }]"),
        ]),
        expect![[r#"
            the configuration has 3 problems:

            /cfg/roundsman.toml:6:10: tasks.report.after[0]: there is no task "collect"; did you mean `colect`?
             6 | after = ["collect", "report", "colect", { task = "colect" }]
               |          ^^^^^^^^^

            /cfg/roundsman.toml:6:21: tasks.report.after[1]: a task cannot follow itself; expected the name of another task
             6 | after = ["collect", "report", "colect", { task = "colect" }]
               |                     ^^^^^^^^

            /cfg/roundsman.toml:6:50: tasks.report.after[3].task: the task "colect" is listed twice
             6 | after = ["collect", "report", "colect", { task = "colect" }]
               |                                                  ^^^^^^^^"#]],
    );
}

#[test]
fn a_task_with_something_wrong_in_it_is_known_all_the_same() {
    check(
        &tasks(&[("a", "timeout = 3"), ("b", "after = \"a\"")]),
        expect![[r#"
        /cfg/roundsman.toml:3:11: tasks.a.timeout: found the number 3; expected a duration such as "30m"
         3 | timeout = 3
           |           ^"#]],
    );
}

#[test]
fn circles() {
    check(
        &tasks(&[
            ("c", "after = \"b\""),
            ("b", "after = \"a\""),
            ("a", "after = \"c\""),
            ("d", "after = \"a\""),
        ]),
        expect![[r#"
            /cfg/roundsman.toml:9:1: tasks.a.after: these tasks follow each other in a circle: a after c after b after a; expected one of them with a schedule in place of `after`
             9 | after = "c"
               | ^^^^^"#]],
    );
    check(
        &tasks(&[
            ("x", "after = \"y\""),
            ("y", "after = \"x\""),
            ("z", "after = [\"x\", \"w\"]"),
            ("w", "after = \"z\""),
        ]),
        expect![[r#"
            the configuration has 2 problems:

            /cfg/roundsman.toml:3:1: tasks.x.after: these tasks follow each other in a circle: x after y after x; expected one of them with a schedule in place of `after`
             3 | after = "y"
               | ^^^^^

            /cfg/roundsman.toml:12:1: tasks.w.after: these tasks follow each other in a circle: w after z after w; expected one of them with a schedule in place of `after`
             12 | after = "z"
                | ^^^^^"#]],
    );
}

#[test]
fn roots_that_share_no_slots() {
    let daily = "schedule = \"0 2 * * *\"\ntimezone = \"Europe/Berlin\"";
    check(
        &tasks(&[
            ("a", daily),
            ("b", "schedule = \"0 2 * * *\"\ntimezone = \"Asia/Tokyo\""),
            ("c", "after = \"a\""),
            ("d", "after = \"b\""),
            ("report", "after = [\"c\", \"d\"]"),
            ("mail", "after = \"report\""),
        ]),
        expect![[r#"
            /cfg/roundsman.toml:17:15: tasks.report.after[1]: c and d do not go back to the same slots: a runs at `0 2 * * *` in Europe/Berlin, b runs at `0 2 * * *` in Asia/Tokyo; expected tasks that go back to one task, or to tasks with the same schedule and time zone
             17 | after = ["c", "d"]
                |               ^^^"#]],
    );
    check(
        &tasks(&[("a", daily), ("b", ""), ("c", "after = [\"a\", \"b\"]")]),
        expect![[r#"
        /cfg/roundsman.toml:10:15: tasks.c.after[1]: a and b do not go back to the same slots: a runs at `0 2 * * *` in Europe/Berlin, b runs on request only; expected tasks that go back to one task, or to tasks with the same schedule and time zone
         10 | after = ["a", "b"]
            |               ^^^"#]],
    );
    check(
        &tasks(&[("a", ""), ("b", ""), ("c", "after = [\"a\", \"b\"]")]),
        expect![[r#"
        /cfg/roundsman.toml:9:15: tasks.c.after[1]: a and b do not go back to the same slots: a runs on request only, b runs on request only; expected tasks that go back to one task, or to tasks with the same schedule and time zone
         9 | after = ["a", "b"]
           |               ^^^"#]],
    );
}

#[test]
fn roots_that_share_their_slots() {
    let daily = "schedule = \"0 2 * * *\"\ntimezone = \"Europe/Berlin\"";
    loads(&[("a", daily), ("b", daily), ("c", "after = [\"a\", \"b\"]"), ("d", "after = [\"a\", \"c\"]")]);
    // An interval is the same in every zone.
    loads(&[
        ("a", "every = \"1h\""),
        ("b", "every = \"60m\"\ntimezone = \"Asia/Tokyo\""),
        ("c", "after = [\"a\", \"b\"]"),
    ]);
    // One root, by two ways, whatever it is.
    loads(&[("a", "at = \"2030-01-01T00:00\""), ("b", "after = \"a\""), ("c", "after = [\"a\", \"b\"]")]);
    loads(&[("a", ""), ("b", "after = \"a\""), ("c", "after = [\"a\", \"b\"]")]);
}

#[test]
fn a_built_in_task_can_be_followed() {
    let text = format!("[daemon]\nbuiltin_tasks = true\n{}", tasks(&[("a", "after = \"dns-availability\"")]));
    assert!(Scene::new().file("roundsman.toml", &text).load().is_ok());
}

#[test]
fn a_file_that_cannot_be_read_may_have_the_task() {
    let scene = Scene::new()
        .file("roundsman.toml", &tasks(&[("a", "after = \"b\"")]))
        .file("conf.d/broken.toml", "[tasks.b]\nuses = \n");
    let said = scene.plain(scene.load().unwrap_err());
    assert!(said.contains("broken.toml") && !said.contains("there is no task"), "{said}");
}
