//! What values are, in whichever database: for whoever writes programs about a schema.

/// A kind of value that is no list, row or enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// True or false.
    Bool,
    /// A whole number of 16 bits.
    Int16,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A floating-point number of 32 bits.
    Float32,
    /// A floating-point number of 64 bits.
    Float64,
    /// A decimal number of any precision.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A time of day with the distance of its zone.
    TimeTz,
    /// A date and a time, without a zone.
    Timestamp,
    /// A moment.
    TimestampTz,
    /// A span of time.
    Interval,
    /// A UUID.
    Uuid,
    /// JSON.
    Json,
    /// A value of the database's own that programs see as its text: an address, a range, a bit string.
    Written,
    /// Nothing: what a function returns that returns nothing.
    Void,
    /// A row of which nothing is known.
    Record,
    /// Anything.
    Any,
}

/// A type as a column, an argument or a domain names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// One of the database's own.
    Scalar {
        /// What its values are.
        means: Scalar,
        /// What a program gets that does not read them as anything: text for the dates of SQLite.
        arrives: Scalar,
    },
    /// A list of values.
    Array(Box<Self>),
    /// One that the schema makes: an enum, domain or composite type, or a table's rows.
    Named {
        /// Its schema.
        schema: Option<String>,
        /// Its name, without quotes.
        name: String,
    },
}

impl TypeRef {
    /// A type whose values arrive as what they are.
    pub fn plain(scalar: Scalar) -> Self {
        Self::Scalar { means: scalar, arrives: scalar }
    }
}

/// What a routine takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What is to be given, in order.
    pub takes: Vec<Argument>,
    /// The columns of what it returns, where it says them: `RETURNS TABLE`, arguments that are `OUT`.
    pub gives: Vec<Argument>,
    /// What it returns; `None` for a procedure.
    pub returns: Option<TypeRef>,
    /// Whether it returns any number of rows.
    pub is_set: bool,
    /// Whether it says that these are at most one: `ROWS 1`.
    pub is_one_row: bool,
}

/// An argument of a routine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its type.
    pub of: TypeRef,
    /// Its type as SQL.
    pub sql: String,
    /// Whether it may be left out.
    pub has_default: bool,
}

/// Where a view's columns come from, as the database itself works it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The view.
    pub view: std::sync::Arc<crate::Key>,
    /// Whether rows can be inserted and updated through it.
    pub is_updatable: bool,
    /// In their order.
    pub columns: Vec<Descent>,
}

/// Where a column of a view comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descent {
    /// The column.
    pub name: String,
    /// Whether it can be updated through the view.
    pub is_updatable: bool,
    /// The table and its column, where it is one as it is.
    pub of: Option<(std::sync::Arc<crate::Key>, String)>,
}
