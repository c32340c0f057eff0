//! What a schema is made of: tables with their columns and constraints, indexes, types.

use rung_ddl::{CreateIndex, DataType, Kind, OnDelete, Persistence, SmolStr};

use super::Volatility;

/// A name with its schema; the schema is empty where the database has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The schema.
    pub schema: SmolStr,
    /// The name.
    pub name: SmolStr,
}

/// Who made a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Born {
    /// It was there before, or nobody knows.
    Before,
    /// The migration of this number in the order of the run.
    In(usize),
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: SmolStr,
    /// Its type, where it is known.
    pub data_type: Option<DataType>,
    /// Its own collation.
    pub collation: Option<SmolStr>,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Whether it has a default.
    pub default: bool,
    /// Its default as it is written.
    pub default_text: Option<String>,
    /// Whether its value is computed.
    pub generated: bool,
    /// The columns that it is computed from.
    pub from: Vec<SmolStr>,
    /// Whether it is computed when it is read, and not stored.
    pub computed_on_read: bool,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name; where none was given, the one that the server chooses.
    pub name: SmolStr,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether the rows that are there were looked at.
    pub valid: bool,
    /// Whether it holds for anything at all: not where it is `NOT ENFORCED`.
    pub enforced: bool,
    /// Whether it is the table's alone: `NO INHERIT`.
    pub no_inherit: bool,
    /// Where it is written.
    pub stands: Stands,
    /// The migration that added it.
    pub born: Born,
}

/// Where a constraint is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// At this column, with which it goes.
    AtColumn(SmolStr),
    /// By itself.
    Alone,
}

