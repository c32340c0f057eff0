//! node-pg-migrate: `NUMBER_name.sql` with parts after `-- Up Migration` and `-- Down Migration`, or `.up.sql` and
//! `.down.sql` files.
//!
//! Facts from its `src/migration.ts`, `sqlMigration.ts`, `migrationLoader.ts` and `utils/`: every file needs a number in
//! front, by which they are run; of 17 digits it is a date and counts as its milliseconds; files of one number are run by
//! their names, without punctuation; what is pending before one that is applied is refused. A file without marks is all
//! up. One with a mark for down alone would be run down and all: that is an error here.

use std::cmp::Ordering;
use std::collections::HashMap;

use rung_engine::{Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span, Syntax};

use crate::LoadOptions;
use crate::files::{File, Files, Sample};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, lines, migration, read_each};
use crate::pairs::Way;

pub(crate) struct NodePgMigrate;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("add a line `-- Down Migration`, and below it what undoes the migration"),
    depends: None,
    renumber: Renumber::ByHand,
};

/// Endings of programs.
const CODE: [&str; 6] = ["js", "ts", "cjs", "mjs", "cts", "mts"];

impl Format for NodePgMigrate {
    fn name(&self) -> &'static str {
        "node-pg-migrate"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let has = |text: &str, mark: &str| text.lines().any(|line| line.trim().eq_ignore_ascii_case(mark));
        let marked = |text: &str| has(text, "-- up migration") && has(text, "-- down migration");
        // Its own command writes them into every file; people write such a comment into one or another.
        let with: Vec<&Sample> = files.samples().iter().filter(|sample| marked(&sample.text)).collect();
        if let Some(sample) = with.first().filter(|_| with.len() > 1 || files.samples().len() <= 2) {
            let name = &sample.name;
            return Some(Sign::sure(format!("{name} has the lines `-- Up Migration` and `-- Down Migration`")));
        }
        let file = files.at_top(".sql").find(|file| digits(&file.name).is_some())?;
        let why = format!("there is a file {}", file.name);
        Some(Sign::fits(why, files, &[("package.json", "\"node-pg-migrate\"")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut items: Vec<Item<'_>> = Vec::new();
        let mut downs: HashMap<&str, &File> = HashMap::new();
        for file in files.iter().filter(|file| file.is_at_top()) {
            let Some((stem, kind)) = file.name.rsplit_once('.') else { continue };
            if CODE.contains(&kind) {
                let help = "write its SQL as an SQL file of the same number: `node-pg-migrate up --dry-run` prints it";
                let what = "is a migration in JavaScript or TypeScript, which only Node.js can run";
                errors.push(file.error("javascript-migration", what).help(help));
            } else if kind == "sql" {
                match (digits(&file.name).and_then(moment), Way::split(&file.name)) {
                    (None, _) => {
                        let error = file.error("no-version", "has no number in front, which node-pg-migrate refuses");
                        errors.push(error.help("name it e.g. 1700000000000_users.sql, or move it elsewhere"));
                    }
                    (_, Some((id, Way::Down))) => drop(downs.insert(id, file)),
                    (Some(moment), Some((id, Way::Up))) => {
                        items.push(Item { id, moment, file, halves: Halves::Files(None) })
                    }
                    (Some(moment), None) => items.push(Item { id: stem, moment, file, halves: Halves::Marks }),
                }
            }
        }
        for item in &mut items {
            match (&mut item.halves, downs.remove(item.id)) {
                (Halves::Files(down), found) => *down = found,
                (Halves::Marks, Some(down)) => {
                    let message =
                        format!("undoes {}, which is to say itself how it is undone", item.file.path.display());
                    let help = "let the other end in `.up.sql`, or put this below `-- Down Migration` there";
                    errors.push(down.error("two-downs", &message).help(help));
                }
                (Halves::Marks, None) => {}
            }
        }
        let lone = |down: &File| down.error("lone-down", "undoes nothing, which node-pg-migrate refuses");
        errors.extend(downs.into_values().map(|down| lone(down).help("write the file that ends in `.up.sql`")));
        items.sort_by(|a, b| a.moment.cmp(&b.moment).then_with(|| by_name(a.id, b.id)));
        let mut count: HashMap<&str, usize> = HashMap::new();
        for item in &items {
            *count.entry(digits(item.id).unwrap_or_default()).or_default() += 1;
        }
        let syntax = options.dialect.syntax();
        read_each(&items, Sorting::AsGiven, Vec::new(), errors, |item| {
            // A number that several have says nothing.
            let number = digits(item.id).filter(|digits| count[digits] == 1).and_then(Version::number_of);
            read(item, number.unwrap_or(Version::Unnumbered), syntax)
        })
    }
}

/// A migration, before it is read.
struct Item<'a> {
    id: &'a str,
    moment: u64,
    file: &'a File,
    halves: Halves<'a>,
}

/// Where the two ways are.
enum Halves<'a> {
    /// In one file, with marks.
    Marks,
    /// In a file each.
    Files(Option<&'a File>),
}

/// The digits that a name begins with.
fn digits(name: &str) -> Option<&str> {
    let length = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Some(&name[..length]).filter(|digits| !digits.is_empty())
}

/// What digits count as: 17 are a date, and its milliseconds since 1970 count.
fn moment(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    if digits.len() != 17 {
        return Some(number);
    }
    let part = |from: usize, to: usize| digits[from..to].parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    // Days since 1970 in the Gregorian calendar, counted in years that begin with March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + part(8, 10)?) * 60 + part(10, 12)?) * 60 + part(12, 14)?;
    u64::try_from(seconds * 1000 + part(14, 17)?).ok()
}

/// Compares names as node-pg-migrate does: without punctuation, numbers by value, small letters before capital ones.
fn by_name(a: &str, b: &str) -> Ordering {
    let letters = |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).collect() };
    let (a, b) = (letters(a), letters(b));
    let runs = |text: &str| -> Vec<(u64, String)> {
        let mut runs: Vec<(u64, String)> = Vec::new();
        for c in text.chars() {
            match (c.to_digit(10), runs.last_mut()) {
                (Some(digit), Some((number, word))) if word.is_empty() => {
                    *number = number.saturating_mul(10) + u64::from(digit)
                }
                (Some(digit), _) => runs.push((u64::from(digit), String::new())),
                (None, Some((_, word))) if !word.is_empty() => word.extend(c.to_lowercase()),
                (None, _) => runs.push((u64::MAX, c.to_lowercase().collect())),
            }
        }
        runs
    };
    runs(&a).cmp(&runs(&b)).then_with(|| b.cmp(&a))
}

