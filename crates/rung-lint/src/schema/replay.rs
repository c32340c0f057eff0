//! Carrying a statement out on what is known of a schema.

use std::sync::Arc;

use rung_ddl::{Action, AlterTable, Constraint as Written, ConstraintKind as WrittenKind, CreateTable, Kind, Name};
use rung_ddl::{Parsed, Persistence, SmolStr, Statement};

use crate::File;

use super::store::Link;
use super::{Born, Column, Constraint, ConstraintKind, Index, Key, Schema, Table, Type, Volatility, foreign_key};

impl Schema {
    /// Carries a statement out. `text` is the statement's own, `born` who runs it.
    ///
    /// What makes no sense here (a column that is dropped twice) changes nothing: the server says so soon enough.
    pub fn apply(&mut self, parsed: &Parsed, text: &str, born: Born) {
        match &parsed.statement {
            Statement::CreateTable(create) => self.create_table(create, text, born),
            Statement::AlterTable(alter) => self.alter_table(alter, text, born),
            Statement::CreateIndex(create) => {
                let table = self.key(&create.table);
                let columns: Vec<Option<SmolStr>> =
                    create.columns.iter().map(|column| column.as_ref().map(|column| column.name.clone())).collect();
                let chosen = || {
                    let parts = columns.iter().map(|column| column.as_deref().unwrap_or("expr"));
                    let parts: Vec<&str> = std::iter::once(table.name.as_str()).chain(parts).collect();
                    SmolStr::from(format!("{}_idx", parts.join("_")))
                };
                // An index is in the schema of its table, whatever the search path says.
                let name = create.name.as_ref().map_or_else(chosen, |name| name.name.clone());
                let key = Key { schema: table.schema.clone(), name };
                let index = Index { table, columns, unique: create.unique, partial: create.partial, born };
                if !create.if_not_exists || !self.indexes.contains(&key) {
                    self.indexes.insert(key, index);
                }
            }
            Statement::CreateEnum { name, values } => {
                let made = self.made(name);
                Arc::make_mut(&mut self.types).insert(made, Type::Enum { values: values.clone(), born });
            }
            Statement::AddEnumValue { name, value, .. } => {
                let key = self.type_key(name);
                if let Some(Type::Enum { values, .. }) = Arc::make_mut(&mut self.types).get_mut(&key) {
                    values.push(value.clone());
                }
            }
            Statement::RenameEnumValue { name, from, to } => {
                let key = self.type_key(name);
                if let Some(Type::Enum { values, .. }) = Arc::make_mut(&mut self.types).get_mut(&key) {
                    values.iter_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
                }
            }
            Statement::CreateDomain { name, base, constraints } => {
                let made = self.made(name);
                let domain = Type::Domain { constrained: !constraints.is_empty(), base: base.clone(), born };
                Arc::make_mut(&mut self.types).insert(made, domain);
            }
            Statement::AlterDomain { name, constraint: Some(_), .. } => {
                let key = self.type_key(name);
                if let Some(Type::Domain { constrained, .. }) = Arc::make_mut(&mut self.types).get_mut(&key) {
                    *constrained = true;
                }
            }
            Statement::Create { kind: Kind::Publication, name: Some(name), .. } => {
                self.publish(&name.name, parsed, text);
            }
            Statement::Alter { kind: Kind::Publication, name: Some(name), .. }
                if !text.split_whitespace().any(|word| word.eq_ignore_ascii_case("drop")) =>
            {
                self.publish(&name.name, parsed, text);
            }
            Statement::Create { kind, name: Some(name), on, .. } => {
                self.create(*kind, name, on.as_ref(), text, born);
                if matches!(kind, Kind::View | Kind::MaterializedView) {
                    let reads = parsed.relations.iter().map(|read| self.key(read)).collect();
                    self.change_table(name, *kind, |table| table.reads = reads);
                }
            }
            Statement::Drop { kind, names, on, .. } => {
                names.iter().for_each(|name| self.drop_one(*kind, name));
                if let (Kind::Policy, Some(on)) = (kind, on) {
                    let dropped = names.len().max(1);
                    self.change_table(on, Kind::Table, |table| table.policies = table.policies.saturating_sub(dropped));
                }
            }
            Statement::Comment {
                kind: Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable,
                name: Some(name),
                column,
                text,
            } => {
                let column = column.as_ref().map(|column| column.name.clone());
                self.set_comment(self.key(name), column, text.as_deref());
            }
            Statement::Set { name, values, .. } if name == "search_path" && !self.search_path.is_empty() => {
                let path: Vec<SmolStr> =
                    values.iter().filter(|schema| *schema != "$user" && !schema.is_empty()).map(SmolStr::new).collect();
                self.search_path = if path.is_empty() { vec![SmolStr::new_static("public")] } else { path };
            }
            _ => {}
        }
    }

