//! The changes to files that new numbers mean.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rung::engine::Version;
use rung::{Migration, MigrationSet};

use crate::changes::Changes;
use crate::exit::Exit;
use crate::render::Failure;

/// What these new ids mean for the files.
///
/// # Errors
/// A directory or a file that can't be read; a new name that is taken.
pub(crate) fn plan(
    set: &MigrationSet,
    is_applied: &dyn Fn(&str) -> bool,
    ids: &[(String, String)],
) -> Result<Changes, Failure> {
    let mut changes = Changes::default();
    for (old, new) in ids {
        let Some(migration) = set.get(old) else { continue };
        for (from, to) in files_of(migration, old, new)? {
            for path in texts_in(&from) {
                let before = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                let after = own_header(&with_new_ids(&before, ids), old, new);
                changes.edit(path, before, after);
            }
            changes.renames.push((from, to));
        }
    }
    // Others that are pending may name them; what is applied is not touched.
    let others = set.iter().filter(|migration| !is_applied(migration.id.as_str()));
    for migration in others {
        let path = migration.source.path();
        let text = match changes.edits.iter().find(|edit| edit.path == path) {
            Some(edit) => edit.after.clone(),
            None => with_new_ids(migration.source.text(), ids),
        };
        let after = with_new_numbers(&text, migration, set, ids);
        let before = || fs::read_to_string(path).map_err(|error| unreadable(path, &error));
        match changes.edits.iter_mut().find(|edit| edit.path == path) {
            Some(edit) => edit.after = after,
            None if after != migration.source.text() => {
                let before = before()?;
                // A byte order mark stays where it was.
                let mark = if before.starts_with('\u{feff}') { "\u{feff}" } else { "" };
                changes.edit(path.to_owned(), before, format!("{mark}{after}"));
            }
            None => {}
        }
    }
    let taken = changes.renames.iter().find(|(_, to)| to.exists());
    if let Some((_, taken)) = taken {
        let message = format!("{} is there already; nothing was renamed", taken.display());
        return Err(Failure::usage(message, "move it away"));
    }
    Ok(changes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("{} can't be read: {error}; nothing was renamed", path.display()), "")
}

/// A migration's files and folders, and what they will be called.
fn files_of(migration: &Migration, old: &str, new: &str) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let path = migration.source.path();
    let parent = path.parent().unwrap_or(Path::new("."));
    let is_folder = parent.file_name().is_some_and(|name| name == old);
    let dir = if is_folder { parent.parent().unwrap_or(Path::new(".")) } else { parent };
    // An empty path is the current directory, under a name that can be listed.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let (Some(old_digits), Some(new_digits)) = (old.split('_').next(), new.split('_').next()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let rollbacks = ["-", "_"]
            .map(|sign| (format!("rollback{sign}{old_digits}.sql"), format!("rollback{sign}{new_digits}.sql")));
        let renamed = if name == old {
            Some(new.to_owned())
        } else if let Some(rest) = name.strip_prefix(old).filter(|rest| rest.starts_with('.')) {
            Some(format!("{new}{rest}"))
        } else {
            rollbacks.into_iter().find(|(old, _)| *old == name).map(|(_, new)| new)
        };
        if let Some(renamed) = renamed {
            found.push((dir.join(&name), dir.join(renamed)));
        }
    }
    found.sort();
    Ok(found)
}

/// The text files of a path: itself, or those in it.
fn texts_in(path: &Path) -> Vec<PathBuf> {
    let is_text = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sql" || extension == "sh");
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        return entries.map(|entry| entry.path()).filter(is_text).collect();
    }
    Some(path.to_owned()).filter(is_text).into_iter().collect()
}

/// Puts new ids in the place of old ones, in comments.
fn with_new_ids(text: &str, ids: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        if is_comment(&line) {
            for (old, new) in ids {
                line = replace_word(&line, old, new);
            }
        }
        out.push_str(&line);
    }
    out
}

