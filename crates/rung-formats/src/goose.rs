//! goose: `NUMBER_name.sql` with lines `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd`, `NO TRANSACTION`,
//! `ENVSUB ON` and `ENVSUB OFF`.
//!
//! Facts from its `internal/sqlparser/parser.go`, `migration.go` and `provider_collect.go`. Statements are found by their
//! tokens, so that a body needs no marks around it; the marks must be in order all the same, or the file is not what its
//! writer thinks.

use rung_engine::{Body, Down, Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span, closest};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::interpolate::interpolate;
use crate::migration::{Outcome, Sorting, checked, lines, migration, next_line, read_each, without_idle};

pub(crate) struct Goose;

const HINTS: &Hints = &Hints {
    no_transaction: Some("add the line `-- +goose NO TRANSACTION`"),
    down: Some("add a line `-- +goose Down`, and below it what undoes the migration"),
    depends: None,
    renumber: Renumber::ByHand,
};

/// What may stand after `+goose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvsubOn,
    EnvsubOff,
}

const MARKS: [(&str, Mark); 7] = [
    ("Up", Mark::Up),
    ("Down", Mark::Down),
    ("StatementBegin", Mark::StatementBegin),
    ("StatementEnd", Mark::StatementEnd),
    ("NO TRANSACTION", Mark::NoTransaction),
    ("ENVSUB ON", Mark::EnvsubOn),
    ("ENVSUB OFF", Mark::EnvsubOff),
];

impl Format for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let (name, line) = files.marked(is_mark)?;
        Some(Sign::sure(format!("{name} has a line `{line}`")))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let (mut items, mut strays, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for file in files.iter().filter(|file| file.is_at_top()) {
            let version = file.name.split_once('_').and_then(|(number, _)| Version::number_of(number));
            let version = version.filter(|version| *version != Version::Number(0));
            match (file.name.rsplit_once('.'), version) {
                (Some((stem, "sql")), Some(version)) => items.push((stem, version, file)),
                (Some((_, "sql")), None) => strays.push(file.stray("its name has no number above 0 and `_` in front")),
                (Some((stem, "go")), Some(_)) if !stem.ends_with("_test") => errors.push(
                    file.error("go-migration", "is a migration in Go, which only a program can run")
                        .help("write it as an SQL file of the same number; or register it as a function: `rung::Builder::code`"),
                ),
                _ => {}
            }
        }
        read_each(&items, Sorting::ByVersion, strays, errors, |(stem, version, file)| {
            read(file, stem, version.clone(), options)
        })
    }
}

fn is_mark(line: &str) -> bool {
    line.trim_start().starts_with("--") && line.contains("+goose")
}

