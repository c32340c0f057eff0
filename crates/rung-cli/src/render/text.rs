//! Numbers, times and names as people read them.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `3 ms`, `1.2 s`, `2 min 5 s`.
pub(crate) fn took(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0 => "< 1 ms".to_owned(),
        1..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}

/// `41 s`, `12 min`, `3 h`.
pub(crate) fn age(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..120 => format!("{secs} s"),
        secs @ 120..7200 => format!("{} min", secs / 60),
        secs @ 7200..172_800 => format!("{} h", secs / 3600),
        secs => format!("{} days", secs / 86_400),
    }
}

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`; `None` where there are too many to name, or none.
pub(crate) fn listed(items: &[&str]) -> Option<String> {
    match items {
        [one] => Some((*one).to_owned()),
        [before @ .., last] if items.len() <= 4 => Some(format!("{} and {last}", before.join(", "))),
        _ => None,
    }
}

/// The reader's time zone, looked up once: a list may have thousands of times.
pub(crate) struct Zone(TimeZone);

impl Zone {
    pub(crate) fn here() -> Self {
        Self(TimeZone::system())
    }

    /// The same everywhere, for tests.
    #[cfg(test)]
    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// An RFC 3339 time, to the minute; what is no time stays as it is.
    pub(crate) fn minute(&self, time: &str) -> String {
        match time.parse::<jiff::Timestamp>() {
            Ok(time) => {
                let time = self.0.to_datetime(time);
                let mut text = String::with_capacity(16);
                let (date, hour, minute) = (time.date(), time.hour(), time.minute());
                // Writing to a String does not fail.
                let _ = write!(text, "{date} {hour:02}:{minute:02}");
                text
            }
            Err(_) => time.to_owned(),
        }
    }
}

/// A name no wider than `width`, cut in its middle.
pub(crate) fn fit(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let head = width.saturating_sub(1).div_ceil(2);
    let tail = width.saturating_sub(1) - head;
    format!("{}…{}", take(name.chars(), head), take(name.chars().rev(), tail).chars().rev().collect::<String>())
}

fn take(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut taken = 0;
    chars
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= width
        })
        .collect()
}

/// A name, filled up with blanks.
pub(crate) fn pad(name: &str, width: usize) -> String {
    let name = fit(name, width);
    let blanks = width.saturating_sub(name.width());
    name + &" ".repeat(blanks)
}

/// A column of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    width: usize,
}

impl Names {
    /// As wide as the widest, unless the terminal has too few `columns` for that and the `rest` of the line.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>, columns: Option<usize>, rest: usize) -> Self {
        /// So that one line and then another look alike.
        const LEAST: usize = 20;
        let widest = names.map(width).max().unwrap_or(0).max(LEAST);
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(rest + 1).max(LEAST));
        Self { width: widest.min(room) }
    }

    pub(crate) fn width(self) -> usize {
        self.width
    }

    /// A name in the column.
    pub(crate) fn cell(self, name: &str) -> String {
        pad(name, self.width)
    }

    /// Writes a name in the column.
    pub(crate) fn write(self, out: &mut String, name: &str) {
        let wide = width(name);
        if wide > self.width {
            out.push_str(&fit(name, self.width));
            return;
        }
        out.push_str(name);
        out.extend(std::iter::repeat_n(' ', self.width - wide));
    }
}

/// The width on a terminal; nearly every name is plain.
fn width(name: &str) -> usize {
    if name.is_ascii() { name.len() } else { name.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(fit("001_create_users", 20), "001_create_users");
        assert_eq!(fit("001_create_a_very_long_name", 13), "001_cr…g_name");
        assert_eq!(fit("日本語日本語", 7), "日…語");
    }

    #[test]
    fn a_column_takes_what_room_there_is() {
        let long = "001_create_a_very_long_name_that_goes_on_and_on";
        let column = |columns| Names::new([long].into_iter(), columns, 30).cell(long);
        assert_eq!(column(None), long);
        assert_eq!(column(Some(60)), "001_create_a_v…goes_on_and_on");
        assert_eq!(column(Some(10)), "001_create…on_and_on");
        assert_eq!(Names::new(["a"].into_iter(), None, 0).cell("a").len(), 20);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(took(Duration::from_micros(300)), "< 1 ms");
        assert_eq!(took(Duration::from_millis(42)), "42 ms");
        assert_eq!(took(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(age(Duration::from_secs(41)), "41 s");
        assert_eq!(age(Duration::from_secs(200_000)), "2 days");
    }

    #[test]
    fn lists_are_read_aloud() {
        assert_eq!(listed(&["013", "014"]).as_deref(), Some("013 and 014"));
        assert_eq!(listed(&["1", "2", "3", "4", "5"]), None);
    }

    #[test]
    fn times_are_the_readers() {
        let zone = Zone(TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(zone.minute("2026-11-20T22:14:59.123Z"), "2026-11-21 00:14");
        assert_eq!(zone.minute("soon"), "soon");
    }
}
