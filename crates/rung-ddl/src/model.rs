//! Statements as data. Names are folded and without quotes, as the catalog has them; every span is a place in the text
//! that was parsed.

use std::fmt;

use rung_sql::{Span, TransactionControl};
pub use smol_str::SmolStr;

/// A name, perhaps with its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// The schema, where it is written.
    pub schema: Option<SmolStr>,
    /// The name.
    pub name: SmolStr,
    /// Where it stands.
    pub span: Span,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

/// A name that has no schema: a column's, a constraint's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name.
    pub name: SmolStr,
    /// Where it stands.
    pub span: Span,
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What kind of object a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Kind {
    Table,
    ForeignTable,
    Index,
    View,
    MaterializedView,
    Sequence,
    Schema,
    Type,
    Domain,
    Routine,
    Trigger,
    Policy,
    Rule,
    Extension,
    Statistics,
    Database,
    Role,
    Publication,
    Other,
}

impl Kind {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::ForeignTable => "foreign table",
            Self::Index => "index",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Sequence => "sequence",
            Self::Schema => "schema",
            Self::Type => "type",
            Self::Domain => "domain",
            Self::Routine => "function",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Extension => "extension",
            Self::Statistics => "statistics",
            Self::Database => "database",
            Self::Role => "role",
            Self::Publication => "publication",
            Self::Other => "object",
        }
    }
}

/// A type as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// Its schema, where it is written.
    pub schema: Option<SmolStr>,
    /// Its name as the server shows it: `integer`, `character varying`, `timestamp with time zone`. One that is not
    /// built in keeps the name it is written with.
    pub name: SmolStr,
    /// What stands in parentheses.
    pub arguments: Vec<SmolStr>,
    /// Whether it is an array.
    pub array: bool,
    /// Where it stands.
    pub span: Span,
}

/// An expression, as far as rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Where it stands.
    pub span: Span,
    /// The functions that it calls, keywords such as `current_timestamp` among them.
    pub calls: Vec<Name>,
    /// The names that may be columns.
    pub columns: Vec<Ident>,
    /// Whether it is a literal, perhaps cast or signed, and nothing else.
    pub literal: bool,
    /// Whether it is NULL.
    pub null: bool,
}

/// What happens to rows that reference one that is deleted or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The change is refused, at once or at the end.
    Refuse,
    /// They are deleted too.
    Cascade,
    /// Their columns are set to NULL or to the default.
    Set,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns of this table.
    pub columns: Vec<Ident>,
    /// The table referenced.
    pub table: Name,
    /// Its columns; empty for its primary key.
    pub referenced: Vec<Ident>,
    /// What happens on delete.
    pub on_delete: OnDelete,
}

/// A constraint, of a table or a column. Those of a column name it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, where one is given.
    pub name: Option<Ident>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `NOT VALID`: the rows that are there are not looked at.
    pub not_valid: bool,
    /// `NOT ENFORCED`: no rows are looked at, now or later.
    pub not_enforced: bool,
    /// `NO INHERIT`: it is the table's alone.
    pub no_inherit: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a constraint demands. DEFAULT and GENERATED are constraints in the grammars of both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `NOT NULL`.
    NotNull(Ident),
    /// `NULL`.
    Null,
    /// `DEFAULT`.
    Default(Expression),
    /// `CHECK`.
    Check(Expression),
    /// `PRIMARY KEY`, perhaps of an index that is there.
    PrimaryKey {
        /// Its columns; empty with an index.
        columns: Vec<Ident>,
        /// `USING INDEX`.
        index: Option<Name>,
        /// SQLite's AUTOINCREMENT.
        autoincrement: bool,
    },
    /// `UNIQUE`, perhaps of an index that is there.
    Unique {
        /// Its columns; empty with an index.
        columns: Vec<Ident>,
        /// `USING INDEX`.
        index: Option<Name>,
    },
    /// `EXCLUDE`.
    Exclude,
    /// `REFERENCES`, `FOREIGN KEY`.
    ForeignKey(ForeignKey),
    /// `GENERATED ALWAYS AS (...)`.
    Generated {
        /// The expression.
        expression: Expression,
        /// Whether the value is stored.
        stored: bool,
    },
    /// `GENERATED ... AS IDENTITY`.
    Identity,
    /// `COLLATE`, in SQLite.
    Collate(SmolStr),
}

/// A column as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type; SQLite does not need one.
    pub data_type: Option<DataType>,
    /// `COLLATE`.
    pub collation: Option<SmolStr>,
    /// What else is said of it.
    pub constraints: Vec<Constraint>,
    /// Where it stands.
    pub span: Span,
}