    /// Carries out what a migration runs.
    pub(crate) fn replay(&mut self, file: &File<'_>, born: Born) {
        let Some(up) = &file.up else { return };
        for (at, line) in up.lines.iter().enumerate() {
            self.apply(&line.parsed, up.text(at), born);
        }
    }

    /// Notes who made what a live database has told of; `false` where none has.
    pub(crate) fn credit(&mut self, parsed: &Parsed, made_by: Born) -> bool {
        if !self.live {
            return false;
        }
        match &parsed.statement {
            Statement::CreateTable(create) => {
                let key = self.made(&create.name);
                if let Some(mut table) = self.tables.take(&key) {
                    Arc::make_mut(&mut table).born = made_by;
                    self.tables.put(key, table);
                }
            }
            Statement::CreateEnum { name, .. } | Statement::CreateDomain { name, .. } => {
                let key = self.made(name);
                if let Some(Type::Enum { born, .. } | Type::Domain { born, .. }) =
                    Arc::make_mut(&mut self.types).get_mut(&key)
                {
                    *born = made_by;
                }
            }
            Statement::Create { kind, name: Some(name), .. } => {
                let key = self.other_key(*kind, name);
                if let Some(born) = self.others.get_mut(&(*kind, key)) {
                    *born = made_by;
                }
            }
            _ => {}
        }
        true
    }

    fn publish(&mut self, name: &str, parsed: &Parsed, text: &str) {
        let tables: Vec<Key> = parsed.relations.iter().map(|table| self.key(table)).collect();
        self.published.add(name, tables.into_iter(), text);
    }

    /// Puts the search path back, as a run does between two migrations.
    pub fn reset_search_path(&mut self) {
        if !self.search_path.is_empty() {
            self.search_path = vec![SmolStr::new_static("public")];
        }
    }

    /// Changes a table, of which nothing may be known before.
    fn change_table(&mut self, name: &Name, kind: Kind, change: impl FnOnce(&mut Table)) {
        let key = self.key(name);
        let mut table = self.tables.remove(&key).unwrap_or_else(|| Arc::new(Table::unknown(kind)));
        change(Arc::make_mut(&mut table));
        self.tables.insert(key, table);
    }

    fn create(&mut self, kind: Kind, name: &Name, on: Option<&Name>, text: &str, born: Born) {
        match kind {
            Kind::View | Kind::MaterializedView | Kind::ForeignTable => {
                let key = self.made(name);
                // A view that is replaced was there before.
                if !self.tables.contains(&key) {
                    self.tables.insert(key, Table { born, ..Table::unknown(kind) });
                }
            }
            Kind::Policy => {
                if let Some(on) = on {
                    self.change_table(on, Kind::Table, |table| table.policies += 1);
                }
            }
            Kind::Schema | Kind::Extension => {
                let key = Key { schema: SmolStr::default(), name: name.name.clone() };
                self.others.entry((kind, key)).or_insert(born);
            }
            _ => {
                let key = self.made(name);
                if kind == Kind::Routine {
                    let words = text.to_ascii_lowercase();
                    let has = |wanted: &[&str]| words.split_whitespace().any(|word| wanted.contains(&word));
                    let volatility = if has(&["immutable", "stable"]) {
                        Volatility::Steady
                    } else if words.contains("language sql") {
                        // The planner may put its body in its place, and that need not be volatile.
                        Volatility::Unknown
                    } else {
                        Volatility::Volatile
                    };
                    self.functions.insert(key.clone(), volatility);
                }
                self.others.entry((kind, key)).or_insert(born);
            }
        }
    }

    fn create_table(&mut self, create: &CreateTable, text: &str, born: Born) {
        let key = self.made(&create.name);
        if create.if_not_exists && self.tables.contains(&key) {
            return;
        }
        let parents: Vec<Key> =
            create.partition_of.iter().chain(&create.inherits).chain(&create.like).map(|n| self.key(n)).collect();
        let inherited: Vec<Column> =
            parents.iter().filter_map(|parent| self.tables.get(parent)).flat_map(|t| t.columns.clone()).collect();
        let known = parents.iter().all(|parent| self.tables.get(parent).is_some_and(|table| table.complete));
        let mut table = Table {
            born,
            complete: known && !create.from_query && create.module.is_none(),
            persistence: create.persistence,
            columns: inherited,
            partitioned: create.partitioned,
            partition_of: create.partition_of.as_ref().map(|name| self.key(name)),
            default_partition: create.default_partition,
            inherits: create.inherits.iter().map(|name| self.key(name)).collect(),
            module: create.module.clone(),
            ..Table::unknown(Kind::Table)
        };
        if create.persistence == Persistence::Temporary {
            table.born = born;
        }
        let mut inherited = table.columns.len();
        for column in &create.columns {
            // It may be one that is inherited; among its own the server takes none twice.
            if let Some(at) = table.columns[..inherited].iter().position(|there| there.name == column.name.name) {
                table.columns.remove(at);
                inherited -= 1;
            }
            self.add_column(&mut table, &key, column, text, born);
        }
        for constraint in &create.constraints {
            self.add_constraint(&mut table, &key, constraint, text, born);
        }
        // Where there are no rows, NOT VALID says nothing.
        table.constraints.iter_mut().for_each(|constraint| constraint.valid = constraint.enforced);
        self.tables.insert(key, table);
    }

