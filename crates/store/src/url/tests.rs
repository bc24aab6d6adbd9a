//! Which URLs name a store, and that none shows a password.

use std::path::Path;

use super::StoreUrl;

#[test]
fn files_and_servers_are_told_apart() {
    for (text, file) in [
        ("sqlite:roundsman.db", "roundsman.db"),
        ("sqlite:/var/lib/roundsman.db", "/var/lib/roundsman.db"),
        ("sqlite:///var/lib/a b.db", "/var/lib/a b.db"),
    ] {
        let url: StoreUrl = text.parse().unwrap();
        assert_eq!(url.file(), Some(Path::new(file)), "{text}");
    }
    let server: StoreUrl = "postgres://u@db.example.com/roundsman".parse().unwrap();
    assert_eq!(server.file(), None);
    assert_eq!(server.relative_to(Path::new("/x")).to_string(), server.to_string());
    let file: StoreUrl = "sqlite:r.db".parse().unwrap();
    assert_eq!(file.relative_to(Path::new("/x")).to_string(), "sqlite:/x/r.db");
}

#[test]
fn what_names_no_store_is_refused_with_an_example() {
    for text in ["", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "mysql://h/d", "roundsman.db"] {
        let error = text.parse::<StoreUrl>().unwrap_err().to_string();
        assert!(error.contains("write \"sqlite:FILE\" or \"postgres://"), "{text}: {error}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for text in [
        "postgres://u:geheim@db.example.com/d",
        "postgresql://u:geheim@db.example.com:5432/d?sslmode=disable",
        "postgres://u@db.example.com/d?password=geheim",
        "postgres://u:a@geheim@db.example.com/d",
        "postgres://u:a?geheim@db.example.com/d",
        "postgres://u:geheim@db.example.com:port/d",
        "mysql://u:geheim@db.example.com/d",
    ] {
        let shown = match text.parse::<StoreUrl>() {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("geheim"), "{shown}");
        assert!(shown.contains("db.example.com") || shown.contains("********"), "{shown}");
    }
}
