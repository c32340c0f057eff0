//! Statements for tables, their indexes and constraints.

use std::collections::BTreeSet;

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, ForeignKey, Identity, Index, Key, Kind, NotNull, Object, Origin,
    Persistence, ReplicaIdentity, RowSecurity, Table, Timing, Validity, Value,
};

use super::object::{Writer, index_comment, index_name, is_of_domain, sequence_options};
use super::plan::{Needs, comes_with_parent};
use crate::name::{full, list, literal, parent, quoted, within};

impl Writer<'_> {
    pub(crate) fn table(&self, object: &Object, table: &Table) -> Vec<String> {
        let key = &*object.key;
        let name = full(key);
        let constraints: Vec<&Object> = self.inlined_parts(key).collect();
        let mut sql = vec![self.create_table(object, table, &constraints)];
        // Children have their own; a partitioned table has nothing else.
        let only = if table.partition_by.is_some() { "" } else { "ONLY " };
        // What is to be attached must have them by then, as its parent has.
        for column in &table.columns {
            if let Some(NotNull { name: constraint, validity: Validity::NotValid, .. }) = &column.not_null {
                let usual = format!("{}_{}_not_null", key.name, column.name);
                let constraint = quoted(constraint.as_ref().unwrap_or(&usual));
                sql.push(format!(
                    "ALTER TABLE {only}{name} ADD CONSTRAINT {constraint} NOT NULL {} NOT VALID",
                    quoted(&column.name)
                ));
            }
        }
        if let (Some(bound), Some(parent)) = (&table.bound, table.inherits.first()) {
            sql.push(format!("ALTER TABLE ONLY {} ATTACH PARTITION {name} {bound}", full(parent)));
        } else if self.inherits_later(key, table) {
            sql.extend(table.inherits.iter().map(|parent| format!("ALTER TABLE ONLY {name} INHERIT {}", full(parent))));
        }
        for column in &table.columns {
            let before = format!("ALTER TABLE ONLY {name} ALTER COLUMN {}", quoted(&column.name));
            if !is_declared(table, column) {
                sql.extend(self.overrides(key, table, column).into_iter().map(|set| format!("{before} {set}")));
            }
            sql.extend(column_settings(column).into_iter().map(|set| format!("{before} {set}")));
            if let Value::Identity(identity) = &column.value {
                sql.extend(persistence_apart(key, table, identity));
            }
        }
        match table.row_security {
            RowSecurity::Off => {}
            RowSecurity::On => sql.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")),
            RowSecurity::Forced => {
                sql.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
                sql.push(format!("ALTER TABLE ONLY {name} FORCE ROW LEVEL SECURITY"));
            }
            RowSecurity::OffAndForced => sql.push(format!("ALTER TABLE ONLY {name} FORCE ROW LEVEL SECURITY")),
        }
        match &table.replica_identity {
            ReplicaIdentity::Full => sql.push(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY FULL")),
            ReplicaIdentity::Nothing => sql.push(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY NOTHING")),
            ReplicaIdentity::Default | ReplicaIdentity::Index(_) => {}
        }
        for part in constraints {
            if let Body::Constraint(constraint) = &part.body {
                sql.extend(self.after_constraint(part, constraint));
            }
            self.attributes(part, &mut sql);
        }
        sql
    }

    /// Which sequences go away with a table. Both must have the same owner by then.
    pub(crate) fn owned_sequences(&self, key: &Key) -> Vec<String> {
        let owned_by = |sequence: &&Object| match &sequence.body {
            Body::Sequence(of) => of.owned_by.as_ref().map(|(_, column)| {
                format!("ALTER SEQUENCE {} OWNED BY {}.{}", full(&sequence.key), full(key), quoted(column))
            }),
            _ => None,
        };
        self.needs.sequences.get(key).into_iter().flatten().filter_map(owned_by).collect()
    }

    fn create_table(&self, object: &Object, table: &Table, constraints: &[&Object]) -> String {
        let key = &*object.key;
        let kind = match (&table.server, table.persistence) {
            (Some(_), _) => "FOREIGN ",
            (None, Persistence::Unlogged) => "UNLOGGED ",
            (None, Persistence::Permanent) => "",
        };
        let mut text = format!("CREATE {kind}TABLE {}", full(key));
        text.extend(table.of_type.iter().map(|of| format!(" OF {of}")));
        let mut lines: Vec<String> = Vec::new();
        for column in table.columns.iter().filter(|column| is_declared(table, column)) {
            let rest = self.column(key, table, column);
            match &table.of_type {
                None => lines.push(format!("{} {}{rest}", quoted(&column.name), column.data_type)),
                Some(_) if !rest.is_empty() => lines.push(format!("{} WITH OPTIONS{rest}", quoted(&column.name))),
                Some(_) => {}
            }
        }
        for part in constraints {
            if let Body::Constraint(of) = &part.body
                && !comes_with_parent(of, table.bound.is_some())
            {
                lines.push(constraint(&part.key, of));
            }
        }
        if !lines.is_empty() {
            text.push_str(&format!(" (\n    {}\n)", lines.join(",\n    ")));
        } else if table.of_type.is_none() {
            text.push_str(" ()");
        }
        if table.bound.is_none() && !table.inherits.is_empty() && !self.inherits_later(key, table) {
            let parents: Vec<String> = table.inherits.iter().map(|parent| full(parent)).collect();
            text.push_str(&format!("\nINHERITS ({})", parents.join(", ")));
        }
        text.extend(table.partition_by.iter().map(|by| format!("\nPARTITION BY {by}")));
        text.extend(table.access_method.iter().map(|method| format!("\nUSING {}", quoted(method))));
        if let Some(server) = &table.server {
            text.push_str(&format!("\nSERVER {}{}", quoted(server), options(&table.server_options)));
        }
        if !table.options.is_empty() {
            text.push_str(&format!("\n{}", with(&table.options).trim_start()));
        }
        text.extend(table.tablespace.iter().map(|name| format!("\nTABLESPACE {}", quoted(name))));
        text
    }

    /// What follows a column's type.
    pub(crate) fn column(&self, key: &Key, table: &Table, column: &Column) -> String {
        let mut text = options(&column.server_options);
        text.extend(column.collation.iter().filter(|_| table.of_type.is_none()).map(|name| format!(" COLLATE {name}")));
        match &column.value {
            Value::None => {}
            Value::Default(_) if self.layout.apart.contains(&(key, column.name.as_str())) => {}
            Value::Default(default) => text.push_str(&format!(" DEFAULT {default}")),
            value if !self.inherits_later(key, table) && self.is_generated_above(table, column, value) => {}
            Value::Stored(expression) => text.push_str(&format!(" GENERATED ALWAYS AS ({}) STORED", bare(expression))),
            Value::Virtual(expression) => {
                text.push_str(&format!(" GENERATED ALWAYS AS ({}) VIRTUAL", bare(expression)))
            }
            Value::Identity(of) => text.push_str(&identity(key, column, of)),
        }
        if let Some(not_null) = &column.not_null
            && not_null.validity == Validity::Valid
            && (not_null.origin != Origin::Inherited || table.bound.is_some())
        {
            text.extend(not_null.name.iter().map(|name| format!(" CONSTRAINT {}", quoted(name))));
            text.push_str(" NOT NULL");
            if not_null.no_inherit {
                text.push_str(" NO INHERIT");
            }
        }
        text
    }

    /// Whether a table is made by itself and inherits then: one that has all that its parents have, in an order of its own.
    fn inherits_later(&self, key: &Key, table: &Table) -> bool {
        if table.bound.is_some() || table.inherits.is_empty() {
            return false;
        }
        let parents = table.inherits.iter().filter_map(|parent| self.needs.catalog.get(parent));
        let above: Vec<&str> = parents.flat_map(Object::columns).map(|column| column.name.as_str()).collect();
        let has: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        // By itself a child has its parents' columns first.
        let mut seen = BTreeSet::new();
        let usual: Vec<&str> = above.iter().chain(&has).copied().filter(|name| seen.insert(*name)).collect();
        let is_whole = |column: &Column| {
            let is_own = |not_null: &NotNull| not_null.origin != Origin::Inherited;
            column.origin == Origin::Both && column.not_null.as_ref().is_none_or(is_own)
        };
        let is_above = |column: &&Column| above.contains(&column.name.as_str());
        let comes_along = |part: &Object| matches!(&part.body, Body::Constraint(of) if of.origin == Origin::Inherited);
        usual != has && table.columns.iter().filter(is_above).all(is_whole) && !self.inlined_parts(key).any(comes_along)
    }

    /// Whether a column that is declared here and by a parent is computed there in the same way: before 16 it may not be
    /// said again.
    fn is_generated_above(&self, table: &Table, column: &Column, value: &Value) -> bool {
        let above =
            || table.inherits.iter().filter_map(|parent| self.needs.catalog.get(parent)).flat_map(Object::columns);
        table.bound.is_none()
            && column.origin == Origin::Both
            && matches!(value, Value::Stored(_) | Value::Virtual(_))
            && above().any(|above| above.name == column.name && above.value == *value)
    }

    /// What an inherited column has that its parent's has not.
    fn overrides(&self, key: &Key, table: &Table, column: &Column) -> Vec<String> {
        let inherited = table.inherits.iter().filter_map(|parent| self.needs.catalog.get(parent));
        let above = inherited.flat_map(Object::columns).find(|above| above.name == column.name);
        let mut set = Vec::new();
        match &column.value {
            Value::Default(_) if self.layout.apart.contains(&(key, column.name.as_str())) => {}
            value if above.is_some_and(|above| above.value == *value) => {}
            Value::Default(default) => set.push(format!("SET DEFAULT {default}")),
            Value::None => set.push("DROP DEFAULT".to_owned()),
            _ => {}
        }
        if column.not_null.as_ref().is_some_and(|it| it.origin == Origin::Local && it.validity == Validity::Valid)
            && above.is_none_or(|above| above.not_null.is_none())
        {
            set.push("SET NOT NULL".to_owned());
        }
        set
    }

    /// A constraint that is not written within its table or domain.
    pub(crate) fn constraint_apart(&self, object: &Object, of: &Constraint) -> Vec<String> {
        let key = &*object.key;
        let table = self.needs.catalog.get(&Key::new(
            Kind::Table,
            key.schema.as_deref(),
            key.parent.clone().unwrap_or_default(),
        ));
        if is_of_domain(object) {
            return vec![format!("ALTER DOMAIN {} ADD {}", parent(key), constraint(key, of))];
        }
        let body = table.and_then(|table| if let Body::Table(body) = &table.body { Some(body) } else { None });
        if comes_with_parent(of, body.is_some_and(|body| body.bound.is_some())) {
            return Vec::new();
        }
        let is_partitioned = body.is_some_and(|body| body.partition_by.is_some());
        // A key that some partitions lack is made without them.
        let is_whole = of.index.as_ref().is_none_or(|index| index.valid);
        let has_heirs = is_partitioned && is_whole || matches!(of.kind, ConstraintKind::Check(_));
        let only = if has_heirs { "" } else { "ONLY " };
        let mut sql = vec![format!("ALTER TABLE {only}{} ADD {}", parent(key), constraint(key, of))];
        sql.extend(self.after_constraint(object, of));
        sql
    }

    /// What is said of the index behind a constraint.
    pub(crate) fn after_constraint(&self, object: &Object, constraint: &Constraint) -> Vec<String> {
        let Some(index) = &constraint.index else { return Vec::new() };
        let key = &*object.key;
        let mut sql = index_settings(self.needs.catalog, key, index);
        if let (ConstraintKind::Exclude(_), Some(tablespace)) = (&constraint.kind, &index.tablespace) {
            sql.push(format!("ALTER INDEX {} SET TABLESPACE {}", index_name(key), quoted(tablespace)));
        }
        sql.extend(index_comment(key, constraint.index_comment.as_deref()));
        sql
    }
}

/// Whether a column stands in its table's statement. That of a partition has all, and is attached then.
fn is_declared(table: &Table, column: &Column) -> bool {
    table.bound.is_some() || column.origin != Origin::Inherited
}

/// What is set for a column after it is made.
pub(crate) fn column_settings(column: &Column) -> Vec<String> {
    let mut set = Vec::new();
    set.extend(column.storage.iter().map(|storage| format!("SET STORAGE {storage}")));
    set.extend(column.compression.iter().map(|method| format!("SET COMPRESSION {method}")));
    set.extend(column.statistics.map(|target| format!("SET STATISTICS {target}")));
    if !column.options.is_empty() {
        set.push(format!("SET {}", with(&column.options).trim_start_matches(" WITH ")));
    }
    set
}

/// Where an identity column's sequence does not do as its table does.
fn persistence_apart(key: &Key, table: &Table, identity: &Identity) -> Option<String> {
    let word = match identity.sequence.persistence {
        Persistence::Permanent => "LOGGED",
        Persistence::Unlogged => "UNLOGGED",
    };
    let differs = identity.sequence.persistence != table.persistence;
    differs.then(|| format!("ALTER SEQUENCE {} SET {word}", within(key, &identity.name)))
}

/// A default that could not be part of its table.
pub(crate) fn default_apart(object: &Object, column: &str) -> Vec<String> {
    let found = object.columns().iter().find(|it| it.name == column);
    let Some(Value::Default(default)) = found.map(|column| &column.value) else { return Vec::new() };
    vec![format!("ALTER TABLE ONLY {} ALTER COLUMN {} SET DEFAULT {default}", full(&object.key), quoted(column))]
}

pub(crate) fn identity(key: &Key, column: &Column, identity: &Identity) -> String {
    let how = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    let mut inner = String::new();
    if identity.name != format!("{}_{}_seq", key.name, column.name) {
        inner.push_str(&format!(" SEQUENCE NAME {}", within(key, &identity.name)));
    }
    // The type is the column's.
    let options = sequence_options(&identity.sequence);
    let type_of = format!(" AS {}", identity.sequence.data_type);
    inner.push_str(options.strip_prefix(&type_of).unwrap_or(&options));
    let inner = if inner.is_empty() { inner } else { format!(" ({})", inner.trim_start()) };
    format!(" GENERATED {how} AS IDENTITY{inner}")
}

/// A constraint as it stands in a table, with its name.
pub(crate) fn constraint(key: &Key, constraint: &Constraint) -> String {
    let mut text = format!("CONSTRAINT {} ", quoted(&key.name));
    match &constraint.kind {
        ConstraintKind::PrimaryKey { columns, without_overlaps } => {
            text.push_str(&format!("PRIMARY KEY ({})", keys(columns, *without_overlaps)));
        }
        ConstraintKind::Unique { columns, without_overlaps } => {
            let nulls = constraint.index.as_ref().is_some_and(|index| index.nulls_not_distinct);
            let nulls = if nulls { "NULLS NOT DISTINCT " } else { "" };
            text.push_str(&format!("UNIQUE {nulls}({})", keys(columns, *without_overlaps)));
        }
        ConstraintKind::Check(condition) => text.push_str(&format!("CHECK ({})", bare(condition))),
        ConstraintKind::Exclude(definition) => text.push_str(&format!("EXCLUDE {definition}")),
        ConstraintKind::Foreign(foreign) => text.push_str(&foreign_key(foreign)),
    }
    if let (Some(index), ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. }) =
        (&constraint.index, &constraint.kind)
    {
        if !index.include.is_empty() {
            text.push_str(&format!(" INCLUDE ({})", list(&index.include)));
        }
        text.push_str(&with(&index.options));
        text.extend(index.tablespace.iter().map(|name| format!(" USING INDEX TABLESPACE {}", quoted(name))));
    }
    if constraint.no_inherit && matches!(constraint.kind, ConstraintKind::Check(_)) {
        text.push_str(" NO INHERIT");
    }
    text.push_str(timing(constraint.timing));
    match constraint.validity {
        Validity::Valid => {}
        Validity::NotValid => text.push_str(" NOT VALID"),
        Validity::NotEnforced => text.push_str(" NOT ENFORCED"),
    }
    text
}

