//! Prisma: a folder for each migration with a `migration.sql` in it, and `migration_lock.toml` that names the database.
//!
//! Facts from its `listMigrations.ts`, and its schema engine's `apply_migrations.rs`: folders are run by name, as JavaScript's
//! `localeCompare` sorts them, whatever is pending below the newest applied one as well; a file is sent whole. A `down.sql` beside it is what its guide to
//! undoing tells people to write.

use std::collections::BTreeSet;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, lines, migration, read_each};

pub(crate) struct Prisma;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("write what undoes it as `down.sql` beside its `migration.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

const LOCK: &str = "migration_lock.toml";

impl Format for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if files.get(LOCK).is_some() {
            return Some(Sign::sure(format!("there is a {LOCK}")));
        }
        let first = files.iter().find(|file| is_up(file))?;
        Some(Sign::fits(format!("there is a file {}", first.name), files, &[("schema.prisma", "")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        if let Some(file) = files.get(LOCK) {
            errors.extend(other_database(file, options.dialect.name())?);
        }
        let mut items: Vec<&File> = files.iter().filter(|file| is_up(file)).collect();
        // By the folder alone: `a-b` comes after `a`, though `a-b/` comes before `a/`.
        items.sort_by_cached_key(|file| folder(file).map(collated));
        let has_up: BTreeSet<&str> = items.iter().filter_map(|file| folder(file)).collect();
        let without: BTreeSet<&str> =
            files.iter().filter_map(folder).filter(|folder| !has_up.contains(folder)).collect();
        errors.extend(without.iter().map(|folder| {
            let endings = [".ts", ".js", ".mjs"];
            let is_inside = |file: &&File| self::folder(file) == Some(folder);
            let is_code = |file: &&File| endings.iter().any(|ending| file.name.ends_with(ending));
            if let Some(code) = files.iter().filter(is_inside).find(is_code) {
                let error =
                    code.error("code-migration", "is a migration that is a program, which its own project runs");
                return error.help(
                    "write it as a migration.sql beside it; or register it as a function: `rung::Builder::code`",
                );
            }
            let message = format!("the folder {folder} has no migration.sql");
            Diagnostic::error("prisma", message).help("put the file back, or delete the folder")
        }));
        let strays = files.at_top(".sql").map(|file| file.stray("it is in no folder, or not called migration.sql"));
        let strays = strays.collect();
        read_each(&items, Sorting::AsGiven, strays, errors, |file| read(file, files, options))
    }
}

/// The folder that a file is in.
fn folder(file: &File) -> Option<&str> {
    file.name.split_once('/').map(|(folder, _)| folder)
}

/// What names are sorted by: signs before digits before letters, whatever their case; of two that are the same so far, the
/// lower case.
fn collated(name: &str) -> (Vec<u32>, Vec<bool>) {
    const SIGNS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    let place = |c: char| match SIGNS.find(c) {
        Some(at) => u32::try_from(at).unwrap_or(0),
        None => u32::from('0') + u32::from(c.to_ascii_lowercase()),
    };
    (name.chars().map(place).collect(), name.chars().map(|c| c.is_ascii_uppercase()).collect())
}

fn is_up(file: &File) -> bool {
    file.name.split_once('/').is_some_and(|(_, name)| name == "migration.sql")
}

/// The error of a lock file that names another database than the one at hand.
fn other_database(file: &File, dialect: &str) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
    let source = file.source()?;
    let provider = lines(source.text()).find_map(|(span, line)| {
        let value = line.strip_prefix("provider")?.trim_start().strip_prefix('=')?.trim();
        Some((span, value.trim_matches('"').to_owned()))
    });
    let (span, provider) = provider.unwrap_or((Span::new(0, 0), String::new()));
    if provider.starts_with(dialect) {
        return Ok(None);
    }
    let message = format!("these migrations are for {provider}, and the database is {dialect}");
    let error = Diagnostic::error("prisma", message).at(&source, span, "");
    Ok(Some(error.help("give rung the URL of a database of that kind, or the directory that is for this one")))
}

fn read(file: &File, files: &Files, options: &LoadOptions<'_>) -> Outcome {
    let syntax = options.dialect.syntax();
    let id = folder(file).unwrap_or(&file.name);
    let down = files.get(&format!("{id}/down.sql")).map(File::source).transpose()?.map(Script::whole);
    let up = Script::whole(file.source()?);
    let mut migration = migration(id, Version::Unnumbered, up, down, HINTS, syntax);
    migration.order = Order::Any;
    journalled_where_needed(&mut migration, options.dialect);
    checked(migration, Vec::new(), syntax)
}

#[cfg(test)]
mod tests {
    use super::collated;

    #[test]
    fn folders_are_sorted_as_javascript_sorts_them() {
        let sorted = [
            "0_init",
            "1_init",
            "10_add",
            "2_x",
            "20230101_a",
            "20230101_A",
            "20230101_a_b",
            "20230101_a-b",
            "20230101_ab",
            "20230101_b",
            "20230101120000_y",
        ];
        assert!(sorted.is_sorted_by_key(|name| collated(name)));
    }
}
