//! What is a problem, what is merely missing, and how much is read.

use std::{fs, io};

use nix::errno::Errno;

use super::{MAX_ATTRIBUTE, Reader};

fn named(reader: Reader) -> Vec<(String, String)> {
    reader.into_problems().into_iter().map(|problem| (problem.class, problem.message)).collect()
}

#[test]
fn what_may_not_be_read_is_named_with_what_helps() {
    let reader = Reader::new("/".as_ref());
    reader.failed("sys/class/dmi/id/product_serial", &io::Error::from(Errno::EACCES));
    reader.failed("sys/class/dmi/id/product_uuid", &io::Error::from(Errno::EPERM));
    assert!(reader.has_problem("sys/class/dmi") && !reader.has_problem("sys/block"));
    let message = |name: &str| format!("/sys/class/dmi/id/{name} may not be read by this user; root may");
    let expected = ["product_serial", "product_uuid"].map(|name| ("forbidden".to_owned(), message(name)));
    assert_eq!(named(reader), expected);
}

#[test]
fn what_does_not_exist_is_no_problem() {
    let reader = Reader::new("/".as_ref());
    for missing in [Errno::ENOENT, Errno::EINVAL, Errno::ENODEV, Errno::EOPNOTSUPP] {
        reader.failed("sys/class/net/eth0/speed", &io::Error::from(missing));
    }
    assert_eq!(named(reader), []);
    let reader = Reader::new("/".as_ref());
    reader.failed("sys/block/sda/size", &io::Error::from(Errno::EIO));
    assert_eq!(named(reader)[0].0, "internal");
}

#[test]
fn values_are_read_up_to_a_limit() {
    let root = tempfile::tempdir().unwrap();
    let reader = Reader::new(root.path());
    fs::write(root.path().join("fits"), "x".repeat(MAX_ATTRIBUTE)).unwrap();
    fs::write(root.path().join("larger"), "x".repeat(MAX_ATTRIBUTE + 1)).unwrap();
    fs::write(root.path().join("number"), " 42\n\0").unwrap();
    assert_eq!(reader.attribute("fits").map(|text| text.len()), Some(MAX_ATTRIBUTE));
    assert_eq!(reader.attribute("larger"), None);
    assert_eq!(reader.number::<u8>("/number"), Some(42));
    assert_eq!(reader.number::<u8>("fits"), None);
    assert_eq!(named(reader).len(), 1);
}
