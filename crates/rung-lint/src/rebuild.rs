//! A table that has to be made anew, as ALTER TABLE can't make it what it is to be.

use rung_ddl::{ConstraintKind, CreateTable, Name, SmolStr, Statement};
use rung_engine::{Dialect, Hints, Migration};
use rung_sql::{Span, split};

use crate::rewrite::{above, taken_out};
use crate::{Edit, File, language};

/// A change of a table that takes a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// The number of the statement that asks for it.
    pub(crate) statement: usize,
    pub(crate) table: Name,
    pub(crate) change: Change,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A column, as it is defined.
    Add(String),
    /// A column to be gone.
    Drop(SmolStr),
}

/// What takes the place of a migration's statements.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Lines about the whole file.
    pub directives: &'a str,
    /// What leads there.
    pub up: &'a str,
    /// What leads back; `None` where nothing does.
    pub down: Option<&'a str>,
}

impl Rebuild {
    /// A schema, written as statements, as it is to be: what hangs on a column that goes, goes with it.
    ///
    /// # Errors
    /// Why it can't be told, as a clause.
    pub fn applied(&self, schema: &str, dialect: &dyn Dialect) -> Result<String, String> {
        let language = language(dialect.name()).ok_or("nobody reads its SQL")?;
        let is_table = |name: &Name| name.name.eq_ignore_ascii_case(&self.table.name);
        let (mut text, mut at, mut found) = (String::new(), 0, false);
        for statement in split(schema, dialect.syntax()).0 {
            let sql = &schema[statement.span.range()];
            let new = match (language.parse)(sql).statement {
                Statement::CreateTable(create) if is_table(&create.name) => {
                    found = true;
                    Some(self.table(sql, &create)?)
                }
                Statement::CreateIndex(create) if is_table(&create.table) => {
                    let mut about = create.columns.iter().flatten().chain(&create.within);
                    let goes = about.any(|column| self.is_dropped(&column.name));
                    goes.then(String::new)
                }
                _ => None,
            };
            if let Some(new) = new {
                text.push_str(&schema[at..statement.span.start]);
                text.push_str(&new);
                at = statement.span.end;
            }
        }
        text.push_str(&schema[at..]);
        if found { Ok(text) } else { Err(format!("the migrations before it make no table {}", self.table)) }
    }

    fn is_dropped(&self, name: &str) -> bool {
        matches!(&self.change, Change::Drop(column) if column.eq_ignore_ascii_case(name))
    }

    fn table(&self, sql: &str, create: &CreateTable) -> Result<String, String> {
        let last = create.columns.last().ok_or("its columns are not known")?;
        if let Change::Add(column) = &self.change {
            let end = last.span.end;
            return Ok(format!("{}, {column}{}", &sql[..end], &sql[end..]));
        }
        let mut parts: Vec<(Span, bool)> = Vec::new();
        for column in &create.columns {
            parts.push((column.span, self.is_dropped(&column.name.name)));
        }
        for constraint in &create.constraints {
            let columns: Vec<&str> = match &constraint.kind {
                ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                    columns.iter().map(|column| column.name.as_str()).collect()
                }
                ConstraintKind::ForeignKey(key) => key.columns.iter().map(|column| column.name.as_str()).collect(),
                ConstraintKind::Check(check) => check.columns.iter().map(|column| column.name.as_str()).collect(),
                _ => Vec::new(),
            };
            let goes = columns.iter().any(|column| self.is_dropped(column));
            if goes && columns.iter().any(|column| !self.is_dropped(column)) {
                let written = &sql[constraint.span.range()];
                return Err(format!(
                    "whether `{written}` is to go too, which is about other columns as well, is not told"
                ));
            }
            parts.push((constraint.span, goes));
        }
        let (Some((first, _)), Some((end, _))) = (parts.first(), parts.last()) else { return Ok(sql.to_owned()) };
        let kept: Vec<&str> = parts.iter().filter(|(_, goes)| !goes).map(|(span, _)| &sql[span.range()]).collect();
        Ok(format!("{}{}{}", &sql[..first.start], kept.join(", "), &sql[end.end..]))
    }

    /// The edits that write a migration anew, whose only statement asks for it.
    ///
    /// # Errors
    /// Why its file can't have that, as a clause.
    pub fn edits(
        &self,
        migration: &Migration,
        dialect: &dyn Dialect,
        written: Written<'_>,
    ) -> Result<Vec<Edit>, String> {
        let language = language(dialect.name()).ok_or("nobody reads its SQL")?;
        let file = File::read(migration, dialect, language);
        let up = file.up.as_ref().filter(|_| migration.hints == Hints::NATIVE);
        let up = up.ok_or("its format has no word for statements that are committed one by one")?;
        if up.lines.len() != 1 {
            return Err("a table is made anew in a migration of its own: move the statement to one".to_owned());
        }
        let text = migration.source.text();
        let whole = |span: Span| taken_out(text, span, false);
        let statement = up.script.source_span(up.lines[0].span);
        let mut edits = Vec::new();
        if migration.no_transaction.is_none() && !written.directives.is_empty() {
            let at = above(text, statement.start);
            edits.push(Edit { span: Span::new(at, at), text: written.directives.to_owned() });
        }
        edits.push(Edit { span: whole(statement), text: written.up.to_owned() });
        if let Some(down) = &file.down {
            let same = down.script.source().path() == migration.source.path();
            let span = down.lines.first().map(|line| down.script.source_span(line.span));
            let (Some(span), true, 1) = (span, same, down.lines.len()) else {
                return Err(
                    "its way down has to be written anew too, and is not one statement of the same file".to_owned()
                );
            };
            let begin = text[..span.start].rfind('\n').map_or(0, |line| line + 1);
            if text[begin..].trim_start().starts_with("--") {
                return Err("its way down is a comment".to_owned());
            }
            let back = written.down.ok_or("nothing leads back from what it would be")?;
            edits.push(Edit { span: whole(span), text: back.to_owned() });
        }
        Ok(edits)
    }
}
