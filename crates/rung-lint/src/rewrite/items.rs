//! The statements that a migration becomes, and which of them share a migration.

use std::collections::HashSet;

use rung_ddl::{Action, Kind, Name, Statement, Verb};
use rung_engine::Stage;
use rung_sql::Span;

use super::Writer;
use super::undo::Undo;
use crate::{Key, Language, Runs, Schema, Sequence, Step};

/// A statement, as it stands or as it takes the place of one.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The statement of the file that it is, or comes from.
    pub(super) line: usize,
    /// `None` for one that is kept as it is.
    pub(super) step: Option<Step>,
    pub(super) statement: Statement,
    pub(super) tables: Vec<Key>,
    /// All that has to be there, with what it is.
    pub(super) uses: Vec<(Kind, Name)>,
    pub(super) undo: Undo,
}

impl Item {
    pub(super) fn runs(&self) -> Runs {
        self.step.as_ref().map_or(Runs::Together, |step| step.runs)
    }

    /// Whether it leaves rows, or what they were before is gone: no statement says how to undo it.
    pub(super) fn changes_rows(&self) -> bool {
        let reads = |verb: &Verb| matches!(verb, Verb::Select | Verb::SelectForUpdate);
        matches!(&self.statement, Statement::Data { verb, .. } if !reads(verb))
    }

    pub(super) fn is_setting(&self) -> bool {
        self.step.is_none() && matches!(self.statement, Statement::Set { .. })
    }

    /// Whether it says all that it is about, so that it may wait until others are done.
    pub(super) fn is_clear(&self) -> bool {
        match &self.statement {
            Statement::CreateIndex(_)
            | Statement::AlterTable(_)
            | Statement::CreateTable(_)
            | Statement::Reindex { .. }
            | Statement::Data { .. } => true,
            Statement::Comment { kind, .. } => matches!(kind, Kind::Table | Kind::Index),
            Statement::Drop { kind, .. } => matches!(kind, Kind::Index | Kind::Table),
            _ => false,
        }
    }
}

/// Items that come after those that may share a transaction.
#[derive(Debug, Default)]
struct Waiting {
    items: Vec<Item>,
    /// The tables that they are about.
    tables: HashSet<Key>,
    /// Whether one does not say all that it is about.
    is_unclear: bool,
}

impl Waiting {
    fn push(&mut self, item: Item) {
        self.tables.extend(item.tables.iter().cloned());
        self.is_unclear |= !item.is_clear();
        self.items.push(item);
    }

    fn is_in_the_way_of(&self, other: &Item) -> bool {
        let touches = || other.tables.iter().any(|table| self.tables.contains(table));
        !self.items.is_empty() && (self.is_unclear || !other.is_clear() || touches())
    }
}

/// The statements of one migration.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) items: Vec<Item>,
    pub(super) apart: bool,
    pub(super) stage: Stage,
}

impl Group {
    pub(super) fn has_own(&self) -> bool {
        self.items.iter().any(|item| item.step.is_none() && !item.is_setting())
    }
}

impl Writer<'_, '_> {
    /// Every statement of the new sequence, those of one statement with what may share a transaction first.
    pub(super) fn items(&self) -> Result<Vec<Item>, String> {
        let schema = Schema::new(self.language.search_path);
        let item = |line: usize, step: Option<(Step, Undo)>, sql: &str| {
            let parsed = (self.language.parse)(sql);
            let named = parsed.statement.tables().chain(&parsed.relations);
            let mut tables: Vec<Key> = named.map(|name| schema.key(name)).collect();
            // What is said of an index waits for it as what is said of a table does.
            match &parsed.statement {
                Statement::Drop { kind: Kind::Index, names, .. } => {
                    tables.extend(names.iter().map(|name| schema.key(name)));
                }
                Statement::CreateIndex(create) => tables.extend(create.name.iter().map(|name| schema.key(name))),
                Statement::Comment { name: Some(name), .. } => tables.push(schema.key(name)),
                _ => {}
            }
            let (step, undo) = match step {
                Some((step, undo)) => (Some(step), undo),
                None => (None, Undo::of(&parsed.statement, sql)),
            };
            Item { line, step, uses: parsed.uses(), statement: parsed.statement, tables, undo }
        };
        let mut items = Vec::new();
        for at in 0..self.up.lines.len() {
            let rest = &self.sequences[self.sequences.partition_point(|sequence| sequence.statement < at)..];
            let own = &rest[..rest.partition_point(|sequence| sequence.statement == at)];
            if own.is_empty() {
                items.push(item(at, None, self.up.text(at)));
                continue;
            }
            let text = self.up.text(at);
            if self.up.script.source().slice(self.up.source_span(at, Span::new(0, text.len()))) != text {
                return Err("a variable stands in the statement".to_owned());
            }
            let is_whole = own[0].replaces == Span::new(0, text.len());
            let mut steps = match (&self.up.lines[at].parsed.statement, is_whole) {
                (Statement::AlterTable(alter), false) => exploded(text, &alter.actions, own, self.language),
                _ => match own[0].steps.as_slice() {
                    // One that says nothing does what the statement did.
                    [one] if one.undo.is_none() => vec![(one.clone(), as_it_stands(&one.sql, self.language))],
                    steps => steps.iter().map(|step| (step.clone(), Undo::of_step(step))).collect(),
                },
            };
            steps.sort_by_key(|(step, _)| step.runs == Runs::Apart);
            items.extend(steps.into_iter().map(|(step, undo)| {
                let sql = step.sql.clone();
                item(at, Some((step, undo)), &sql)
            }));
        }
        Ok(items)
    }

