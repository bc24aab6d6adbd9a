//! Headers that are understood: each comment leader, each key, each line where it was written.

use std::path::Path;

use expect_test::expect;
use roundsman_finder::Header;

use crate::scene::{check, read, shown};

/// A script that says all it can.
const EVERYTHING: &str = r#"#!/usr/bin/env python3
# Copies the databases.
# /// roundsman
# about = "Copies all databases to the archive"
# category = "backup"
# schedule = "0 2 * * *"
# timezone = "Europe/Berlin"
# timeout = "30m"
# retry = { attempts = 3, backoff = "1m" }
# credentials = ["archive"]
# env = ["HTTPS_PROXY"]
# repeatable = true
# dry_run = true
# exit_codes = { partial = [2], retry = [75], skipped = [3] }
#
# [params.days]
# type = "integer"
# default = 7
# min = 1
# max = 90
# help = "How many days are kept"
# env = ["BACKUP_DAYS", "TF_VAR_days"]
#
# [params.databases]
# type = "list"
# choices = ["orders", "people"]
# required = true
#
# [metrics.archive_size_bytes]
# help = "Size of the archive"
# labels = ["database"]
#
# [actions.restore]
# about = "Restores one database"
# timeout = "2h"
# confirm = { text = "Replaces what is there.", word = "archive" }
# params.target = { type = "path", required = true }
# params.list = { type = "input" }
#
# [sandbox]
# memory = "512M"
# write = [
#   "/srv/archive",
# ]
# ///
import sys
"#;

