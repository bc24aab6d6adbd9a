//! Filters of lists: simple expressions, with what people wrote into them escaped. Whether the vendor knows the attribute is its
//! matter.

use std::fmt;

/// Which users or groups are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// The attribute is this.
    pub fn equal(attribute: &str, value: &str) -> Self {
        Self::simple(attribute, "eq", value)
    }

    /// The attribute is not this.
    pub fn not_equal(attribute: &str, value: &str) -> Self {
        Self::simple(attribute, "ne", value)
    }

    /// The attribute has this in it.
    pub fn containing(attribute: &str, value: &str) -> Self {
        Self::simple(attribute, "co", value)
    }

    /// The attribute begins with this.
    pub fn beginning(attribute: &str, value: &str) -> Self {
        Self::simple(attribute, "sw", value)
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self(format!("{} and {}", self.0, other.0))
    }

    /// One of the two holds.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self(format!("{} or {}", self.0, other.0))
    }

    fn simple(attribute: &str, operator: &str, value: &str) -> Self {
        Self(format!("{attribute} {operator} {}", quoted(value)))
    }
}

/// A text as a literal of filters and paths.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_leave_its_quotes() {
        let check = |filter: Filter, expected: &str| assert_eq!(filter.to_string(), expected);
        check(Filter::equal("userName", "s1@example.edu"), r#"userName eq "s1@example.edu""#);
        check(Filter::beginning("displayName", "group_"), r#"displayName sw "group_""#);
        check(
            Filter::equal("displayName", r#"a" or displayName ne "b\"#),
            r#"displayName eq "a\" or displayName ne \"b\\""#,
        );
        let two = Filter::containing("a", "1").and(&Filter::not_equal("b", "2"));
        check(two.or(&Filter::equal("c", "")), r#"a co "1" and b ne "2" or c eq """#);
    }
}
