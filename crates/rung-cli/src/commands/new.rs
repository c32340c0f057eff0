//! `rung new`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use rung::engine::Version;
use rung::sql::{MigrationType, closest};

use crate::args::{Arguments, New};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{Files, Project};
use crate::terminal::Terminal;

/// Versions of at least so many digits are times.
const TIMESTAMP_DIGITS: usize = 12;

pub(crate) fn new(arguments: &Arguments, new: &New, terminal: &Terminal) -> Result<Exit, Failure> {
    let name = snake_case(&new.name.join(" "));
    if name.is_empty() {
        return Err(Failure::usage("a migration's name needs letters or digits", "rung new create_users"));
    }
    let kind = match &new.kind {
        Some(kind) => Some(MigrationType::parse(kind).ok_or_else(|| {
            let names = MigrationType::ALL.map(MigrationType::as_str);
            let next = match closest(kind, names) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the types are {}", names.join(", ")),
            };
            Failure::usage(format!("there is no type {kind}"), next)
        })?),
        None => guess(&name),
    };
    let dirs = match Project::resolve(arguments) {
        Ok(project) => project.dirs,
        // A new file needs no database.
        Err(_) if !arguments.global.dir.is_empty() => arguments.global.dir.clone(),
        Err(_) => vec![Files::find(arguments)?.path("migrations")],
    };
    let dir = &dirs[0];
    if !dir.is_dir() {
        let message = format!("there is no migrations directory {}", dir.display());
        return Err(Failure::usage(message, "`rung init` makes one; or name it with --dir"));
    }
    let stems = stems(&dirs)?;
    let depends_on = new.depends_on.iter().map(|id| known(id, &stems)).collect::<Result<Vec<_>, _>>()?;
    if let Some(twin) = stems.iter().find(|stem| stem.split_once('_').is_some_and(|(_, rest)| rest == name)) {
        let message = format!("{twin} has this name already");
        return Err(Failure::usage(message, "give the new one a name that tells the two apart"));
    }
    let number = number(new, &stems);
    let id = format!("{number}_{name}");
    let path = dir.join(format!("{id}.sql"));
    let text = template(&id, &new.name.join(" "), kind, &depends_on);
    write_new(&path, &text)?;
    if terminal.json {
        terminal.json(&serde_json::json!({ "version": crate::json::VERSION, "id": id, "path": path }));
    }
    terminal.line(format!("created {}", path.display()));
    Ok(Exit::Done)
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = fs::OpenOptions::new().write(true).create_new(true).open(path);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::new(Exit::Failed, format!("{} can't be made: {error}", path.display()), "nothing was written")
    })
}

/// Words as a file's name has them.
fn snake_case(text: &str) -> String {
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
    let first = name.split('_').next()?;
    let index = name.split('_').any(|word| matches!(word, "index" | "idx"));
    Some(match first {
        "create" if index => MigrationType::CreateIndex,
        "index" => MigrationType::CreateIndex,
        "create" => MigrationType::CreateTable,
        "drop" if index => MigrationType::DropIndex,
        "add" | "alter" | "rename" => MigrationType::AlterTable,
        "insert" | "seed" => MigrationType::InsertData,
        "update" | "backfill" => MigrationType::UpdateData,
        "delete" => MigrationType::DeleteData,
        _ => return None,
    })
}

/// The stems of all migration files.
fn stems(dirs: &[std::path::PathBuf]) -> Result<Vec<String>, Failure> {
    let mut stems = Vec::new();
    for dir in dirs {
        let entries = fs::read_dir(dir)
            .map_err(|error| Failure::usage(format!("{} can't be read: {error}", dir.display()), "check --dir"))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            if matches!(Version::of(stem), Some(Version::Number(_))) && !stems.iter().any(|known| known == stem) {
                stems.push(stem.to_owned());
            }
        }
    }
    stems.sort();
    Ok(stems)
}

fn known(id: &str, stems: &[String]) -> Result<String, Failure> {
    let id = id.strip_suffix(".sql").unwrap_or(id);
    let same_number = |stem: &&String| id.bytes().all(|b| b.is_ascii_digit()) && Version::of(stem) == Version::of(id);
    if let Some(stem) = stems.iter().find(|stem| *stem == id).or_else(|| stems.iter().find(same_number)) {
        return Ok(stem.clone());
    }
    let next = match closest(id, stems.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => "see `rung status` for the ids there are".to_owned(),
    };
    Err(Failure::usage(format!("there is no migration {id} to depend on"), next))
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
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
        // Two in one second, or a clock that runs behind: still after the newest.
        let next = newest.filter(|(digits, _)| digits.len() >= now.len()).map_or(0, |(_, number)| number + 1);
        return now.parse::<u64>().unwrap_or(0).max(next).to_string();
    }
    let sequential = numbers.iter().filter(|(digits, _)| digits.len() < TIMESTAMP_DIGITS);
    let (width, next) = sequential.max_by_key(|(_, number)| *number).map_or((3, 1), |(d, n)| (d.len(), n + 1));
    format!("{next:0width$}")
}

fn template(id: &str, words: &str, kind: Option<MigrationType>, depends_on: &[String]) -> String {
    let name = id.split_once('_').map_or(id, |(_, name)| name);
    let mut text = format!("-- Migration: {id}\n");
    let description = if words.contains(' ') { words.to_owned() } else { name.replace('_', " ") };
    let _ = writeln!(text, "-- Description: {description}");
    if let Some(kind) = kind {
        let _ = writeln!(text, "-- Type: {kind}");
    }
    if !depends_on.is_empty() {
        let _ = writeln!(text, "-- Depends on: [{}]", depends_on.join(", "));
    }
    let table = subject(name);
    let (up, down) = match kind {
        Some(MigrationType::CreateTable) => (
            format!(
                "CREATE TABLE {table} (\n    id ${{identity}},\n    created_at ${{timestamptz}} NOT NULL DEFAULT ${{now}}\n);\n"
            ),
            format!("DROP TABLE {table};\n"),
        ),
        _ => ("\n".to_owned(), "\n".to_owned()),
    };
    let _ = write!(text, "\n-- @up\n{up}\n-- @down\n{down}");
    text
}

/// The table that a name speaks of: `create_users_table` is about `users`.
fn subject(name: &str) -> &str {
    let name = name.strip_prefix("create_").unwrap_or(name);
    name.strip_suffix("_table").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use rung::Migrator;

    use super::*;

    #[test]
    fn names_become_snake_case() {
        assert_eq!(snake_case("Add team support!"), "add_team_support");
        assert_eq!(snake_case("addTeamSupport"), "add_team_support");
        assert_eq!(snake_case("create-users"), "create_users");
        assert_eq!(snake_case("--"), "");
    }

    #[test]
    fn numbers_follow_the_files_that_are_there() {
        let new =
            New { name: vec!["x".to_owned()], kind: None, depends_on: Vec::new(), timestamp: false, sequential: false };
        let of = |stems: &[&str]| number(&new, &stems.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), "001");
        assert_eq!(of(&["0001_a", "0009_b"]), "0010");
        assert_eq!(of(&["999_a"]), "1000");
        assert_eq!(of(&["99991231235959_a"]), "99991231235960");
    }

    #[test]
    fn a_new_table_can_be_applied_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let text = template("001_create_users", "create_users", Some(MigrationType::CreateTable), &[]);
        fs::write(dir.path().join("001_create_users.sql"), text).unwrap();
        let mut migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        assert_eq!(migrator.up().unwrap().steps.len(), 1);
        assert_eq!(migrator.down(1).unwrap().steps.len(), 1);
    }
}
