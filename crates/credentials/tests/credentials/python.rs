//! Both directions with Python's `cryptography`, the implementation that existing credential files come from.

use std::io::Write as _;
use std::process::{Command, Stdio};

use roundsman_credentials::{ImportTerms, Key, KeyPlace, Keys, Which};
use roundsman_testkit::python_environment;

use crate::stage::{Stage, value};

const PACKAGE: &str = "cryptography==46.0.3";

/// Makes a key and a file as the programs did that this one follows.
const WRITE: &str = r#"
import configparser, json, sys
from cryptography.fernet import Fernet
key = Fernet.generate_key()
values = json.load(sys.stdin)
parser = configparser.RawConfigParser()
parser.add_section("netbox")
for name, value in values.items():
    parser.set("netbox", name, Fernet(key).encrypt(value.encode()).decode())
print(key.decode())
parser.write(sys.stdout)
"#;

/// Reads a vault of ours as those programs would.
const READ: &str = r#"
import configparser, json, sys
from cryptography.fernet import Fernet, MultiFernet
keys, text = json.load(sys.stdin)
fernet = MultiFernet([Fernet(key) for key in keys])
parser = configparser.RawConfigParser()
parser.read_string(text)
print(json.dumps({name: fernet.decrypt(token.encode()).decode() for name, token in parser["netbox"].items()}))
"#;

const VALUES: [(&str, &str); 5] = [
    ("plain", "hunter22"),
    ("utf8", "пароль 🔑"),
    ("lines", "a\nb\r\nc"),
    ("block", "exactly 16 bytes"),
    ("long", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!"),
];

#[expect(clippy::disallowed_methods, reason = "tests start the outside programs they are about")]
fn python(program: &str, input: &serde_json::Value) -> String {
    let python = python_environment(&[PACKAGE]).join("bin/python");
    let mut command = Command::new(python);
    let command = command.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python with {PACKAGE} failed");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_file_that_python_wrote_is_imported() {
    let values: serde_json::Map<_, _> =
        VALUES.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let written = python(WRITE, &values.into());
    let (key, file) = written.split_once('\n').unwrap();
    let stage = Stage::new();
    let keys = Keys::parse(key, KeyPlace::Given).unwrap();
    let imported =
        stage.vault().import(&stage.path("c.ini"), file.as_bytes(), Some(&keys), &ImportTerms::default());
    assert_eq!(imported.unwrap().values, VALUES.len());
    for (name, expected) in VALUES {
        assert_eq!(value(&stage.vault(), "netbox", name).as_deref(), Some(expected));
    }
}

#[test]
fn a_vault_of_ours_is_read_by_python_also_while_its_key_is_rotated() {
    let stage = Stage::new();
    for (name, set) in VALUES {
        stage.vault().set("netbox", name, Which::Current, set).unwrap();
    }
    stage.vault().rotate().unwrap();
    stage.vault().set("netbox", "plain", Which::Current, "hunter22").unwrap();
    let keys: Vec<String> =
        stage.lookup().load().unwrap().iter().map(|key: &Key| key.text().to_string()).collect();
    assert_eq!(keys.len(), 2);
    let read = python(READ, &serde_json::json!([keys, stage.text("vault.ini")]));
    let read: serde_json::Value = serde_json::from_str(&read).unwrap();
    for (name, expected) in VALUES {
        assert_eq!(read[name], expected);
    }
}
