//! `rung renumber`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::engine::Version;
use rung::{History, Migration, Target};

use crate::args::{Arguments, Renumber};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::Project;
use crate::terminal::{OK, Terminal, paint};

/// What is to be renamed, and which texts are to be written anew.
#[derive(Debug, Default)]
struct Changes {
    /// Old ids and new ones.
    ids: BTreeMap<String, String>,
    renames: Vec<(PathBuf, PathBuf)>,
    texts: Vec<(PathBuf, String)>,
}

pub(crate) fn renumber(arguments: &Arguments, options: &Renumber, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let history = migrator.driver().history()?;
    let mut chosen = Vec::new();
    for text in &options.ids {
        match migrator.target(text)? {
            Target::Id(id) => chosen.push(id),
            _ => return Err(Failure::usage(format!("{text} is no migration"), "renumber takes ids")),
        }
    }
    if let Some(applied) = chosen.iter().find(|id| history.is_done(id)) {
        let next = "write a new migration instead: `rung new NAME`";
        return Err(Failure::usage(format!("{applied} is applied: its number stays"), next));
    }
    let migrations: Vec<&Arc<Migration>> = migrator.set().iter().collect();
    if chosen.is_empty() {
        chosen = misplaced(&migrations, &history);
    }
    if chosen.is_empty() {
        terminal.line("nothing to do: every pending migration is in its place");
        return Ok(Exit::Done);
    }
    let changes = plan(&migrations, &chosen, &history)?;
    for (old, new) in &changes.ids {
        terminal.line(format!("{} {old} -> {new}", paint(OK, if options.dry_run { "·" } else { "✓" })));
    }
    if !options.dry_run {
        carry_out(&changes)?;
    }
    Ok(Exit::Done)
}

/// Pending migrations below the newest applied one, and later ones of two with the same number.
fn misplaced(migrations: &[&Arc<Migration>], history: &History) -> Vec<String> {
    let newest = history.done().filter_map(|row| row.version()).filter(|version| *version != Version::Repeatable).max();
    let mut taken: BTreeSet<Version> = BTreeSet::new();
    for migration in migrations.iter().filter(|migration| history.is_done(migration.id.as_str())) {
        taken.insert(migration.version);
    }
    let mut found = Vec::new();
    for migration in migrations.iter().filter(|migration| history.get(migration.id.as_str()).is_none()) {
        if migration.version == Version::Repeatable {
            continue;
        }
        let is_below = newest.is_some_and(|newest| migration.version < newest);
        if is_below || !taken.insert(migration.version) {
            found.push(migration.id.to_string());
        }
    }
    found
}

fn plan(migrations: &[&Arc<Migration>], chosen: &[String], history: &History) -> Result<Changes, Failure> {
    let mut changes = Changes::default();
    let number = |version: Version| match version {
        Version::Number(number) => number,
        Version::Repeatable => 0,
    };
    let kept = migrations.iter().filter(|migration| !chosen.contains(&migration.id.to_string()));
    let mut next = kept.map(|migration| number(migration.version)).max().unwrap_or(0);
    next = next.max(history.done().filter_map(|row| row.version()).map(number).max().unwrap_or(0));
    for migration in migrations.iter().filter(|migration| chosen.contains(&migration.id.to_string())) {
        let id = migration.id.as_str();
        let Some((digits, name)) = id.split_once('_') else { continue };
        next += 1;
        let width = digits.len();
        let new = format!("{next:0width$}_{name}");
        changes.ids.insert(id.to_owned(), new.clone());
        let path = migration.source.path();
        let dir = if path.file_stem().is_some_and(|stem| stem == "up") {
            path.parent().and_then(Path::parent)
        } else {
            path.parent()
        };
        let Some(dir) = dir else { continue };
        changes.renames.extend(files_of(dir, id, digits, &new, &format!("{next:0width$}"))?);
    }
    for migration in migrations.iter().filter(|migration| !history.is_done(migration.id.as_str())) {
        if let Some(text) = rewritten(migration, &changes.ids) {
            changes.texts.push((migration.source.path().to_owned(), text));
        }
    }
    Ok(changes)
}

