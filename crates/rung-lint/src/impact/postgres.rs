//! PostgreSQL: which statement takes which lock, and what it does while it holds it.
//!
//! Each claim is held against a real server by `tests/truth.rs`. Where the documentation says something else, the
//! server is right.

use rung_ddl::{
    Action, AlterTable, Column, Constraint, ConstraintKind as Kind, CreateTable, Kind as Object, Name, Parsed,
    Persistence, Statement, Verb,
};
use rung_sql::Span;

use super::{Impact, LockMode, Server, Sure, TypeChange, Work, type_change};
use crate::schema::{ConstraintKind, Key, Schema, Type, Volatility};

use LockMode::{AccessExclusive, AccessShare, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive};

/// What a statement does on a server, with the schema as it stands before.
pub(crate) fn impact(parsed: &Parsed, text: &str, schema: &Schema, server: Server) -> Impact {
    let mut reader = Reader { impact: Impact::default(), schema, server, text };
    reader.statement(&parsed.statement);
    let for_update = matches!(parsed.statement, Statement::Data { verb: Verb::SelectForUpdate, .. });
    // Whatever else is named is read.
    if !matches!(parsed.statement, Statement::Comment { .. } | Statement::Grant { .. } | Statement::Drop { .. }) {
        for name in &parsed.relations {
            reader.lock(name, if for_update { RowShare } else { AccessShare });
        }
    }
    if let Statement::CreateTable(create) = &parsed.statement {
        let own = schema.made(&create.name);
        reader.impact.locks.retain(|(table, _)| *table != own);
    }
    reader.impact.settled()
}

struct Reader<'a> {
    impact: Impact,
    schema: &'a Schema,
    server: Server,
    text: &'a str,
}

