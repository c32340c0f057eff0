//! postgres-migrations: `NUMBER_name.sql` or `NUMBER-name.sql`, numbered from 1 without a gap, with no way back.
//!
//! Facts from its `src/files-loader.ts`, `file-name-parser.ts` and `run-migration.ts`: every `.sql` and `.js` file has to
//! have a number; `-- postgres-migrations disable-transaction`, anywhere in a file, takes it out of its transaction.

use std::collections::BTreeMap;

use rung_engine::{Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span, Syntax};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, consecutive, migration, read_each};

pub(crate) struct PostgresMigrations;

const HINTS: &Hints = &Hints {
    no_transaction: Some("add the line `-- postgres-migrations disable-transaction`"),
    down: None,
    depends: None,
    renumber: Renumber::ByHand,
};

const OUTSIDE: &str = "-- postgres-migrations disable-transaction";

impl Format for PostgresMigrations {
    fn name(&self) -> &'static str {
        "postgres-migrations"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, _)) = files.marked(|line| line.contains(OUTSIDE)) {
            return Some(Sign::sure(format!("{name} has a line `{OUTSIDE}`")));
        }
        let file = files.at_top(".sql").find(|file| number(&file.name).is_some())?;
        let why = format!("there is a file {}", file.name);
        Some(Sign::fits(why, files, &[("package.json", "\"postgres-migrations\"")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut items: BTreeMap<u64, &File> = BTreeMap::new();
        let mut errors = Vec::new();
        for file in files.iter().filter(|file| file.is_at_top()) {
            let lower = file.name.to_lowercase();
            let (is_sql, is_code) = (lower.ends_with(".sql"), lower.ends_with(".js"));
            if !is_sql && !is_code {
                continue;
            }
            if is_code {
                let help = "write the SQL that it returns as an SQL file of the same number";
                let what = "is a migration in JavaScript, which only Node.js can run";
                errors.push(file.error("javascript-migration", what).help(help));
            }
            let Some(number) = number(&file.name) else {
                let error = file.error("no-version", "has no number in front, which postgres-migrations refuses");
                errors.push(error.help("name it e.g. 001_users.sql, or move it elsewhere"));
                continue;
            };
            errors.extend(items.insert(number, file).map(|first| file.same_version(first)));
        }
        errors.extend(consecutive(&items));
        let items: Vec<_> = items.into_iter().collect();
        let syntax = options.dialect.syntax();
        read_each(&items, Sorting::ByVersion, Vec::new(), errors, |(number, file)| read(*number, file, syntax))
    }
}

/// The number that a name begins with.
fn number(name: &str) -> Option<u64> {
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Version::number_of(&name[..digits])?.number()
}

fn read(number: u64, file: &File, syntax: &Syntax) -> Outcome {
    let up = Script::whole(file.source()?);
    let outside = up.text().find(OUTSIDE).map(|at| Span::new(at, at + OUTSIDE.len()));
    let stem = file.name.rsplit_once('.').map_or(&*file.name, |(stem, _)| stem);
    let mut migration = migration(stem, Version::Number(number), up, None, HINTS, syntax);
    migration.no_transaction = outside;
    checked(migration, Vec::new(), syntax)
}
