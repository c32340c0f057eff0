//! `ALTER TABLE`, carried out on what is known of a schema.

use std::sync::Arc;

use rung_ddl::{Action, AlterTable, Kind, Persistence, SmolStr};

use super::{Born, ConstraintKind, Index, Key, Schema, Stands, Table};

impl Schema {
    pub(super) fn alter_table(&mut self, alter: &AlterTable, text: &str, born: Born) {
        if alter.kind == Kind::Index {
            if let Some((Action::Rename(to), _)) = alter.actions.first() {
                let key = self.found(&alter.name, |key| self.indexes.contains(key));
                if let Some(index) = self.indexes.remove(&key) {
                    self.indexes.insert(Key { name: to.name.clone(), ..key }, index);
                }
            }
            return;
        }
        let mut key = self.key(&alter.name);
        // Most leave what it points at as it is, and a table may point at thousands.
        let stays = alter.actions.iter().all(|(action, _)| leaves_links(action));
        let table = if stays { self.tables.take(&key) } else { self.tables.remove(&key) };
        let mut shared = table.unwrap_or_else(|| Arc::new(Table::unknown(alter.kind)));
        let table = Arc::make_mut(&mut shared);
        for (action, _) in &alter.actions {
            match action {
                Action::AddColumn { column, if_not_exists }
                    if !(*if_not_exists && table.column(&column.name.name).is_some()) =>
                {
                    table.columns.retain(|there| there.name != column.name.name);
                    self.add_column(table, &key, column, text, born);
                }
                Action::DropColumn { column, .. } => {
                    table.columns.retain(|there| there.name != column.name);
                    table.constraints.retain(|constraint| !mentions(&constraint.kind, &column.name));
                    self.drop_indexes_on(&key, &column.name);
                }
                Action::SetType { column, data_type, collation, .. } => {
                    if let Some(there) = table.columns.iter_mut().find(|there| there.name == column.name) {
                        there.data_type = Some(data_type.clone());
                        there.collation.clone_from(collation);
                    }
                }
                Action::SetNotNull(column) | Action::DropNotNull(column) => {
                    let not_null = matches!(action, Action::SetNotNull(_));
                    let there = table.columns.iter_mut().find(|there| there.name == column.name);
                    if let Some(there) = there {
                        there.not_null = not_null;
                    }
                }
                Action::SetDefault(column, default) => {
                    if let Some(there) = table.columns.iter_mut().find(|there| there.name == column.name) {
                        there.default = !default.null;
                        there.default_text = text.get(default.span.range()).map(str::to_owned);
                    }
                }
                Action::DropDefault(column) => {
                    if let Some(there) = table.columns.iter_mut().find(|there| there.name == column.name) {
                        there.default = false;
                        there.default_text = None;
                    }
                }
                Action::AddConstraint(constraint) => self.add_constraint(table, &key, constraint, text, born),
                Action::DropConstraint { name, .. } => {
                    table.constraints.retain(|constraint| constraint.name != name.name);
                    self.indexes.remove(&Key { schema: key.schema.clone(), name: name.name.clone() });
                }
                Action::ValidateConstraint(name) => {
                    let mut not_null = None;
                    for constraint in table.constraints.iter_mut().filter(|there| there.name == name.name) {
                        constraint.valid = true;
                        if let ConstraintKind::NotNull(column) = &constraint.kind {
                            not_null = Some(column.clone());
                        }
                    }
                    table
                        .columns
                        .iter_mut()
                        .filter(|c| Some(&c.name) == not_null.as_ref())
                        .for_each(|c| c.not_null = true);
                }
                Action::RenameConstraint { from, to } => {
                    for constraint in table.constraints.iter_mut().filter(|there| there.name == from.name) {
                        constraint.name.clone_from(&to.name);
                    }
                }
                Action::RenameColumn { from, to } => {
                    for column in table.columns.iter_mut().filter(|there| there.name == from.name) {
                        column.name.clone_from(&to.name);
                    }
                    for constraint in &mut table.constraints {
                        rename_in(&mut constraint.kind, &from.name, &to.name);
                        match &mut constraint.stands {
                            Stands::AtColumn(column) if *column == from.name => column.clone_from(&to.name),
                            _ => {}
                        }
                    }
                    let used = table.columns.iter_mut().flat_map(|column| &mut column.from);
                    let used = used.chain(&mut table.partition_key);
                    used.filter(|name| **name == from.name).for_each(|name| name.clone_from(&to.name));
                    self.rename_in_indexes(&key, &from.name, &to.name);
                }
                Action::Rename(to) => self.moved(&mut key, |key| key.name.clone_from(&to.name)),
                Action::SetSchema(to) => self.moved(&mut key, |key| key.schema.clone_from(&to.name)),
                Action::Attach { partition, default } => {
                    self.change_table(partition, Kind::Table, |part| {
                        part.partition_of = Some(key.clone());
                        part.default_partition = *default;
                    });
                    table.partitioned = true;
                }
                Action::Detach { partition, .. } => {
                    self.change_table(partition, Kind::Table, |part| {
                        part.partition_of = None;
                        part.default_partition = false;
                    });
                }
                Action::Inherit(parent) => table.inherits.push(self.key(parent)),
                Action::NoInherit(parent) => {
                    let parent = self.key(parent);
                    table.inherits.retain(|there| *there != parent);
                }
                Action::OfType(name) => table.of_type = name.as_ref().map(|name| self.type_key(name)),
                Action::RowSecurity { enable } => table.row_security = *enable,
                Action::SetUnlogged => table.persistence = Persistence::Unlogged,
                Action::SetLogged => table.persistence = Persistence::Permanent,
                _ => {}
            }
        }
        if stays { self.tables.put(key, shared) } else { self.tables.insert(key, shared) }
    }

