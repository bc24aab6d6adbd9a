//! Reading the machine's description out of procfs.

use super::{field, machine};

#[test]
fn the_first_line_of_that_name_counts() {
    let cpuinfo = "processor\t: 0\nmodel name\t: Example CPU: fast\nprocessor\t: 1\nmodel name\t: Other\n";
    assert_eq!(field(cpuinfo, "model name"), Some("Example CPU: fast"));
    assert_eq!(field(cpuinfo, "flags"), None);
}

#[test]
fn this_machine_can_be_described() {
    let text = machine().unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("kernel  Linux "), "{text}");
}
