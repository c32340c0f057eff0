//! What there is to know of a tool.

use rung_engine::{DbError, Dialect, Driver, Keeper, MigrationSet, Table};

use crate::account::{Account, Row};

/// A tool whose history can be taken over.
pub(crate) trait Tool: Sync {
    /// The name that people type; that of the format of its files as well.
    fn name(&self) -> &'static str;

    /// Where its table is by default: a name, or a schema and a name divided by `.`; the first that is there.
    fn tables(&self) -> &'static [&'static str];

    /// Whether a table of that name is the tool's, by its columns.
    ///
    /// # Errors
    /// Why it is not.
    fn is_its(&self, table: &Table) -> Result<(), String>;

    /// The query that reads the table, in the order of application.
    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String;

    /// What its rows say.
    fn account(&self, rows: &[Row], set: &MigrationSet, dialect: &dyn Dialect) -> Account;

    /// The numbers of the advisory locks that it takes on PostgreSQL; one of several, where it depends on how it was called.
    fn locks(&self, _table: &Table) -> Vec<i64> {
        Vec::new()
    }

    /// Who has its lock, where that is a row: asked in the transaction that takes its history over, and from then on the
    /// tool can't take it.
    ///
    /// # Errors
    /// Those of the database.
    fn holder(&self, _driver: &mut dyn Driver, _table: &Table) -> Result<Option<String>, DbError> {
        Ok(None)
    }

    /// What writes its table; `None` where rung doesn't.
    fn keeper(&self, _table: &Table) -> Option<Box<dyn Keeper>> {
        None
    }
}
