//! Tables and views, and what they are made of.

use std::sync::Arc;

use crate::grant::Grants;
use crate::key::Key;

/// A table: ordinary, partitioned, a partition, foreign or virtual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Whether it survives a crash.
    pub persistence: Persistence,
    /// In their order.
    pub columns: Vec<Column>,
    /// The tables that it inherits from, in order; the one that it is a partition of where there is a `bound`.
    pub inherits: Vec<Arc<Key>>,
    /// How it is partitioned: `RANGE (day)`.
    pub partition_by: Option<String>,
    /// Which part it is: `FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`, `DEFAULT`.
    pub bound: Option<String>,
    /// The composite type of a typed table, as SQL.
    pub of_type: Option<String>,
    /// Storage parameters, `name=value`, in the order in which they were set; those of its TOAST table begin with `toast.`. On SQLite `STRICT` and
    /// `WITHOUT ROWID`.
    pub options: Vec<String>,
    /// Where it is not the database's.
    pub tablespace: Option<String>,
    /// The table access method, where it is not `heap`; the module of a virtual table.
    pub access_method: Option<String>,
    /// What identifies a row to subscribers.
    pub replica_identity: ReplicaIdentity,
    /// Whether policies hold.
    pub row_security: RowSecurity,
    /// The server of a foreign table.
    pub server: Option<String>,
    /// A foreign table's own options, `name=value`, sorted.
    pub server_options: Vec<String>,
    /// A virtual table's own tables, which come and go with it; sorted.
    pub shadows: Vec<String>,
    /// The statement that made it, where the database keeps that (SQLite).
    pub definition: Option<String>,
}

/// Whether a table survives a crash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Persistence {
    /// It does.
    #[default]
    Permanent,
    /// It is emptied.
    Unlogged,
}

/// What identifies a row to subscribers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReplicaIdentity {
    /// The primary key.
    #[default]
    Default,
    /// The whole row.
    Full,
    /// Nothing.
    Nothing,
    /// An index, by name.
    Index(String),
}

/// Whether policies hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowSecurity {
    /// They do not.
    #[default]
    Off,
    /// For all but the owner.
    On,
    /// For the owner too.
    Forced,
    /// For the owner too, once it is switched on.
    OffAndForced,
}

/// A column of a table, view or composite type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL; empty where SQLite has none.
    pub data_type: String,
    /// Where it is not the type's own; as SQL.
    pub collation: Option<String>,
    /// Whether, and how, NULL is kept out.
    pub not_null: Option<NotNull>,
    /// Where its value comes from when none is given.
    pub value: Value,
    /// Whether it was declared here, or by a parent.
    pub origin: Origin,
    /// `PLAIN`, `EXTERNAL`, `EXTENDED` or `MAIN`, where it is not the type's own.
    pub storage: Option<String>,
    /// `pglz` or `lz4`, where it was chosen.
    pub compression: Option<String>,
    /// The statistics target, where it was chosen.
    pub statistics: Option<i32>,
    /// Attribute options, `name=value`, in the order in which they were set.
    pub options: Vec<String>,
    /// A foreign table's options for it, `name=value`, sorted.
    pub server_options: Vec<String>,
    /// The comment on it.
    pub comment: Option<String>,
    /// Privileges on it alone.
    pub grants: Grants,
    /// Security labels: provider and label.
    pub labels: Vec<(String, String)>,
}

/// How NULL is kept out of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotNull {
    /// The constraint's name, where it is not the one that it gets by itself.
    pub name: Option<String>,
    /// Whether children inherit it.
    pub no_inherit: bool,
    /// Whether rows that were there before have been checked.
    pub validity: Validity,
    /// Whether it was declared here.
    pub origin: Origin,
    /// The comment on the constraint.
    pub comment: Option<String>,
}

/// Where a column's value comes from when none is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Value {
    /// It is NULL.
    #[default]
    None,
    /// An expression.
    Default(String),
    /// Computed from other columns and stored.
    Stored(String),
    /// Computed from other columns when read.
    Virtual(String),
    /// A sequence of its own.
    Identity(Box<Identity>),
}

/// An identity column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whether a value of the user's is refused.
    pub always: bool,
    /// Its sequence's name, in the table's schema.
    pub name: String,
    /// Its sequence.
    pub sequence: crate::object::Sequence,
    /// What is said of its sequence: `COMMENT ON SEQUENCE`.
    pub comment: Option<String>,
    /// Who may do what with its sequence.
    pub grants: Grants,
}

