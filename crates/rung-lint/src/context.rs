//! What a rule sees.

use std::collections::HashMap;
use std::sync::Arc;

use rung_ddl::{Action, CreateIndex, Kind, Name, Persistence, SmolStr, Statement, fold};
use rung_engine::{Migration, MigrationId, Named, Names, Stage};
use rung_sql::{Diagnostic, Level, SourceFile, Span, TokenKind, tokens};

use crate::past::{Lock, Past, Topic, Topics};
use crate::rebuild::Change;
use crate::{
    Blocks, Born, File, Finding, Fix, Impact, Key, Language, Line, Options, Rebuild, Rule, Schema, ScriptLines,
    Sequence, Server, Standing, Step, Subject, Table,
};

/// The indexes of all rows that migrations make, with the numbers of these, by table and by each column.
pub(crate) type Indexed<'a> = HashMap<(&'a str, &'a str), Vec<(usize, &'a CreateIndex)>>;

/// What a rule sees, and where it says what it found.
pub struct Context<'a> {
    /// What is known of the schema.
    pub schema: &'a Schema,
    /// The migration.
    pub file: &'a File<'a>,
    /// What the statement does to others; nothing for a check of a whole migration.
    pub impact: &'a Impact,
    /// The number of the statement; that after the last for a check of a whole migration.
    pub at: usize,
    /// What the project wants.
    pub options: &'a Options,
    /// What the statements before it did that matters to it.
    pub(crate) past: &'a Past,
    /// The statements of the migration by what they do.
    pub(crate) topics: &'a Topics<'a>,
    pub(crate) language: &'static Language,
    /// The part of the schema that the migration is about, as it stood before it.
    pub(crate) start: &'a Schema,
    /// The indexes that migrations make.
    pub(crate) indexed: &'a Indexed<'a>,
    /// All migrations, by number.
    pub(crate) subjects: &'a [Subject<'a>],
    /// Their names.
    pub(crate) names: &'a Names<'a>,
    pub(crate) number: usize,
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    pub(crate) findings: &'a mut Vec<Finding>,
}

impl<'a> Context<'a> {
    /// The server's version.
    pub fn server(&self) -> Server {
        self.options.server
    }

