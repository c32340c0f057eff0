//! What a database's types are to a program that reads and writes its rows.

use rung_catalog::{Column, Object, Signature, TypeRef};

/// Types, as far as programs are concerned. Implemented by the driver crates; pure.
pub trait Types: Sync {
    /// The type that a column, an argument or a domain names.
    fn read(&self, sql: &str) -> TypeRef;

    /// The schema that objects are in which name none, and that clients take where they are told none.
    fn default_schema(&self) -> &'static str;

    /// What a routine takes and gives; `None` for any other object, and where it can't be told.
    fn signature(&self, routine: &Object) -> Option<Signature> {
        let _ = routine;
        None
    }

    /// The column and the values where a check does nothing but list those it may have, by `IN`: each as a text, or as a
    /// number as it is written. NULL is not among them.
    fn listed(&self, condition: &str) -> Option<(String, Vec<Literal>)> {
        let _ = condition;
        None
    }

    /// Whether a column that says nothing of it gets a value of its own: the key of a table that counts its rows.
    fn fills_in(&self, table: &Object, key: &[String], column: &Column) -> bool {
        let _ = (table, key, column);
        false
    }
}

/// A value that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
}
