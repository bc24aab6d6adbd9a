//! Lines and delimiters of files that are odd. Which cells mean what is tested with the layouts.

use proptest::prelude::*;

use super::{
    super::{preamble::Delimiter, quotes, remark::Remarks, text::LineIndex},
    Header, Sheet, cells,
};

fn sheet(text: &str) -> Sheet {
    let mut remarks = Remarks::default();
    let familiar = |header: &Header| header.has(|title| title == "email");
    let sheet = Sheet::read(text.as_bytes(), familiar, &mut remarks);
    assert_eq!(remarks.beside(()).remarks, [], "of {text:?}");
    sheet.unwrap()
}

/// Line, empty lines before, cells.
fn rows(sheet: &Sheet) -> Vec<(usize, usize, Vec<&str>)> {
    sheet.rows.iter().map(|row| (row.line, row.empty_before, row.cells.iter().collect())).collect()
}

#[test]
fn lines_are_counted_by_any_line_end() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["sep=,", "Email,A", "\"a", "b\",1", "", "", "c,2", " ,", "d,3", "", ""].join(end);
        let sheet = sheet(&text);
        let quoted = format!("a{end}b");
        assert_eq!(sheet.header.line, 2, "line ends {end:?}");
        assert_eq!(
            rows(&sheet),
            [
                (3, 0, vec![quoted.as_str(), "1"]),
                (7, 2, vec!["c", "2"]),
                (8, 0, vec![" ", ""]),
                (9, 0, vec!["d", "3"])
            ],
            "line ends {end:?}"
        );
    }
}

#[test]
fn what_stands_before_the_header_is_passed_over() {
    for before in [
        "",
        "sep=,\n",
        "sep=;\n",
        "SEP = ;\r\n",
        "\"sep=;\"\n",
        " sep=; \n",
        "sep=;;;;;\n",
        "...\n",
        "\n \n…\nsep=;\n\n",
        "\"...\";\"\"\n",
        "sep=;\n\u{FEFF}",
        "\u{200F}sep=;\n",
    ] {
        let delimiter = if before == "sep=,\n" { "," } else { ";" };
        let sheet = sheet(&format!("{before}Email{delimiter}A\nx{delimiter}1\n"));
        assert_eq!(sheet.header.titles(), "Email, A", "after {before:?}");
        assert_eq!(
            sheet.header.line,
            before.lines().filter(|line| *line != "\u{FEFF}").count() + 1,
            "after {before:?}"
        );
        assert_eq!(sheet.rows.len(), 1);
    }
}

#[test]
fn a_separator_line_that_a_spreadsheet_saved_with_another_delimiter_says_nothing() {
    let sheet = sheet("\"sep=,\";;\nEmail;A;B\nx;1;\n");
    assert_eq!(sheet.header.titles(), "Email, A, B");
}

#[test]
fn a_tab_can_be_named() {
    let sheet = sheet("sep=\t\nEmail\tA, B\nx\t1\n");
    assert_eq!(sheet.header.titles(), "Email, A, B");
    assert_eq!(sheet.header.width(), 2);
}

/// The reader itself is the judge: a line added at the end is a record of its own unless a quote is open.
fn is_closed(text: &str, delimiter: Delimiter) -> bool {
    let longer = format!("{text}\nend");
    cells(&longer, delimiter).last().is_some_and(|(cells, _)| &cells == vec!["end"].as_slice())
}

proptest! {
    #[test]
    fn open_quotes_are_those_of_the_reader(
        text in "[a\", ;\t\r\n]{0,24}",
        delimiter in prop::sample::select(Delimiter::ALL.to_vec()),
    ) {
        let mut remarks = Remarks::default();
        let closed = quotes::check(&text, delimiter, &LineIndex::new(&text, 1), &mut remarks);
        prop_assert_eq!(closed, is_closed(&text, delimiter));
    }
}
