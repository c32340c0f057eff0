//! `ALTER TABLE`: each action takes a lock of its own, and the strongest counts.

use rung_ddl::{Action, AlterTable, ConstraintKind as Kind, Kind as Object, Persistence};
use rung_sql::Span;

use super::Reader;
use crate::impact::{LockMode, Sure, TypeChange, Work, type_change};
use crate::schema::{ConstraintKind, Index, Key, Proof};

use LockMode::{AccessExclusive, AccessShare, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive};

impl Reader<'_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTable) {
        if alter.kind == Object::Index {
            return self.alter_index(alter);
        }
        let key = self.schema.key(&alter.name);
        let dropped = alter.actions.iter().filter_map(|(action, _)| match action {
            Action::DropConstraint { name, .. } => Some(name.name.clone()),
            _ => None,
        });
        self.dropped = dropped.collect();
        let partitioned = self.schema.table_at(&key).is_some_and(|table| table.partitioned);
        for (action, span) in &alter.actions {
            let known = self.impact.tasks.len();
            let mode = self.action(&key, action, *span);
            self.impact.lock(key.clone(), mode);
            match action {
                Action::Attach { .. } | Action::Detach { .. } | Action::Rename(_) | Action::SetSchema(_) => {}
                // There is nothing in the partitioned table itself.
                _ if alter.only && partitioned => self.impact.tasks.truncate(known),
                _ if alter.only => {
                    let mut at = 0;
                    self.impact.tasks.retain(|task| {
                        at += 1;
                        at <= known || task.table == key
                    });
                }
                // Newer servers lock what inherits before they look at what is asked for.
                _ if self.server.may_have(18) => self.lock_family(&key, mode),
                Action::AddConstraint(added) if added.no_inherit => {}
                // The indexes are built as CREATE INDEX does.
                Action::AddConstraint(added)
                    if partitioned && matches!(added.kind, Kind::Unique { .. } | Kind::Exclude) =>
                {
                    self.schema.children(&key).for_each(|child| self.lock_family(child, Share));
                }
                // What is done to a partitioned table is done to each partition.
                _ => self.lock_family(&key, mode),
            }
        }
    }

    fn alter_index(&mut self, alter: &AlterTable) {
        let Some(table) = self.schema.index(&alter.name).map(|index| index.table.clone()) else { return };
        for (action, _) in &alter.actions {
            if let Action::SetTablespace = action {
                self.impact.lock(table.clone(), AccessExclusive);
            }
            // Renaming one locks the index alone.
        }
    }

    /// The lock that one action takes, and the work that it does.
    fn action(&mut self, table: &Key, action: &Action, span: Span) -> LockMode {
        match action {
            Action::AddColumn { column, if_not_exists: true }
                if self.schema.table_at(table).is_some_and(|table| table.column(&column.name.name).is_some()) => {}
            Action::AddColumn { column, .. } => self.add_column(table, column, span),
            Action::AddConstraint(constraint) => return self.add_constraint(table, constraint, span),
            Action::DropConstraint { name, .. } => {
                self.lock_referenced(table, AccessExclusive, |there, _| there == name.name);
                let is_key =
                    self.schema.table_at(table).and_then(|table| table.constraint(&name.name)).is_some_and(|there| {
                        matches!(there.kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_))
                    });
                // With CASCADE the keys of others that lead to it go too; without, the server refuses.
                if is_key {
                    self.lock_inbound(table);
                }
            }
            Action::AlterConstraint { name, enforced: Some(false) } => {
                self.lock_referenced(table, AccessExclusive, |there, _| there == name.name);
            }
            Action::AlterConstraint { name, enforced: Some(true) } => {
                self.lock_referenced(table, ShareRowExclusive, |there, _| there == name.name);
                self.task(Work::Scan, table, "every row is checked", span);
                self.look_up_referenced(table, &name.name, span);
            }
            Action::DropColumn { column, .. } => {
                self.lock_referenced(table, AccessExclusive, |_, columns| columns.contains(&column.name));
            }
            Action::ValidateConstraint(name) => {
                let valid =
                    self.schema.table_at(table).and_then(|table| table.constraint(&name.name)).is_some_and(|c| c.valid);
                if !valid {
                    self.lock_referenced(table, RowShare, |there, _| there == name.name);
                    self.task(Work::Scan, table, "every row is checked", span);
                    self.look_up_referenced(table, &name.name, span);
                }
                return ShareUpdateExclusive;
            }
            Action::SetNotNull(column) => {
                let known = self.schema.table_at(table);
                if known
                    .is_none_or(|known| known.column(&column.name).is_none() && !self.is_not_null(known, &column.name))
                {
                    let why = "every row is checked for NULL, unless a valid CHECK says that there is none";
                    self.impact.task(Work::Scan, table, why, Sure::Perhaps, span);
                } else if known.is_some_and(|table| self.is_not_null(table, &column.name)) {
                    let mut below = Vec::new();
                    self.unproven_below(table, &column.name, &mut below);
                    below.iter().for_each(|child| self.task(Work::Scan, child, "every row is checked for NULL", span));
                } else {
                    self.task(Work::Scan, table, "every row is checked for NULL", span);
                }
            }
            Action::SetType { column, data_type, collation, using } => {
                let old = self.schema.table_at(table).and_then(|table| table.column(&column.name));
                let using = using.as_ref().map(|using| (using, self.text.get(using.span.range()).unwrap_or_default()));
                let change = match old {
                    Some(old) if old.computed_on_read => TypeChange::Free,
                    _ => type_change(self.schema, old.and_then(|old| old.data_type.as_ref()), data_type, using),
                };
                let recollated = old.is_some_and(|old| old.collation != *collation);
                self.set_type(table, &column.name, change, recollated, span);
                self.rekey(table, &column.name, change, span);
            }
            Action::SetExpression(column) => {
                let known = self.schema.table_at(table).and_then(|table| table.column(&column.name));
                if known.is_some_and(|column| column.computed_on_read) {
                    return AccessExclusive;
                }
                self.task(Work::Rewrite, table, "the expression is computed for each row", span);
            }
            Action::SetLogged | Action::SetUnlogged => {
                let unlogged = self.schema.table_at(table).map(|table| table.persistence == Persistence::Unlogged);
                let changes = unlogged.is_none_or(|unlogged| unlogged == matches!(action, Action::SetLogged));
                if unlogged.is_none() {
                    let why = "the table is copied, into the log or out of it, unless it is so already";
                    self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
                } else if changes {
                    self.task(Work::Rewrite, table, "the table is copied, into the log or out of it", span);
                }
            }
            Action::SetAccessMethod(_) => {
                let why = "the table is written in the other method's form, unless it has it already";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
            }
            Action::SetTablespace => {
                let why = "the table is copied to the tablespace, unless it is there already";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
            }
            Action::Attach { partition, .. } => {
                let partition = self.schema.key(partition);
                let bounds = self.text.get(span.range()).unwrap_or_default();
                self.search_default(table, bounds, span);
                self.impact.lock(partition.clone(), AccessExclusive);
                match self.schema.keeps_to(table, &partition, bounds) {
                    Proof::Holds => {}
                    Proof::Lacks => self.task(Work::Scan, &partition, "each row is held against the bounds", span),
                    Proof::Unknown => {
                        let why = "each row is held against the bounds, unless a valid CHECK says the same";
                        self.impact.task(Work::Scan, &partition, why, Sure::Perhaps, span);
                    }
                }
                for (to, is_kept) in self.schema.foreign_keys_for(table, &partition) {
                    // A key that is taken over loses its triggers to that of the partitioned table.
                    self.impact.lock(to.clone(), if is_kept { AccessExclusive } else { ShareRowExclusive });
                    if !is_kept {
                        self.impact.look_up(&to, &partition, span);
                        self.task(Work::Scan, &partition, "a foreign key of the partitioned table is checked", span);
                    }
                }
                let has = |whole: &Index| self.schema.indexes_of(&partition).any(|(_, own)| own.stands_for(whole));
                if self.schema.indexes_of(table).any(|(_, index)| !has(index)) {
                    self.task(Work::BuildIndex, &partition, "an index that the partitioned table has is built", span);
                }
                return ShareUpdateExclusive;
            }
            Action::Detach { partition, concurrently, finalize } => {
                let partition = self.schema.key(partition);
                self.lock_default(table);
                // Its foreign keys become its own, and those that lead to it lead to it no more.
                self.lock_referenced(table, ShareRowExclusive, |_, _| true);
                self.lock_inbound(table);
                let inbound: Vec<Key> = self.schema.inbound(table).map(|(key, _)| key.clone()).collect();
                for other in &inbound {
                    let why =
                        "rows that lead to the partition are looked for: the server refuses it where there are such";
                    self.impact.task(Work::Scan, other, why, Sure::Perhaps, span);
                    self.impact.look_up(&partition, other, span);
                }
                let weaker = !self.server.may_have(14) && inbound.is_empty();
                self.impact.lock(partition, if weaker { ShareUpdateExclusive } else { AccessExclusive });
                self.impact.outside |= *concurrently;
                self.impact.waits_for_snapshots |= *concurrently;
                return if *concurrently || *finalize { ShareUpdateExclusive } else { AccessExclusive };
            }
            Action::Inherit(parent) => self.lock(parent, ShareUpdateExclusive),
            Action::NoInherit(parent) => self.lock(parent, AccessShare),
            Action::Trigger { .. } => return ShareRowExclusive,
            Action::SetStatistics(_) | Action::ClusterOn => return ShareUpdateExclusive,
            Action::SetOptions(options) => {
                return options.iter().map(|(name, _)| option_lock(&name.name)).max().unwrap_or(AccessExclusive);
            }
            Action::ResetOptions(options) => {
                return options.iter().map(|name| option_lock(&name.name)).max().unwrap_or(AccessExclusive);
            }
            _ => {}
        }
        AccessExclusive
    }
}

/// The lock that setting a storage parameter takes (`reloptions.c`).
fn option_lock(name: &str) -> LockMode {
    let name = name.rsplit('.').next().unwrap_or(name);
    let weak = name.starts_with("autovacuum_")
        || matches!(
            name,
            "fillfactor"
                | "toast_tuple_target"
                | "parallel_workers"
                | "vacuum_index_cleanup"
                | "vacuum_truncate"
                | "log_autovacuum_min_duration"
                | "n_distinct"
                | "n_distinct_inherited"
        );
    if weak { ShareUpdateExclusive } else { AccessExclusive }
}
