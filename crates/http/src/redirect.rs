//! Whether an answer that leads elsewhere is followed: only to the same host, never to a weaker scheme. Pure.

use reqwest::{Method, StatusCode, header::HeaderMap, header::LOCATION};
use url::Url;

/// Where a redirect leads, if it may be followed: the method and the address to ask.
pub(crate) fn follow(
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<(Method, Url), String> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return Err("the answer leads elsewhere and does not say where".to_owned());
    };
    let Ok(to) = from.join(location) else {
        return Err("the answer leads to something that is no address".to_owned());
    };
    let shown = format!("{}://{}", to.scheme(), to.host_str().unwrap_or_default());
    let weaker = from.scheme() == "https" && to.scheme() != "https";
    let same_port =
        to.port_or_known_default() == from.port_or_known_default() || to.scheme() != from.scheme();
    if to.host_str() != from.host_str() || !same_port || weaker || !["http", "https"].contains(&to.scheme()) {
        return Err(format!(
            "the answer leads to {shown}, where credentials must not go: the address is a wrong one, or a login page is in between"
        ));
    }
    let reads = *method == Method::GET || *method == Method::HEAD;
    match status.as_u16() {
        307 | 308 => Ok((method.clone(), to)),
        301 | 302 if reads => Ok((method.clone(), to)),
        303 => Ok((Method::GET, to)),
        _ => Err(format!("a {method} was answered by a redirect to {shown}, which would lose what was sent")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_followed() {
        let check = |method: Method, status: u16, location: Option<&str>, expected: Option<(&str, &str)>| {
            let from: Url = "https://example.com/a/b".parse().unwrap();
            let mut headers = HeaderMap::new();
            if let Some(location) = location {
                headers.insert(LOCATION, location.parse().unwrap());
            }
            let followed = follow(&method, &from, StatusCode::from_u16(status).unwrap(), &headers).ok();
            let followed = followed.as_ref().map(|(method, url)| (method.as_str(), url.as_str()));
            assert_eq!(followed, expected, "{method} {status} {location:?}");
        };
        check(Method::GET, 302, Some("/c"), Some(("GET", "https://example.com/c")));
        check(Method::GET, 301, Some("https://example.com/c"), Some(("GET", "https://example.com/c")));
        check(Method::POST, 307, Some("c"), Some(("POST", "https://example.com/a/c")));
        check(Method::POST, 303, Some("c"), Some(("GET", "https://example.com/a/c")));
        check(Method::POST, 302, Some("c"), None);
        check(Method::GET, 302, Some("http://example.com/c"), None);
        check(Method::GET, 302, Some("https://login.example.com/"), None);
        check(Method::GET, 302, Some("https://example.com:8443/"), None);
        check(Method::GET, 302, Some("//evil.example/"), None);
        check(Method::GET, 302, Some("file:///etc/passwd"), None);
        check(Method::GET, 302, None, None);
    }
}
