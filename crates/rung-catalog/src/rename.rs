//! Another name, and not another object.

use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// One object, or one of its columns, that has another name in the other schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rename {
    /// An object. Whatever belongs to it goes along.
    Object {
        /// What it is called in the first schema.
        from: Arc<Key>,
        /// What it is called in the second.
        to: Arc<Key>,
    },
    /// A column, of a table, a view or a composite type.
    Column {
        /// The table, as the second schema calls it.
        table: Arc<Key>,
        /// What it is called in the first schema.
        from: String,
        /// What it is called in the second.
        to: String,
    },
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { from, to } => write!(f, "{from} is now {}", to.path()),
            Self::Column { table, from, to } => write!(f, "column {from} of {} is now {to}", table.path()),
        }
    }
}
