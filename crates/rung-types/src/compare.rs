//! The order in which people look names up, and in which JavaScript's `localeCompare` puts them: case and marks count only
//! where nothing else does.

use std::cmp::Ordering;

/// Compares two names.
pub(crate) fn by_name(left: &str, right: &str) -> Ordering {
    let key = |text: &str| text.chars().map(primary).collect::<Vec<_>>();
    // Of two that differ in case alone, the one in lower case goes first.
    key(left).cmp(&key(right)).then_with(|| right.cmp(left))
}

/// Marks before digits, digits before letters (the root of CLDR's collation).
fn primary(c: char) -> (u8, u32) {
    const MARKS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    match c {
        c if c.is_whitespace() => (0, u32::from(c)),
        c if c.is_numeric() => (2, u32::from(c)),
        c if c.is_alphabetic() => (3, c.to_lowercase().next().map_or(0, u32::from)),
        c => (1, MARKS.chars().position(|mark| mark == c).map_or(u32::from(c), |at| at as u32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_a_dictionary() {
        let mut names = ["b", "a_b", "a1", "ab", "A", "a", "user-id", "user_id", "Zed", "1st"];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(names, ["1st", "a", "A", "a_b", "a1", "ab", "b", "user_id", "user-id", "Zed"]);
    }
}