impl Column {
    /// The first constraint of some kind.
    pub fn find<'a, T>(&'a self, pick: impl Fn(&'a ConstraintKind) -> Option<T>) -> Option<T> {
        self.constraints.iter().find_map(|constraint| pick(&constraint.kind))
    }

    /// Its default, where one is written.
    pub fn default(&self) -> Option<&Expression> {
        self.find(|kind| match kind {
            ConstraintKind::Default(expression) => Some(expression),
            _ => None,
        })
    }

    /// Whether it says NOT NULL or is a primary key.
    pub fn not_null(&self) -> bool {
        self.find(|kind| {
            matches!(kind, ConstraintKind::NotNull(_) | ConstraintKind::PrimaryKey { .. } | ConstraintKind::Identity)
                .then_some(())
        })
        .is_some()
    }
}

/// How long a table lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// As long as the database.
    Permanent,
    /// As long as the database, and empty after a crash.
    Unlogged,
    /// As long as the session.
    Temporary,
}

/// `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// Its name.
    pub name: Name,
    /// How long it lives.
    pub persistence: Persistence,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its own constraints.
    pub constraints: Vec<Constraint>,
    /// `PARTITION BY`.
    pub partitioned: bool,
    /// `PARTITION OF`.
    pub partition_of: Option<Name>,
    /// Whether it is the partition of what no other one takes: `DEFAULT`.
    pub default_partition: bool,
    /// `INHERITS`.
    pub inherits: Vec<Name>,
    /// `LIKE`.
    pub like: Vec<Name>,
    /// `OF`: the composite type whose attributes are its columns.
    pub of_type: Option<Name>,
    /// Made of a query: `AS SELECT`, `SELECT INTO`.
    pub from_query: bool,
    /// SQLite's `STRICT`.
    pub strict: bool,
    /// SQLite's `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// The module of an SQLite virtual table.
    pub module: Option<SmolStr>,
    /// Storage parameters, as in [`Action::SetOptions`].
    pub options: Vec<(Ident, String)>,
}

impl CreateTable {
    /// All constraints, those of columns first.
    pub fn all_constraints(&self) -> impl Iterator<Item = &Constraint> {
        self.columns.iter().flat_map(|column| &column.constraints).chain(&self.constraints)
    }
}

/// `ALTER TABLE`, and `ALTER` of what has columns or options as a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterTable {
    /// Table, view, materialized view, index, sequence, foreign table.
    pub kind: Kind,
    /// Which.
    pub name: Name,
    /// `ONLY`.
    pub only: bool,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// What is done, each with its place.
    pub actions: Vec<(Action, Span)>,
}

