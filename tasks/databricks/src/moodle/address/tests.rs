//! Addresses as people paste them. What a file does with a bad one is tested with the files.

use expect_test::{Expect, expect};

use super::{super::rules::Rules, Address, AddressFault};

fn told(texts: &[&str], rules: &Rules) -> String {
    let tell = |text: &&str| match Address::parse(text, rules) {
        Ok(address) => format!("{text:?} => {address}\n"),
        Err(fault) => format!("{text:?} !! {fault}\n"),
    };
    texts.iter().map(tell).collect()
}

fn check(texts: &[&str], expect: Expect) {
    expect.assert_eq(&told(texts, &Rules::default()));
}

#[test]
fn marks_blanks_names_and_schemes_are_taken_off() {
    check(
        &[
            "s1@example.edu",
            "  S1@Campus.Example.EDU\r\n",
            "\u{200F}s1@example.edu\u{200E}",
            "s\u{200B}1@example\u{2067}.edu\u{A0}",
            "\u{FEFF}\u{202B}s1@example.edu\u{202C}",
            "Sara One <s1@example.edu>",
            "\"One, Sara\" < S1@example.edu >",
            "שרה <s1@example.edu>",
            "<s1@example.edu>",
            "mailto:s1@example.edu",
            "MAILTO:s1@example.edu?subject=x@y",
            "Sara <mailto:s1@example.edu>",
            "first.last+lab/2'x@ex-ample.edu",
        ],
        expect![[r#"
            "s1@example.edu" => s1@example.edu
            "  S1@Campus.Example.EDU\r\n" => s1@campus.example.edu
            "\u{200f}s1@example.edu\u{200e}" => s1@example.edu
            "s\u{200b}1@example\u{2067}.edu\u{a0}" => s1@example.edu
            "\u{feff}\u{202b}s1@example.edu\u{202c}" => s1@example.edu
            "Sara One <s1@example.edu>" => s1@example.edu
            "\"One, Sara\" < S1@example.edu >" => s1@example.edu
            "שרה <s1@example.edu>" => s1@example.edu
            "<s1@example.edu>" => s1@example.edu
            "mailto:s1@example.edu" => s1@example.edu
            "MAILTO:s1@example.edu?subject=x@y" => s1@example.edu
            "Sara <mailto:s1@example.edu>" => s1@example.edu
            "first.last+lab/2'x@ex-ample.edu" => first.last+lab/2'x@ex-ample.edu
        "#]],
    );
}

#[test]
fn what_is_no_address_is_told_apart() {
    check(
        &[
            "",
            "\u{200F} \u{A0}",
            "<>",
            "mailto:",
            "nobody",
            "a@b@example.edu",
            "s1@example.edu; s2@example.edu",
            "@example.edu",
            "s 1@example.edu",
            "s,1@example.edu",
            "\"s1\"@example.edu",
            "s1@",
            "s1@localhost",
            "s1@.example.edu",
            "s1@example.edu.",
            "s1@example..edu",
            "s1@exam ple.edu",
            "s1@exam_ple.edu",
            "שרה@example.edu",
            "ѕ1@example.edu",
            "Sara <s1@example.edu",
        ],
        expect![[r#"
            "" !! it is empty
            "\u{200f} \u{a0}" !! it is empty
            "<>" !! it is empty
            "mailto:" !! it is empty
            "nobody" !! it has no @
            "a@b@example.edu" !! it has more than one @
            "s1@example.edu; s2@example.edu" !! it has more than one @
            "@example.edu" !! nothing stands before the @
            "s 1@example.edu" !! ' ' cannot stand before the @
            "s,1@example.edu" !! ',' cannot stand before the @
            "\"s1\"@example.edu" !! '"' cannot stand before the @
            "s1@" !! "" is no domain
            "s1@localhost" !! "localhost" is no domain
            "s1@.example.edu" !! ".example.edu" is no domain
            "s1@example.edu." !! "example.edu." is no domain
            "s1@example..edu" !! "example..edu" is no domain
            "s1@exam ple.edu" !! "exam ple.edu" is no domain
            "s1@exam_ple.edu" !! "exam_ple.edu" is no domain
            "שרה@example.edu" !! 'ש' (U+05E9) is not ASCII
            "ѕ1@example.edu" !! 'ѕ' (U+0455) is not ASCII
            "Sara <s1@example.edu" !! ' ' cannot stand before the @
        "#]],
    );
}

#[test]
fn a_letter_whose_small_form_is_latin_is_not() {
    let fault = Address::parse("\u{212A}im@example.edu", &Rules::default()).unwrap_err();
    assert_eq!(fault, AddressFault::NotAscii('\u{212A}'));
    assert!(fault.to_string().contains("(U+212A)"), "{fault}");
}

#[test]
fn an_address_has_at_most_254_characters() {
    let rules = Rules::default();
    let of_length = |length: usize| format!("{}@example.edu", "a".repeat(length - "@example.edu".len()));
    assert_eq!(Address::parse(&of_length(254), &rules).unwrap().as_str().len(), 254);
    let fault = Address::parse(&of_length(255), &rules).unwrap_err();
    assert_eq!(fault.to_string(), "it has 255 characters, more than 254");
}

#[test]
fn only_the_domains_named_are_allowed() {
    let rules = Rules {
        allowed_domains: vec!["Example.edu".to_owned(), "*.campus.example.edu".to_owned()],
        ..Rules::default()
    };
    let texts = [
        "a@EXAMPLE.edu",
        "a@lab.example.edu",
        "a@campus.example.edu",
        "a@cs.campus.example.edu",
        "a@deep.cs.campus.example.edu",
        "a@badcampus.example.edu",
        "a@example.edu.example.com",
    ];
    expect![[r#"
        "a@EXAMPLE.edu" => a@example.edu
        "a@lab.example.edu" !! addresses of lab.example.edu are not allowed
        "a@campus.example.edu" !! addresses of campus.example.edu are not allowed
        "a@cs.campus.example.edu" => a@cs.campus.example.edu
        "a@deep.cs.campus.example.edu" => a@deep.cs.campus.example.edu
        "a@badcampus.example.edu" !! addresses of badcampus.example.edu are not allowed
        "a@example.edu.example.com" !! addresses of example.edu.example.com are not allowed
    "#]]
    .assert_eq(&told(&texts, &rules));
}
