//! Rails with `structure.sql`: a checkpoint that is run where nothing is applied, and SQL files after it.
//!
//! Facts from Active Record's `structure_dump` and `dump_schema_information`: the file ends in an INSERT of the versions
//! that it stands for. Migrations in Ruby that are among them need not be run; others can't be.

use std::collections::{BTreeSet, HashMap};

use rung_engine::{Down, Hints, MigrationSet, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, Span, Statement, Syntax, split};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, migration, read_each};

pub(crate) struct Rails;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("write what undoes it into a file beside it that is named like it and ends in `.down.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

const STRUCTURE: &str = "structure.sql";

impl Format for Rails {
    fn name(&self) -> &'static str {
        "rails"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let file = files.get(STRUCTURE)?;
        let source = file.source().ok()?;
        let is_dump = source.text().contains("ar_internal_metadata") || versions(source.text()).next().is_some();
        is_dump.then(|| Sign::sure(format!("{STRUCTURE} is Active Record's")))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let Some(structure) = files.get(STRUCTURE) else {
            let message = format!("there is no {STRUCTURE}");
            let help = "set `config.active_record.schema_format = :sql` and run `bin/rails db:schema:dump`";
            return Err(vec![Diagnostic::error("rails", message).help(help)]);
        };
        let source = structure.source()?;
        // Rails compares them as numbers: `055_x.rb` is '55' there.
        let known: BTreeSet<Version> = versions(source.text()).filter_map(Version::number_of).collect();
        let mut errors = Vec::new();
        let mut downs: HashMap<&str, &File> = HashMap::new();
        let mut items = Vec::new();
        for file in files.iter() {
            let base = file.base();
            let Some((digits, _)) = base.split_once('_') else { continue };
            let Some(version) = Version::number_of(digits) else { continue };
            if base.ends_with(".rb") {
                if known.contains(&version) || !is_migration(file, files) {
                    continue;
                }
                let error = file
                    .error("ruby-migration", &format!("is a migration in Ruby that {STRUCTURE} does not stand for"));
                errors.push(error.help(
                    "run it with Rails, which writes structure.sql anew; or write it as an SQL file of the same number",
                ));
            } else if let Some(stem) = base.strip_suffix(".down.sql") {
                downs.insert(stem, file);
            } else if let Some(stem) = base.strip_suffix(".sql") {
                items.push((stem, version, file));
            }
        }
        items.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        items.insert(0, ("structure", Version::Unnumbered, structure));
        read_each(&items, Sorting::AsGiven, Vec::new(), errors, |(id, version, file)| {
            read(id, version.clone(), file, downs.get(id).copied(), options)
        })
    }
}

/// Whether a file in Ruby is a migration of this database: those of others are in `OTHER_migrate`, beside
/// `OTHER_structure.sql` or `OTHER_schema.rb`; data, seeds and the like are somewhere else.
fn is_migration(file: &File, files: &Files) -> bool {
    let Some((folder, _)) = file.name.split_once('/') else { return true };
    let Some(other) = folder.strip_suffix("migrate") else { return false };
    other.is_empty() || ["structure.sql", "schema.rb"].iter().all(|dump| files.get(&format!("{other}{dump}")).is_none())
}

/// The versions that the dump says it stands for.
fn versions(text: &str) -> impl Iterator<Item = &str> {
    // One statement, and before Rails 5 one for each. The table's name may have more before and behind.
    let is_first = |line: &&str| line.starts_with("INSERT INTO ") && line.contains("schema_migrations");
    let first = text.lines().find(is_first);
    let list = first.map_or("", |line| &text[line.as_ptr().addr() - text.as_ptr().addr()..]);
    list.split('\'').skip(1).step_by(2).filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
}

fn read(id: &str, version: Version, file: &File, down: Option<&File>, options: &LoadOptions<'_>) -> Outcome {
    let syntax = options.dialect.syntax();
    let runs = if version == Version::Unnumbered { Runs::Checkpoint } else { Runs::Once };
    let up = without_own(Script::whole(file.source()?), syntax);
    let mut migration = migration(id, version, up, None, HINTS, syntax);
    migration.runs = runs;
    migration.down = down.map(File::source).transpose()?.map(|source| Down::Sql(Script::whole(source)));
    journalled_where_needed(&mut migration, options.dialect);
    checked(migration, Vec::new(), syntax)
}

/// The script without tables that SQLite makes itself: what its shell says of them, Rails does not hear.
fn without_own(script: Script, syntax: &Syntax) -> Script {
    if !script.text().contains("sqlite_") {
        return script;
    }
    let (statements, _) = split(script.text(), syntax);
    let is_own = |statement: &&Statement| {
        let mut words = script.text()[statement.span.range()].split_whitespace();
        let begins = words
            .next()
            .zip(words.next())
            .is_some_and(|(verb, what)| verb.eq_ignore_ascii_case("CREATE") && what.eq_ignore_ascii_case("TABLE"));
        begins && words.next().is_some_and(|name| name.trim_start_matches('"').starts_with("sqlite_"))
    };
    let edits: Vec<(Span, &str)> = statements.iter().filter(is_own).map(|statement| (statement.span, "")).collect();
    script.replaced(&edits)
}
