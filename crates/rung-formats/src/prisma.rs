//! Prisma: a folder for each migration with a `migration.sql` in it, and `migration_lock.toml` that names the database.
//!
//! Facts from its schema engine's `migrations_directory.rs` and `apply_migrations.rs`: folders are run by name, whatever is
//! pending below the newest applied one as well; a file is sent whole. A `down.sql` beside it is what its guide to
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
        items.sort_by_key(|file| folder(file));
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