impl Reader<'_> {
    fn lock(&mut self, name: &Name, mode: LockMode) {
        let key = self.schema.key(name);
        self.impact.lock(key, mode);
    }

    /// Locks a table with its partitions, and what inherits from it.
    fn lock_family(&mut self, table: &Key, mode: LockMode) {
        self.impact.lock(table.clone(), mode);
        let children: Vec<Key> = self.schema.children(table).cloned().collect();
        children.into_iter().for_each(|child| self.impact.lock(child, mode));
    }

    fn task(&mut self, work: Work, table: &Key, why: impl Into<String>, span: Span) {
        self.impact.task(work, table, why, Sure::Yes, span);
    }

    /// Locks the tables that foreign keys of a table lead to: their triggers go with the table.
    fn lock_referenced(&mut self, table: &Key, mode: LockMode, only: impl Fn(&str, &[String]) -> bool) {
        let Some(known) = self.schema.table_at(table) else { return };
        for constraint in &known.constraints {
            if let ConstraintKind::ForeignKey { columns, to, .. } = &constraint.kind
                && only(&constraint.name, columns)
            {
                self.impact.lock(to.clone(), mode);
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let whole = Span::new(0, self.text.len());
        match statement {
            Statement::CreateTable(create) => self.create_table(create),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::CreateIndex(create) => {
                let key = self.schema.key(&create.table);
                if create.concurrently {
                    self.impact.lock(key.clone(), ShareUpdateExclusive);
                    self.impact.waits_for_snapshots = true;
                    self.impact.outside = true;
                } else {
                    self.impact.lock(key.clone(), Share);
                    if !create.only {
                        self.lock_family(&key, Share);
                    }
                }
                let hollow = create.only && self.schema.table_at(&key).is_some_and(|table| table.partitioned);
                if !hollow {
                    self.task(Work::BuildIndex, &key, "the index is built", whole);
                }
            }
            Statement::Create { kind: Object::Trigger, on: Some(on), .. } => self.lock(on, ShareRowExclusive),
            Statement::Create { kind: Object::Policy | Object::Rule, on: Some(on), .. }
            | Statement::Alter { kind: Object::Policy | Object::Trigger | Object::Rule, on: Some(on), .. } => {
                self.lock(on, AccessExclusive);
            }
            Statement::Create { kind: Object::Statistics, on: Some(on), .. } => self.lock(on, ShareUpdateExclusive),
            Statement::AlterDomain { name, checks: true, .. } => self.domain_users(name),
            Statement::Drop { kind, names, concurrently, on, .. } => {
                self.drop_objects(*kind, names, *concurrently, on.as_ref())
            }
            Statement::Create { kind: Object::View, name: Some(name), replace: true, .. }
                if self.schema.table(name).is_some() =>
            {
                self.lock(name, AccessExclusive);
            }
            Statement::Truncate { tables, cascade } => {
                for name in tables {
                    let key = self.schema.key(name);
                    self.lock_family(&key, AccessExclusive);
                    let inbound: Vec<Key> = self.schema.inbound(&key).map(|(key, _)| key.clone()).collect();
                    if *cascade {
                        inbound.into_iter().for_each(|other| self.impact.lock(other, AccessExclusive));
                    }
                }
            }
            Statement::Reindex { kind, name, concurrently } => {
                self.impact.outside = *concurrently || !matches!(kind, Object::Index | Object::Table);
                let table = match (kind, name) {
                    (Object::Index, Some(name)) => self.schema.index(name).map(|index| index.table.clone()),
                    (Object::Table, Some(name)) => Some(self.schema.key(name)),
                    _ => None,
                };
                if let Some(table) = table {
                    let mode = if *concurrently { ShareUpdateExclusive } else { Share };
                    self.impact.lock(table.clone(), mode);
                    self.task(Work::BuildIndex, &table, "indexes are built anew", whole);
                }
                self.impact.waits_for_snapshots = *concurrently;
            }
            Statement::Refresh { name, concurrently, with_data } => {
                let mode = if *concurrently { LockMode::Exclusive } else { AccessExclusive };
                self.lock(name, mode);
                let reads = self.schema.table(name).map(|view| view.reads.clone()).unwrap_or_default();
                if *with_data {
                    reads.into_iter().for_each(|read| self.impact.lock(read, AccessShare));
                    let key = self.schema.key(name);
                    // Concurrently, the difference is written into the view as it is.
                    let work = if *concurrently { Work::Scan } else { Work::Rewrite };
                    self.task(work, &key, "the view's query is run", whole);
                }
            }
            Statement::Vacuum { tables, full, analyze_only } => {
                self.impact.outside = !analyze_only;
                for name in tables {
                    let key = self.schema.key(name);
                    if *full {
                        self.impact.lock(key.clone(), AccessExclusive);
                        self.task(Work::Rewrite, &key, "VACUUM FULL writes the table anew", whole);
                    } else {
                        self.impact.lock(key, ShareUpdateExclusive);
                    }
                }
            }
            Statement::Cluster { table } => {
                if let Some(name) = table {
                    let key = self.schema.key(name);
                    self.impact.lock(key.clone(), AccessExclusive);
                    self.task(Work::Rewrite, &key, "CLUSTER writes the table anew", whole);
                } else {
                    self.impact.outside = true;
                }
            }
            Statement::Lock { tables, mode } => {
                let mode = LockMode::parse(mode).unwrap_or(AccessExclusive);
                tables.iter().for_each(|name| self.lock(name, mode));
            }
            Statement::Data { verb, table, .. } => {
                let mode = match verb {
                    Verb::Select => AccessShare,
                    Verb::SelectForUpdate => RowShare,
                    _ => RowExclusive,
                };
                table.iter().for_each(|name| self.lock(name, mode));
            }
            // Before 18, rights were changed without any.
            Statement::Grant { tables } if self.server.may_have(18) => {
                tables.iter().for_each(|name| self.lock(name, AccessShare));
            }
            Statement::Comment {
                kind: Object::Table | Object::View | Object::MaterializedView | Object::ForeignTable,
                name: Some(name),
                ..
            } => self.lock(name, ShareUpdateExclusive),
            _ => {}
        }
    }

    fn create_table(&mut self, create: &CreateTable) {
        for constraint in create.all_constraints() {
            if let Kind::ForeignKey(key) = &constraint.kind {
                self.lock(&key.table, ShareRowExclusive);
            }
        }
        if let Some(parent) = &create.partition_of {
            // ALTER TABLE ... ATTACH PARTITION gets by with less.
            self.lock(parent, AccessExclusive);
        }
        for parent in &create.inherits {
            self.lock(parent, ShareUpdateExclusive);
        }
    }

    fn drop_objects(&mut self, kind: Object, names: &[Name], concurrently: bool, on: Option<&Name>) {
        match kind {
            Object::Table | Object::ForeignTable | Object::View | Object::MaterializedView => {
                for name in names {
                    let key = self.schema.key(name);
                    self.impact.lock(key.clone(), AccessExclusive);
                    self.lock_family(&key, AccessExclusive);
                    self.schema.views_of(&key).into_iter().for_each(|view| self.impact.lock(view, AccessExclusive));
                    self.lock_referenced(&key, AccessExclusive, |_, _| true);
                    // With CASCADE the keys of others go too; without, the server refuses.
                    let inbound: Vec<Key> = self.schema.inbound(&key).map(|(key, _)| key.clone()).collect();
                    inbound.into_iter().for_each(|other| self.impact.lock(other, AccessExclusive));
                    let parent = self.schema.table_at(&key).and_then(|table| table.partition_of.clone());
                    parent.into_iter().for_each(|parent| self.impact.lock(parent, AccessExclusive));
                }
            }
            Object::Index => {
                for name in names {
                    if let Some(index) = self.schema.index(name) {
                        let mode = if concurrently { ShareUpdateExclusive } else { AccessExclusive };
                        let table = index.table.clone();
                        self.lock_family(&table, mode);
                    }
                }
                self.impact.waits_for_snapshots = concurrently;
                self.impact.outside = concurrently;
            }
            Object::Trigger | Object::Policy | Object::Rule => {
                on.into_iter().for_each(|on| self.lock(on, AccessExclusive));
            }
            Object::Database => self.impact.outside = true,
            _ => {}
        }
    }

    /// A new check of a domain looks at every column that has it, with a SHARE lock on its table.
    fn domain_users(&mut self, domain: &Name) {
        let whole = Span::new(0, self.text.len());
        let users: Vec<Key> = self
            .schema
            .tables()
            .filter(|(_, table)| {
                table.columns.iter().filter_map(|column| column.data_type.as_ref()).any(|data_type| {
                    data_type.name == domain.name && matches!(self.schema.type_of(data_type), Some(Type::Domain { .. }))
                })
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in users {
            self.impact.lock(key.clone(), Share);
            self.task(Work::Scan, &key, "every value of the domain is checked", whole);
        }
    }

    fn alter_table(&mut self, alter: &AlterTable) {
        if alter.kind == Object::Index {
            return self.alter_index(alter);
        }
        let key = self.schema.key(&alter.name);
        for (action, span) in &alter.actions {
            let mode = self.action(&key, action, *span);
            self.impact.lock(key.clone(), mode);
            // What is done to a partitioned table is done to each partition.
            if !alter.only
                && !matches!(
                    action,
                    Action::Attach(_) | Action::Detach { .. } | Action::Rename(_) | Action::SetSchema(_)
                )
            {
                self.lock_family(&key, mode);
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
            Action::AddColumn { column, .. } => self.add_column(table, column, span),
            Action::AddConstraint(constraint) => return self.add_constraint(table, constraint, span),
            Action::DropConstraint { name, .. } => {
                self.lock_referenced(table, AccessExclusive, |there, _| there == name.name);
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
                }
                return ShareUpdateExclusive;
            }
            Action::SetNotNull(column) => {
                let known = self.schema.table_at(table);
                let already = known.and_then(|table| table.column(&column.name)).is_some_and(|column| column.not_null);
                if !already && !known.is_some_and(|table| table.proves_not_null(&column.name)) {
                    self.task(Work::Scan, table, "every row is checked for NULL", span);
                }
            }
            Action::SetType { column, data_type, collation, using } => {
                let old = self.schema.table_at(table).and_then(|table| table.column(&column.name));
                let using = using.as_ref().map(|using| (using, self.text.get(using.span.range()).unwrap_or_default()));
                let change = type_change(self.schema, old.and_then(|old| old.data_type.as_ref()), data_type, using);
                let recollated = old.is_some_and(|old| old.collation != *collation);
                self.set_type(table, &column.name, change, recollated, span);
            }
            Action::SetExpression(_) => {
                self.task(Work::Rewrite, table, "the expression is computed for each row", span);
            }
            Action::SetLogged | Action::SetUnlogged => {
                let unlogged = self.schema.table_at(table).map(|table| table.persistence == Persistence::Unlogged);
                let changes = unlogged.is_none_or(|unlogged| unlogged == matches!(action, Action::SetLogged));
                if changes {
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
            Action::Attach(partition) => {
                let partition = self.schema.key(partition);
                self.impact.lock(partition.clone(), AccessExclusive);
                self.impact.task(
                    Work::Scan,
                    &partition,
                    "each row is held against the bounds, unless a valid CHECK says the same",
                    Sure::Perhaps,
                    span,
                );
                return ShareUpdateExclusive;
            }
            Action::Detach { partition, concurrently, finalize } => {
                let partition = self.schema.key(partition);
                let weaker = !self.server.may_have(14);
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

    fn add_column(&mut self, table: &Key, column: &Column, span: Span) {
        let serial = column.data_type.as_ref().is_some_and(|data_type| data_type.name.ends_with("serial"));
        let domain = column.data_type.as_ref().and_then(|data_type| self.schema.type_of(data_type));
        let mut has_default = false;
        let mut rewrites: Option<(&str, Sure)> = serial.then_some(("a value is drawn for each row", Sure::Yes));
        for constraint in &column.constraints {
            match &constraint.kind {
                Kind::Default(default) if !default.null => {
                    has_default = true;
                    match self.schema.volatility(default) {
                        Volatility::Steady => {}
                        Volatility::Unknown => {
                            rewrites.get_or_insert((
                                "its default may be volatile, and is then computed for each row",
                                Sure::Perhaps,
                            ));
                        }
                        Volatility::Volatile => {
                            rewrites.get_or_insert(("its default is volatile, and computed for each row", Sure::Yes));
                        }
                    }
                }
                Kind::Identity => {
                    rewrites.get_or_insert(("a value is drawn for each row", Sure::Yes));
                }
                Kind::Generated { stored: true, .. } => {
                    rewrites.get_or_insert(("its value is computed for each row", Sure::Yes));
                }
                _ => {}
            }
        }
        if matches!(domain, Some(Type::Domain { constrained: true, .. })) {
            rewrites.get_or_insert(("its type is a domain with a constraint, which each row has to pass", Sure::Yes));
        }
        match rewrites {
            Some((why, sure)) => self.impact.task(Work::Rewrite, table, why, sure, span),
            None => {
                let not_null = column.constraints.iter().any(|c| matches!(c.kind, Kind::NotNull(_)));
                let checked = column.constraints.iter().any(|c| matches!(c.kind, Kind::Check(_)));
                if checked {
                    self.task(Work::Scan, table, "every row is checked", span);
                } else if not_null && !has_default {
                    self.task(Work::Scan, table, "every row is checked for NULL", span);
                }
            }
        }
        for constraint in &column.constraints {
            match &constraint.kind {
                Kind::Unique { .. } | Kind::PrimaryKey { .. } => {
                    self.task(Work::BuildIndex, table, "its index is built", span);
                }
                Kind::ForeignKey(key) => {
                    self.lock(&key.table, ShareRowExclusive);
                    if has_default || rewrites.is_some() {
                        self.task(Work::Scan, table, "every row is checked against the referenced table", span);
                    }
                }
                _ => {}
            }
        }
    }

    fn add_constraint(&mut self, table: &Key, constraint: &Constraint, span: Span) -> LockMode {
        match &constraint.kind {
            Kind::ForeignKey(key) => {
                self.lock(&key.table, ShareRowExclusive);
                if !constraint.not_valid {
                    self.task(Work::Scan, table, "every row is checked against the referenced table", span);
                }
                return ShareRowExclusive;
            }
            Kind::Check(_) | Kind::NotNull(_) if !constraint.not_valid => {
                self.task(Work::Scan, table, "every row is checked", span);
            }
            Kind::Unique { index: None, .. } | Kind::Exclude => {
                self.task(Work::BuildIndex, table, "its index is built", span);
            }
            Kind::PrimaryKey { index, columns, .. } => {
                if index.is_none() {
                    self.task(Work::BuildIndex, table, "its index is built", span);
                }
                let columns: Vec<String> = match index.as_ref().and_then(|index| self.schema.index(index)) {
                    Some(index) => index.columns.iter().flatten().cloned().collect(),
                    None => columns.iter().map(|column| column.name.clone()).collect(),
                };
                self.key_not_null(table, &columns, span);
            }
            _ => {}
        }
        AccessExclusive
    }

    /// The columns of a primary key become NOT NULL, which is looked up row by row.
    fn key_not_null(&mut self, table: &Key, columns: &[String], span: Span) {
        let Some(known) = self.schema.table_at(table) else {
            let why = "its columns are checked for NULL, unless they are NOT NULL already";
            return self.impact.task(Work::Scan, table, why, Sure::Perhaps, span);
        };
        let nullable = columns.iter().any(|name| match known.column(name) {
            Some(column) => !column.not_null && !known.proves_not_null(name),
            None => !known.proves_not_null(name),
        });
        if nullable {
            let sure = if known.complete { Sure::Yes } else { Sure::Perhaps };
            self.impact.task(Work::Scan, table, "its columns are checked for NULL", sure, span);
        }
    }

    fn set_type(&mut self, table: &Key, column: &str, change: TypeChange, recollated: bool, span: Span) {
        match change {
            TypeChange::Rewrite => {
                self.task(Work::Rewrite, table, "the new type is stored in another way, or has to be checked", span);
                return;
            }
            TypeChange::Unknown => {
                let why = "the type that it has is not known, and most changes rewrite the table";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
                return;
            }
            TypeChange::FreeInUtc => {
                let why = "the table is rewritten unless the session's time zone is UTC";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
            }
            TypeChange::Free | TypeChange::Reindex => {}
        }
        let Some(known) = self.schema.table_at(table) else { return };
        let checked = known.constraints.iter().any(|constraint| {
            matches!(&constraint.kind, ConstraintKind::Check { columns, .. } if columns.iter().any(|name| name == column))
        });
        if checked {
            self.task(Work::Scan, table, "a CHECK on the column is held against every row again", span);
        }
        let reindexes = recollated || matches!(change, TypeChange::Reindex | TypeChange::FreeInUtc);
        let indexed =
            self.schema.indexes_of(table).any(|(_, index)| index.columns.iter().flatten().any(|name| name == column));
        if reindexes && indexed {
            self.task(Work::BuildIndex, table, "indexes on the column are built anew", span);
        }
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