    fn add_column(&mut self, table: &mut Table, key: &Key, column: &rung_ddl::Column, text: &str, born: Born) {
        let serial = column.data_type.as_ref().is_some_and(|data_type| data_type.name.ends_with("serial"));
        table.columns.push(Column {
            name: column.name.name.clone(),
            data_type: column.data_type.clone(),
            collation: column.collation.clone(),
            not_null: column.not_null() || serial,
            default: column.default().is_some_and(|default| !default.null) || serial,
            default_text: column.default().and_then(|default| text.get(default.span.range())).map(str::to_owned),
            generated: column
                .find(|kind| matches!(kind, WrittenKind::Generated { .. } | WrittenKind::Identity).then_some(()))
                .is_some(),
            computed_on_read: column
                .find(|kind| matches!(kind, WrittenKind::Generated { stored: false, .. }).then_some(()))
                .is_some(),
        });
        for constraint in &column.constraints {
            self.add_constraint(table, key, constraint, text, born);
        }
    }

    /// Adds a constraint to a table, with the index that the server makes for it.
    fn add_constraint(&mut self, table: &mut Table, key: &Key, written: &Written, text: &str, born: Born) {
        let names = |columns: &[rung_ddl::Ident]| -> Vec<SmolStr> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        let mut indexed: Option<Vec<SmolStr>> = None;
        let (suffix, kind) = match &written.kind {
            WrittenKind::PrimaryKey { columns, index, .. } => {
                let columns = self.columns_of(columns, index.as_ref());
                columns.iter().for_each(|name| table.set_not_null(name));
                indexed = Some(columns.clone());
                ("pkey", ConstraintKind::PrimaryKey(columns))
            }
            WrittenKind::Unique { columns, index } => {
                let columns = self.columns_of(columns, index.as_ref());
                indexed = Some(columns.clone());
                ("key", ConstraintKind::Unique(columns))
            }
            WrittenKind::Check(expression) => {
                let columns = names(&expression.columns);
                let body = text.get(expression.span.range()).unwrap_or_default();
                ("check", ConstraintKind::Check { not_null: not_null_of(body, &columns), columns })
            }
            WrittenKind::NotNull(column) => {
                if !written.not_valid {
                    table.set_not_null(&column.name);
                }
                if written.name.is_none() {
                    return;
                }
                ("not_null", ConstraintKind::NotNull(column.name.clone()))
            }
            WrittenKind::ForeignKey(foreign) => {
                self.tables.link(key, Link::Reference, &self.key(&foreign.table));
                ("fkey", foreign_key(self, foreign))
            }
            WrittenKind::Exclude => ("excl", ConstraintKind::Exclude),
            _ => return,
        };
        let name = written.name.as_ref().map_or_else(|| chosen_name(key, &kind, suffix), |name| name.name.clone());
        if let Some(columns) = indexed {
            let index_key = Key { schema: key.schema.clone(), name: name.clone() };
            let columns = columns.into_iter().map(Some).collect();
            let index = Index { table: key.clone(), columns, unique: true, partial: false, born };
            self.indexes.insert(index_key, index);
        }
        table.constraints.push(Constraint {
            name,
            kind,
            valid: !written.not_valid,
            enforced: !written.not_enforced,
            born,
        });
    }

    /// The name that the server chooses for a constraint of a table that has none; `None` where it has one like it already,
    /// or chooses none.
    pub(crate) fn chosen_name(&self, key: &Key, written: &Written) -> Option<SmolStr> {
        let names = |columns: &[rung_ddl::Ident]| columns.iter().map(|column| column.name.clone()).collect();
        let (kind, suffix) = match &written.kind {
            WrittenKind::PrimaryKey { columns, .. } => (ConstraintKind::PrimaryKey(names(columns)), "pkey"),
            WrittenKind::Unique { columns, .. } => (ConstraintKind::Unique(names(columns)), "key"),
            WrittenKind::Check(expression) => {
                (ConstraintKind::Check { not_null: None, columns: names(&expression.columns) }, "check")
            }
            WrittenKind::ForeignKey(foreign) => (foreign_key(self, foreign), "fkey"),
            _ => return None,
        };
        let name = chosen_name(key, &kind, suffix);
        let is_taken = self.table_at(key).is_some_and(|table| table.constraint(&name).is_some())
            || self.index_at(&Key { schema: key.schema.clone(), name: name.clone() }).is_some();
        (!is_taken).then_some(name)
    }

