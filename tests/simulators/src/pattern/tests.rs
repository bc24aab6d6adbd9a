//! Patterns against requests. Where they are used is tested over HTTP.

use super::Pattern;

#[test]
fn patterns_mean_methods_and_paths() {
    let fits = |pattern: &str, request: &str| {
        let (method, path) = request.split_once(' ').unwrap();
        Pattern::of(pattern).fits(method, path)
    };
    assert!(fits("GET /a/b", "GET /a/b"));
    assert!(fits("get /a/b", "GET /a/b"));
    assert!(!fits("GET /a/b", "POST /a/b"));
    assert!(!fits("GET /a/b", "GET /a/b/c"));
    assert!(fits("* /a/*", "PATCH /a/b/c"));
    assert!(fits("/a/*", "PATCH /a/"));
    assert!(!fits("/a/*", "PATCH /a"));
    assert!(fits("*", "GET /anything"));
    assert!(fits("PUT /api/*/clusters/*07", "PUT /api/2.0/clusters/lab07"));
    assert!(!fits("PUT /api/*/clusters/*07", "PUT /api/2.0/clusters/lab08"));
    assert!(fits("/é*ü", "GET /éüü"));
}