/// When a constraint is checked, with a blank in front.
pub(crate) fn timing(timing: Timing) -> &'static str {
    match timing {
        Timing::NotDeferrable => "",
        Timing::Deferrable => " DEFERRABLE",
        Timing::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn keys(columns: &[String], without_overlaps: bool) -> String {
    let overlaps = if without_overlaps { " WITHOUT OVERLAPS" } else { "" };
    format!("{}{overlaps}", list(columns))
}

fn foreign_key(foreign: &ForeignKey) -> String {
    let side = |columns: &[String]| match columns.split_last() {
        Some((last, others)) if foreign.period => format!("{}, PERIOD {}", list(others), quoted(last)),
        _ => list(columns),
    };
    let mut text = format!(
        "FOREIGN KEY ({}) REFERENCES {} ({})",
        side(&foreign.columns),
        full(&foreign.table),
        side(&foreign.references)
    );
    text.extend(foreign.matching.iter().map(|matching| format!(" MATCH {matching}")));
    text.extend(foreign.on_update.iter().map(|action| format!(" ON UPDATE {action}")));
    text.extend(foreign.on_delete.iter().map(|action| format!(" ON DELETE {action}")));
    text
}

/// An index that is no constraint's.
pub(super) fn index(needs: &Needs<'_>, key: &Key, index: &Index) -> Vec<String> {
    if !index.valid && !index.on_only {
        return vec![format!("-- left out: {key} (it is invalid: its build failed)")];
    }
    let catalog = needs.catalog;
    let mut sql: Vec<String> = create_index(key, index, false).into_iter().collect();
    sql.extend(attach_index(catalog, key, index));
    for part in needs.constraints_of_index(key, index) {
        sql.push(format!("ALTER INDEX {} ATTACH PARTITION {}", full(key), within(part, &part.name)));
    }
    sql.extend(index_settings(catalog, key, index));
    sql
}

/// The statement that builds an index.
pub(crate) fn create_index(key: &Key, index: &Index, concurrently: bool) -> Option<String> {
    let table = index.table.as_ref()?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
    let only = if index.on_only { "ONLY " } else { "" };
    let keys: Vec<&str> = index.keys.iter().map(|key| key.sql.as_str()).collect();
    let mut text = format!(
        "CREATE {unique}INDEX {concurrently}{} ON {only}{} USING {} ({})",
        quoted(&key.name),
        full(table),
        index.method,
        keys.join(", ")
    );
    if !index.include.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", list(&index.include)));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    text.push_str(&with(&index.options));
    text.extend(index.tablespace.iter().map(|name| format!(" TABLESPACE {}", quoted(name))));
    text.extend(index.predicate.iter().map(|predicate| format!(" WHERE {predicate}")));
    Some(text)
}

/// The statement that makes an index a part of that of the partitioned table.
pub(crate) fn attach_index(catalog: &Catalog, key: &Key, index: &Index) -> Option<String> {
    let parent = parent_index_name(catalog, index)?;
    Some(format!("ALTER INDEX {parent} ATTACH PARTITION {}", full(key)))
}

/// What is set for an index after it is made.
pub(crate) fn index_settings(catalog: &Catalog, key: &Key, index: &Index) -> Vec<String> {
    let mut sql = Vec::new();
    let name = index_name(key);
    for (number, target) in &index.statistics {
        sql.push(format!("ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target}"));
    }
    let Some(table) = &index.table else { return sql };
    if index.clustered {
        sql.push(format!("ALTER TABLE {} CLUSTER ON {}", full(table), quoted(&key.name)));
    }
    let identifies = catalog.get(table).is_some_and(|table| match &table.body {
        Body::Table(table) => table.replica_identity == ReplicaIdentity::Index(key.name.clone()),
        _ => false,
    });
    if identifies {
        sql.push(format!("ALTER TABLE ONLY {} REPLICA IDENTITY USING INDEX {}", full(table), quoted(&key.name)));
    }
    sql
}

/// The table that the index of a partitioned table is on, of which this is a part.
pub(crate) fn above<'a>(catalog: &'a Catalog, index: &Index) -> Option<&'a Key> {
    match &catalog.get(index.table.as_deref()?)?.body {
        Body::Table(table) => table.inherits.first().map(|parent| &**parent),
        _ => None,
    }
}

