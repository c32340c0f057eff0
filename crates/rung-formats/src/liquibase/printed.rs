//! What `liquibase update-sql` and `liquibase future-rollback-sql` print: the SQL of change sets that are written in
//! another language.
//!
//! Facts from its `AbstractOutputWriter`, `UpdateSqlCommandStep`, `RollbackVisitor` and `LoggingExecutor`: each change set
//! has a line `-- Changeset PATH::ID::AUTHOR` or `-- Rolling Back ChangeSet: PATH::ID::AUTHOR` above it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rung_sql::{Diagnostic, SourceFile, Span, Syntax, split};

use crate::files::{File, Files};
use crate::migration::{lines, next_line};

/// The SQL of a change set.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) source: Arc<SourceFile>,
    /// The line above it.
    pub(super) line: Span,
    /// Its statements, without those that keep Liquibase's own tables.
    pub(super) parts: Vec<Span>,
    /// The checksum that Liquibase would write, where it says so.
    pub(super) checksum: Option<String>,
}

/// Every section, by `PATH::ID::AUTHOR`.
#[derive(Debug, Default)]
pub(super) struct Printed {
    up: BTreeMap<String, Section>,
    down: BTreeMap<String, Section>,
}

const UP: &str = "-- Changeset ";
const DOWN: &str = "-- Rolling Back ChangeSet: ";

/// What Liquibase prints when it is done with all change sets.
const END: &str = "-- Release Database Lock";

/// Whether a file is what Liquibase printed.
pub(super) fn is_printed(file: &File) -> bool {
    let says = |line: &str| line.starts_with("-- Liquibase version: ");
    file.name.ends_with(".sql") && file.source().is_ok_and(|source| source.text().lines().take(40).any(says))
}

impl Printed {
    /// # Errors
    /// A file that can't be read.
    pub(super) fn read(files: &Files, syntax: &Syntax) -> Result<Self, Vec<Diagnostic>> {
        let mut printed = Self::default();
        for file in files.iter().filter(|file| is_printed(file)) {
            let source = file.source()?;
            let text = source.text();
            let marks: Vec<(Span, &str)> =
                lines(text).filter(|(_, line)| [UP, DOWN, END].iter().any(|mark| line.starts_with(mark))).collect();
            for (at, (span, line)) in marks.iter().enumerate() {
                let end = marks.get(at + 1).map_or(text.len(), |(next, _)| next.start);
                let body = Span::new(next_line(text, span.end), end);
                let (sections, name) = match (line.strip_prefix(UP), line.strip_prefix(DOWN)) {
                    (Some(name), _) => (&mut printed.up, name),
                    (_, Some(name)) => (&mut printed.down, name),
                    _ => continue,
                };
                sections.insert(name.trim().to_owned(), Section::of(&source, *span, body, syntax));
            }
        }
        Ok(printed)
    }

    /// What a change set does, and what undoes it. Its path may begin elsewhere.
    pub(super) fn get<'a>(&'a self, path: &str, id: &str, author: &str) -> [Option<&'a Section>; 2] {
        let rest = format!("::{id}::{author}");
        let length = path.len() + rest.len();
        let fits = |name: &str| name.strip_suffix(&rest).is_some_and(|theirs| ends(theirs, path) || ends(path, theirs));
        let nearest = |sections: &'a BTreeMap<String, Section>| {
            let alike = sections.iter().filter(|(name, _)| fits(name));
            alike.min_by_key(|(name, _)| name.len().abs_diff(length)).map(|(_, section)| section)
        };
        [nearest(&self.up), nearest(&self.down)]
    }
}

/// Whether a path is the end of a longer one.
fn ends(long: &str, short: &str) -> bool {
    long.strip_suffix(short).is_some_and(|head| head.is_empty() || head.ends_with('/'))
}

impl Section {
    fn of(source: &Arc<SourceFile>, line: Span, body: Span, syntax: &Syntax) -> Self {
        let text = &source.text()[body.range()];
        let (mut parts, mut checksum, mut from) = (Vec::new(), None, body.start);
        for statement in statements(text, syntax) {
            let words = &text[statement.range()];
            if !keeps_tables(words) {
                continue;
            }
            let value = words.find("'9:").map(|at| &words[at + 1..]);
            checksum = value.and_then(|value| value.split_once('\'')).map(|(value, _)| value.to_owned()).or(checksum);
            let place = statement.shifted(body.start);
            parts.push(Span::new(from, place.start));
            from = place.end;
        }
        parts.push(Span::new(from, body.end));
        Self { source: source.clone(), line, parts, checksum }
    }
}

/// The statements of a text, which a line `GO` or `/` may end as well.
fn statements(text: &str, syntax: &Syntax) -> Vec<Span> {
    let mut ends: Vec<Span> = lines(text).filter(|(_, line)| ends_statement(line)).map(|(span, _)| span).collect();
    ends.push(Span::new(text.len(), text.len()));
    let mut from = 0;
    let mut found = Vec::new();
    for end in ends {
        let (inside, _) = split(&text[from..end.start], syntax);
        found.extend(inside.iter().map(|statement| statement.span.shifted(from)));
        from = end.end;
    }
    found
}

/// Whether a line is nothing but what ends a statement to Liquibase, whatever its delimiter.
pub(super) fn ends_statement(line: &str) -> bool {
    let line = line.trim();
    line == "/" || line.eq_ignore_ascii_case("go")
}

/// Whether a statement is about Liquibase's own tables.
fn keeps_tables(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    let table = match words.next().unwrap_or_default().to_uppercase().as_str() {
        "UPDATE" => words.next(),
        "INSERT" | "DELETE" | "CREATE" => words.nth(1),
        _ => None,
    };
    let name = table.unwrap_or_default().rsplit('.').next().unwrap_or_default().trim_matches(['"', ';', '(']);
    ["databasechangelog", "databasechangeloglock"].iter().any(|own| name.eq_ignore_ascii_case(own))
}
