//! Schedules in plain English.

use expect_test::expect;

use super::super::Schedule;

fn read(parse: fn(&str) -> Result<Schedule, super::super::ScheduleError>, texts: &[&str]) -> String {
    let line = |text: &&str| format!("{text:<26} {}\n", parse(text).unwrap().describe());
    texts.iter().map(line).collect::<Vec<_>>().concat()
}

#[test]
fn common_patterns_read_well() {
    let texts = [
        "* * * * *",
        "*/15 * * * *",
        "0 * * * *",
        "5 * * * *",
        "5,35 * * * *",
        "0 */2 * * *",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
        "0 2 * * *",
        "0 2,14 * * *",
        "0 6 * * 1",
        "0 8 * * 1-5",
        "30 8 * * MON,THU",
        "30 2 1 * *",
        "0 0 1,15 * *",
        "0 0 L * *",
        "0 3 * * SUN#1",
        "0 3 * * 5L",
        "*/10 * * * * *",
        "* * * * * *",
        "30 0 2 * * *",
        "*/15 8-17 * * 1-5",
        "0 2 * 1,7 *",
        "0 0 13 * 5",
    ];
    expect![[r#"
        * * * * *                  every minute
        */15 * * * *               every 15 minutes
        0 * * * *                  every hour
        5 * * * *                  at minute 5 of every hour
        5,35 * * * *               at minutes 5 and 35 of every hour
        0 */2 * * *                every 2 hours
        @daily                     every day at 00:00
        @weekly                    every Sunday at 00:00
        @monthly                   at 00:00 on day 1 of every month
        @yearly                    at 00:00 on day 1 of January
        0 2 * * *                  every day at 02:00
        0 2,14 * * *               every day at 02:00 and 14:00
        0 6 * * 1                  every Monday at 06:00
        0 8 * * 1-5                Monday to Friday at 08:00
        30 8 * * MON,THU           every Monday and Thursday at 08:30
        30 2 1 * *                 at 02:30 on day 1 of every month
        0 0 1,15 * *               at 00:00 on days 1 and 15 of every month
        0 0 L * *                  at 00:00 on the last day of every month
        0 3 * * SUN#1              at 03:00 on the first Sunday of every month
        0 3 * * 5L                 at 03:00 on the last Friday of every month
        */10 * * * * *             every 10 seconds
        * * * * * *                every second
        30 0 2 * * *               every day at 02:00:30
        */15 8-17 * * 1-5          every 15 minutes from 08:00 to 17:59, Monday to Friday
        0 2 * 1,7 *                at 02:00 every day in January and July
        0 0 13 * 5                 at 00:00 on day 13 of every month and on every Friday
    "#]]
    .assert_eq(&read(Schedule::parse, &texts));
}

#[rustfmt::skip]
const ODD: [&str; 28] = [
    "*/7 * * * *", "0 */5 * * *", "*/7 */5 * * *", "* 2 * * *",
    "* */2 * * *", "30 */2 * * *", "*/20 0,1,23 * * *", "0-10 9-17 * * *",
    "0 0-23 * * *", "1-59/2 3 * * *", "*/10 0 2 * * *", "*/7 * * * * *",
    "0,30 */5 * * * *", "0 0 * 3-5 SUN#1,WED", "0 0 13 6 FRI,MON#2", "0 0 */10 * *",
    "0 0 1-7 * *", "0 0 * * */2", "0 0 L,15 2 *", "0 0 * 6-8 1-5",
    "0 0 1 */3 *", "*/5 * 1 1 *", "0 0 * * 0-7", "30 */5 * * *",
    "30 9-17 * * *", "*/5 0,30 2 * * *", "0-30/3 * * * *", "0 0 10-12 6-8 *",
];

#[test]
fn odd_patterns_are_still_read_truly() {
    expect![[r#"
        */7 * * * *                at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour
        0 */5 * * *                every day at 00:00, 05:00, 10:00, 15:00 and 20:00
        */7 */5 * * *              at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of the hours 00, 05, 10, 15 and 20
        * 2 * * *                  every minute from 02:00 to 02:59
        * */2 * * *                every minute of the hours 00, 02, 04, 06, 08, 10, 12, 14, 16, 18, 20 and 22
        30 */2 * * *               every 2 hours, at minute 30
        */20 0,1,23 * * *          every 20 minutes of the hours 00, 01 and 23
        0-10 9-17 * * *            at minutes 0 to 10 from 09:00 to 17:59
        0 0-23 * * *               every hour from 00:00 to 23:00
        1-59/2 3 * * *             at every 2nd minute from 1 to 59 from 03:00 to 03:59
        */10 0 2 * * *             every 10 seconds from 02:00 to 02:00:59
        */7 * * * * *              at seconds 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every minute
        0,30 */5 * * * *           at seconds 0 and 30, every 5 minutes
        0 0 * 3-5 SUN#1,WED        at 00:00 on the first Sunday of each month from March to May and on every Wednesday from March to May
        0 0 13 6 FRI,MON#2         at 00:00 on day 13 of June and on the second Monday of June and on every Friday in June
        0 0 */10 * *               at 00:00 on days 1, 11, 21 and 31 of every month
        0 0 1-7 * *                at 00:00 on days 1 to 7 of every month
        0 0 * * */2                every Tuesday, Thursday, Saturday and Sunday at 00:00
        0 0 L,15 2 *               at 00:00 on day 15 and the last day of February
        0 0 * 6-8 1-5              at 00:00 Monday to Friday from June to August
        0 0 1 */3 *                at 00:00 on day 1 of January, April, July and October
        */5 * 1 1 *                every 5 minutes, on day 1 of January
        0 0 * * 0-7                every day of the week at 00:00
        30 */5 * * *               every day at 00:30, 05:30, 10:30, 15:30 and 20:30
        30 9-17 * * *              every hour from 09:30 to 17:30
        */5 0,30 2 * * *           every 5 seconds, at minutes 0 and 30 from 02:00 to 02:59
        0-30/3 * * * *             at every 3rd minute from 0 to 30 of every hour
        0 0 10-12 6-8 *            at 00:00 on days 10 to 12 of each month from June to August
    "#]].assert_eq(&read(Schedule::parse, &ODD));
}

#[test]
fn intervals_and_instants_read_well() {
    let every = ["1s", "30s", "15m", "1h", "90s", "2h", "1h 30m", "1day", "7h 1m 1s"];
    expect![[r#"
        1s                         every second
        30s                        every 30 seconds
        15m                        every 15 minutes
        1h                         every hour
        90s                        every 1 minute and 30 seconds
        2h                         every 2 hours, counted from 00:00 UTC
        1h 30m                     every 1 hour and 30 minutes, counted from 00:00 UTC
        1day                       every day at 00:00 UTC
        7h 1m 1s                   every 7 hours, 1 minute and 1 second, counted from 1970-01-01 00:00 UTC
    "#]]
    .assert_eq(&read(Schedule::every, &every));
    let at = ["2026-12-01T02:00", "2026-12-01 02:00:30", "2026-12-01T02:00:00+01:00"];
    expect![[r#"
        2026-12-01T02:00           once, at 2026-12-01 02:00
        2026-12-01 02:00:30        once, at 2026-12-01 02:00:30
        2026-12-01T02:00:00+01:00  once, at 2026-12-01 02:00:00+01:00
    "#]]
    .assert_eq(&read(Schedule::at, &at));
}