pub(crate) fn parent_index_name(catalog: &Catalog, index: &Index) -> Option<String> {
    Some(within(above(catalog, index)?, index.parent.as_deref()?))
}

/// The index, or the constraint with the index, of which this is a part.
pub(crate) fn parent_index<'a>(catalog: &'a Catalog, index: &Index) -> Option<&'a Key> {
    let (above, name) = (above(catalog, index)?, index.parent.as_deref()?);
    let index = Key::new(Kind::Index, above.schema.as_deref(), name);
    let constraint = Key::new(Kind::Constraint, above.schema.as_deref(), name).of(above.name.clone());
    catalog.get(&index).or_else(|| catalog.get(&constraint)).map(|object| &*object.key)
}

/// Storage parameters: ` WITH (fillfactor='70')`.
pub(crate) fn with(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let option = |option: &String| match option.split_once('=') {
        Some((name, value)) => match name.split_once('.') {
            Some((space, name)) => format!("{space}.{}={}", quoted(name), literal(value)),
            None => format!("{}={}", quoted(name), literal(value)),
        },
        None => quoted(option),
    };
    format!(" WITH ({})", options.iter().map(option).collect::<Vec<_>>().join(", "))
}

/// Options of foreign tables and their columns: ` OPTIONS (schema_name 'app')`.
pub(crate) fn options(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let option = |option: &String| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        format!("{} {}", quoted(name), literal(value))
    };
    format!(" OPTIONS ({})", options.iter().map(option).collect::<Vec<_>>().join(", "))
}

/// An expression without the parentheses around the whole of it, which are written anyway.
pub(crate) fn bare(expression: &str) -> &str {
    let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return expression };
    // A query has its parentheses for itself.
    let first = inner.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    if matches!(first, Some("SELECT" | "WITH" | "VALUES")) {
        return expression;
    }
    let mut depth = 1_usize;
    let mut quote = None;
    for c in inner.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return expression;
        }
    }
    inner
}