/// Where a column or a constraint was declared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Here.
    #[default]
    Local,
    /// By a parent only.
    Inherited,
    /// Here and by a parent.
    Both,
}

/// Whether rows that were there before have been checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Validity {
    /// They have.
    #[default]
    Valid,
    /// `NOT VALID`.
    NotValid,
    /// Nothing is checked: `NOT ENFORCED`.
    NotEnforced,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Timing {
    /// At once.
    #[default]
    NotDeferrable,
    /// At once, unless the transaction says otherwise.
    Deferrable,
    /// At the end of the transaction.
    Deferred,
}

/// A constraint of a table or a domain. The key's parent names that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// What it asks for.
    pub kind: ConstraintKind,
    /// When it is checked.
    pub timing: Timing,
    /// Whether rows that were there before have been checked.
    pub validity: Validity,
    /// Whether children are spared it.
    pub no_inherit: bool,
    /// Whether it was declared here.
    pub origin: Origin,
    /// The index behind it, where there is one of its own.
    pub index: Option<Box<Index>>,
    /// The comment on that index.
    pub index_comment: Option<String>,
}

/// What a constraint asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// A primary key.
    PrimaryKey {
        /// Its columns.
        columns: Vec<String>,
        /// Whether the last one may not overlap instead: `WITHOUT OVERLAPS`.
        without_overlaps: bool,
    },
    /// Rows that differ.
    Unique {
        /// In these columns.
        columns: Vec<String>,
        /// Whether the last one may not overlap instead: `WITHOUT OVERLAPS`.
        without_overlaps: bool,
    },
    /// A condition, as SQL without the parentheses around it.
    Check(String),
    /// Rows of which no two are related: `USING gist (room WITH =, during WITH &&)`, as the server writes it.
    Exclude(String),
    /// Rows of another table.
    Foreign(Box<ForeignKey>),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns here.
    pub columns: Vec<String>,
    /// The other table.
    pub table: Arc<Key>,
    /// The columns there; empty where SQLite was told none.
    pub references: Vec<String>,
    /// Whether the last ones are periods.
    pub period: bool,
    /// `FULL` or `PARTIAL`, where it is not `SIMPLE`.
    pub matching: Option<String>,
    /// What an update there does here, where it is not `NO ACTION`.
    pub on_update: Option<String>,
    /// What a deletion there does here, where it is not `NO ACTION`: `CASCADE`, `SET NULL (a)`.
    pub on_delete: Option<String>,
}

/// An index; also the one behind a constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The table, or materialised view, that it is on.
    pub table: Option<Arc<Key>>,
    /// The access method; empty on SQLite.
    pub method: String,
    /// Whether rows must differ.
    pub unique: bool,
    /// Whether NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// What it is sorted by.
    pub keys: Vec<IndexKey>,
    /// Columns that it only carries.
    pub include: Vec<String>,
    /// The condition of a partial index, as SQL.
    pub predicate: Option<String>,
    /// Storage parameters, `name=value`, in the order in which they were set.
    pub options: Vec<String>,
    /// Where it is not the database's.
    pub tablespace: Option<String>,
    /// Whether it can be used: a build that failed leaves one that can't.
    pub valid: bool,
    /// Whether CLUSTER goes by it.
    pub clustered: bool,
    /// Whether it is on the parent of partitions only, and does not reach them.
    pub on_only: bool,
    /// The index of the partitioned table that this is a part of.
    pub parent: Option<String>,
    /// Statistics targets, by the number of the key from one.
    pub statistics: Vec<(u32, i32)>,
    /// The statement that made it, where the database keeps that (SQLite).
    pub definition: Option<String>,
}

/// What an index is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// The column, where it is one.
    pub column: Option<String>,
    /// As SQL: the column or expression with its collation, operator class and direction where they are not the usual.
    pub sql: String,
}

/// A view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Whether its rows are stored.
    pub materialized: bool,
    /// In their order; with defaults of their own where they have any.
    pub columns: Vec<Column>,
    /// The query, or on SQLite the whole statement.
    pub query: String,
    /// `name=value`, in the order in which they were set: `security_barrier=true`, `check_option=local`.
    pub options: Vec<String>,
    /// Where it is not the database's.
    pub tablespace: Option<String>,
    /// Of a materialised view, where it is not `heap`.
    pub access_method: Option<String>,
}
