//! What migrations are ordered by.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// What people number migrations by. It orders a set, where the format has no other order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Version {
    /// A sequential number or a timestamp: ordered by value, however many zeros it is written with.
    Number(u64),
    /// Numbers with dots between them, at least two of them and the last not 0: made by [`Version::dotted`].
    Dotted(Arc<[u64]>),
    /// A version that its tool takes as text.
    Text(Arc<str>),
    /// None: something else than the name gives the order, such as a plan, a journal or a graph.
    Unnumbered,
    /// No version: a repeatable migration, after all that have one.
    Repeatable,
}

impl Version {
    /// The version that an id of rung's own begins with: the number before the first `_`. `None` where it begins with
    /// neither a number that fits a signed 64-bit integer (both databases store it as one) nor `R__`.
    pub fn of(id: &str) -> Option<Self> {
        if id.starts_with("R__") {
            return Some(Self::Repeatable);
        }
        Self::number_of(id.split_once('_').map_or(id, |(digits, _)| digits))
    }

    /// The version that digits are; `None` where there is something else among them, or too many.
    pub fn number_of(digits: &str) -> Option<Self> {
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok()).map(Self::Number)
    }

    /// Numbers divided by `.` or `_`. `1.0` is `1`.
    pub fn dotted(text: &str) -> Option<Self> {
        let number = |digits: &str| match Self::number_of(digits) {
            Some(Self::Number(number)) => Some(number),
            _ => None,
        };
        let mut parts = text.split(['.', '_']).map(number).collect::<Option<Vec<u64>>>()?;
        while parts.len() > 1 && parts.last() == Some(&0) {
            parts.pop();
        }
        match parts.as_slice() {
            [only] => Some(Self::Number(*only)),
            _ => Some(Self::Dotted(parts.into())),
        }
    }

    /// The version as one number, where it is one: what the history's column `version` holds.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => match Self::number_of(text) {
                Some(Self::Number(number)) => Some(number),
                _ => None,
            },
            Self::Dotted(_) | Self::Unnumbered | Self::Repeatable => None,
        }
    }

    /// Whether two migrations of this version are one too many.
    pub fn is_unique(&self) -> bool {
        !matches!(self, Self::Unnumbered | Self::Repeatable)
    }

    /// Whether this is what somebody means who types `text`: zeros in front do not count.
    pub fn is_typed(&self, text: &str) -> bool {
        match self {
            Self::Number(_) | Self::Dotted(_) => Self::dotted(text).as_ref() == Some(self),
            Self::Text(own) => {
                **own == *text || Self::number_of(text).is_some_and(|typed| typed.number() == self.number())
            }
            Self::Unnumbered | Self::Repeatable => false,
        }
    }

    /// What is compared: the kind, then the numbers. A number and a dotted one are of one kind.
    fn key(&self) -> (u8, &[u64]) {
        match self {
            Self::Number(number) => (0, std::slice::from_ref(number)),
            Self::Dotted(numbers) => (0, numbers),
            Self::Text(_) => (1, &[]),
            Self::Unnumbered => (2, &[]),
            Self::Repeatable => (3, &[]),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.key().cmp(&other.key()),
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Dotted(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                f.write_str(&numbers.join("."))
            }
            Self::Text(text) => f.write_str(text),
            Self::Unnumbered => Ok(()),
            Self::Repeatable => f.write_str("R"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_a_number_or_an_r() {
        for (id, version) in [
            ("001_a", Some(Version::Number(1))),
            ("20240131120000_a", Some(Version::Number(20_240_131_120_000))),
            ("7", Some(Version::Number(7))),
            ("R__views", Some(Version::Repeatable)),
            ("9223372036854775808_a", None),
            ("1.2_a", None),
            ("_a", None),
            ("a_1", None),
        ] {
            assert_eq!(Version::of(id), version, "{id}");
        }
    }

    #[test]
    fn versions_are_ordered_by_what_they_are_made_of() {
        let dotted = |text| Version::dotted(text).unwrap();
        let ordered = [dotted("1"), dotted("1.0.1"), dotted("1.2"), dotted("1_10"), dotted("2.0")];
        assert!(ordered.is_sorted() && ordered.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(dotted("1.0.0"), Version::Number(1));
        assert_eq!(dotted("2.0"), Version::of("002_x").unwrap());
        assert!(Version::dotted("1..2").is_none() && Version::dotted("1.a").is_none() && Version::dotted("").is_none());
        let text = |text: &str| Version::Text(text.into());
        assert!(text("10") < text("9") && Version::Number(9) < Version::Number(10));
        assert!(Version::Number(u64::MAX) < Version::Unnumbered && Version::Unnumbered < Version::Repeatable);
    }

    #[test]
    fn typed_versions_are_found() {
        assert!(Version::Number(1).is_typed("001") && !Version::Number(1).is_typed("1_x"));
        let dotted = Version::dotted("1.2").unwrap();
        assert!(dotted.is_typed("1.2.0") && dotted.is_typed("1_2") && !dotted.is_typed("1.20"));
        let text = Version::Text("001".into());
        assert!(text.is_typed("001") && text.is_typed("1") && !text.is_typed("10"));
        assert!(!Version::Unnumbered.is_typed("") && !Version::Repeatable.is_typed("R"));
        assert_eq!(text.number(), Some(1));
    }
}
