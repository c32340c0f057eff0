//! What a rule may ask of the other statements of a migration without going through them: a file may have a hundred
//! thousand.

use std::collections::HashMap;

use rung_ddl::{Action, AttributeChangeKind, ConstraintKind, Kind, Statement, Verb};

use crate::{Blocks, Impact, Key, Line, LockMode};

/// What a statement does, and to what, by the name without its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic<'a> {
    /// A parameter is set.
    Set(&'a str),
    /// A table gets a column.
    Column(&'a str, &'a str),
    /// A composite type gets an attribute.
    Attribute(&'a str, &'a str),
    /// A table gets a constraint of this name.
    Constraint(&'a str, &'a str),
    /// A table gets a foreign key.
    ForeignKey(&'a str),
    /// A constraint of a table is validated.
    Validate(&'a str),
    /// `ALTER TABLE` goes through the rows of a table.
    Pass(&'a str),
    /// Row level security of a table is enabled.
    RowSecurity(&'a str),
    /// A table gets a trigger.
    Trigger(&'a str),
    /// Something else than a trigger or a policy gets this name: it is made, or renamed.
    Named(&'a str),
    /// A table is dropped.
    Gone(&'a str),
    /// Rows of a table are written.
    Written(&'a str),
    /// Rows of a table are inserted elsewhere.
    Copied(&'a str),
    /// Nobody knows.
    Opaque,
}

/// The statements of a migration by what they do.
#[derive(Debug, Default)]
pub(crate) struct Topics<'a> {
    statements: HashMap<Topic<'a>, Vec<usize>>,
}

impl<'a> Topics<'a> {
    pub(crate) fn of(lines: &'a [Line]) -> Self {
        let mut topics = Self::default();
        for (at, line) in lines.iter().enumerate() {
            each_topic(line, |topic| {
                let statements = topics.statements.entry(topic).or_default();
                if statements.last() != Some(&at) {
                    statements.push(at);
                }
            });
        }
        topics
    }

    /// The numbers of the statements that do something, in order.
    pub(crate) fn on(&self, topic: Topic<'a>) -> &[usize] {
        self.statements.get(&topic).map_or(&[], Vec::as_slice)
    }
}

fn each_topic<'a>(line: &'a Line, mut tell: impl FnMut(Topic<'a>)) {
    match &line.parsed.statement {
        Statement::Set { name, .. } => tell(Topic::Set(name)),
        Statement::AlterTable(alter) => {
            let table = alter.name.name.as_str();
            for (action, _) in &alter.actions {
                match action {
                    Action::AddColumn { column, .. } => tell(Topic::Column(table, &column.name.name)),
                    Action::SetType { .. } | Action::SetNotNull(_) => tell(Topic::Pass(table)),
                    Action::ValidateConstraint(_) => tell(Topic::Validate(table)),
                    Action::RowSecurity { enable: true } => tell(Topic::RowSecurity(table)),
                    Action::Rename(to) => tell(Topic::Named(&to.name)),
                    Action::AddConstraint(added) => {
                        added.name.iter().for_each(|name| tell(Topic::Constraint(table, &name.name)));
                        match &added.kind {
                            ConstraintKind::Check(_) if !added.not_valid => tell(Topic::Pass(table)),
                            ConstraintKind::ForeignKey(_) => tell(Topic::ForeignKey(table)),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        Statement::AlterComposite { name, changes } => {
            for (change, _) in changes {
                if let AttributeChangeKind::Add(added) = &change.kind {
                    tell(Topic::Attribute(&name.name, &added.name.name));
                }
            }
        }
        Statement::CreateTable(create) => tell(Topic::Named(&create.name.name)),
        Statement::CreateEnum { name, .. }
        | Statement::CreateComposite { name, .. }
        | Statement::CreateDomain { name, .. } => tell(Topic::Named(&name.name)),
        Statement::Create { kind: Kind::Trigger, on: Some(on), .. } => tell(Topic::Trigger(&on.name)),
        Statement::Create { name: Some(name), .. } => tell(Topic::Named(&name.name)),
        Statement::Rename { to: Some(to), .. } => tell(Topic::Named(&to.name)),
        Statement::Drop { kind: Kind::Table, names, .. } => {
            names.iter().for_each(|name| tell(Topic::Gone(&name.name)));
        }
        Statement::Data { verb, table, .. } => {
            if !matches!(verb, Verb::Select | Verb::SelectForUpdate) {
                table.iter().for_each(|table| tell(Topic::Written(&table.name)));
            }
            if *verb == Verb::Insert {
                line.parsed.relations.iter().skip(1).for_each(|from| tell(Topic::Copied(&from.name)));
            }
        }
        Statement::Opaque { .. } => tell(Topic::Opaque),
        _ => {}
    }
}

/// A lock that others feel, and the statement that took it.
#[derive(Debug, Clone)]
pub(crate) struct Lock {
    pub(crate) at: usize,
    pub(crate) table: Key,
    pub(crate) mode: LockMode,
}

/// What the statements so far have done that matters to the next, carried along from one to the other.
#[derive(Debug, Default)]
pub(crate) struct Past {
    transaction: Option<usize>,
    /// The first lock of the transaction that blocks others.
    pub(crate) first: Option<Lock>,
    /// The strongest.
    pub(crate) strongest: Option<Lock>,
    /// Whether there are such on several tables.
    pub(crate) several: bool,
    /// The statement that a rule found something in last.
    pub(crate) told: HashMap<&'static str, usize>,
}

impl Past {
    /// Goes on to a statement: what another transaction held is held no more.
    pub(crate) fn enter(&mut self, transaction: Option<usize>) {
        if transaction != self.transaction {
            *self = Self { transaction, told: std::mem::take(&mut self.told), ..Self::default() };
        }
    }

    /// Takes in the locks of a statement, without those on what nobody else knows of.
    pub(crate) fn lock(&mut self, at: usize, felt: &Impact) {
        if self.transaction.is_none() {
            return;
        }
        for (table, mode) in felt.locks.iter().filter(|(_, mode)| mode.blocks() > Blocks::Nothing) {
            let lock = || Lock { at, table: table.clone(), mode: *mode };
            if self.strongest.as_ref().is_none_or(|held| mode.blocks() > held.mode.blocks()) {
                self.strongest = Some(lock());
            }
            self.several |= self.first.get_or_insert_with(lock).table != *table;
        }
    }
}
