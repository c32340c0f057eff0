//! tern: `NUMBER_name.sql`, numbered from 1 without a gap; what comes back is below
//! `---- create above / drop below ----`.
//!
//! Facts from its `migrate/migrate.go`: the dividing line is sought anywhere in the file, and
//! `---- tern: disable-tx ----` in each part; a file is a template of Go's, and so is not SQL where it has a `{{`; a file
//! that brings nothing is refused. The database has one number, so that nothing can be pending below it.

use std::collections::BTreeMap;

use rung_engine::{Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span, Syntax};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, consecutive, lines, migration, read_each};
use crate::pairs::{numbered, without_templates};

pub(crate) struct Tern;

const HINTS: &Hints = &Hints {
    no_transaction: Some("add the line `---- tern: disable-tx ----`"),
    down: Some("add the line `---- create above / drop below ----`, and below it what undoes the migration"),
    renumber: Renumber::ByHand,
};

const DIVIDER: &str = "---- create above / drop below ----";
const OUTSIDE: &str = "---- tern: disable-tx ----";

impl Format for Tern {
    fn name(&self) -> &'static str {
        "tern"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, line)) = files.marked(|line| matches!(line.trim_end(), DIVIDER | OUTSIDE)) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        let file = files.at_top(".sql").find(|file| numbered(&file.name).is_some())?;
        Some(Sign::fits(
            format!("there is a file {}", file.name),
            files,
            &[("tern.conf", ""), ("go.mod", "jackc/tern")],
        ))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut items: BTreeMap<u64, &File> = BTreeMap::new();
        let (mut strays, mut errors) = (Vec::new(), Vec::new());
        for file in files.at_top(".sql") {
            match numbered(&file.name).as_ref().and_then(Version::number) {
                Some(number) => errors.extend(items.insert(number, file).map(|first| file.same_version(first))),
                None => strays.push(file.stray("its name has no number and `_` in front")),
            }
        }
        errors.extend(consecutive(&items));
        let items: Vec<_> = items.into_iter().collect();
        let syntax = options.dialect.syntax();
        read_each(&items, Sorting::ByVersion, strays, errors, |(number, file)| read(*number, file, options, syntax))
    }
}

fn read(number: u64, file: &File, options: &LoadOptions<'_>, syntax: &Syntax) -> Outcome {
    let source = file.source()?;
    let text = source.text();
    let (up, down) = match text.split_once(DIVIDER) {
        Some((up, down)) => (Span::new(0, up.len()), Some(Span::new(text.len() - down.len(), text.len()))),
        None => (Span::new(0, text.len()), None),
    };
    let script = |part: Span| without_templates(Script::slice(source.clone(), part), options);
    let outside = |part: Span| {
        let part_lines = lines(&text[part.range()]);
        let mark = part_lines.into_iter().find(|(_, line)| *line == OUTSIDE);
        mark.map(|(span, _)| span.shifted(part.start))
    };
    let forth = script(up)?;
    if forth.is_blank(syntax) {
        let error = Diagnostic::error("no-up", "this brings nothing, which tern refuses").at(&source, up, "");
        return Err(vec![error.help(format!("write the migration above `{DIVIDER}`"))]);
    }
    let back = down.map(script).transpose()?.filter(|down| !down.text().trim().is_empty());
    let id = file.name.trim_end_matches(".sql");
    let mut migration = migration(id, Version::Number(number), forth, back, HINTS, syntax);
    migration.no_transaction = outside(up);
    migration.down_no_transaction = down.and_then(outside);
    checked(migration, Vec::new(), syntax)
}
