//! Which numbers of rows are limits. Nothing of what follows from one.

use super::*;

#[test]
fn a_file_is_capped_at_its_limits_and_nowhere_else() {
    let unknown = Source::File { download_row_limit: None };
    let known = Source::File { download_row_limit: Some(2_000_000) };
    assert_eq!(cap(1_048_575, unknown), Some(Cap { limit: 1_048_575, certain: false }));
    assert_eq!(cap(1_048_575, known), Some(Cap { limit: 1_048_575, certain: false }));
    assert_eq!(cap(2_000_000, known), Some(Cap { limit: 2_000_000, certain: false }));
    for rows in [0, 1, 2_000, 10_000, 1_048_574, 1_048_576, 2_000_000] {
        assert_eq!(cap(rows, unknown), None, "{rows}");
    }
    assert_eq!(cap(0, Source::File { download_row_limit: Some(0) }), None);
}

#[test]
fn an_answer_of_the_api_has_limits_of_its_own() {
    let api =
        |said, plain| Source::Api { rows_truncated: said, unaggregated_limit: plain, aggregated_limit: None };
    assert_eq!(cap(2_000, api(None, None)).map(|cap| cap.limit), Some(2_000));
    assert_eq!(cap(10_000, api(None, None)).map(|cap| cap.limit), Some(10_000));
    assert_eq!(cap(2_000, api(None, Some(5_000))), None);
    assert_eq!(cap(5_000, api(None, Some(5_000))).map(|cap| cap.limit), Some(5_000));
    assert_eq!(cap(17, api(Some(17), None)), Some(Cap { limit: 17, certain: true }));
    assert_eq!(cap(1_999, api(None, None)), None);
}