/// Puts the new number in the place of the old where a file speaks of itself: `Migration: 005 - Add limits`,
/// `See rollback-005.sql`.
fn own_header(text: &str, old: &str, new: &str) -> String {
    let (Some(old), Some(new)) = (old.split('_').next(), new.split('_').next()) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        if is_comment(&line) {
            if line.to_lowercase().contains("migration") {
                line = replace_word(&line, old, new);
            }
            for sign in ["-", "_"] {
                line = line.replace(&format!("rollback{sign}{old}.sql"), &format!("rollback{sign}{new}.sql"));
            }
        }
        out.push_str(&line);
    }
    out
}

/// Puts new numbers in the place of old ones in `Depends on`, where a dependency is named by its number alone.
fn with_new_numbers(text: &str, migration: &Migration, set: &MigrationSet, ids: &[(String, String)]) -> String {
    let mut out = text.to_owned();
    let by_number = migration
        .depends_on
        .iter()
        .flatten()
        .filter(|dependency| !dependency.value.is_empty() && dependency.value.bytes().all(|b| b.is_ascii_digit()));
    for dependency in by_number {
        let version = Version::of(&dependency.value);
        // A number that two share names neither.
        let mut named = set.iter().filter(|other| Some(&other.version) == version.as_ref());
        let (Some(other), None) = (named.next(), named.next()) else { continue };
        let Some((_, new)) = ids.iter().find(|(old, _)| old == other.id.as_str()) else { continue };
        let line = migration.source.line_column(dependency.span.start).line;
        let digits = new.split('_').next().unwrap_or(new);
        out = out
            .split_inclusive('\n')
            .enumerate()
            .map(
                |(at, text)| {
                    if at + 1 == line { replace_word(text, &dependency.value, digits) } else { text.to_owned() }
                },
            )
            .collect();
    }
    out
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("--") || line.starts_with('#')
}

/// Replaces a word where no letter, digit or `_` adjoins it.
fn replace_word(line: &str, old: &str, new: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(at) = rest.find(old) {
        let (head, tail) = (&rest[..at], &rest[at + old.len()..]);
        before = head.chars().next_back().unwrap_or(before);
        let stands_alone = !is_part(before) && !tail.starts_with(is_part);
        out.push_str(head);
        out.push_str(if stands_alone { new } else { old });
        before = old.chars().next_back().unwrap_or(before);
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use rung::Migrator;

    use super::*;

    #[test]
    fn words_are_replaced_whole() {
        assert_eq!(
            replace_word("-- Depends on: [003_a, 003_ab, x003_a]", "003_a", "005_a"),
            "-- Depends on: [005_a, 003_ab, x003_a]"
        );
        assert_eq!(replace_word("--   - 003_a.sql", "003_a", "005_a"), "--   - 005_a.sql");
        assert_eq!(replace_word("33 3", "3", "5"), "33 5");
    }

    #[test]
    fn files_companions_and_what_names_them_change_together() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("003_a.sql", "-- Migration: 003 - A\n-- Rollback: See rollback-003.sql\nSELECT '003_a';\n");
        write("rollback-003.sql", "-- Migration: 003_a\nSELECT 1;\n");
        write("006_b.sql", "-- Depends on: [003_a]\nSELECT 1;\n");
        write("007_c.sql", "-- Depends on: 3\nSELECT 1;\n");
        let migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        let ids = [("003_a".to_owned(), "008_a".to_owned())];
        let changes = plan(migrator.set(), &|_| false, &ids).unwrap();
        changes.carry_out().unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("008_a.sql"), "-- Migration: 008 - A\n-- Rollback: See rollback-008.sql\nSELECT '003_a';\n");
        assert_eq!(read("rollback-008.sql"), "-- Migration: 008_a\nSELECT 1;\n");
        assert_eq!(read("006_b.sql"), "-- Depends on: [008_a]\nSELECT 1;\n");
        assert_eq!(read("007_c.sql"), "-- Depends on: 008\nSELECT 1;\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
        assert!(Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap().up().is_ok());
    }

    #[test]
    fn a_name_that_is_taken_stops_it_all() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("003_a.sql"), "SELECT 1;\n").unwrap();
        fs::create_dir(dir.path().join("008_a.sql")).unwrap();
        let migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        let ids = [("003_a".to_owned(), "008_a".to_owned())];
        assert!(plan(migrator.set(), &|_| false, &ids).is_err());
    }
}