    /// The script that is run; an empty one for what is no SQL is never asked about.
    fn up(&self) -> Option<&'a ScriptLines> {
        self.file.up.as_deref()
    }

    /// The statement that is asked about.
    pub fn line(&self) -> Option<&'a Line> {
        self.file.lines().get(self.at)
    }

    /// Whether a statement of this migration is in the same transaction as the one that is asked about.
    pub fn is_together(&self, other: usize) -> bool {
        match (self.line(), self.file.lines().get(other)) {
            (Some(this), Some(other)) => this.transaction.is_some() && this.transaction == other.transaction,
            _ => false,
        }
    }

    /// Whether this rule has found something in this transaction already.
    pub fn has_told_together(&self) -> bool {
        self.past.told.get(self.rule.name).is_some_and(|at| self.is_together(*at))
    }

    /// Whether this rule has found something in a statement before this one.
    pub fn has_told(&self) -> bool {
        self.past.told.contains_key(self.rule.name)
    }

    /// The statements of this migration that do something.
    pub(crate) fn on<'t>(&self, topic: Topic<'t>) -> impl Statements<'a> + use<'a, 't>
    where
        'a: 't,
    {
        numbered(self.file, self.topics.on(topic))
    }

    /// Those before the one that is asked about.
    pub(crate) fn before<'t>(&self, topic: Topic<'t>) -> impl Statements<'a> + use<'a, 't>
    where
        'a: 't,
    {
        let all = self.topics.on(topic);
        numbered(self.file, &all[..all.partition_point(|at| *at < self.at)])
    }

    /// Those after the one that is asked about.
    pub(crate) fn after<'t>(&self, topic: Topic<'t>) -> impl Statements<'a> + use<'a, 't>
    where
        'a: 't,
    {
        let all = self.topics.on(topic);
        numbered(self.file, &all[all.partition_point(|at| *at <= self.at)..])
    }

    /// Whether a migration after this one makes an index that begins with these columns.
    pub fn is_indexed_later(&self, table: &Key, columns: &[&str]) -> bool {
        let begins = |create: &CreateIndex| {
            let first: Vec<&str> =
                create.columns.iter().take(columns.len()).flatten().map(|column| column.name.as_str()).collect();
            first.len() == columns.len() && columns.iter().all(|column| first.contains(column))
        };
        columns.iter().any(|column| {
            let indexes = self.indexed.get(&(table.name.as_str(), *column)).map_or(&[] as &[_], Vec::as_slice);
            let later = &indexes[indexes.partition_point(|(number, _)| *number <= self.number)..];
            later.iter().any(|(_, create)| begins(create) && self.schema.key(&create.table) == *table)
        })
    }

    /// Every statement of this migration.
    pub fn statements(&self) -> impl Iterator<Item = (usize, &'a Statement)> {
        self.file.lines().iter().map(|line| &line.parsed.statement).enumerate()
    }

    /// What a name means to a migration that depends on it.
    pub fn named(&self, name: &str, of: &Migration) -> Named<'a> {
        self.names.get(name, of)
    }

    /// The migration of a number.
    pub fn migration(&self, number: usize) -> &'a Migration {
        self.subjects[number].migration
    }

    /// Whether a statement before this one copies rows out of a table: it is being rebuilt.
    pub fn is_copied(&self, name: &Name) -> bool {
        let key = self.schema.key(name);
        self.before(Topic::Copied(&name.name)).any(|(at, _)| {
            self.file.lines()[at].parsed.relations.iter().skip(1).any(|from| self.schema.key(from) == key)
        })
    }

    /// Whether a statement before this one adds a column of this name to a table.
    pub fn is_own_column(&self, table: &Name, column: &str) -> bool {
        let key = self.schema.key(table);
        self.before(Topic::Column(&table.name, column)).any(
            |(_, statement)| matches!(statement, Statement::AlterTable(alter) if self.schema.key(&alter.name) == key),
        )
    }

    /// The names that a statement gives, each with its place: of tables, columns, indexes, constraints, types.
    pub fn new_names(&self, statement: &Statement) -> Vec<(SmolStr, Span)> {
        let of = |name: &Name| (name.name.clone(), name.span);
        let mut found: Vec<(SmolStr, Span)> =
            statement.new_columns().map(|column| (column.name.name.clone(), column.name.span)).collect();
        match statement {
            Statement::CreateTable(create) => {
                found.insert(0, of(&create.name));
                found
                    .extend(create.all_constraints().filter_map(|c| c.name.as_ref()).map(|n| (n.name.clone(), n.span)));
            }
            Statement::AlterTable(alter) => found.extend(alter.actions.iter().filter_map(|(action, _)| match action {
                Action::Rename(to) | Action::RenameColumn { to, .. } | Action::RenameConstraint { to, .. } => {
                    Some((to.name.clone(), to.span))
                }
                Action::AddConstraint(added) => added.name.as_ref().map(|name| (name.name.clone(), name.span)),
                _ => None,
            })),
            Statement::CreateIndex(create) => found.extend(create.name.iter().map(of)),
            Statement::CreateEnum { name, .. }
            | Statement::CreateComposite { name, .. }
            | Statement::CreateDomain { name, .. }
            | Statement::Create { name: Some(name), .. } => found.push(of(name)),
            _ => {}
        }
        found
    }

    /// The names that the statement writes in more than so many bytes, without quotes, with their places.
    pub fn long_names(&self, most: usize) -> Vec<(SmolStr, Span)> {
        let text = self.text(self.whole());
        // Most statements have no word that long.
        if !text.split_ascii_whitespace().any(|word| word.len() > most) && !text.contains('"') {
            return Vec::new();
        }
        tokens(text, self.language.syntax)
            .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent) && token.span.len() > most)
            .map(|token| (fold(&text[token.span.range()]), token.span))
            .filter(|(name, _)| name.len() > most)
            .collect()
    }

    /// The text of a place within the statement.
    pub fn text(&self, span: Span) -> &'a str {
        self.up().and_then(|up| up.text(self.at).get(span.range())).unwrap_or_default()
    }

    /// The place of the whole statement.
    pub fn whole(&self) -> Span {
        Span::new(0, self.up().map_or(0, |up| up.text(self.at).len()))
    }

    /// The place of a word of the statement, the first that is it.
    pub fn word(&self, word: &str) -> Option<Span> {
        self.words(&[word])
    }

    /// The place of words of the statement that follow each other.
    pub fn words(&self, words: &[&str]) -> Option<Span> {
        let text = self.up()?.text(self.at);
        let tokens: Vec<Span> = tokens(text, self.language.syntax)
            .filter(|token| !token.kind.is_trivia())
            .map(|token| token.span)
            .collect();
        let is = |(span, word): (&Span, &&str)| text[span.range()].eq_ignore_ascii_case(word);
        let found = tokens.windows(words.len()).find(|window| window.iter().zip(words).all(is))?;
        Some(Span::new(found.first()?.start, found.last()?.end))
    }

    /// The place of a statement in the file.
    pub(crate) fn source_place(&self, at: usize) -> Option<Span> {
        let up = self.up()?;
        let line = up.lines.get(at)?;
        Some(up.script.source_span(line.span))
    }

    /// The line of the file that a statement begins on.
    pub fn line_of(&self, at: usize) -> usize {
        self.up().map(|up| up.script.source().line_column(up.source_span(at, Span::new(0, 0)).start).line).unwrap_or(0)
    }

    /// Whether the statement keeps others waiting for a table in use.
    pub fn is_blocking(&self) -> bool {
        self.impact.locks.iter().any(|(table, mode)| mode.blocks() > Blocks::Nothing && !self.is_fresh_key(table))
    }

    /// Tables in use that the statement keeps others waiting for besides some and their partitions, with its locks.
    pub fn locks_besides(&self, these: &[Key]) -> Option<String> {
        let is_part = |key: &Key| {
            let whole = |key: &Key| self.schema.table_at(key).and_then(|table| table.partition_of.clone());
            // Partitions have partitions, but not for long.
            std::iter::successors(Some(key.clone()), whole).take(8).any(|key| these.contains(&key))
        };
        let others =
            self.impact.locks.iter().filter(|(table, mode)| {
                mode.blocks() > Blocks::Nothing && !self.is_fresh_key(table) && !is_part(table)
            });
        let mut others: Vec<String> = others.map(|(table, mode)| format!("{mode} on {table}")).collect();
        let last = others.pop()?;
        Some(if others.is_empty() { last } else { format!("{} and {last}", others.join(", ")) })
    }

    /// The strongest lock that a statement before this one took on a table in use, and that is still held.
    pub(crate) fn held(&self) -> Option<&'a Lock> {
        self.past.strongest.as_ref()
    }

    /// The migration that made something, where it is of this set.
    pub fn maker(&self, born: Born) -> Option<&'a MigrationId> {
        match born {
            Born::Before => None,
            Born::In(number) => self.subjects.get(number).map(|subject| &subject.migration.id),
        }
    }

    /// Whether something is made by this very migration.
    pub fn is_own(&self, born: Born) -> bool {
        born == Born::In(self.number)
    }

    /// Whether the migration runs when no program of the old release does any more.
    pub fn is_after_deploy(&self) -> bool {
        self.file.migration.stage == Stage::PostDeploy
    }

    /// Whether nobody uses what was made: by this migration, or by one that is not applied either.
    pub fn is_fresh(&self, born: Born) -> bool {
        is_fresh(self.subjects, self.number, born)
    }

    /// Whether a table is new, so that nobody waits for it and there is nothing in it to read.
    pub fn is_fresh_table(&self, name: &Name) -> bool {
        self.is_fresh_key(&self.schema.key(name))
    }

    /// As [`Self::is_fresh_table`], by its full name.
    pub fn is_fresh_key(&self, key: &Key) -> bool {
        is_fresh_key(self.schema, self.subjects, self.number, key)
    }

    /// Whether `IF EXISTS` finds nothing of a name, as far as migrations tell. What is reported then says so.
    pub fn is_nowhere(&self, kind: Kind, name: &Name) -> bool {
        self.schema.is_nowhere(kind, name, self.number)
    }

    /// Whether this migration makes something of a name after the statement that is asked about.
    pub fn is_named_after(&self, name: &str) -> bool {
        self.after(Topic::Named(name)).next().is_some()
    }

    /// A table, where something is known of it.
    pub fn table(&self, name: &Name) -> Option<&'a Table> {
        self.schema.table(name)
    }

    /// Says what was found at a place within the statement.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> Reported<'_> {
        let at = self.at;
        match self.up() {
            Some(up) if at < up.lines.len() => {
                let span = up.source_span(at, span);
                self.report_at(Arc::clone(up.script.source()), span, Some(at), message.into())
            }
            _ => self.report_file(message),
        }
    }

    /// Says what was found at a place within another statement of this migration.
    pub fn report_line(&mut self, at: usize, span: Span, message: impl Into<String>) -> Reported<'_> {
        match self.up() {
            Some(up) if at < up.lines.len() => {
                let span = up.source_span(at, span);
                self.report_at(Arc::clone(up.script.source()), span, Some(at), message.into())
            }
            _ => self.report_file(message),
        }
    }

    /// Says what was found in a file as a whole.
    pub fn report_file(&mut self, message: impl Into<String>) -> Reported<'_> {
        let source = Arc::clone(&self.file.migration.source);
        let span = self.up().map_or(Span::default(), |up| {
            let first = up.lines.first().map(|line| up.script.source_span(line.span));
            first.map_or(Span::default(), |span| first_line(&source, span))
        });
        self.report_at(source, span, None, message.into())
    }

    /// Says what was found at a place of a file of this migration.
    pub fn report_at(
        &mut self,
        source: Arc<SourceFile>,
        span: Span,
        statement: Option<usize>,
        message: String,
    ) -> Reported<'_> {
        let diagnostic = Diagnostic::new(self.level, self.rule.name, message).at(&source, span, "");
        self.findings.push(Finding::new(self.rule.name, self.file.migration.id.clone(), statement, diagnostic));
        let at = self.findings.len() - 1;
        Reported { finding: &mut self.findings[at], up: self.file.up.as_deref() }
    }
}

