//! Carrying a statement out on what is known of a schema.

use std::sync::Arc;

use rung_ddl::{CreateTable, Kind, Name, Parsed, Persistence, SmolStr, Statement};

use crate::File;

use super::{Born, Column, ConstraintKind, Index, Key, Schema, Table, Type, bounds};

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
                let chosen = || {
                    let parts = create.columns.iter().map(|c| c.as_ref().map_or("expr", |column| &column.name));
                    let parts: Vec<&str> = std::iter::once(table.name.as_str()).chain(parts).collect();
                    SmolStr::from(format!("{}_idx", parts.join("_")))
                };
                // An index is in the schema of its table, whatever the search path says.
                let name = create.name.as_ref().map_or_else(chosen, |name| name.name.clone());
                let key = Key { schema: table.schema.clone(), name };
                let index = Index { born, ..Index::made(create, table) };
                if !create.if_not_exists || !self.indexes.contains(&key) {
                    self.indexes.insert(key, index);
                }
            }
            Statement::CreateEnum { .. }
            | Statement::AddEnumValue { .. }
            | Statement::RenameEnumValue { .. }
            | Statement::CreateComposite { .. }
            | Statement::AlterComposite { .. }
            | Statement::CreateDomain { .. }
            | Statement::AlterDomain { .. }
            | Statement::Rename { kind: Kind::Type | Kind::Domain, .. } => {
                self.apply_to_types(&parsed.statement, text, born);
            }
            Statement::Create { kind: Kind::Publication, name: Some(name), .. } => {
                self.publish(&name.name, parsed, text);
            }
            Statement::Alter { kind: Kind::Publication, name: Some(name), .. }
                if !text.split_whitespace().any(|word| word.eq_ignore_ascii_case("drop")) =>
            {
                self.publish(&name.name, parsed, text);
            }
            Statement::Alter { kind: Kind::Routine, name: Some(name), .. } => {
                let key = self.function_key(name);
                self.functions.alter(&key, text);
            }
            Statement::Create { kind, name: Some(name), on, .. } => {
                self.create(*kind, name, on.as_ref(), text, born);
                if matches!(kind, Kind::View | Kind::MaterializedView) {
                    let reads = parsed.relations.iter().map(|read| self.key(read)).collect();
                    self.change_table(name, *kind, |table| table.reads = reads);
                }
                self.keep_text(*kind, name, on.as_ref(), text);
            }
            Statement::Drop { kind, names, on, .. } => {
                names.iter().for_each(|name| self.drop_one(*kind, name, text));
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
            Statement::Set { name, values, .. } if name == "timezone" => {
                const SAME: [&str; 6] = ["utc", "etc/utc", "gmt", "etc/gmt", "zulu", "universal"];
                self.utc = matches!(values.as_slice(), [zone] if SAME.iter().any(|utc| zone.eq_ignore_ascii_case(utc)));
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
            Statement::CreateEnum { name, .. }
            | Statement::CreateComposite { name, .. }
            | Statement::CreateDomain { name, .. } => {
                let key = self.made(name);
                if let Some(known) = Arc::make_mut(&mut self.types).get_mut(&key) {
                    *known.born_mut() = made_by;
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

    /// Puts the search path and the time zone back, as a run does between two migrations.
    pub fn reset_search_path(&mut self) {
        self.utc = false;
        if !self.search_path.is_empty() {
            self.search_path = vec![SmolStr::new_static("public")];
        }
    }

    /// Changes a table, of which nothing may be known before.
    pub(super) fn change_table(&mut self, name: &Name, kind: Kind, change: impl FnOnce(&mut Table)) {
        let key = self.key(name);
        let mut table = self.tables.remove(&key).unwrap_or_else(|| Arc::new(Table::unknown(kind)));
        change(Arc::make_mut(&mut table));
        self.tables.insert(key, table);
    }

    /// Keeps the text of a view, and of what SQLite holds a table's columns by.
    fn keep_text(&mut self, kind: Kind, name: &Name, on: Option<&Name>, text: &str) {
        let table = match (kind, on) {
            (Kind::View | Kind::MaterializedView, _) => name,
            (Kind::Trigger, Some(on)) => on,
            _ => return,
        };
        // Where there are schemas, triggers hold no columns.
        if (kind != Kind::Trigger || self.search_path.is_empty()) && self.table(table).is_some() {
            self.change_table(table, Kind::Table, |table| {
                table.texts.retain(|(there, _)| *there != name.name);
                table.texts.push((name.name.clone(), text.to_owned()));
            });
        }
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
                    self.functions.create(key.clone(), text);
                }
                self.others.entry((kind, key)).or_insert(born);
            }
        }
    }

    fn create_table(&mut self, create: &CreateTable, text: &str, born: Born) {
        let key = self.made_table(create);
        if let Born::In(maker) = born {
            self.first_maker.get_or_insert(maker);
        }
        if create.if_not_exists && self.tables.contains(&key) {
            return;
        }
        let parents: Vec<Key> =
            create.partition_of.iter().chain(&create.inherits).chain(&create.like).map(|n| self.key(n)).collect();
        let mut inherited: Vec<Column> =
            parents.iter().filter_map(|parent| self.tables.get(parent)).flat_map(|t| t.columns.clone()).collect();
        let mut known = parents.iter().all(|parent| self.tables.get(parent).is_some_and(|table| table.complete));
        let of_type = create.of_type.as_ref().map(|name| self.type_key(name));
        if let Some(composite) = &of_type {
            match self.types.get(composite) {
                Some(Type::Composite(composite)) => inherited.extend(composite.attributes.iter().cloned()),
                _ => known = false,
            }
        }
        let mut table = Table {
            born,
            complete: known && !create.from_query && create.module.is_none(),
            persistence: create.persistence,
            columns: inherited,
            partitioned: create.partitioned,
            partition_key: if create.partitioned { bounds::key_of(text) } else { Vec::new() },
            partition_of: create.partition_of.as_ref().map(|name| self.key(name)),
            default_partition: create.default_partition,
            inherits: create.inherits.iter().map(|name| self.key(name)).collect(),
            of_type,
            module: create.module.clone(),
            strict: create.strict,
            ..Table::unknown(Kind::Table)
        };
        if create.persistence == Persistence::Temporary {
            table.born = born;
        }
        let mut inherited = table.columns.len();
        for column in &create.columns {
            // It may be one that is inherited; among its own the server takes none twice.
            let there = table.columns[..inherited].iter().position(|there| there.name == column.name.name);
            let there = there.map(|at| table.columns.remove(at));
            inherited -= usize::from(there.is_some());
            self.add_column(&mut table, &key, column, text, born);
            // Of a column of a table's type, or of a partition, only what is added is written.
            if let (Some(there), Some(column)) = (there, table.columns.last_mut().filter(|it| it.data_type.is_none())) {
                (column.data_type, column.collation) = (there.data_type, there.collation);
            }
        }
        for constraint in &create.constraints {
            self.add_constraint(&mut table, &key, constraint, text, born);
        }
        // Where there are no rows, NOT VALID says nothing.
        table.constraints.iter_mut().for_each(|constraint| constraint.valid = constraint.enforced);
        self.tables.insert(key, table);
    }

    fn drop_one(&mut self, kind: Kind, name: &Name, text: &str) {
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
            // Where a trigger is dropped by its name alone, it is the only one that has it.
            Kind::Trigger if self.search_path.is_empty() => {
                let has = |table: &Table| table.texts.iter().any(|(there, _)| *there == name.name);
                let of = self.tables.iter().find(|(_, table)| has(table)).map(|(key, _)| key.clone());
                if let Some((key, mut table)) = of.and_then(|key| Some((key.clone(), self.tables.take(&key)?))) {
                    Arc::make_mut(&mut table).texts.retain(|(there, _)| *there != name.name);
                    self.tables.put(key, table);
                }
                self.others.remove(&(kind, self.made(name)));
            }
            Kind::Publication => self.published.drop(&name.name),
            _ => {
                let key = self.made(name);
                // A trigger may have its function's name.
                if kind == Kind::Routine {
                    // The parameters are those of the first name: nobody drops several that have namesakes.
                    self.functions.drop(&key, text);
                }
                self.others.remove(&(kind, key));
            }
        }
    }
}