/// What an `ALTER TABLE` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: Column,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        column: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN ... TYPE`.
    SetType {
        /// The column.
        column: Ident,
        /// Its new type.
        data_type: DataType,
        /// `COLLATE`.
        collation: Option<SmolStr>,
        /// `USING`.
        using: Option<Expression>,
    },
    /// `ALTER COLUMN ... SET NOT NULL`.
    SetNotNull(Ident),
    /// `ALTER COLUMN ... DROP NOT NULL`.
    DropNotNull(Ident),
    /// `ALTER COLUMN ... SET DEFAULT`.
    SetDefault(Ident, Expression),
    /// `ALTER COLUMN ... DROP DEFAULT`.
    DropDefault(Ident),
    /// `ALTER COLUMN ... ADD GENERATED ... AS IDENTITY`, and changes of it.
    Identity(Ident),
    /// `ALTER COLUMN ... SET EXPRESSION`.
    SetExpression(Ident),
    /// `ALTER COLUMN ... DROP EXPRESSION`.
    DropExpression(Ident),
    /// `ALTER COLUMN ... SET STATISTICS`, and `SET (n_distinct = ...)`.
    SetStatistics(Ident),
    /// `ALTER COLUMN ... SET STORAGE` or `COMPRESSION`.
    SetStorage(Ident),
    /// `ADD CONSTRAINT`.
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`.
    DropConstraint {
        /// The constraint.
        name: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint(Ident),
    /// `ALTER CONSTRAINT`.
    AlterConstraint {
        /// The constraint.
        name: Ident,
        /// `ENFORCED`, for which the rows that are there are looked at, or `NOT ENFORCED`.
        enforced: Option<bool>,
    },
    /// `RENAME CONSTRAINT`.
    RenameConstraint {
        /// Its name.
        from: Ident,
        /// Its new name.
        to: Ident,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// Its name.
        from: Ident,
        /// Its new name.
        to: Ident,
    },
    /// `RENAME TO`.
    Rename(Ident),
    /// `SET SCHEMA`.
    SetSchema(Ident),
    /// `ATTACH PARTITION`; of an index too.
    Attach {
        /// The partition.
        partition: Name,
        /// `DEFAULT`.
        default: bool,
    },
    /// `DETACH PARTITION`.
    Detach {
        /// The partition.
        partition: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `FINALIZE`.
        finalize: bool,
    },
    /// `INHERIT`.
    Inherit(Name),
    /// `NO INHERIT`.
    NoInherit(Name),
    /// `OF` a composite type, or `NOT OF`.
    OfType(Option<Name>),
    /// `SET LOGGED`.
    SetLogged,
    /// `SET UNLOGGED`.
    SetUnlogged,
    /// `SET ACCESS METHOD`.
    SetAccessMethod(SmolStr),
    /// `SET TABLESPACE`.
    SetTablespace,
    /// `REPLICA IDENTITY`.
    ReplicaIdentity {
        /// `FULL`.
        full: bool,
        /// `NOTHING`.
        nothing: bool,
    },
    /// `SET (...)`: names and values.
    SetOptions(Vec<(Ident, String)>),
    /// `RESET (...)`.
    ResetOptions(Vec<Ident>),
    /// `ENABLE` or `DISABLE TRIGGER`.
    Trigger {
        /// `ENABLE`.
        enable: bool,
    },
    /// `ENABLE` or `DISABLE RULE`.
    RuleSwitch,
    /// `ENABLE` or `DISABLE ROW LEVEL SECURITY`.
    RowSecurity {
        /// `ENABLE`.
        enable: bool,
    },
    /// `FORCE` or `NO FORCE ROW LEVEL SECURITY`.
    ForceRowSecurity,
    /// `OWNER TO`.
    Owner,
    /// `CLUSTER ON`, `SET WITHOUT CLUSTER`.
    ClusterOn,
    /// Something else.
    Other,
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name; `None` where the server chooses it.
    pub name: Option<Name>,
    /// The table.
    pub table: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `ON ONLY`.
    pub only: bool,
    /// What is indexed, in order; `None` for an expression.
    pub columns: Vec<Option<Ident>>,
    /// The columns that its expressions and its WHERE are about.
    pub within: Vec<Ident>,
    /// Whether it has a WHERE.
    pub partial: bool,
    /// The method: `btree`, `gin`.
    pub method: Option<SmolStr>,
}

/// What happens to an attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// What.
    pub kind: AttributeChangeKind,
    /// `CASCADE`: to the tables of the type, too. Where there are such the server refuses it without.
    pub cascade: bool,
}

/// What happens to an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeChangeKind {
    /// `ADD ATTRIBUTE`.
    Add(Column),
    /// `DROP ATTRIBUTE`.
    Drop {
        /// The attribute.
        attribute: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER ATTRIBUTE ... TYPE`.
    SetType {
        /// The attribute.
        attribute: Ident,
        /// Its new type.
        data_type: DataType,
        /// `COLLATE`.
        collation: Option<SmolStr>,
    },
    /// `RENAME ATTRIBUTE`.
    Rename {
        /// Its name.
        from: Ident,
        /// Its new name.
        to: Ident,
    },
}

/// What an `ALTER DOMAIN` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainChange {
    /// `SET DEFAULT`.
    SetDefault(Expression),
    /// `DROP DEFAULT`.
    DropDefault,
    /// `SET NOT NULL`.
    SetNotNull,
    /// `DROP NOT NULL`.
    DropNotNull,
    /// `ADD CONSTRAINT`.
    Add(Constraint),
    /// `DROP CONSTRAINT`.
    Drop {
        /// The constraint.
        name: Ident,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `RENAME CONSTRAINT`.
    Rename {
        /// Its name.
        from: Ident,
        /// Its new name.
        to: Ident,
    },
    /// `VALIDATE CONSTRAINT`.
    Validate(Ident),
}

impl DomainChange {
    /// Whether every value of the domain is held against a constraint.
    pub fn checks(&self) -> bool {
        match self {
            Self::Add(constraint) => !constraint.not_valid,
            Self::SetNotNull | Self::Validate(_) => true,
            _ => false,
        }
    }
}