#[test]
fn the_whole_header() {
    check(
        EVERYTHING,
        expect![[r#"
            Copies all databases to the archive [backup] timeout 1800s
            with {"additionalProperties":false,"properties":{"databases":{"items":{"enum":["orders","people"],"type":"string"},"type":"array"},"days":{"default":7,"description":"How many days are kept","maximum":90,"minimum":1,"type":"integer","x-env":["BACKUP_DAYS","TF_VAR_days"]}},"required":["databases"],"type":"object"}
            exit codes {"success":[0],"partial":[2],"retry":[75],"skipped":[3]}
            repeatable true, dry run true
            action {"name":"restore","about":"Restores one database","timeout_ms":7200000,"exclusive":true,"writes":true,"params":{"additionalProperties":false,"properties":{"list":{"format":"input","type":"string"},"target":{"format":"path","type":"string"}},"required":["target"],"type":"object"},"confirmation":{"text":"Replaces what is there.","word":"archive"}}
            metric {"name":"archive_size_bytes","help":"Size of the archive","counter":false,"labels":["database"]}
            credentials ["archive"]
            task, scheduled true:
              6 |  schedule = "0 2 * * *"
              7 |  timezone = "Europe/Berlin"
              8 |  timeout = "30m"
              9 |  retry = { attempts = 3, backoff = "1m" }
             10 |  credentials = ["archive"]
             11 |  env = ["HTTPS_PROXY"]
             40 |  [sandbox]
             41 |  memory = "512M"
             42 |  write = [
             43 |    "/srv/archive",
             44 |  ]
        "#]],
    );
}

#[test]
fn every_comment_leader() {
    for leader in ["#", "//", "--", ";", "REM", "rem", "@rem", "%", "'"] {
        let script = format!(
            "{leader} /// roundsman\n{leader} about = \"Says hello\"\n{leader}\n\n{leader} every = \"1h\"\n{leader} ///\n"
        );
        let header = Header::in_script(Path::new("/srv/hello"), script.as_bytes()).unwrap().unwrap();
        assert_eq!(header.about.as_deref(), Some("Says hello"), "{leader}");
        let keys = header.keys.unwrap();
        assert!(keys.scheduled, "{leader}");
        assert_eq!(keys.text.lines().nth(4).unwrap().trim(), "every = \"1h\"", "{leader}");
        // Keys stand in the column they have in the file.
        assert_eq!(keys.text.lines().nth(4).unwrap().find("every"), Some(leader.len() + 1), "{leader}");
    }
}

#[test]
fn ends_of_lines_marks_and_blanks_of_other_systems() {
    check(
        "\u{feff}# /// roundsman  \r\n#about = \"Says hello\"\r\n#\tat = \"2030-01-01T00:00\"\r\n#  ///  \r\n",
        expect![[r#"
            Says hello [scripts] timeout 600s
            with {"additionalProperties":false,"type":"object"}
            exit codes {"success":[0],"partial":[],"retry":[],"skipped":[]}
            repeatable false, dry run false
            credentials []
            task, scheduled true:
              3 | 	at = "2030-01-01T00:00"
        "#]],
    );
}

#[test]
fn strings_over_several_lines_keep_their_text() {
    check(
        "# /// roundsman\n# category = \"\"\"\n# backup\"\"\"\n# pool = '''\n# a\n#   b'''\n# ///\n",
        expect![[r#"
            runs backup.sh [backup] timeout 600s
            with {"additionalProperties":false,"type":"object"}
            exit codes {"success":[0],"partial":[],"retry":[],"skipped":[]}
            repeatable false, dry run false
            credentials []
            task, scheduled false:
              4 |  pool = '''
              5 |a
              6 |  b'''
        "#]],
    );
}

#[test]
fn own_keys_leave_no_trace_however_they_are_written() {
    check(
        r##"# /// roundsman
# "about" = "Says hello"
# 'exit_codes' . partial = [
#    2, # [retry]
# ]
# params . greeting . default = "[schedule]"
# "\u0070arams".name = { default = "# you", choices = [
# "# you",
# "schedule = 5" ] }
# retry.attempts = 2 # as often as it takes
# [[blackout]]
# schedule = "0 22 * * fri"
# [ params . "loud" ]
# type = "boolean"
# [[ blackout ]]
# schedule = "0 22 * * sat"
# ///
"##,
        expect![[r##"
            Says hello [scripts] timeout 600s
            with {"additionalProperties":false,"properties":{"greeting":{"default":"[schedule]","type":"string"},"loud":{"type":"boolean"},"name":{"default":"# you","enum":["# you","schedule = 5"],"type":"string"}},"type":"object"}
            exit codes {"success":[0],"partial":[2],"retry":[],"skipped":[]}
            repeatable false, dry run false
            credentials []
            task, scheduled false:
             10 |  retry.attempts = 2 # as often as it takes
             11 |  [[blackout]]
             12 |  schedule = "0 22 * * fri"
             15 |  [[ blackout ]]
             16 |  schedule = "0 22 * * sat"
        "##]],
    );
}

#[test]
fn other_blocks_of_the_same_form_are_left_alone() {
    check(
        r#"# /// script
# requires-python = ">=3.11"
# ///
# /// roundsman
# every = "1h"
# ///
# /// other
# ///
"#,
        expect![[r#"
            runs backup.sh [scripts] timeout 600s
            with {"additionalProperties":false,"type":"object"}
            exit codes {"success":[0],"partial":[],"retry":[],"skipped":[]}
            repeatable false, dry run false
            credentials []
            task, scheduled true:
              5 |  every = "1h"
        "#]],
    );
    assert_eq!(read(b"# /// script\n# dependencies = []\n# ///\n"), "no header");
    assert_eq!(read(b"echo '# /// roundsman'\n  # /// roundsman\n# /// roundsman!\n"), "no header");
    assert_eq!(read(b""), "no header");
}

#[test]
fn a_header_of_nothing() {
    check(
        "# /// roundsman\n# ///\n",
        expect![[r#"
        runs backup.sh [scripts] timeout 600s
        with {"additionalProperties":false,"type":"object"}
        exit codes {"success":[0],"partial":[],"retry":[],"skipped":[]}
        repeatable false, dry run false
        credentials []
    "#]],
    );
}

#[test]
fn a_header_far_down_is_out_of_sight() {
    let lines = "# nothing\n".repeat(6_554);
    assert!(lines.len() > 64 * 1024);
    let script = format!("{lines}# /// roundsman\n# ///\n");
    assert_eq!(read(&script.as_bytes()[..64 * 1024]), "no header");
    // One that ends on the last byte is read.
    let header = "# /// roundsman\n# every = \"1h\"\n# ///\n";
    let script = format!("{}{header}echo", "#".repeat(64 * 1024 - header.len() - 2) + "\n");
    assert!(read(&script.as_bytes()[..64 * 1024]).contains("scheduled true"));
}

#[test]
fn a_file_of_its_own() {
    let text = "# Settings\r\nabout = 'Says hello'\r\n\r\nschedule = '@daily'\r\n[params.who]\r\n";
    let header = Header::in_file(Path::new("/srv/backup.toml"), text.as_bytes()).unwrap();
    expect![[r#"
        Says hello [scripts] timeout 600s
        with {"additionalProperties":false,"properties":{"who":{"type":"string"}},"type":"object"}
        exit codes {"success":[0],"partial":[],"retry":[],"skipped":[]}
        repeatable false, dry run false
        credentials []
        task, scheduled true:
          1 |# Settings
          4 |schedule = '@daily'
    "#]]
    .assert_eq(&shown(&header));
    assert_eq!(header.keys.unwrap().path, Path::new("/srv/backup.toml"));
}
