//! What there is to know of a tool.

use rung_engine::{Dialect, Keeper, MigrationSet, Table};

use crate::account::{Account, Row};
use crate::tools::{Dbmate, Goose};

/// A tool whose history can be taken over.
pub(crate) trait Tool: Sync {
    /// The name that people type; that of the format of its files as well.
    fn name(&self) -> &'static str;

    /// Where its table is by default: a name, or a schema and a name divided by `.`; the first that is there.
    fn tables(&self) -> &'static [&'static str];

    /// Columns by which the table is told from others of the same name.
    fn columns(&self) -> &'static [&'static str];

    /// Columns that another tool's table of the same name has.
    fn foreign_columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// The query that reads the table, in the order of application.
    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String;

    /// What its rows say.
    fn account(&self, rows: &[Row], set: &MigrationSet) -> Account;

    /// The number of the advisory lock that it takes on PostgreSQL.
    fn lock(&self, _table: &Table) -> Option<i64> {
        None
    }

    /// What writes its table, by its quoted name; `None` where rung doesn't.
    fn keeper(&self, _table: &str) -> Option<Box<dyn Keeper>> {
        None
    }
}

/// Every tool.
pub(crate) const TOOLS: &[&dyn Tool] = &[&Dbmate, &Goose];