    /// Drops the indexes that a column is in.
    pub(super) fn drop_indexes_on(&mut self, table: &Key, column: &str) {
        let has = |index: &Index| index.columns.iter().flatten().chain(&index.within).any(|name| name == column);
        self.indexes.change_of(table, |index| !has(index));
    }

    /// Gives a column of indexes another name.
    pub(super) fn rename_in_indexes(&mut self, table: &Key, from: &str, to: &SmolStr) {
        self.indexes.change_of(table, |index| {
            let names = index.columns.iter_mut().flatten().chain(&mut index.within);
            names.filter(|name| *name == from).for_each(|name| name.clone_from(to));
            true
        });
    }

    /// Gives a table another name; what points at it follows.
    fn moved(&mut self, key: &mut Key, change: impl Fn(&mut Key)) {
        let old = key.clone();
        change(key);
        self.indexes.change_of(&old, |index| {
            index.table.clone_from(key);
            true
        });
        self.tables.change_users(&old, |table| {
            for constraint in &mut table.constraints {
                if let ConstraintKind::ForeignKey { to, .. } = &mut constraint.kind
                    && *to == old
                {
                    to.clone_from(key);
                }
            }
            let links = table.partition_of.iter_mut().chain(&mut table.inherits).chain(&mut table.reads);
            links.filter(|link| **link == old).for_each(|link| link.clone_from(key));
        });
    }
}

/// Whether an action leaves a table pointing at all that it points at, and noted under its name.
fn leaves_links(action: &Action) -> bool {
    !matches!(
        action,
        Action::DropColumn { .. }
            | Action::DropConstraint { .. }
            | Action::Rename(_)
            | Action::SetSchema(_)
            | Action::Attach { .. }
            | Action::Detach { .. }
            | Action::Inherit(_)
            | Action::NoInherit(_)
    )
}

fn mentions(kind: &ConstraintKind, column: &str) -> bool {
    match kind {
        ConstraintKind::PrimaryKey(columns)
        | ConstraintKind::Unique(columns)
        | ConstraintKind::Check { columns, .. }
        | ConstraintKind::ForeignKey { columns, .. } => columns.iter().any(|name| name == column),
        ConstraintKind::NotNull(name) => name == column,
        ConstraintKind::Exclude => false,
    }
}

fn rename_in(kind: &mut ConstraintKind, from: &str, to: &str) {
    let rename = |name: &mut SmolStr| {
        if name == from {
            *name = to.into();
        }
    };
    match kind {
        ConstraintKind::PrimaryKey(columns)
        | ConstraintKind::Unique(columns)
        | ConstraintKind::ForeignKey { columns, .. } => columns.iter_mut().for_each(rename),
        ConstraintKind::Check { columns, not_null, .. } => {
            columns.iter_mut().chain(not_null).for_each(rename);
        }
        ConstraintKind::NotNull(name) => rename(name),
        ConstraintKind::Exclude => {}
    }
}