/// Statements of a migration, with their numbers.
pub(crate) trait Statements<'a>: DoubleEndedIterator<Item = (usize, &'a Statement)> {}

impl<'a, I: DoubleEndedIterator<Item = (usize, &'a Statement)>> Statements<'a> for I {}

fn numbered<'a>(file: &'a File<'a>, numbers: &[usize]) -> impl Statements<'a> {
    let lines = file.lines();
    numbers.iter().map(move |at| (*at, &lines[*at].parsed.statement))
}

fn is_fresh(subjects: &[Subject<'_>], number: usize, born: Born) -> bool {
    match born {
        Born::Before => false,
        Born::In(maker) => {
            maker == number || subjects.get(maker).is_some_and(|subject| subject.standing == Standing::Pending)
        }
    }
}

/// Whether a table is new to the migration of a number, so that nobody waits for it.
pub(crate) fn is_fresh_key(schema: &Schema, subjects: &[Subject<'_>], number: usize, key: &Key) -> bool {
    schema
        .table_at(key)
        .is_some_and(|table| is_fresh(subjects, number, table.born) || table.persistence == Persistence::Temporary)
}

/// A span cut to its first line, so that a caret has a place to stand.
fn first_line(source: &SourceFile, span: Span) -> Span {
    let end = source.slice(span).find('\n').map_or(span.end, |at| span.start + at);
    Span::new(span.start, end)
}

/// A finding, to say more of it.
pub struct Reported<'a> {
    finding: &'a mut Finding,
    up: Option<&'a ScriptLines>,
}

impl<'a> Reported<'a> {
    /// What was found by others.
    pub(crate) fn of(finding: &'a mut Finding) -> Self {
        Self { finding, up: None }
    }
    /// What is at the caret.
    pub fn label(self, text: impl Into<String>) -> Self {
        if let Some(label) = self.finding.diagnostic.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// A fact.
    pub fn note(self, text: impl Into<String>) -> Self {
        self.finding.diagnostic.notes.push(text.into());
        self
    }

    /// One thing to do.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.finding.diagnostic.helps.push(text.into());
        self
    }

    /// That there is nothing of the name, as far as migrations tell: then it is no more than a note.
    pub fn nowhere(self, is_nowhere: bool) -> Self {
        if !is_nowhere {
            return self;
        }
        self.note("as far as migrations tell, it is not there, and nothing is done").level(Level::Note)
    }

    /// Another level.
    pub fn level(self, level: Level) -> Self {
        self.finding.diagnostic.level = level;
        self
    }

    /// What takes the place of a part of the statement, or why nothing does.
    pub(crate) fn steps(self, replaces: Span, steps: Result<Vec<Step>, String>) -> Self {
        let Some(statement) = self.finding.statement else { return self };
        match steps {
            Ok(steps) => self.finding.steps.push(Sequence { statement, replaces, steps }),
            Err(why) => self.finding.left = Some(why),
        }
        self
    }

    /// A mend of the file: edits at places of its source.
    pub(crate) fn edits(self, title: &str, edits: Vec<crate::Edit>) -> Self {
        self.finding.fix = Some(Fix { title: title.to_owned(), edits });
        self
    }

    /// The table that it takes.
    pub(crate) fn rebuilt(self, table: &Name, change: Change) -> Self {
        let Some(statement) = self.finding.statement else { return self };
        self.finding.rebuild = Some(Rebuild { statement, table: table.clone(), change });
        self
    }

    /// Why it is not mended by itself.
    pub(crate) fn left(self, why: impl Into<String>) -> Self {
        self.finding.left = Some(why.into());
        self
    }

    /// A mend: texts in the place of spans of the statement. Left out where the statement is not the file's own text.
    pub fn fix(self, title: &str, edits: &[(Span, &str)]) -> Self {
        let (Some(up), Some(at)) = (self.up, self.finding.statement) else { return self };
        let source = up.script.source();
        let edits: Vec<crate::Edit> = edits
            .iter()
            .map(|(span, text)| crate::Edit { span: up.source_span(at, *span), text: (*text).to_owned() })
            .collect();
        let own = edits.iter().zip(up.lines.get(at)).all(|(edit, line)| {
            let whole = up.script.source_span(line.span);
            source.slice(whole) == up.text(at) && edit.span.end <= whole.end
        });
        if own {
            self.finding.fix = Some(Fix { title: title.to_owned(), edits });
        }
        self
    }
}
