//! `rung new`.

mod from_diff;
mod style;
mod template;

use std::fs;
use std::path::PathBuf;

use jiff::civil::DateTime;
use rung::engine::Version;
use rung::sql::{MigrationType, closest};

use self::template::Template;
use crate::args::{Arguments, New};
use crate::changes::write_new;
use crate::config::migration_dirs;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, Terminal};

/// Versions of at least so many digits are times.
const TIMESTAMP_DIGITS: usize = 12;

pub(crate) fn new(arguments: &Arguments, new: &New, terminal: &Terminal) -> Result<Exit, Failure> {
    let words = new.name.join(" ");
    let name = snake_case(&words);
    if name.is_empty() {
        return Err(Failure::usage("a migration's name needs letters or digits", "rung new create_users"));
    }
    let kind = match &new.kind {
        Some(kind) => Some(kind_of(kind)?),
        None => guess(&name),
    };
    // A new file needs no database, so nothing is asked of one.
    let dirs = migration_dirs(arguments)?;
    let Some(dir) = dirs.first().filter(|dir| dir.is_dir()) else {
        let dir = dirs.first().map_or_else(|| "migrations".to_owned(), |dir| dir.display().to_string());
        let message = format!("there is no directory {dir}");
        return Err(Failure::usage(message, "`rung init` makes one; or name it with --dir"));
    };
    let stems = stems(&dirs)?;
    if let Some(twin) = stems.iter().find(|stem| stem.split_once('_').is_some_and(|(_, rest)| rest == name)) {
        let message = format!("{twin} has this name already");
        return Err(Failure::usage(message, "give the new one a name that tells the two apart"));
    }
    let depends_on = new.depends_on.iter().map(|id| known(id, &stems)).collect::<Result<Vec<_>, _>>()?;
    let number = number(new, &stems);
    let id = format!("{number}_{name}");
    let newest = stems.iter().max_by_key(|stem| Version::of(stem));
    let difference = match &new.from.from_diff {
        None => None,
        Some(sides) => match from_diff::difference(sides, &new.from.way, arguments, terminal)? {
            Some(difference) => Some(difference),
            None => return Ok(Exit::Done),
        },
    };
    let kind = kind.filter(|_| difference.is_none() || new.kind.is_some()).or(difference.as_ref().map(|it| it.kind));
    let written = difference.map(|it| it.written);
    let (style, like) = newest.and_then(|newest| style::of(&dirs, newest)).unwrap_or_default();
    let template =
        Template { id: &id, words: &words, kind, depends_on: &depends_on, like: &like, written: written.as_ref() };
    let files = style.files(dir, &number, &id, &template);
    write_all(&files)?;
    if terminal.is_json() {
        let files = files.iter().map(|(path, _)| path.display().to_string()).collect();
        terminal.json(&json::Created { version: json::VERSION, id: &id, files });
    }
    for (path, _) in &files {
        terminal.say(format!("created {}", path.display()));
    }
    Ok(Exit::Done)
}

/// Writes a migration of rung's own format after all that are there, and after others that have no file any more; where it is.
///
/// # Errors
/// There is no migrations directory, or it can't be written to.
pub(super) fn write(dirs: &[PathBuf], others: &[String], name: &str, up: &str, down: &str) -> Result<PathBuf, Failure> {
    let Some(dir) = dirs.first() else {
        return Err(Failure::usage("there is no migrations directory", "name it with --dir"));
    };
    let mut taken = stems(dirs)?;
    taken.extend_from_slice(others);
    let path = dir.join(format!("{}.sql", next_id(&taken, name)));
    write_all(&[(path.clone(), format!("-- @up\n{up}\n\n-- @down\n{down}\n"))])?;
    Ok(path)
}

