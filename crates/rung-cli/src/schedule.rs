//! When something is done again: at an interval, or when cron would do it.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{ToSpan, Zoned};

/// When.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// After so long.
    Every(Duration),
    /// In the minutes that fit.
    At(Box<Cron>),
}

/// The five fields of a line of a crontab, each as the values that it is for (crontab(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    /// 0 is Sunday.
    weekdays: Vec<i8>,
    /// Whether a day needs to fit one of days and weekdays only, as it does where both are named.
    either: bool,
}

/// Names that stand for five fields.
const NAMES: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
];

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Schedule {
    /// Reads `30s`, `5`, which are seconds, `10min`, `*/5 * * * *` or `@daily`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named = NAMES.iter().find(|(name, _)| *name == text).map(|(_, fields)| *fields);
        let fields: Vec<&str> = named.unwrap_or(text).split_whitespace().collect();
        if let [minutes, hours, days, months, weekdays] = fields.as_slice() {
            let weekday = field(weekdays, 0, 7, &WEEKDAYS, 0)?;
            let mut weekday: Vec<i8> = weekday.into_iter().map(|day| day % 7).collect();
            weekday.sort_unstable();
            let cron = Cron {
                minutes: field(minutes, 0, 59, &[], 0)?,
                hours: field(hours, 0, 23, &[], 0)?,
                days: field(days, 1, 31, &[], 0)?,
                months: field(months, 1, 12, &MONTHS, 1)?,
                weekdays: weekday,
                either: !days.starts_with('*') && !weekdays.starts_with('*'),
            };
            return match cron.next(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)) {
                Some(_) => Ok(Self::At(Box::new(cron))),
                None => Err("no day is like that".to_owned()),
            };
        }
        let seconds = text.trim().parse().ok().map(Duration::from_secs);
        let interval = seconds.or_else(|| rung::sql::parse_duration(text)).filter(|interval| !interval.is_zero());
        interval.map(Self::Every).ok_or_else(|| "write e.g. 30s, 10min, \"*/5 * * * *\" or @daily".to_owned())
    }

    /// How long from now it is until the next time.
    pub(crate) fn wait(&self) -> Duration {
        match self {
            Self::Every(interval) => *interval,
            Self::At(cron) => {
                let now = Zoned::now();
                // The local clock may stand still or jump; what it never shows is an hour away at most.
                let next = cron.next(now.datetime()).and_then(|next| next.to_zoned(now.time_zone().clone()).ok());
                let until = next.and_then(|next| Duration::try_from(next.duration_since(&now)).ok());
                until.unwrap_or(Duration::from_secs(3600))
            }
        }
    }
}

impl Cron {
    /// The first minute after a time that fits; `None` where none does within the years that leap days take.
    fn next(&self, after: DateTime) -> Option<DateTime> {
        let mut at = after.with().second(0).subsec_nanosecond(0).build().ok()?.checked_add(1.minute()).ok()?;
        let limit = after.checked_add(9.years()).ok()?;
        while at < limit {
            if !self.is_day(at) {
                at = at.date().tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight());
            } else if !self.hours.contains(&at.hour()) {
                at = at.with().minute(0).build().ok()?.checked_add(1.hour()).ok()?;
            } else if !self.minutes.contains(&at.minute()) {
                at = at.checked_add(1.minute()).ok()?;
            } else {
                return Some(at);
            }
        }
        None
    }

    fn is_day(&self, at: DateTime) -> bool {
        let day = self.days.contains(&at.day());
        let weekday = self.weekdays.contains(&at.weekday().to_sunday_zero_offset());
        self.months.contains(&at.month()) && if self.either { day || weekday } else { day && weekday }
    }
}

/// A field: `*`, `5`, `1-5`, `*/15`, `10-50/10`, `mon`, and lists of these.
fn field(text: &str, least: i8, most: i8, names: &[&str], first: i8) -> Result<Vec<i8>, String> {
    let wrong = || format!("{text:?} is not from {least} to {most}");
    let value = |word: &str| {
        let named = names.iter().position(|name| word.eq_ignore_ascii_case(name));
        let number = match named {
            Some(at) => i8::try_from(at).ok().map(|at| at + first),
            None => word.parse().ok(),
        };
        number.filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (value(from)?, value(to)?),
            (one, None) => (value(one)?, if step.is_some() { most } else { value(one)? }),
        };
        let step = step.map_or(Ok(1), str::parse::<usize>).ok().filter(|step| *step > 0).ok_or_else(wrong)?;
        if from > to {
            return Err(wrong());
        }
        values.extend((from..=to).step_by(step));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn next(cron: &str, after: &str) -> String {
        let Ok(Schedule::At(cron)) = Schedule::parse(cron) else { panic!("{cron} is a line of cron") };
        cron.next(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_line_of_cron_says_when() {
        for (cron, after, expected) in [
            ("*/5 * * * *", "2026-01-01T10:03:20", "2026-01-01T10:05:00"),
            ("*/5 * * * *", "2026-01-01T10:05:00", "2026-01-01T10:10:00"),
            ("0 3 * * *", "2026-01-01T03:00:00", "2026-01-02T03:00:00"),
            ("30 9-17/4 * * mon-fri", "2026-01-02T17:31:00", "2026-01-05T09:30:00"),
            ("0 0 1,15 * *", "2026-01-16T00:00:00", "2026-02-01T00:00:00"),
            ("0 0 13 * 5", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
            ("0 0 * * 7", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
            ("0 0 29 feb *", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
            ("@daily", "2026-12-31T12:00:00", "2027-01-01T00:00:00"),
        ] {
            assert_eq!(next(cron, after), expected, "{cron} after {after}");
        }
    }

    #[test]
    fn intervals_and_what_is_neither() {
        for seconds in ["30s", "30", " 30 ", "30000ms"] {
            assert_eq!(Schedule::parse(seconds), Ok(Schedule::Every(Duration::from_secs(30))), "{seconds}");
        }
        for wrong in [
            "",
            "0s",
            "0",
            "-5",
            "soon",
            "60 * * * *",
            "* * * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "0 0 31 feb *",
            "x * * * *",
        ] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
    }
}
