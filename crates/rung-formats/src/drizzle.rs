//! Drizzle: `meta/_journal.json` says which files are run in which order, and `--> statement-breakpoint` ends a statement.
//! Since its version 1 a folder for each migration with `migration.sql` and `snapshot.json` in it, by name.
//!
//! Facts from its `migrator.ts`, `pg-core/dialect.ts` and `sqlite-core/dialect.ts`. It takes what is newer than the newest
//! applied one by the journal's times, and passes over in silence what has an older time: rung runs it or refuses it.

use std::collections::BTreeSet;

use rung_engine::{Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::json::{Json, Node};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, migration, read_each};

pub(crate) struct Drizzle;

const HINTS: &Hints = &Hints { no_transaction: None, down: None, depends: None, renumber: Renumber::ByHand };

const JOURNAL: &str = "meta/_journal.json";

const BREAKPOINT: &str = "--> statement-breakpoint";

impl Format for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if files.get(JOURNAL).is_some() {
            return Some(Sign::sure(format!("there is a file {JOURNAL}")));
        }
        let file = folders(files).find(|file| has_snapshot(file, files))?;
        Some(Sign::sure(format!("there is a snapshot.json beside {}", file.name)))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let Some(journal) = files.get(JOURNAL) else {
            let mut items: Vec<(&str, &File)> = folders(files).map(|file| (folder(file), file)).collect();
            // By the folder alone: `a-b` comes after `a`, though `a-b/` comes before `a/`.
            items.sort_by_key(|(folder, _)| *folder);
            if items.is_empty() {
                let message = format!("there is no {JOURNAL}, by which Drizzle knows what to run");
                return Err(vec![Diagnostic::error("drizzle", message).help("put it back from version control")]);
            }
            return read_each(&items, Sorting::AsGiven, Vec::new(), Vec::new(), |(id, file)| read(id, file, options));
        };
        let Journal { items, errors, mut warnings } = entries(journal, files, options.dialect.name())?;
        let known: BTreeSet<&str> = items.iter().map(|(_, file)| file.name.as_str()).collect();
        let unknown = files.at_top(".sql").filter(|file| !known.contains(file.name.as_str()));
        warnings.extend(unknown.map(|file| file.stray(&format!("{JOURNAL} does not name it"))));
        read_each(&items, Sorting::AsGiven, warnings, errors, |(id, file)| read(id, file, options))
    }
}

/// Whether a journal's dialect is the database's; older ones say `pg`.
fn is_of(text: &str, dialect: &str) -> bool {
    const OTHER_NAMES: [(&str, &str); 2] = [("pg", "postgres"), ("turso", "sqlite")];
    text.starts_with(dialect) || OTHER_NAMES.contains(&(text, dialect))
}

fn folders(files: &Files) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.name.split_once('/').is_some_and(|(_, name)| name == "migration.sql"))
}

fn folder(file: &File) -> &str {
    file.name.split_once('/').map_or(&file.name, |(folder, _)| folder)
}

fn has_snapshot(file: &File, files: &Files) -> bool {
    files.get(&format!("{}/snapshot.json", folder(file))).is_some()
}

/// What the journal names, and what is wrong with it.
struct Journal<'a> {
    items: Vec<(String, &'a File)>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

fn entries<'a>(journal: &File, files: &'a Files, dialect: &str) -> Result<Journal<'a>, Vec<Diagnostic>> {
    let source = journal.source()?;
    let wrong = |span: Span, message: String, help: &str| {
        Diagnostic::error("drizzle", message).at(&source, span, "").help(help)
    };
    let restore = "put the journal back from version control";
    let root = Json::parse(source.text()).map_err(|(span, message)| vec![wrong(span, message, restore)])?;
    let (mut items, mut errors, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(node) = root.get("dialect")
        && let Some(text) = node.text().filter(|text| !is_of(text, dialect))
    {
        let message = format!("these migrations are for {text}, and the database is {dialect}");
        errors.push(wrong(node.span, message, "give rung the directory or the URL that fits the other"));
    }
    let Some(list) = root.get("entries").and_then(Node::list) else {
        return Err(vec![wrong(root.span, "the journal has no list `entries`".to_owned(), restore)]);
    };
    let mut newest: Option<(f64, &str)> = None;
    for entry in list {
        let Some((tag, node)) = entry.get("tag").and_then(|node| Some((node.text()?, node))) else {
            errors.push(wrong(entry.span, "this entry has no `tag`".to_owned(), restore));
            continue;
        };
        match files.get(&format!("{tag}.sql")) {
            Some(file) => items.push((tag.to_owned(), file)),
            None => {
                let message = format!("there is no file {tag}.sql");
                errors.push(wrong(node.span, message, "put it back, or take its entry out of the journal"));
            }
        }
        let when = entry.get("when").and_then(Node::number);
        if let (Some(when), Some((before, name))) = (when, newest)
            && when <= before
        {
            let message = format!("{tag} is older than {name} by `when`: Drizzle passes it over where that is applied");
            let warning = Diagnostic::warning("drizzle", message).at(&source, node.span, "");
            warnings.push(warning.help("rung runs it; give it a later `when` if Drizzle is to run it as well"));
        }
        newest =
            when.map(|when| (when, tag)).filter(|(when, _)| newest.is_none_or(|(before, _)| *when > before)).or(newest);
    }
    Ok(Journal { items, errors, warnings })
}

fn read(id: &str, file: &File, options: &LoadOptions<'_>) -> Outcome {
    let syntax = options.dialect.syntax();
    let whole = Script::whole(file.source()?);
    // A breakpoint ends a statement that has no `;`.
    let ends = whole.text().match_indices(BREAKPOINT).map(|(at, _)| (Span::new(at, at), "\n;\n"));
    let up = whole.replaced(&ends.collect::<Vec<_>>());
    let mut migration = migration(id, Version::Unnumbered, up, None, HINTS, syntax);
    journalled_where_needed(&mut migration, options.dialect);
    checked(migration, Vec::new(), syntax)
}
