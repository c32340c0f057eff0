//! yoyo: SQL files and modules in Python, each with what it depends on; `x.rollback.sql` beside `x.sql`.
//!
//! Facts from its `migrations.py`: files are taken by name, and then sorted by what they depend on; what is pending below
//! the newest applied one is run. A hook `post-apply` runs after a run and is not recorded. What a directive says is read in
//! the comments before the first statement. The statements that come back are run in the order of their file.

use std::sync::Arc;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, SourceFile, Span, Spanned};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, lines, migration, read_each, without_idle};
use crate::python::{self, Texts};

pub(crate) struct Yoyo;

const HINTS: &Hints = &Hints {
    no_transaction: Some("write `-- transactional: false` at the top of the file"),
    down: Some("write what undoes it into a file beside it that ends in `.rollback.sql`"),
    depends: Some("`-- depends:` (in a module, `__depends__`)"),
    renumber: Renumber::ByHand,
};

const ROLLBACK: &str = ".rollback.sql";

impl Format for Yoyo {
    fn name(&self) -> &'static str {
        "yoyo"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, line)) = files.marked(|line| directive(line).is_some()) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        let imports = |file: &&File| {
            file.source().is_ok_and(|source| source.text().lines().any(|line| line.starts_with("from yoyo import")))
        };
        if let Some(file) = files.at_top(".py").take(16).find(imports) {
            return Some(Sign::sure(format!("{} imports yoyo", file.name)));
        }
        let first = files.at_top(".sql").next()?;
        Some(Sign::fits(format!("there is a file {}", first.name), files, &[("yoyo.ini", "")]))
            .filter(|_| files.nearby("yoyo.ini").is_some() || files.at_top(ROLLBACK).next().is_some())
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let is_one = |file: &&File| {
            let name = &file.name;
            let ends = (name.ends_with(".sql") && !name.ends_with(ROLLBACK)) || name.ends_with(".py");
            file.is_at_top() && ends && !name.starts_with("_tmp_yoyonew")
        };
        let (hooks, mut items): (Vec<&File>, Vec<&File>) =
            files.iter().filter(is_one).partition(|file| file.name.starts_with("post-apply"));
        items.extend(hooks);
        let is_alone = |file: &&File| !items.iter().any(|item| file.name.strip_suffix(ROLLBACK) == Some(stem(item)));
        let strays = files.at_top(ROLLBACK).filter(is_alone);
        let strays = strays.map(|file| file.stray("there is no migration that it would undo")).collect();
        read_each(&items, Sorting::AsGiven, strays, Vec::new(), |file| read(file, files, options))
    }
}

/// What yoyo calls a migration: its file without the ending.
fn stem(file: &File) -> &str {
    file.name.rsplit_once('.').map_or(&file.name, |(stem, _)| stem)
}

fn read(file: &File, files: &Files, options: &LoadOptions<'_>) -> Outcome {
    let syntax = options.dialect.syntax();
    let source = file.source()?;
    let parts = if file.name.ends_with(".py") { module(&source)? } else { script(&source, stem(file), files)? };
    let mut migration = migration(stem(file), Version::Unnumbered, parts.up, parts.down, HINTS, syntax);
    migration.order = Order::Any;
    migration.depends_on = Some(parts.depends);
    (migration.no_transaction, migration.down_no_transaction) = (parts.outside, parts.outside);
    if file.name.starts_with("post-apply") {
        (migration.runs, migration.down, migration.depends_on) = (Runs::Always, None, None);
    }
    let mut warnings = Vec::new();
    without_idle(&mut migration, options.dialect, &mut warnings);
    checked(migration, warnings, syntax)
}

/// What a file says.
struct Parts {
    up: Script,
    down: Option<Script>,
    depends: Vec<Spanned<String>>,
    outside: Option<Span>,
}

/// `-- depends: a b` and `-- transactional: false`: the name and the value.
fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().strip_prefix("--")?.trim_start().split_once(':')?;
    matches!(name.trim_end(), "depends" | "transactional").then(|| (name.trim_end(), value.trim()))
}

fn script(source: &Arc<SourceFile>, stem: &str, files: &Files) -> Result<Parts, Vec<Diagnostic>> {
    let up = Script::whole(Arc::clone(source));
    let (mut depends, mut outside) = (Vec::new(), None);
    let is_comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with("--");
    for (span, line) in lines(source.text()).take_while(|(_, line)| is_comment(line)) {
        match directive(line) {
            Some(("transactional", value)) => match value.to_lowercase().as_str() {
                "true" => {}
                "false" => outside = Some(span),
                _ => {
                    let error = Diagnostic::error("yoyo", "transactional is either true or false");
                    return Err(vec![error.at(source, span, "").help("write `-- transactional: false`, or nothing")]);
                }
            },
            Some((_, value)) => {
                let names = value.split_whitespace();
                depends.extend(names.map(|name| Spanned { value: name.to_owned(), span: within(source, name) }));
            }
            None => {}
        }
    }
    let down = files.get(&format!("{stem}{ROLLBACK}")).map(File::source).transpose()?.map(Script::whole);
    Ok(Parts { up, down, depends, outside })
}

/// Where a part of a text is.
fn within(source: &SourceFile, part: &str) -> Span {
    let start = part.as_ptr().addr() - source.text().as_ptr().addr();
    Span::new(start, start + part.len())
}

fn module(source: &Arc<SourceFile>) -> Result<Parts, Vec<Diagnostic>> {
    let text = source.text();
    let steps = python::steps(text).map_err(|place| {
        let line = text[place.start..].lines().next().unwrap_or_default();
        let error = Diagnostic::error("yoyo-code", format!("this is a program, which rung does not run: {line}"));
        let help = "write what it does as SQL, in texts of `step(...)` or in a file of the same name that ends in .sql; \
                    or let yoyo apply it before the history is taken over";
        vec![error.at(source, place, "").help(help)]
    })?;
    let (depends, span) = python::assigned(text, "__depends__").unwrap_or((Vec::new(), Span::default()));
    let depends =
        depends.into_iter().map(|name| Spanned { value: name.to_owned(), span: within(source, name) }).collect();
    let outside = (python::word(text, "__transactional__") == Some("False")).then_some(span);
    let ups: Vec<Texts> = steps.iter().map(|step| step.up.clone()).filter(|texts| !texts.is_empty()).collect();
    let downs: Vec<Texts> = steps.iter().rev().filter_map(|step| step.down.clone()).collect();
    let down = (!downs.is_empty()).then(|| python::script(source, &downs, &[]));
    Ok(Parts { up: python::script(source, &ups, &[]), down, depends, outside })
}
