//! Output made comparable: what differs from run to run gets a name.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use regex::Regex;

/// Replaces what differs from run to run.
///
/// | in the output | becomes |
/// |---|---|
/// | a point in time, `2026-11-20 10:14`, RFC 3339; today's date | `[time]`, `[date]` |
/// | a duration, `3 ms`, `1.2 s`, and the spaces that align it | `[took]` |
/// | the version number of a new migration, `20261120101400_` | `[timestamp]_` |
/// | a UUID | `[uuid]` |
/// | `PostgreSQL 15.18`, `SQLite 3.54.0`, `rung 0.1.0` | `PostgreSQL [version]`, ... |
/// | `pid 4711`, `process 4711` | `pid [pid]` |
/// | `"execution_time_ms": 3` | `"execution_time_ms": [ms]` |
/// | each literal given, such as a directory or a URL | its name |
///
/// White space at the end of a line goes.
#[derive(Debug, Default, Clone)]
pub struct Normaliser {
    literals: Vec<(String, String)>,
}

impl Normaliser {
    /// One that knows no literals.
    #[must_use]
    pub fn new() -> Self {
        Normaliser::default()
    }

    /// Shows `name` instead of `literal`. Longer literals are replaced first; an empty one is ignored.
    #[must_use]
    pub fn literal(mut self, literal: impl Into<String>, name: impl Into<String>) -> Self {
        let literal = literal.into();
        if !literal.is_empty() {
            self.literals.push((literal, name.into()));
            self.literals.sort_by_key(|(literal, _)| std::cmp::Reverse(literal.len()));
        }
        self
    }

    /// The text with names instead of what differs.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (literal, name) in &self.literals {
            text = text.replace(literal, name);
        }
        for (pattern, name) in RULES.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        // A run may begin before midnight and end after it.
        for days_ago in [0, 1] {
            let (year, month, day) = date(days_ago);
            text = text.replace(&format!("{year:04}-{month:02}-{day:02}"), "[date]");
            let stamp =
                Regex::new(&format!(r"\b{year:04}{month:02}{day:02}\d{{6}}\b|\b{year:04}{month:02}{day:02}\d{{6}}_"));
            let replace =
                |found: &regex::Captures<'_>| if found[0].ends_with('_') { "[timestamp]_" } else { "[timestamp]" };
            text = stamp.expect("a date makes a valid pattern").replace_all(&text, replace).into_owned();
        }
        text.split('\n').map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?UTC\b|[+-]\d\d(:?\d\d)?\b)?", "[time]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[uuid]"),
        (r#"("\w*_ms": ?)\d+(\.\d+)?"#, "${1}[ms]"),
        (r" +(?:< )?\d+(\.\d+)? ?(ns|µs|us|ms|s|min|h)\b", " [took]"),
        (r"(?:< )?\b\d+(\.\d+)? ?(ns|µs|us|ms|s|min|h)\b", "[took]"),
        (r"\b(PostgreSQL|postgres|SQLite|rung) v?\d+(\.\d+)*((beta|rc|devel)\d*)?( \([^)]*\))?", "$1 [version]"),
        (r"\b(pid|process) \d+", "$1 [pid]"),
    ]
    .map(|(pattern, name)| (Regex::new(pattern).expect("the pattern is valid"), name))
    .into()
});

/// Year, month and day in UTC. (Howard Hinnant, "chrono-compatible low-level date algorithms")
fn date(days_ago: u64) -> (u64, u64, u64) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    civil(seconds / 86_400 - days_ago)
}

fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// Whether a line of output is what was expected; `[..]` in the latter stands for any text.
#[must_use]
pub fn line_matches(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| actual.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether lines of output are what was expected; the line `...` in the latter stands for any number of lines.
#[must_use]
pub fn lines_match(expected: &[&str], actual: &[&str]) -> bool {
    match (expected, actual) {
        (["...", expected @ ..], _) => (0..=actual.len()).any(|skip| lines_match(expected, &actual[skip..])),
        ([], []) => true,
        ([first, expected @ ..], [line, actual @ ..]) => line_matches(first, line) && lines_match(expected, actual),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_gets_a_name() {
        let normaliser = Normaliser::new().literal("/tmp/a", "$DIR").literal("/tmp/a/b.db", "$DB").literal("", "no");
        for (raw, expected) in [
            ("applied 2 migrations to dev (/tmp/a/b.db) in 12 ms", "applied 2 migrations to dev ($DB) in [took]"),
            ("created /tmp/a/x.sql", "created $DIR/x.sql"),
            ("✓ 001_create_users     2026-11-20 10:14   3 ms  ", "✓ 001_create_users     [time] [took]"),
            ("✓ 001_create_users     2026-11-20 10:14  13 ms", "✓ 001_create_users     [time] [took]"),
            ("at 2026-11-20T10:14:03.123456Z and 2026-11-20T10:14:03+01:00", "at [time] and [time]"),
            ("took 1.25 s, 1.25s", "took [took], [took]"),
            ("Date: 2019-03-04, 20190304101112_old", "Date: 2019-03-04, 20190304101112_old"),
            ("id 0193a4b8-7c11-7abc-8def-0123456789ab.", "id [uuid]."),
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)", "PostgreSQL [version]"),
            ("rung 0.1.0, SQLite 3.54.0, postgres 18.4", "rung [version], SQLite [version], postgres [version]"),
            ("held by pid 4711", "held by pid [pid]"),
            ("\"execution_time_ms\": 12,", "\"execution_time_ms\": [ms],"),
            ("3 migrations, 2 steps", "3 migrations, 2 steps"),
            ("one \ntwo\n", "one\ntwo\n"),
        ] {
            assert_eq!(normaliser.apply(raw), expected);
        }
        let (year, month, day) = date(0);
        assert_eq!(normaliser.apply(&format!("on {year}-{month:02}-{day:02}")), "on [date]");
        let created = format!("created {year}{month:02}{day:02}101112_users.sql, {year}{month:02}{day:02}101112");
        assert_eq!(normaliser.apply(&created), "created [timestamp]_users.sql, [timestamp]");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_777), (2026, 11, 20));
        assert_eq!(civil(20_819), (2027, 1, 1));
    }

    #[test]
    fn wildcards_match_within_a_line_and_whole_lines() {
        assert!(line_matches("a[..]c", "abbc") && line_matches("[..]", "") && line_matches("a[..]b[..]c", "a1b2c"));
        assert!(!line_matches("a[..]c", "abb") && !line_matches("a", "ab") && !line_matches("a[..]a", "a"));
        assert!(lines_match(&["a", "...", "d"], &["a", "b", "c", "d"]) && lines_match(&["..."], &[]));
        assert!(!lines_match(&["a", "..."], &["b"]) && !lines_match(&["a"], &["a", "b"]) && !lines_match(&["a"], &[]));
    }
}
