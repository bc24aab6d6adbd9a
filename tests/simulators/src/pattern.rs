//! Which requests are meant: a method and a path with stars. It looks at neither query nor body.

/// `METHOD /path`; either may be `*`, and a `*` in the path stands for any text.
pub(crate) struct Pattern<'a> {
    method: &'a str,
    path: &'a str,
}

impl<'a> Pattern<'a> {
    /// Reads a pattern; without a method it means all.
    pub(crate) fn of(text: &'a str) -> Self {
        match text.trim().split_once(' ') {
            Some((method, path)) => Self { method, path: path.trim() },
            None => Self { method: "*", path: text.trim() },
        }
    }

    /// Whether a request is meant.
    pub(crate) fn fits(&self, method: &str, path: &str) -> bool {
        (self.method == "*" || self.method.eq_ignore_ascii_case(method)) && glob(self.path, path)
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(tail) = text.strip_prefix(head) else {
        return false;
    };
    tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| glob(rest, &tail[at..]))
}

#[cfg(test)]
mod tests;