impl Constraint {
    /// Whether it is valid, and proves that a column has no NULL.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.valid
            && self.enforced
            && match &self.kind {
                ConstraintKind::Check { not_null, .. } => not_null.iter().any(|name| name == column),
                ConstraintKind::NotNull(name) => name == column,
                ConstraintKind::PrimaryKey(columns) => columns.iter().any(|name| name == column),
                _ => false,
            }
    }
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`.
    PrimaryKey(Vec<SmolStr>),
    /// `UNIQUE`.
    Unique(Vec<SmolStr>),
    /// `CHECK`.
    Check {
        /// The columns of its expression.
        columns: Vec<SmolStr>,
        /// The columns of which it says that they are not null.
        not_null: Vec<SmolStr>,
        /// The expression as it is written.
        text: String,
    },
    /// `NOT NULL` as a constraint with a name.
    NotNull(SmolStr),
    /// `FOREIGN KEY`.
    ForeignKey {
        /// The columns.
        columns: Vec<SmolStr>,
        /// What they reference.
        to: Key,
        /// What happens on delete.
        on_delete: OnDelete,
    },
    /// `EXCLUDE`.
    Exclude,
}

/// The method of an index that names none.
pub(super) const BTREE: SmolStr = SmolStr::new_static("btree");

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its table.
    pub table: Key,
    /// Its columns, in order; `None` for an expression.
    pub columns: Vec<Option<SmolStr>>,
    /// Whether it is unique.
    pub unique: bool,
    /// The columns that its expressions and its WHERE are about.
    pub within: Vec<SmolStr>,
    /// Whether it has a WHERE.
    pub partial: bool,
    /// Its method: `btree`, `gin`.
    pub method: SmolStr,
    /// Who made it.
    pub born: Born,
}

impl Index {
    /// What a statement makes on a table.
    pub(crate) fn made(create: &CreateIndex, table: Key) -> Self {
        Self {
            table,
            columns: create.columns.iter().map(|column| column.as_ref().map(|column| column.name.clone())).collect(),
            unique: create.unique,
            within: create.within.iter().map(|column| column.name.clone()).collect(),
            partial: create.partial,
            method: create.method.clone().unwrap_or(BTREE),
            born: Born::Before,
        }
    }

    /// Whether the index of a partition is taken for one of its partitioned table, as far as that is known: of columns
    /// alone, by the same method.
    pub fn stands_for(&self, whole: &Index) -> bool {
        (&self.columns, self.partial, &self.method) == (&whole.columns, whole.partial, &whole.method)
            && self.unique >= whole.unique
    }
}

/// A table, or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is.
    pub kind: Kind,
    /// Who made it.
    pub born: Born,
    /// Whether every column is known.
    pub complete: bool,
    /// How long it lives.
    pub persistence: Persistence,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// By which columns, where it is by columns alone.
    pub partition_key: Vec<SmolStr>,
    /// What it is a partition of.
    pub partition_of: Option<Key>,
    /// Whether it is the partition of what no other one takes.
    pub default_partition: bool,
    /// What it inherits from.
    pub inherits: Vec<Key>,
    /// The composite type that it is of.
    pub of_type: Option<Key>,
    /// What it reads, if it is a view.
    pub reads: Vec<Key>,
    /// Its own text, if it is a view; SQLite's triggers by name, each with its text.
    pub texts: Vec<(SmolStr, String)>,
    /// Whether row level security is on.
    pub row_security: bool,
    /// Its policies.
    pub policies: usize,
    /// Whether SQLite made it virtual.
    pub module: Option<SmolStr>,
    /// Whether it is SQLite's `STRICT`.
    pub strict: bool,
}

impl Table {
    /// A table of which nothing is known but that it is there.
    pub(super) fn unknown(kind: Kind) -> Self {
        Self {
            kind,
            born: Born::Before,
            complete: false,
            persistence: Persistence::Permanent,
            columns: Vec::new(),
            constraints: Vec::new(),
            partitioned: false,
            partition_key: Vec::new(),
            partition_of: None,
            default_partition: false,
            inherits: Vec::new(),
            of_type: None,
            reads: Vec::new(),
            texts: Vec::new(),
            row_security: false,
            policies: 0,
            module: None,
            strict: false,
        }
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Sets a column NOT NULL; most often it is the one that was added last.
    pub(super) fn set_not_null(&mut self, name: &str) {
        if let Some(column) = self.columns.iter_mut().rev().find(|column| column.name == name) {
            column.not_null = true;
        }
    }

    /// A constraint.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// Whether a valid CHECK, or a valid NOT NULL constraint, proves that a column has no NULL.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|constraint| constraint.proves_not_null(column))
    }
}

/// A type that is not built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// An enum.
    Enum {
        /// Its values.
        values: Vec<String>,
        /// Who made it.
        born: Born,
    },
    /// A domain.
    Domain(Domain),
    /// A composite type.
    Composite(Composite),
}

impl Type {
    /// Who made it.
    pub fn born(&self) -> Born {
        match self {
            Self::Enum { born, .. } | Self::Domain(Domain { born, .. }) | Self::Composite(Composite { born, .. }) => {
                *born
            }
        }
    }

    pub(super) fn born_mut(&mut self) -> &mut Born {
        match self {
            Self::Enum { born, .. } | Self::Domain(Domain { born, .. }) | Self::Composite(Composite { born, .. }) => {
                born
            }
        }
    }
}

/// A domain by itself: what it is over may be one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its CHECKs, and its NOT NULL.
    pub constraints: Vec<DomainConstraint>,
    /// What it is over.
    pub base: Option<DataType>,
    /// Its default as it is written, and whether that is one value for all rows.
    pub default: Option<(String, Volatility)>,
    /// Who made it.
    pub born: Born,
}

/// A constraint of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainConstraint {
    /// Its name; where none was given, the one that the server chooses.
    pub name: SmolStr,
    /// Whether it is `NOT NULL`, and not a CHECK.
    pub not_null: bool,
    /// Whether the values that are there were looked at.
    pub valid: bool,
}

impl DomainConstraint {
    pub(super) const NOT_NULL: Self = Self { name: SmolStr::new_static(""), not_null: true, valid: true };
}

/// A composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composite {
    /// Its attributes, as the columns of a table of it.
    pub attributes: Vec<Column>,
    /// Who made it.
    pub born: Born,
}
