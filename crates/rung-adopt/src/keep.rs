//! Tables of other tools that are written along.

use rung_engine::{DbError, DbErrorKind, Driver, KeptTable, KeptWriter};

use crate::source::named;
use crate::tools::TOOLS;

/// What writes the tables that are on record.
///
/// # Errors
/// A tool that this rung does not know; a table that is gone.
pub fn keepers(driver: &mut dyn Driver) -> Result<Vec<KeptWriter>, DbError> {
    let mut keepers = Vec::new();
    for (name, path) in driver.kept_tables()? {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name() == name) else {
            return Err(unknown(&name, &path));
        };
        let Some(table) = named(driver, &path)? else {
            let message = format!("the table {path} of {name} is to be written along, and it is gone");
            return Err(DbError::new(DbErrorKind::Config, message)
                .with_hint(format!("where {name} is not used any more: `rung adopt --from {name} --stop-writing`")));
        };
        let keeper = tool.keeper(&table).ok_or_else(|| unknown(&name, &path))?;
        keepers.push((KeptTable { tool: name, table: path }, keeper));
    }
    Ok(keepers)
}

fn unknown(name: &str, table: &str) -> DbError {
    let message = format!("the table {table} of {name} is to be written along, and this rung does not know how");
    DbError::new(DbErrorKind::NewerFormat, message).with_hint("take a newer rung")
}
