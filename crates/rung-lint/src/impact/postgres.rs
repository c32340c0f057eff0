//! PostgreSQL: which statement takes which lock, and what it does while it holds it.
//!
//! Each claim is held against a real server by `tests/truth.rs`. Where the documentation says something else, the
//! server is right.

use rung_ddl::{
    Action, AlterTable, Column, Constraint, ConstraintKind as Kind, CreateTable, Kind as Object, Name, Parsed,
    Persistence, SmolStr, Statement, Verb,
};
use rung_sql::Span;

use crate::block;

use super::{Impact, LockMode, Server, Sure, TypeChange, Work, type_change};
use crate::schema::{ConstraintKind, Index, Key, Schema, Table, Type, Volatility};

use LockMode::{AccessExclusive, AccessShare, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive};

/// What a statement does on a server, with the schema as it stands before.
pub(crate) fn impact(parsed: &Parsed, text: &str, schema: &Schema, server: Server) -> Impact {
    let mut reader = Reader { impact: Impact::default(), schema, server, text, dropped: Vec::new() };
    // What is there already is not made, and what it would need is not looked at.
    if matches!(&parsed.statement, Statement::CreateTable(create) if create.if_not_exists && schema.table(&create.name).is_some())
    {
        return reader.impact;
    }
    reader.statement(&parsed.statement);
    if let Statement::Opaque { body: Some(body) } = parsed.statement {
        for (span, parsed) in block::statements(text, body) {
            let mut within = impact(&parsed, &text[span.range()], schema, server);
            within.tasks.iter_mut().for_each(|task| task.span = task.span.shifted(span.start));
            within.locks.into_iter().for_each(|(table, mode)| reader.impact.lock(table, mode));
            reader.impact.tasks.extend(within.tasks);
        }
    }
    let named = match &parsed.statement {
        Statement::Data { verb: Verb::SelectForUpdate, .. } => RowShare,
        Statement::Create { kind: Object::Publication, .. } | Statement::Alter { kind: Object::Publication, .. } => {
            ShareUpdateExclusive
        }
        Statement::Rename { kind: Object::Trigger | Object::Policy | Object::Rule, .. } => AccessExclusive,
        _ => AccessShare,
    };
    // Whatever else is named is read.
    if !matches!(parsed.statement, Statement::Comment { .. } | Statement::Grant { .. } | Statement::Drop { .. }) {
        for name in &parsed.relations {
            reader.lock(name, named);
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
    /// The constraints that the ALTER TABLE drops: they go first, and prove nothing to the rest of it.
    dropped: Vec<SmolStr>,
}

impl Reader<'_> {
    fn lock(&mut self, name: &Name, mode: LockMode) {
        let key = self.schema.key(name);
        self.impact.lock(key, mode);
    }

    /// Locks a table with its partitions, and what inherits from it.
    fn lock_family(&mut self, table: &Key, mode: LockMode) {
        self.impact.lock(table.clone(), mode);
        for child in self.schema.children(table) {
            // A loop in the files ends here.
            if self.impact.lock_on(child) < Some(mode) {
                self.lock_family(child, mode);
            }
        }
    }

    /// The default partition of a table, which a new partition takes rows from, or one that goes gives its bounds to.
    fn lock_default(&mut self, parent: &Key) -> Option<Key> {
        let is_default = |child: &&Key| self.schema.table_at(child).is_some_and(|table| table.default_partition);
        let default = self.schema.children(parent).find(is_default)?.clone();
        self.impact.lock(default.clone(), AccessExclusive);
        Some(default)
    }

    /// As [`Self::lock_default`], for a new partition.
    fn search_default(&mut self, parent: &Key, span: Span) {
        if let Some(default) = self.lock_default(parent) {
            let why = "rows that belong to the new partition are looked for in it, unless a valid CHECK rules them out";
            self.impact.task(Work::Scan, &default, why, Sure::Perhaps, span);
        }
    }

    /// Whether no row has NULL in a column, by the word of what is there and stays.
    fn is_not_null(&self, table: &Table, column: &str) -> bool {
        let mut stay = table.constraints.iter().filter(|constraint| !self.dropped.contains(&constraint.name));
        table.column(column).is_some_and(|column| column.not_null) || stay.any(|it| it.proves_not_null(column))
    }

    fn task(&mut self, work: Work, table: &Key, why: &'static str, span: Span) {
        self.impact.task(work, table, why, Sure::Yes, span);
    }

    /// Locks the tables that foreign keys of a table lead to: their triggers go with the table.
    fn lock_referenced(&mut self, table: &Key, mode: LockMode, only: impl Fn(&str, &[SmolStr]) -> bool) {
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
                let there = create.name.as_ref().filter(|_| create.if_not_exists);
                if !hollow && there.is_none_or(|name| self.schema.index(name).is_none()) {
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
                    if self.schema.table_at(&table).is_some_and(|table| table.partitioned) {
                        // Partition by partition, each in a transaction of its own.
                        self.impact.outside = true;
                        self.lock_family(&table, mode);
                    }
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
                    self.impact.outside = self.schema.table_at(&key).is_some_and(|table| table.partitioned);
                    self.lock_family(&key, AccessExclusive);
                    self.task(Work::Rewrite, &key, "CLUSTER writes the table anew", whole);
                } else {
                    self.impact.outside = true;
                }
            }
            Statement::Lock { tables, mode } => {
                let mode = LockMode::parse(mode).unwrap_or(AccessExclusive);
                tables.iter().for_each(|name| self.lock_family(&self.schema.key(name), mode));
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
            let parent = self.schema.key(parent);
            self.search_default(&parent, create.name.span);
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
                _ if alter.only => {}
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
                    let inbound: Vec<Key> = self.schema.inbound(table).map(|(key, _)| key.clone()).collect();
                    inbound.into_iter().for_each(|other| self.impact.lock(other, AccessExclusive));
                }
            }
            Action::AlterConstraint { name, enforced: Some(false) } => {
                self.lock_referenced(table, AccessExclusive, |there, _| there == name.name);
            }
            Action::AlterConstraint { name, enforced: Some(true) } => {
                self.lock_referenced(table, ShareRowExclusive, |there, _| there == name.name);
                self.task(Work::Scan, table, "every row is checked", span);
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
                if !known.is_some_and(|table| self.is_not_null(table, &column.name)) {
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
            Action::Attach { partition, .. } => {
                let partition = self.schema.key(partition);
                self.search_default(table, span);
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
                self.lock_default(table);
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
                let checked = column.constraints.iter().any(|c| matches!(c.kind, Kind::Check(_)) && !c.not_enforced);
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
                let columns: Vec<SmolStr> = match index.as_ref().and_then(|index| self.schema.index(index)) {
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
    fn key_not_null(&mut self, table: &Key, columns: &[SmolStr], span: Span) {
        let Some(known) = self.schema.table_at(table) else {
            let why = "its columns are checked for NULL, unless they are NOT NULL already";
            return self.impact.task(Work::Scan, table, why, Sure::Perhaps, span);
        };
        if columns.iter().any(|name| !self.is_not_null(known, name)) {
            let sure = if known.complete { Sure::Yes } else { Sure::Perhaps };
            self.impact.task(Work::Scan, table, "its columns are checked for NULL", sure, span);
        }
    }

    /// Foreign keys of a column, and those that lead to it, are made anew with its type.
    fn rekey(&mut self, table: &Key, column: &str, change: TypeChange, span: Span) {
        let constraints = self.schema.table_at(table).map(|known| known.constraints.as_slice()).unwrap_or_default();
        let referenced = constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { columns, to, .. } if columns.iter().any(|name| name == column) => Some(to),
            _ => None,
        });
        // Which columns a key leads to is not kept: most lead to the only key that there is.
        let is_key = |index: &Index| index.unique && index.columns.iter().flatten().any(|name| name == column);
        let is_key = self.schema.indexes_of(table).any(|(_, index)| is_key(index));
        let inbound = self.schema.inbound(table).map(|(key, _)| key).filter(|_| is_key);
        let others: Vec<Key> = referenced.chain(inbound).cloned().collect();
        for other in others {
            self.impact.lock(other.clone(), AccessExclusive);
            if change != TypeChange::Free {
                self.impact.task(Work::Scan, &other, "a foreign key is checked again", Sure::Perhaps, span);
            }
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
        let names = |index: &Index| index.columns.iter().flatten().any(|name| name == column);
        let indexes: Vec<&Index> = self.schema.indexes_of(table).map(|(_, index)| index).collect();
        // One with an expression or a predicate is never taken over as it is (`CheckIndexCompatible`).
        let is_special = |index: &Index| index.partial || index.columns.iter().any(Option::is_none);
        if indexes.iter().any(|index| names(index) && (reindexes || is_special(index))) {
            self.task(Work::BuildIndex, table, "indexes on the column are built anew", span);
        } else if indexes.iter().any(|index| is_special(index)) {
            let why = "an index with an expression or a predicate is built anew, if it is about the column";
            self.impact.task(Work::BuildIndex, table, why, Sure::Perhaps, span);
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
