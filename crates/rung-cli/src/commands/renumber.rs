//! `rung renumber`: new numbers for pending migrations that are not in their place.

pub(super) mod changes;

use std::collections::BTreeSet;
use std::sync::Arc;

use rung::engine::{Graph, Version};
use rung::{History, Migration, MigrationSet, Target};

use super::new::{is_timestamp, timestamp_after};
use crate::args::{Arguments, Renumber};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{DIM, Failure, NEXT, OK, Terminal, paint};

pub(crate) fn renumber(arguments: &Arguments, options: &Renumber, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let (set, history) = project.migrations(options.offline)?;
    if let Some(format) = set.format {
        let message = format!("renumber renames files of rung's own format; these are {format}'s");
        let next = "rename the file; or let it run where it is: `rung up --order any`";
        return Err(Failure::usage(message, next));
    }
    let chosen = if options.ids.is_empty() { misplaced(&set, &history) } else { named(&options.ids, &set, &history)? };
    let ids = numbers(&set, &history, &chosen);
    let changes = changes::plan(&set, &|id| history.get(id).is_some(), &ids)?;
    if !options.dry_run {
        changes.carry_out()?;
    }
    if terminal.is_json() {
        let outcomes = ids.iter().map(|(old, new)| json::Outcome { id: old, now: new }).collect();
        terminal.json(&json::Outcomes { version: json::VERSION, outcomes });
    }
    if ids.is_empty() {
        terminal.say("nothing to do: every pending migration is in its place");
        return Ok(Exit::Done);
    }
    let sign = if options.dry_run { paint(DIM, "·") } else { paint(OK, "✓") };
    for (old, new) in &ids {
        terminal.say(format!("{sign} {old} -> {new}"));
    }
    for path in changes.edited() {
        terminal.say(paint(DIM, format!("  {path}: names them anew")));
    }
    if !options.dry_run {
        terminal.say(format!("{}: rung up", paint(NEXT, "next")));
    }
    Ok(Exit::Done)
}

/// The migrations that were named, each pending.
fn named(typed: &[String], set: &MigrationSet, history: &History) -> Result<Vec<String>, Failure> {
    typed
        .iter()
        .map(|text| {
            let target = Target::parse(text, set, history, &[]).map_err(rung::RunError::from)?;
            let Target::Id(id) = target else {
                return Err(Failure::usage(format!("{text} is no migration"), "renumber takes ids"));
            };
            if history.get(&id).is_some() {
                let message = format!("the history knows {id}: its number stays");
                return Err(Failure::usage(message, "write a new migration instead: `rung new NAME`"));
            }
            match set.get(&id) {
                Some(migration) if migration.version == Version::Repeatable => {
                    Err(Failure::usage(format!("{id} is repeatable and has no number"), "leave it as it is"))
                }
                Some(_) => Ok(id),
                None => Err(Failure::usage(format!("{id} has no file"), "see `rung status`")),
            }
        })
        .collect()
}

/// Pending migrations below the newest applied one, and the later ones of those that share a number.
fn misplaced(set: &MigrationSet, history: &History) -> Vec<String> {
    let numbered = |version: &Version| *version != Version::Repeatable;
    let newest = history.done().filter_map(|row| row.version()).filter(numbered).max();
    let is_known = |migration: &&Arc<Migration>| history.get(migration.id.as_str()).is_some();
    let mut taken: BTreeSet<Version> = set.iter().filter(is_known).map(|migration| migration.version.clone()).collect();
    taken.extend(history.iter().filter_map(|row| row.version()));
    let pending = set.iter().filter(|migration| !is_known(migration) && numbered(&migration.version));
    pending
        .filter(|migration| {
            newest.as_ref().is_some_and(|newest| migration.version < *newest)
                || !taken.insert(migration.version.clone())
        })
        .map(|migration| migration.id.to_string())
        .collect()
}

/// Old ids and new ones, in the order of the new: above everything, in the order in which they would run.
fn numbers(set: &MigrationSet, history: &History, chosen: &[String]) -> Vec<(String, String)> {
    let migrations: Vec<&Arc<Migration>> = set.iter().collect();
    // Files that do not go together are renumbered all the same, since that may be what mends them.
    let order = Graph::new(set).map_or_else(|_| (0..migrations.len()).collect(), |graph| graph.order().to_vec());
    let is_chosen = |migration: &Migration| chosen.iter().any(|id| id == migration.id.as_str());
    let kept = migrations.iter().filter(|migration| !is_chosen(migration)).map(|migration| migration.version.clone());
    let numbers = kept.chain(history.iter().filter_map(|row| row.version())).filter_map(|version| version.number());
    let mut last = numbers.max().unwrap_or(0);
    let moved = order.into_iter().map(|at| migrations[at]).filter(|migration| is_chosen(migration));
    moved
        .filter_map(|migration| {
            let id = migration.id.as_str();
            let (digits, name) = id.split_once('_')?;
            last = if is_timestamp(digits) { timestamp_after(last) } else { last + 1 };
            let width = digits.len();
            Some((id.to_owned(), format!("{last:0width$}_{name}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rung::Migrator;

    use super::*;

    /// What is renumbered when these files come to a database that has others.
    fn renumbered(applied: &[&str], files: &[(&str, &str)]) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for id in applied {
            fs::write(dir.path().join(format!("{id}.sql")), "SELECT 1;").unwrap();
        }
        let mut migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        migrator.up().unwrap();
        let history = migrator.driver().history().unwrap();
        for (id, text) in files {
            fs::write(dir.path().join(format!("{id}.sql")), text).unwrap();
        }
        let migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        let chosen = misplaced(migrator.set(), &history);
        numbers(migrator.set(), &history, &chosen).into_iter().map(|(old, new)| format!("{old} {new}")).collect()
    }

    #[test]
    fn what_is_in_its_place_stays() {
        assert_eq!(renumbered(&["001_a"], &[("002_b", "")]), Vec::<String>::new());
        assert_eq!(renumbered(&[], &[("001_a", ""), ("005_b", "")]), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_goes_to_the_end() {
        assert_eq!(renumbered(&["001_a", "005_e"], &[("003_c", ""), ("006_f", "")]), ["003_c 007_c"]);
        assert_eq!(renumbered(&["001_a"], &[("001_b", "")]), ["001_b 002_b"]);
        assert_eq!(renumbered(&[], &[("001_a", ""), ("001_b", ""), ("002_c", "")]), ["001_b 003_b"]);
    }

    #[test]
    fn dependencies_come_first() {
        let files = [("002_b", "-- Depends on: [003_c]\n"), ("003_c", "")];
        assert_eq!(renumbered(&["005_e"], &files), ["003_c 006_c", "002_b 007_b"]);
    }
}