/// An id for a migration of this name, after all whose stems are given and in their style; other than all of them.
pub(super) fn next_id(stems: &[String], name: &str) -> String {
    let name = snake_case(name);
    let is_taken = |name: &str| stems.iter().any(|stem| stem.split_once('_').is_some_and(|(_, rest)| rest == name));
    let name = std::iter::once(name.clone())
        .chain((2..).map(|count| format!("{name}_{count}")))
        .find(|name| !is_taken(name))
        .unwrap_or(name);
    format!("{}_{name}", number(&New::default(), stems))
}

/// Writes files that are not there yet; where one can't be, none is left.
fn write_all(files: &[(PathBuf, String)]) -> Result<(), Failure> {
    for (at, (path, text)) in files.iter().enumerate() {
        if let Err(error) = write_new(path, text) {
            for (made, _) in &files[..at] {
                // It was made a moment ago, by us.
                let _ = fs::remove_file(made);
            }
            let message = format!("{} can't be made: {error}", path.display());
            return Err(Failure::new(Exit::Failed, message, "make the directory writable; nothing was left behind"));
        }
    }
    Ok(())
}

fn kind_of(text: &str) -> Result<MigrationType, Failure> {
    MigrationType::parse(text).ok_or_else(|| {
        let names = MigrationType::ALL.map(MigrationType::as_str);
        let next = match closest(text, names) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the types are {}", names.join(", ")),
        };
        Failure::usage(format!("there is no type {text}"), next)
    })
}

/// Words as a file's name has them.
pub(super) fn snake_case(text: &str) -> String {
    let text = text.trim().strip_suffix(".sql").unwrap_or(text);
    let mut out = String::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_alphanumeric() {
            let begins_word = c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
            if begins_word && !out.ends_with('_') {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        before = c;
    }
    out.trim_end_matches('_').to_owned()
}

/// The type that a name speaks of.
fn guess(name: &str) -> Option<MigrationType> {
    let words: Vec<&str> = name.split('_').collect();
    let index = words.iter().any(|word| matches!(*word, "index" | "indexes" | "idx"));
    Some(match *words.first()? {
        "create" | "add" if index => MigrationType::CreateIndex,
        "index" => MigrationType::CreateIndex,
        "create" => MigrationType::CreateTable,
        "drop" if index => MigrationType::DropIndex,
        "drop" if words.last() == Some(&"table") => MigrationType::DropTable,
        "add" | "alter" | "rename" => MigrationType::AlterTable,
        "insert" | "seed" => MigrationType::InsertData,
        "update" | "backfill" => MigrationType::UpdateData,
        "delete" => MigrationType::DeleteData,
        _ => return None,
    })
}

/// The stems of all migration files.
pub(super) fn stems(dirs: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut stems = Vec::new();
    for dir in dirs {
        let entries = fs::read_dir(dir)
            .map_err(|error| Failure::usage(format!("{} can't be read: {error}", dir.display()), "check --dir"))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            if matches!(Version::of(stem), Some(Version::Number(_))) {
                stems.push(stem.to_owned());
            }
        }
    }
    stems.sort();
    stems.dedup();
    Ok(stems)
}

/// The id of a migration that is there, from the id or the number as it was typed.
fn known(typed: &str, stems: &[String]) -> Result<String, Failure> {
    let typed = typed.strip_suffix(".sql").unwrap_or(typed);
    let same_number =
        |stem: &&String| typed.bytes().all(|b| b.is_ascii_digit()) && Version::of(stem) == Version::of(typed);
    if let Some(stem) = stems.iter().find(|stem| *stem == typed).or_else(|| stems.iter().find(same_number)) {
        return Ok(stem.clone());
    }
    let names = stems.iter().filter_map(|stem| stem.split_once('_'));
    let next = match closest(typed, stems.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => match names.map(|(_, name)| name).find(|name| *name == typed) {
            Some(name) => format!("did you mean {}?", stems.iter().find(|stem| stem.ends_with(name)).map_or("", |s| s)),
            None => "see `rung status` for the ids there are".to_owned(),
        },
    };
    Err(Failure::usage(format!("there is no migration {typed} to depend on"), next))
}