/// A migration's files, and what they will be called.
fn files_of(dir: &Path, id: &str, digits: &str, new: &str, number: &str) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let entries = fs::read_dir(dir).map_err(|error| {
        Failure::new(Exit::Failed, format!("{} can't be read: {error}", dir.display()), "nothing was renamed")
    })?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let renamed = if name == id {
            Some(new.to_owned())
        } else if let Some(rest) = name.strip_prefix(id).filter(|rest| rest.starts_with('.')) {
            Some(format!("{new}{rest}"))
        } else if name == format!("rollback-{digits}.sql") || name == format!("rollback_{digits}.sql") {
            Some(name.replacen(digits, number, 1))
        } else {
            None
        };
        if let Some(renamed) = renamed {
            found.push((dir.join(&name), dir.join(renamed)));
        }
    }
    Ok(found)
}

/// A file's text with the new ids in its header; `None` where it names none of the old ones.
fn rewritten(migration: &Migration, ids: &BTreeMap<String, String>) -> Option<String> {
    let text = migration.source.text();
    let own = ids.get(migration.id.as_str()).map(|new| (migration.id.as_str(), new.as_str()));
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with("--") || line.trim_start().starts_with('#');
        let mut line = line.to_owned();
        if is_comment {
            for (old, new) in ids {
                line = replace_word(&line, old, new);
            }
            if let Some((old, new)) = own {
                let (old, new) = (old.split('_').next()?, new.split('_').next()?);
                if line.to_lowercase().contains("migration:") {
                    line = replace_word(&line, old, new);
                }
                line = line.replace(&format!("rollback-{old}.sql"), &format!("rollback-{new}.sql"));
            }
        }
        out.push_str(&line);
    }
    (out != text).then_some(out)
}

/// Replaces a word where no letter, digit or `_` adjoins it.
fn replace_word(line: &str, old: &str, new: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        out.push_str(before);
        let stands_alone = !before.ends_with(is_part) && !after.starts_with(is_part);
        out.push_str(if stands_alone { new } else { old });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Writes the texts, each through a file beside it, then renames from the highest number down.
fn carry_out(changes: &Changes) -> Result<(), Failure> {
    let problem = |path: &Path, error: &std::io::Error| {
        let message = format!("{} can't be written: {error}", path.display());
        Failure::new(Exit::Failed, message, "mend that, then `rung renumber` again: it goes on with what is left")
    };
    if let Some((_, taken)) =
        changes.renames.iter().find(|(_, new)| new.exists() && !changes.renames.iter().any(|(old, _)| old == new))
    {
        return Err(Failure::usage(
            format!("{} is there already; nothing was renamed", taken.display()),
            "move it away",
        ));
    }
    for (path, text) in &changes.texts {
        let beside = path.with_extension("sql.new");
        let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
        fs::write(&beside, text).map_err(|error| problem(&beside, &error))?;
        if let Ok(permissions) = permissions {
            fs::set_permissions(&beside, permissions).map_err(|error| problem(&beside, &error))?;
        }
        fs::rename(&beside, path).map_err(|error| problem(path, &error))?;
    }
    let mut renames: Vec<_> = changes.renames.iter().collect();
    renames.sort_by(|a, b| b.1.cmp(&a.1));
    for (old, new) in renames {
        fs::rename(old, new).map_err(|error| problem(old, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_whole() {
        assert_eq!(
            replace_word("-- Depends on: [003_a, 003_ab, x003_a]", "003_a", "005_a"),
            "-- Depends on: [005_a, 003_ab, x003_a]"
        );
        assert_eq!(replace_word("--   - 003_a.sql", "003_a", "005_a"), "--   - 005_a.sql");
    }
}
