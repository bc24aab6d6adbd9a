//! What first lines name. No file is read.

use super::{Sought, first_line, sought};

#[test]
fn first_lines() {
    let check =
        |head: &str, expected: Option<&str>| assert_eq!(first_line(head.as_bytes()), expected, "{head:?}");
    check("#!/bin/sh\necho", Some("/bin/sh"));
    check("#! /bin/sh -e", Some("/bin/sh -e"));
    check("#!/bin/sh\r\necho", Some("/bin/sh\r"));
    check("#!\necho", None);
    check("echo", None);
    check("", None);
}

#[test]
fn interpreters() {
    let check = |line: &str, expected: Sought<'_>| assert_eq!(sought(line), expected, "{line:?}");
    check("/bin/sh -e", Sought::File("/bin/sh"));
    check("/usr/bin/env python3", Sought::InPath("python3"));
    check("/usr/bin/env -S python3 -u", Sought::InPath("python3"));
    check("/usr/bin/env -S A=b python3 -u", Sought::InPath("python3"));
    check("/usr/bin/env /opt/python3", Sought::File("/opt/python3"));
    check("/usr/bin/env", Sought::File("/usr/bin/env"));
}