/// Which way the part goes that a line begins.
fn mark(line: &str) -> Option<Way> {
    let text = line.trim_start().strip_prefix("--")?.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let (way, rest) = match text.get(..2).filter(|word| word.eq_ignore_ascii_case("up")) {
        Some(_) => (Way::Up, &text[2..]),
        None => (Way::Down, text.get(..4).filter(|word| word.eq_ignore_ascii_case("down")).map(|_| &text[4..])?),
    };
    let word = rest.trim_start().get(.."migration".len())?;
    (rest.starts_with(char::is_whitespace) && word.eq_ignore_ascii_case("migration")).then_some(way)
}

fn read(item: &Item<'_>, version: Version, syntax: &Syntax) -> Outcome {
    let source = item.file.source()?;
    let (up, down) = match item.halves {
        Halves::Files(down) => {
            let down = down.map(|file| file.source().map(Script::whole)).transpose()?;
            (Script::whole(source), down)
        }
        Halves::Marks => {
            let text = source.text();
            let first = |way: Way| lines(text).find(|(_, line)| mark(line) == Some(way)).map(|(span, _)| span);
            let (up, down) = (first(Way::Up), first(Way::Down));
            if let (None, Some(down)) = (up, down) {
                let message = "there is no `-- Up Migration`: node-pg-migrate would run all of this as the way up";
                let error = Diagnostic::error("no-up", message).at(&source, down, "begins what undoes it");
                return Err(vec![error.help("begin the file with the line `-- Up Migration`")]);
            }
            let part = |own: Option<Span>, other: Option<Span>| {
                let end = other.map(|other| other.start).filter(|end| own.is_some_and(|own| own.start < *end));
                own.map(|own| Script::slice(source.clone(), Span::new(own.start, end.unwrap_or(text.len()))))
            };
            (part(up, down).unwrap_or_else(|| Script::whole(source.clone())), part(down, up))
        }
    };
    checked(migration(item.id, version, up, down, HINTS, syntax), Vec::new(), syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventeen_digits_are_a_date() {
        assert_eq!(moment("20200513070724505"), Some(1_589_353_644_505));
        assert_eq!(moment("19700101000000000"), Some(0));
        assert_eq!(moment("20240229235959999"), Some(1_709_251_199_999));
        assert_eq!(moment("1589353644505"), Some(1_589_353_644_505));
    }

    #[test]
    fn names_are_compared_without_punctuation() {
        let sorted = ["1_a", "1-B", "1_b2", "1_b-10", "1c"];
        assert!(sorted.is_sorted_by(|a, b| by_name(a, b) != Ordering::Greater));
        assert_eq!(by_name("1_a", "1_A"), Ordering::Less);
    }

    #[test]
    fn marks_are_read_loosely() {
        for (line, way) in [
            ("-- Up Migration", Some(Way::Up)),
            ("  ---- up   migration of users", Some(Way::Up)),
            ("--down migrations", Some(Way::Down)),
            ("-- Upmigration", None),
            ("-- up", None),
            ("up migration", None),
            ("-- é migration", None),
        ] {
            assert_eq!(mark(line), way, "{line}");
        }
    }
}
