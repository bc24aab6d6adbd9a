//! Reading what the vendor sends, which is looser than its schema: whole numbers as text, null for absent, words nobody knew
//! when this was written. It accepts no number that would have to be rounded.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A value of an enumeration of the vendor's, which may grow at any time.
pub trait OpenText: for<'a> From<&'a str> {
    /// The word that stands for it.
    fn as_str(&self) -> &str;
}

/// An enumeration of the vendor's. A word that is not known here is kept as it is.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])* $variant,)+
            /// One that is not known here.
            Other(String),
        }

        impl $crate::api::OpenText for $name {
            fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::api::OpenText::as_str(self))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::api::OpenText::as_str(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <Option<String> as serde::Deserialize>::deserialize(deserializer)?;
                Ok(Self::from(word.unwrap_or_default().as_str()))
            }
        }
    };
}
pub(crate) use open_enum;

/// What null stands for: nothing was said.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A whole number, which may be written as text; nothing where it is null or empty.
pub(crate) fn i64_opt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Whole>::deserialize(deserializer)?.and_then(|whole| whole.0))
}

/// A whole number, which may be written as text; zero where it is null or empty.
pub(crate) fn i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(i64_opt(deserializer)?.unwrap_or_default())
}

/// A text, which may be written as a number.
pub(crate) fn text_opt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Words(String),
        Number(i64),
        Other(de::IgnoredAny),
    }
    Ok(match Option::<Written>::deserialize(deserializer)? {
        Some(Written::Words(text)) if !text.is_empty() => Some(text),
        Some(Written::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}

struct Whole(Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl de::Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, perhaps as text")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(Some(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
        i64::try_from(number).map(|number| Whole(Some(number))).map_err(|_| E::custom("too large a number"))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < EXACT {
            return Ok(Whole(Some(number as i64)));
        }
        Err(E::invalid_value(de::Unexpected::Float(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
        match text.trim() {
            "" => Ok(Whole(None)),
            digits => digits
                .parse()
                .map(|number| Whole(Some(number)))
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes types of the interface")]
mod tests {
    use super::*;

    open_enum! {
        /// Colours.
        Colour {
            /// Like roses.
            Red = "RED",
        }
    }

    #[derive(Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "i64_opt")]
        number: Option<i64>,
        #[serde(default)]
        colour: Colour,
        #[serde(default, deserialize_with = "or_default")]
        list: Vec<u8>,
        #[serde(default, deserialize_with = "text_opt")]
        text: Option<String>,
    }

    fn read(json: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn whole_numbers() {
        let check = |written: &str, expected: Option<i64>| {
            let json = format!("{{\"number\": {written}}}");
            assert_eq!(read(&json).unwrap().number, expected, "{written}");
        };
        check("612345678901234567", Some(612_345_678_901_234_567));
        check("\"612345678901234567\"", Some(612_345_678_901_234_567));
        check("-1", Some(-1));
        check("\" 7 \"", Some(7));
        check("1794808980000.0", Some(1_794_808_980_000));
        check("null", None);
        check("\"\"", None);
        for wrong in ["\"seven\"", "1.5", "18446744073709551615", "1e300", "true", "{}"] {
            assert!(read(&format!("{{\"number\": {wrong}}}")).is_err(), "{wrong}");
        }
        assert_eq!(read("{}").unwrap().number, None);
    }

    #[test]
    fn words_and_absences() {
        let sample = read(r#"{"colour": "RED", "list": null, "text": 4321, "more": 1}"#).unwrap();
        assert_eq!(
            (sample.colour, sample.list.len(), sample.text.as_deref()),
            (Colour::Red, 0, Some("4321"))
        );
        let sample = read(r#"{"colour": "MAUVE", "text": ""}"#).unwrap();
        assert_eq!((sample.colour.to_string(), sample.text), ("MAUVE".to_owned(), None));
        assert_eq!(read(r#"{"colour": null}"#).unwrap().colour, Colour::default());
        assert_eq!(serde_json::to_string(&Colour::from("MAUVE")).unwrap(), "\"MAUVE\"");
    }
}