/// The next number, in the style of the files that are there.
fn number(new: &New, stems: &[String]) -> String {
    let numbers: Vec<(&str, u64)> = stems
        .iter()
        .filter_map(|stem| {
            let digits = stem.split('_').next()?;
            Some((digits, digits.parse().ok()?))
        })
        .collect();
    let newest = numbers.iter().max_by_key(|(_, number)| *number);
    let is_time = newest.is_some_and(|(digits, _)| digits.len() >= TIMESTAMP_DIGITS);
    if new.timestamp || (is_time && !new.sequential) {
        let next = timestamp_after(newest.filter(|_| is_time).map_or(0, |(_, number)| *number));
        return next.to_string();
    }
    let sequential = numbers.iter().filter(|(digits, _)| digits.len() < TIMESTAMP_DIGITS);
    let (width, next) = sequential.max_by_key(|(_, number)| *number).map_or((3, 1), |(d, n)| (d.len(), n + 1));
    format!("{next:0width$}")
}

/// Now as a version, in UTC; a second after `newest` where that is not before now, as with two in one second or a clock
/// that runs behind.
pub(super) fn timestamp_after(newest: u64) -> u64 {
    const FORMAT: &str = "%Y%m%d%H%M%S";
    let number = |time: DateTime| time.strftime(FORMAT).to_string().parse().unwrap_or(0);
    let now = number(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime());
    if newest < now {
        return now;
    }
    let newest_time = DateTime::strptime(FORMAT, newest.to_string());
    // Digits that are no time have a next number all the same.
    newest_time.and_then(|time| time.checked_add(jiff::Span::new().seconds(1))).map_or(newest + 1, number)
}

/// Whether a version's digits are a time.
pub(super) fn is_timestamp(digits: &str) -> bool {
    digits.len() >= TIMESTAMP_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        assert_eq!(snake_case("Add team support!"), "add_team_support");
        assert_eq!(snake_case("addTeamSupport"), "add_team_support");
        assert_eq!(snake_case("create-users.sql"), "create_users");
        assert_eq!(snake_case("--"), "");
    }

    #[test]
    fn numbers_follow_the_files_that_are_there() {
        let of = |stems: &[&str], new: New| number(&new, &stems.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        let plain = New::default;
        assert_eq!(of(&[], plain()), "001");
        assert_eq!(of(&["0001_a", "0009_b"], plain()), "0010");
        assert_eq!(of(&["999_a"], plain()), "1000");
        assert_eq!(of(&["99981231235959_a"], plain()), "99990101000000");
        assert_eq!(of(&["99999999999999_a"], plain()), "100000000000000");
        assert_eq!(of(&["99991231235959_a"], New { sequential: true, ..plain() }), "001");
        assert_eq!(of(&["007_a"], New { timestamp: true, ..plain() }).len(), 14);
    }

    #[test]
    fn types_are_read_from_names() {
        assert_eq!(guess("create_users"), Some(MigrationType::CreateTable));
        assert_eq!(guess("add_index_on_users"), Some(MigrationType::CreateIndex));
        assert_eq!(guess("add_team_support"), Some(MigrationType::AlterTable));
        assert_eq!(guess("cleanup"), None);
    }

    #[test]
    fn what_it_depends_on_is_found_or_guessed_at() {
        let stems = ["001_create_users".to_owned(), "002_add_teams".to_owned()];
        assert_eq!(known("1", &stems).unwrap(), "001_create_users");
        assert_eq!(known("002_add_teams.sql", &stems).unwrap(), "002_add_teams");
        assert_eq!(known("002_add_team", &stems).unwrap_err().next, ["did you mean 002_add_teams?"]);
        assert_eq!(known("create_users", &stems).unwrap_err().next, ["did you mean 001_create_users?"]);
    }
}