    /// The items of each migration, in order: what waits for a release last.
    pub(super) fn grouped(&self, items: Vec<Item>) -> Vec<Group> {
        let (later, now): (Vec<Item>, _) = items.into_iter().partition(|item| item.runs() == Runs::AfterDeploy);
        let mut groups = self.grouped_now(now);
        if !later.is_empty() {
            groups.push(Group { items: later, apart: false, stage: Stage::PostDeploy });
        }
        groups
    }

    fn grouped_now(&self, items: Vec<Item>) -> Vec<Group> {
        let is_own = |item: &Item| item.step.is_none() && !item.is_setting() || item.runs() == Runs::Joined;
        let own = items.iter().any(is_own);
        let apart = items.iter().any(|item| item.runs() == Runs::Apart);
        let anew = items.iter().any(|item| item.runs() == Runs::Anew);
        if self.is_apart() || !anew && (!own || !apart) {
            return vec![Group { items, apart: apart || self.is_apart(), stage: self.migration.stage }];
        }
        let settings: Vec<Item> = items.iter().filter(|item| item.is_setting()).cloned().collect();
        let mut groups: Vec<Group> = Vec::new();
        let mut together = Group::default();
        let mut later = Waiting::default();
        let stage = self.migration.stage;
        let close = |groups: &mut Vec<Group>, together: &mut Group, later: &mut Waiting| {
            for group in [std::mem::take(together), Group { items: std::mem::take(later).items, apart: true, stage }] {
                // Settings alone do nothing for anybody.
                if group.items.iter().any(|item| !item.is_setting()) {
                    groups.push(group);
                }
            }
        };
        for item in items {
            match item.runs() {
                Runs::Apart => later.push(item),
                Runs::Anew => {
                    close(&mut groups, &mut together, &mut later);
                    together.items.push(item);
                }
                // What waits for a release is not among them.
                Runs::Together | Runs::Joined | Runs::AfterDeploy => {
                    if !item.is_setting() && later.is_in_the_way_of(&item) {
                        close(&mut groups, &mut together, &mut later);
                    }
                    together.items.push(item);
                }
            }
        }
        close(&mut groups, &mut together, &mut later);
        // What is set for the statements that it stood above is set for them where they are now.
        for group in groups.iter_mut().skip(1) {
            let first = group.items.first().map_or(0, |item| item.line);
            let above = settings.iter().filter(|setting| setting.line < first && !is_timeout(setting));
            let missing: Vec<Item> =
                above.filter(|setting| group.items.iter().all(|item| item.line != setting.line)).cloned().collect();
            group.items.splice(0..0, missing);
        }
        groups
    }
}

fn is_timeout(item: &Item) -> bool {
    matches!(&item.statement, Statement::Set { name, .. } if name.ends_with("_timeout"))
}

fn as_it_stands(sql: &str, language: &Language) -> Undo {
    Undo::of(&(language.parse)(sql).statement, sql)
}

/// An `ALTER TABLE` with steps in the place of some of its actions; the others stay together.
fn exploded(text: &str, actions: &[(Action, Span)], sequences: &[&Sequence], language: &Language) -> Vec<(Step, Undo)> {
    let head = &text[..actions.first().map_or(0, |(_, span)| span.start)];
    let mut steps = Vec::new();
    let mut kept: Vec<&str> = Vec::new();
    let flush = |kept: &mut Vec<&str>, steps: &mut Vec<(Step, Undo)>| {
        if !kept.is_empty() {
            let sql = format!("{head}{}", std::mem::take(kept).join(", "));
            let undo = as_it_stands(&sql, language);
            steps.push((Step::together("", sql), undo));
        }
    };
    for (_, span) in actions {
        let at = sequences.binary_search_by_key(&span.start, |sequence| sequence.replaces.start);
        match at.ok().map(|at| sequences[at]).filter(|sequence| sequence.replaces == *span) {
            Some(sequence) => {
                flush(&mut kept, &mut steps);
                steps.extend(sequence.steps.iter().map(|step| (step.clone(), Undo::of_step(step))));
            }
            None => kept.push(&text[span.range()]),
        }
    }
    flush(&mut kept, &mut steps);
    steps
}
