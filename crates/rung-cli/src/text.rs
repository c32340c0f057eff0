//! Numbers, times and names as people read them.

use std::time::Duration;

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
        secs => format!("{} h", secs / 3600),
    }
}

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// An RFC 3339 time in the reader's zone, to the minute.
pub(crate) fn local(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => time.to_owned(),
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

/// The width of a column of names: that of the widest, within reason.
pub(crate) fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(UnicodeWidthStr::width).max().unwrap_or(0).clamp(20, 48)
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
    fn times_have_units() {
        assert_eq!(took(Duration::from_micros(300)), "< 1 ms");
        assert_eq!(took(Duration::from_millis(42)), "42 ms");
        assert_eq!(took(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 5 s");
    }
}
