//! PostgreSQL: which statement takes which lock, and what it does while it holds it.
//!
//! Each claim is held against a real server by `tests/truth.rs`. Where the documentation says something else, the
//! server is right.

mod added;
mod alter;
mod retype;

use rung_ddl::{
    AttributeChange, AttributeChangeKind, ConstraintKind as Kind, CreateTable, Kind as Object, Name, Parsed, SmolStr,
    Statement, Verb,
};
use rung_sql::Span;

use crate::block;

use super::{Impact, LockMode, Server, Sure, Work, type_change};
use crate::schema::{ConstraintKind, Index, Key, Schema, Table};

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
    for inner in block::inner(&parsed.statement, text, schema) {
        let mut within = impact(&inner.parsed, &inner.text, schema, server);
        within.tasks.iter_mut().for_each(|task| match inner.of {
            Some(_) => task.span = inner.span,
            None => task.span = task.span.shifted(inner.span.start),
        });
        within.locks.into_iter().for_each(|(table, mode)| reader.impact.lock(table, mode));
        reader.impact.tasks.extend(within.tasks);
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
        let own = schema.made_table(create);
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

    /// As [`Self::lock_default`], for a new partition with its bounds: `FOR VALUES IN (1)`.
    fn search_default(&mut self, parent: &Key, bounds: &str, span: Span) {
        if let Some(default) = self.lock_default(parent).filter(|it| !self.schema.is_without(parent, it, bounds)) {
            let why = "rows that belong to the new partition are looked for in it, unless a valid CHECK rules them out";
            self.impact.task(Work::Scan, &default, why, Sure::Perhaps, span);
        }
    }

    /// Whether no row has NULL in a column, by the word of what is there and stays.
    fn is_not_null(&self, table: &Table, column: &str) -> bool {
        let mut stay = table.constraints.iter().filter(|constraint| !self.dropped.contains(&constraint.name));
        table.column(column).is_some_and(|column| column.not_null) || stay.any(|it| it.proves_not_null(column))
    }

    /// The tables below one of which no column has to be looked at that are looked at all the same: what proves that there
    /// is no NULL in it is the table's alone.
    fn unproven_below(&self, table: &Key, column: &str, found: &mut Vec<Key>) {
        let passes_on = self.schema.table_at(table).is_some_and(|table| {
            let mut stay = table.constraints.iter().filter(|it| !it.no_inherit && !self.dropped.contains(&it.name));
            table.column(column).is_some_and(|column| column.not_null) || stay.any(|it| it.proves_not_null(column))
        });
        if passes_on {
            return;
        }
        for child in self.schema.children(table) {
            let is_proven = self.schema.table_at(child).is_some_and(|child| self.is_not_null(child, column));
            // A loop in the files ends here.
            if found.contains(child) {
                continue;
            }
            if !is_proven {
                found.push(child.clone());
            }
            self.unproven_below(child, column, found);
        }
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

    /// Locks what the foreign keys of a table lead to that goes, and those of its partitions.
    fn lock_referenced_by_family(&mut self, table: &Key) {
        let mut family = vec![table];
        let mut next = 0;
        while let Some(key) = family.get(next).copied() {
            next += 1;
            self.lock_referenced(key, AccessExclusive, |_, _| true);
            // A loop in the files ends here.
            let more: Vec<&Key> = self.schema.children(key).filter(|child| !family.contains(child)).collect();
            family.extend(more);
        }
    }

    /// Locks the tables whose foreign keys lead to a table, with their partitions: the keys go.
    fn lock_inbound(&mut self, table: &Key) {
        let inbound: Vec<Key> = self.schema.inbound(table).map(|(key, _)| key.clone()).collect();
        inbound.iter().for_each(|other| self.lock_family(other, AccessExclusive));
    }

    /// What a foreign key of a table leads to is read when its rows are checked.
    fn look_up_referenced(&mut self, table: &Key, name: &str, span: Span) {
        let constraint = self.schema.table_at(table).and_then(|table| table.constraint(name));
        if let Some(ConstraintKind::ForeignKey { to, .. }) = constraint.map(|constraint| &constraint.kind) {
            self.impact.look_up(to, table, span);
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
                // Nobody says ONLY of a table that has no partitions.
                let may_have = |table: &Table| table.partitioned || !table.complete;
                let hollow = create.only && self.schema.table_at(&key).is_none_or(may_have);
                let there = create.name.as_ref().filter(|_| create.if_not_exists);
                let taken_over = || self.is_taken_over(&key, &Index::made(create, key.clone()), 0);
                if !hollow && !taken_over() && there.is_none_or(|name| self.schema.index(name).is_none()) {
                    self.task(Work::BuildIndex, &key, "the index is built", whole);
                }
            }
            Statement::Create { kind: Object::Trigger, on: Some(on), .. } => self.lock(on, ShareRowExclusive),
            Statement::Create { kind: Object::Policy | Object::Rule, on: Some(on), .. }
            | Statement::Alter { kind: Object::Policy | Object::Trigger | Object::Rule, on: Some(on), .. } => {
                self.lock(on, AccessExclusive);
            }
            Statement::Create { kind: Object::Statistics, on: Some(on), .. } => self.lock(on, ShareUpdateExclusive),
            Statement::AlterDomain { name, change } if self.schema.checks_values(name, change) => {
                self.domain_users(name);
            }
            Statement::AlterComposite { name, changes } => {
                changes.iter().for_each(|(change, span)| self.alter_composite(name, change, *span));
            }
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
                    if *cascade {
                        self.lock_inbound(&key);
                    }
                    // Newer servers have no need to look at what it is a partition of.
                    if self.server.may_lack(14)
                        && let Some(whole) = self.schema.table_at(&key).and_then(|table| table.partition_of.clone())
                    {
                        self.impact.lock(whole, AccessShare);
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
            self.search_default(&parent, self.text, create.name.span);
        }
        for parent in &create.inherits {
            self.lock(parent, ShareUpdateExclusive);
        }
    }

    /// Whether an index of a partitioned table finds one like it at each partition, so that none is built.
    fn is_taken_over(&self, table: &Key, index: &Index, depth: usize) -> bool {
        /// Partitions have partitions, but not for long; a loop in the files ends here.
        const DEEPEST: usize = 8;
        let has = |part: &Key| {
            self.schema.indexes_of(part).any(|(_, own)| own.stands_for(index))
                || depth < DEEPEST && self.is_taken_over(part, index, depth + 1)
        };
        let is_plain = !index.partial && index.columns.iter().all(Option::is_some);
        let mut parts = self.schema.children(table).peekable();
        let partitioned = self.schema.table_at(table).is_some_and(|table| table.partitioned);
        is_plain && partitioned && parts.peek().is_some() && parts.all(has)
    }

    fn drop_objects(&mut self, kind: Object, names: &[Name], concurrently: bool, on: Option<&Name>) {
        match kind {
            Object::Table | Object::ForeignTable | Object::View | Object::MaterializedView => {
                for name in names {
                    let key = self.schema.key(name);
                    self.impact.lock(key.clone(), AccessExclusive);
                    self.lock_family(&key, AccessExclusive);
                    self.schema.views_of(&key).into_iter().for_each(|view| self.impact.lock(view, AccessExclusive));
                    self.lock_referenced_by_family(&key);
                    // With CASCADE the keys of others go too; without, the server refuses.
                    self.lock_inbound(&key);
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
            // With CASCADE all that is in it goes too, and every column of the type; without, the server refuses.
            Object::Schema => {
                let within = |key: &Key| names.iter().any(|name| name.name == key.schema);
                let tables = self.schema.tables().map(|(key, _)| key).filter(|key| within(key));
                let mut tables: Vec<Name> = tables
                    .map(|key| Name { schema: Some(key.schema.clone()), name: key.name.clone(), span: Span::default() })
                    .collect();
                tables.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                self.drop_objects(Object::Table, &tables, false, None);
            }
            Object::Type | Object::Domain => {
                let mut holders: Vec<Key> =
                    names.iter().flat_map(|name| self.schema.holders_of(name)).cloned().collect();
                holders.sort_unstable();
                holders.iter().for_each(|key| self.lock_family(key, AccessExclusive));
            }
            Object::Database => self.impact.outside = true,
            _ => {}
        }
    }

    /// With CASCADE the tables of a composite type are altered as ALTER TABLE does; without, the server refuses it where
    /// there are such. Columns of the type are not looked at: their values are kept as they are.
    fn alter_composite(&mut self, name: &Name, change: &AttributeChange, span: Span) {
        if !change.cascade {
            return;
        }
        let tables: Vec<Key> = self.schema.tables_of_type(&self.schema.type_key(name)).cloned().collect();
        for table in tables {
            self.lock_family(&table, AccessExclusive);
            if let AttributeChangeKind::SetType { attribute, data_type, collation } = &change.kind {
                let old = self.schema.table_at(&table).and_then(|table| table.column(&attribute.name));
                let cost = type_change(self.schema, old.and_then(|old| old.data_type.as_ref()), data_type, None);
                let recollated = old.is_some_and(|old| old.collation != *collation);
                self.set_type(&table, &attribute.name, cost, recollated, span);
                self.rekey(&table, &attribute.name, cost, span);
            }
        }
    }

    /// A new check of a domain looks at every column that has it, with a SHARE lock on its table.
    fn domain_users(&mut self, domain: &Name) {
        let whole = Span::new(0, self.text.len());
        let users: Vec<Key> = self.schema.users_of(domain).cloned().collect();
        for key in users {
            self.impact.lock(key.clone(), Share);
            self.task(Work::Scan, &key, "every value of the domain is checked", whole);
        }
    }
}
