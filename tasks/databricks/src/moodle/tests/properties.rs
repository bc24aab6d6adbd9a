//! What holds for any file: nothing panics, places are places of the file, and what the module writes is read back exactly.

use proptest::{prelude::*, sample::select};

use super::{
    super::{Layout, Rules, read},
    export, row,
};
use crate::users_csv;

/// Bytes that look enough like a course file to get far into the reader.
fn nearly_a_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"sep=,\n",
        b"sep=;\n",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"...\n",
        b",",
        b",",
        b";",
        b"\t",
        b"\"",
        b"\"\"",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\0",
        b"\xF9\xEC",
        b"\xD7\xA9",
        b"\xE2\x80\x8F",
        b"\xC2\xA0",
        b"0",
        b"5101",
        b"Group ID",
        b"Group Name",
        b"Group Size",
        b"Member 1 Email",
        b"Member 2 Email",
        b"Email",
        b"Groups",
        b"user1",
        b"user2",
        b"s1@example.edu",
        b"s2@example.edu",
        b"<s3@example.edu>",
        b"mailto:",
        b"@",
        b"<",
        b">",
    ];
    prop::collection::vec(select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (1_usize..4, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(max, lenient, multi, some)| Rules {
        max_members: max.try_into().unwrap(),
        allowed_domains: if some { vec!["example.edu".to_owned()] } else { Vec::new() },
        lenient,
        allow_multi_group: multi,
    })
}

/// Reads a file in both ways; checks what can be said about any result.
fn check_any(bytes: &[u8], rules: &Rules) -> Result<(), TestCaseError> {
    let roster = read(bytes, rules);
    let table = users_csv::read(bytes, rules);
    // No encoding makes more line ends than there are bytes.
    for remark in roster.remarks.iter().chain(&table.remarks) {
        prop_assert!(remark.place.line.is_none_or(|line| (1..=bytes.len() + 1).contains(&line)), "{remark}");
    }
    if !roster.has_errors() {
        prop_assert!(roster.value.layout.is_some());
        for group in &roster.value.groups {
            prop_assert!((1..=rules.max_members.get()).contains(&group.members.len()));
            prop_assert!(!group.key.is_empty());
        }
    }
    if !table.has_errors() {
        prop_assert!(table.value.to_csv(rules.max_members).is_ok());
    }
    Ok(())
}

/// A group in Moodle.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    description: String,
    /// Members in columns; a gap where an address was taken out by hand.
    members: Vec<Option<u16>>,
}

fn any_group() -> impl Strategy<Value = Written> {
    let text = || {
        let piece = prop_oneof![
            "[א-ת]{1,4}",
            "[a-zA-Z0-9<>/&']{1,4}",
            Just(",".to_owned()),
            Just(";".to_owned()),
            Just("\"".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("\t".to_owned()),
            Just("\u{200F}".to_owned()),
            Just(" ".to_owned()),
            Just("sep=,".to_owned()),
            Just("...".to_owned()),
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    };
    let members = prop::collection::vec(prop::option::weighted(0.8, 0_u16..1000), 0..4);
    (text(), text(), members).prop_map(|(name, description, members)| Written { name, description, members })
}

fn file(groups: &[Written]) -> (String, Vec<(String, String, Vec<String>)>) {
    let mut rows = Vec::new();
    let mut expected = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let id = (5101 + index).to_string();
        // Nobody is in two groups, or twice in one.
        let address = |column: usize, user: u16| format!("s{index}.{column}.{user}@campus.example.edu");
        let emails: Vec<String> = (0..)
            .zip(&group.members)
            .map(|(column, user)| user.map_or(String::new(), |user| address(column, user)))
            .collect();
        rows.push(row(
            &id,
            &group.name,
            &group.description,
            &emails.iter().map(String::as_str).collect::<Vec<_>>(),
        ));
        let members: Vec<String> = emails.into_iter().filter(|email| !email.is_empty()).collect();
        if !members.is_empty() {
            expected.push((id, group.name.clone(), members));
        }
    }
    (export(3, &rows), expected)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), rules in any_rules()) {
        check_any(&bytes, &rules)?;
    }

    #[test]
    fn pieces_of_files_in_any_order_never_panic(bytes in nearly_a_file(), rules in any_rules()) {
        check_any(&bytes, &rules)?;
    }

    #[test]
    fn what_the_module_writes_is_read_back_exactly(groups in prop::collection::vec(any_group(), 0..8), coding in 0..4) {
        let (text, expected) = file(&groups);
        let bytes = match coding {
            0 => text.into_bytes(),
            1 => format!("\u{FEFF}{text}").into_bytes(),
            2 => std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            _ => std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        };
        let checked = read(&bytes, &Rules::default());
        prop_assert!(!checked.has_errors(), "{:?}", checked.remarks);
        prop_assert_eq!(checked.value.layout, Some(Layout::SelfSelection));
        let found: Vec<_> = checked.value.groups.into_iter()
            .map(|group| (group.key, group.label, group.members.iter().map(ToString::to_string).collect()))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