/// What a data statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Verb {
    Insert,
    Update,
    Delete,
    Merge,
    /// `COPY ... FROM`.
    CopyIn,
    /// `SELECT`, `COPY ... TO`: reads.
    Select,
    /// `SELECT ... FOR UPDATE` and the like.
    SelectForUpdate,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `CREATE TABLE`, `CREATE FOREIGN TABLE`, `CREATE VIRTUAL TABLE`.
    CreateTable(CreateTable),
    /// `ALTER TABLE` and its like.
    AlterTable(AlterTable),
    /// `CREATE INDEX`.
    CreateIndex(CreateIndex),
    /// `CREATE` of something that rules need not look into.
    Create {
        /// What kind.
        kind: Kind,
        /// Its name.
        name: Option<Name>,
        /// `OR REPLACE`.
        replace: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// What it is on: a trigger's, a policy's, a rule's or a sequence owner's table.
        on: Option<Name>,
    },
    /// `CREATE TYPE ... AS ENUM`.
    CreateEnum {
        /// Its name.
        name: Name,
        /// Its values.
        values: Vec<String>,
    },
    /// `CREATE TYPE ... AS (a int)`.
    CreateComposite {
        /// Its name.
        name: Name,
        /// Its attributes, which have a type and perhaps a collation.
        attributes: Vec<Column>,
    },
    /// `ALTER TYPE` of a composite type, as far as its attributes go.
    AlterComposite {
        /// The type.
        name: Name,
        /// What is done, each with its place.
        changes: Vec<(AttributeChange, Span)>,
    },
    /// `CREATE DOMAIN`.
    CreateDomain {
        /// Its name.
        name: Name,
        /// What it is over.
        base: Option<DataType>,
        /// `DEFAULT`.
        default: Option<Expression>,
        /// CHECK and NOT NULL.
        constraints: Vec<Constraint>,
    },
    /// `ALTER TYPE ... ADD VALUE`.
    AddEnumValue {
        /// The enum.
        name: Name,
        /// The value.
        value: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `BEFORE` or `AFTER` another.
        placed: bool,
    },
    /// `ALTER TYPE ... RENAME VALUE`.
    RenameEnumValue {
        /// The enum.
        name: Name,
        /// Its value.
        from: String,
        /// Its new value.
        to: String,
    },
    /// `ALTER DOMAIN`, as far as its default and its constraints go.
    AlterDomain {
        /// The domain.
        name: Name,
        /// What is done.
        change: DomainChange,
    },
    /// `ALTER ... RENAME TO` and `SET SCHEMA` of what has no columns.
    Rename {
        /// What kind.
        kind: Kind,
        /// Its name.
        name: Name,
        /// Its new name.
        to: Option<Ident>,
    },
    /// Another `ALTER`.
    Alter {
        /// What kind.
        kind: Kind,
        /// Its name.
        name: Option<Name>,
        /// What it is on.
        on: Option<Name>,
    },
    /// `DROP`.
    Drop {
        /// What kind.
        kind: Kind,
        /// The names.
        names: Vec<Name>,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
        /// What it is on: a trigger's or a policy's table.
        on: Option<Name>,
    },
    /// `TRUNCATE`.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `REINDEX`.
    Reindex {
        /// Index, table, schema or database.
        kind: Kind,
        /// Which.
        name: Option<Name>,
        /// `CONCURRENTLY`.
        concurrently: bool,
    },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        name: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// Without `WITH NO DATA`.
        with_data: bool,
    },
    /// `VACUUM`, `ANALYZE`.
    Vacuum {
        /// The tables; none for all.
        tables: Vec<Name>,
        /// `FULL`.
        full: bool,
        /// `ANALYZE` by itself.
        analyze_only: bool,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table; `None` for all that were clustered before.
        table: Option<Name>,
    },
    /// `LOCK TABLE`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// The mode as it is written, e.g. `ACCESS EXCLUSIVE`.
        mode: String,
    },
    /// Reads or writes rows.
    Data {
        /// What it does.
        verb: Verb,
        /// The table that is written.
        table: Option<Name>,
        /// Whether it has a WHERE.
        filtered: bool,
    },
    /// `COMMENT ON`.
    Comment {
        /// On what kind; a column's comment is on its table.
        kind: Kind,
        /// Which.
        name: Option<Name>,
        /// The column of it.
        column: Option<Ident>,
        /// What it says; `None` where it is taken away.
        text: Option<String>,
    },
    /// `GRANT`, `REVOKE`.
    Grant {
        /// The tables.
        tables: Vec<Name>,
    },
    /// `SET name`, `PRAGMA name`.
    Set {
        /// The setting, in lower case.
        name: String,
        /// Its values; none for `DEFAULT` and `RESET`.
        values: Vec<String>,
        /// `LOCAL`.
        local: bool,
    },
    /// `BEGIN`, `COMMIT` and the like.
    Transaction(TransactionControl),
    /// `DO`, `CALL`, `EXECUTE`: what it does can't be seen.
    Opaque {
        /// Its body, where it is written here.
        body: Option<Span>,
    },
    /// Anything else.
    Other,
}