fn read(file: &File, stem: &str, version: Version, options: &LoadOptions<'_>) -> Outcome {
    let source = file.source()?;
    let text = source.text();
    let syntax = options.dialect.syntax();
    let mut errors: Vec<Diagnostic> = Vec::new();
    let mut wrong = |message: String, span: Span, help: &str| {
        errors.push(Diagnostic::error("goose", message).at(&source, span, "").help(help));
    };
    let (mut up, mut down): (Option<Span>, Option<Span>) = (None, None);
    let (mut begun, mut no_transaction): (Option<Span>, Option<Span>) = (None, None);
    let mut substitutes = false;
    // Places in the file and what stands there instead.
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (span, line) in lines(text) {
        let trimmed = line.trim();
        if !is_mark(line) {
            let is_comment = trimmed.starts_with("--") || trimmed.is_empty();
            if up.is_none() && !is_comment {
                wrong("this stands before `-- +goose Up`".to_owned(), span, "move it below that line");
                break;
            }
            if substitutes && !is_comment {
                match interpolate(line, options.environment) {
                    Ok(found) => edits.extend(found.into_iter().map(|(at, value)| (at.shifted(span.start), value))),
                    Err((at, message)) => wrong(
                        message,
                        at.shifted(span.start),
                        "give it a value: `export NAME=...`, or `${NAME:-default}` in the file; `$$` is one `$`",
                    ),
                }
            }
            continue;
        }
        let words = line.replace("--", "").replacen("+goose", "", 1);
        let words = words.trim();
        let mark = MARKS.iter().find(|(name, _)| name.eq_ignore_ascii_case(words)).map(|(_, mark)| *mark);
        match mark {
            None => {
                let near = closest(words, MARKS.iter().map(|(name, _)| *name)).unwrap_or("Up");
                wrong(format!("goose has no mark {words:?}"), span, &format!("did you mean `-- +goose {near}`?"));
            }
            Some(_) if line.starts_with(char::is_whitespace) => {
                wrong("a mark of goose begins in the first column".to_owned(), span, "take the blanks before it out");
            }
            Some(Mark::Up) if up.is_some() => {
                wrong("this is the second `-- +goose Up`".to_owned(), span, "make it a migration of its own");
            }
            Some(Mark::Up) => up = Some(Span::new(next_line(text, span.end), text.len())),
            Some(Mark::Down) if begun.is_some() => {
                wrong("a statement is still open here".to_owned(), span, "end it with `-- +goose StatementEnd`");
                begun = None;
            }
            Some(Mark::Down) if down.is_some() => {
                wrong("this is the second `-- +goose Down`".to_owned(), span, "take one of the two out");
            }
            Some(Mark::Down) => match &mut up {
                Some(up) => {
                    up.end = span.start;
                    down = Some(Span::new(next_line(text, span.end), text.len()));
                }
                None => {
                    wrong("there is no `-- +goose Up` before this".to_owned(), span, "add one at the top");
                    break;
                }
            },
            Some(Mark::StatementBegin) if begun.is_some() || up.is_none() => {
                wrong(
                    "no statement can begin here".to_owned(),
                    span,
                    "end the one before with `-- +goose StatementEnd`",
                );
            }
            Some(Mark::StatementBegin) => begun = Some(span),
            Some(Mark::StatementEnd) if begun.take().is_none() => {
                wrong("no statement is open here".to_owned(), span, "open it with `-- +goose StatementBegin`");
            }
            Some(Mark::StatementEnd) => {}
            Some(Mark::NoTransaction) => no_transaction = Some(span),
            Some(Mark::EnvsubOn) => substitutes = true,
            Some(Mark::EnvsubOff) => substitutes = false,
        }
    }
    if let Some(span) = begun {
        wrong("this statement is never ended".to_owned(), span, "add `-- +goose StatementEnd` after it");
    }
    let Some(up) = up.filter(|_| errors.is_empty()) else {
        if errors.is_empty() {
            let error = Diagnostic::error("goose", "there is no `-- +goose Up` line").at(&source, Span::new(0, 0), "");
            errors.push(error.help("begin the file with one"));
        }
        return Err(errors);
    };
    // Without a way back, goose takes a migration back without doing anything.
    let down = down.unwrap_or(Span::new(text.len(), text.len()));
    let script = |part: Span| Script::slice(source.clone(), part);
    let mut migration = migration(stem, version, script(up), Some(script(down)), HINTS, syntax);
    let filled = |part: Span| {
        let inside = edits.iter().filter(|(at, _)| at.start >= part.start && at.end <= part.end);
        let moved =
            |(at, value): &(Span, String)| (Span::new(at.start - part.start, at.end - part.start), value.clone());
        script(part).replaced(&inside.map(moved).collect::<Vec<_>>())
    };
    if let Body::Sql(body) = &mut migration.body {
        body.up = filled(up);
    }
    migration.down = Some(Down::Sql(filled(down)));
    migration.no_transaction = no_transaction;
    migration.down_no_transaction = no_transaction;
    let mut warnings = Vec::new();
    without_idle(&mut migration, options.dialect, &mut warnings);
    checked(migration, warnings, syntax)
}
