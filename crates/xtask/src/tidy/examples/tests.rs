//! How a commented example becomes a full one.

use super::{Statement, statement, switch_on};

#[test]
fn keys_are_told_from_prose() {
    let key = |name: &str| Some(Statement::Key(name.to_owned()));
    assert_eq!(statement("listen = \"127.0.0.1:9464\""), key("listen"));
    assert_eq!(statement("retry.attempts = 3"), key("retry.attempts"));
    assert_eq!(statement("netbox = { url = \"https://netbox.example.com\" }"), key("netbox"));
    assert_eq!(
        statement("[pools.netbox]   # two at a time"),
        Some(Statement::Table("[pools.netbox]".to_owned()))
    );
    for prose in ["Where the store is.", "", "a = b means equal", "see listen = …", "[not a table", "- one"]
    {
        assert_eq!(statement(prose), None, "{prose}");
    }
}

#[test]
fn every_commented_key_is_switched_on_once() {
    let text = "\
# The daemon itself.
[daemon]
# Where records are kept.
# store = \"sqlite:roundsman.db\"
# store = \"postgres://db.example.com/roundsman\"
#workers = 8
workers = 4

# [tasks.palo]
# uses = \"hardware-refresh\"
";
    let expected = "\
# The daemon itself.
[daemon]
# Where records are kept.
store = \"sqlite:roundsman.db\"
# store = \"postgres://db.example.com/roundsman\"
#workers = 8
workers = 4

[tasks.palo]
uses = \"hardware-refresh\"
";
    assert_eq!(switch_on(text), expected);
}

#[test]
fn one_key_may_stand_in_several_tables() {
    let text = "[pools.a]\n#size = 2\n[pools.b]\n#size = 3\n";
    assert_eq!(switch_on(text), "[pools.a]\nsize = 2\n[pools.b]\nsize = 3\n");
}