impl Statement {
    /// The tables that it makes, changes or drops, and those that it references; not those that it reads.
    pub fn tables(&self) -> impl Iterator<Item = &Name> {
        fn referenced(constraint: &Constraint) -> Option<&Name> {
            match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some(&key.table),
                _ => None,
            }
        }
        let mut found: Vec<&Name> = Vec::new();
        match self {
            Self::CreateTable(create) => {
                found.push(&create.name);
                found.extend(create.partition_of.iter().chain(&create.inherits).chain(&create.like));
                found.extend(create.all_constraints().filter_map(referenced));
            }
            Self::AlterTable(alter) if alter.kind != Kind::Index => {
                found.push(&alter.name);
                for (action, _) in &alter.actions {
                    match action {
                        Action::AddColumn { column, .. } => {
                            found.extend(column.constraints.iter().filter_map(referenced))
                        }
                        Action::AddConstraint(constraint) => found.extend(referenced(constraint)),
                        Action::Attach { partition: other, .. }
                        | Action::Inherit(other)
                        | Action::NoInherit(other)
                        | Action::Detach { partition: other, .. } => found.push(other),
                        _ => {}
                    }
                }
            }
            Self::CreateIndex(create) => found.push(&create.table),
            Self::Create { on: Some(on), .. } | Self::Alter { on: Some(on), .. } => found.push(on),
            Self::Drop {
                kind: Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable, names, ..
            } => {
                found.extend(names);
            }
            Self::Drop { on: Some(on), .. } => found.push(on),
            Self::Truncate { tables, .. } | Self::Lock { tables, .. } | Self::Vacuum { tables, .. } => {
                found.extend(tables)
            }
            Self::Data { table: Some(table), .. } | Self::Cluster { table: Some(table) } => found.push(table),
            Self::Refresh { name, .. } => found.push(name),
            _ => {}
        }
        found.into_iter()
    }

    /// The columns that it makes.
    pub fn new_columns(&self) -> impl Iterator<Item = &Column> {
        let (made, added): (&[Column], &[(Action, Span)]) = match self {
            Self::CreateTable(create) => (&create.columns, &[]),
            Self::AlterTable(alter) => (&[], &alter.actions),
            _ => (&[], &[]),
        };
        made.iter().chain(added.iter().filter_map(|(action, _)| match action {
            Action::AddColumn { column, .. } => Some(column),
            _ => None,
        }))
    }
}

/// A statement that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The statement; [`Statement::Other`] where it could not be read.
    pub statement: Statement,
    /// Every table or view that it names, common table expressions left out.
    pub relations: Vec<Name>,
    /// Every function that it calls, as [`Kind::Routine`], and every type that it names, as [`Kind::Type`], but those
    /// that are words of the grammar.
    pub named: Vec<(Kind, Name)>,
    /// The columns that are named a second time in a list where each may stand once: those of a new table or view, of a
    /// key, of an INSERT, of a SET. Only where the server refuses that.
    pub repeated: Vec<Ident>,
    /// The rows of another table that it copies as they are; in SQLite, where tables are rebuilt so.
    pub copied: Option<Box<Copied>>,
    /// What its grammar does not know, first place first.
    pub errors: Vec<SyntaxError>,
    /// Whether it is nested too deep to be read on any stack, and nothing is known of it.
    pub too_deep: bool,
}

impl Parsed {
    /// A statement of which nothing more is known.
    pub fn of(statement: Statement) -> Self {
        Self {
            statement,
            relations: Vec::new(),
            named: Vec::new(),
            repeated: Vec::new(),
            copied: None,
            errors: Vec::new(),
            too_deep: false,
        }
    }

    /// What is too deep to be read.
    pub(crate) fn too_deep() -> Self {
        Self { too_deep: true, ..Self::of(Statement::Other) }
    }
}

/// `INSERT INTO a (x) SELECT y FROM b`: what becomes of the values of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Whose rows they are.
    pub from: Name,
    /// The columns that are filled; `None` where they are not listed, and all are.
    pub into: Option<Vec<SmolStr>>,
    /// The columns that are copied, one for each that is filled; `None` in it for what is no column as it is, and in place of
    /// it where all are.
    pub values: Option<Vec<Option<SmolStr>>>,
    /// The columns that no copied row has NULL in.
    pub never_null: Vec<SmolStr>,
}

/// Something that the grammar does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What, as a lowercase fragment.
    pub message: String,
    /// Where.
    pub span: Span,
}