    /// The columns of a key, its index's where it has one. That index takes the constraint's name.
    fn columns_of(&mut self, columns: &[rung_ddl::Ident], index: Option<&Name>) -> Vec<SmolStr> {
        let Some(index) = index else { return columns.iter().map(|column| column.name.clone()).collect() };
        let key = self.found(index, |key| self.indexes.contains(key));
        let index = self.indexes.remove(&key);
        index.map(|index| index.columns.iter().flatten().cloned().collect()).unwrap_or_default()
    }

    fn alter_table(&mut self, alter: &AlterTable, text: &str, born: Born) {
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
                    let has = |index: &Index| index.columns.iter().flatten().any(|name| *name == column.name);
                    self.indexes.change_of(&key, |index| !has(index));
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
                    }
                    self.indexes.change_of(&key, |index| {
                        for column in index.columns.iter_mut().flatten().filter(|name| **name == from.name) {
                            column.clone_from(&to.name);
                        }
                        true
                    });
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
                Action::RowSecurity { enable } => table.row_security = *enable,
                Action::SetUnlogged => table.persistence = Persistence::Unlogged,
                Action::SetLogged => table.persistence = Persistence::Permanent,
                _ => {}
            }
        }
        if stays { self.tables.put(key, shared) } else { self.tables.insert(key, shared) }
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

    fn drop_one(&mut self, kind: Kind, name: &Name) {
        match kind {
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
                let key = self.key(name);
                self.tables.remove(&key);
                self.indexes.change_of(&key, |_| false);
                self.tables.change_users(&key, |table| {
                    table
                        .constraints
                        .retain(|c| !matches!(&c.kind, ConstraintKind::ForeignKey { to, .. } if *to == key));
                });
            }
            Kind::Index => {
                let key = self.found(name, |key| self.indexes.contains(key));
                self.indexes.remove(&key);
            }
            Kind::Type | Kind::Domain => {
                let key = self.type_key(name);
                Arc::make_mut(&mut self.types).remove(&key);
                self.others.remove(&(kind, key));
            }
            Kind::Schema => {
                self.others.remove(&(kind, Key { schema: SmolStr::default(), name: name.name.clone() }));
                self.tables.remove_schema(&name.name);
                self.indexes.remove_schema(&name.name);
            }
            Kind::Policy => {}
            Kind::Publication => self.published.drop(&name.name),
            _ => {
                let key = self.made(name);
                self.functions.remove(&key);
                self.others.remove(&(kind, key));
            }
        }
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

/// The name that PostgreSQL gives a constraint: `table_column_suffix`.
fn chosen_name(table: &Key, kind: &ConstraintKind, suffix: &str) -> SmolStr {
    let columns: Vec<&str> = match kind {
        ConstraintKind::Unique(columns) | ConstraintKind::ForeignKey { columns, .. } => {
            columns.iter().map(SmolStr::as_str).collect()
        }
        // A CHECK is named after its column where it has one.
        ConstraintKind::Check { columns, .. } => {
            let mut distinct: Vec<&str> = columns.iter().map(SmolStr::as_str).collect();
            distinct.dedup();
            if distinct.len() == 1 { distinct } else { Vec::new() }
        }
        _ => Vec::new(),
    };
    let parts: Vec<&str> = std::iter::once(table.name.as_str()).chain(columns).chain([suffix]).collect();
    parts.join("_").into()
}

/// The column of an expression `c IS NOT NULL`.
fn not_null_of(body: &str, columns: &[SmolStr]) -> Option<SmolStr> {
    let [column] = columns else { return None };
    let words: Vec<&str> = body.trim_matches(['(', ')', ' ']).split_whitespace().collect();
    let (named, rest) = words.split_at_checked(words.len().checked_sub(3)?)?;
    // A name in quotes may have several words.
    let is_name = named.len() == 1 || named.concat().matches('"').count() == 2 && named.last()?.ends_with('"');
    let is_test = rest.iter().zip(["is", "not", "null"]).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted));
    (is_name && is_test).then(|| column.clone())
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
        ConstraintKind::Check { columns, not_null } => {
            columns.iter_mut().chain(not_null).for_each(rename);
        }
        ConstraintKind::NotNull(name) => rename(name),
        ConstraintKind::Exclude => {}
    }
}
