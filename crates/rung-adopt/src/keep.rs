//! Tables of other tools that are written along.

use rung_engine::{DbError, DbErrorKind, Driver, Keeper};

use crate::tool::TOOLS;

/// What writes the tables that are on record.
///
/// # Errors
/// A tool that this rung does not know; a table that is gone.
pub fn keepers(driver: &mut dyn Driver) -> Result<Vec<Box<dyn Keeper>>, DbError> {
    let mut keepers = Vec::new();
    for (name, table) in driver.kept_tables()? {
        let keeper = TOOLS.iter().find(|tool| tool.name() == name).and_then(|tool| tool.keeper(&table));
        let Some(keeper) = keeper else {
            let message =
                format!("the table {table} of {name} is to be written along, and this rung does not know how");
            return Err(DbError::new(DbErrorKind::NewerFormat, message).with_hint("take a newer rung"));
        };
        driver.query(&format!("SELECT 1 FROM {table} WHERE 1 = 0")).map_err(|error| {
            let message = format!("the table {table} of {name} is to be written along: {}", error.message);
            DbError { message, ..error }
                .with_hint(format!("where {name} is not used any more: `rung adopt --from {name} --stop-writing`"))
        })?;
        keepers.push(keeper);
    }
    Ok(keepers)
}
