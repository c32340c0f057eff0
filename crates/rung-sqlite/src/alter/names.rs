//! What is called otherwise in the second schema. Names are compared in small letters, as SQLite does.

use std::collections::HashMap;

use rung_catalog::{Kind, Rename};

/// The names of the first schema, as the second has them.
#[derive(Debug, Default)]
pub(super) struct Names {
    tables: HashMap<String, String>,
    /// By table, as the second schema calls it.
    columns: HashMap<String, HashMap<String, String>>,
}

impl Names {
    pub(super) fn of(renames: &[Rename]) -> Self {
        let mut names = Self::default();
        for rename in renames {
            match rename {
                Rename::Object { from, to } if from.kind == Kind::Table => {
                    names.tables.insert(from.name.to_ascii_lowercase(), to.name.to_ascii_lowercase());
                }
                // Whatever else has a name only is made anew.
                Rename::Object { .. } => {}
                Rename::Column { table, from, to } => {
                    let columns = names.columns.entry(table.name.to_ascii_lowercase()).or_default();
                    columns.insert(from.to_ascii_lowercase(), to.to_ascii_lowercase());
                }
            }
        }
        names
    }

    /// What a table is called in the second schema, if that is another name.
    pub(super) fn new_table(&self, name: &str) -> Option<&String> {
        self.tables.get(name)
    }

    /// What a table is called in the second schema.
    pub(super) fn table(&self, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        self.tables.get(&name).cloned().unwrap_or(name)
    }

    /// What a column is called there, of a table by its name there, if that is another name.
    pub(super) fn new_column(&self, table: &str, column: &str) -> Option<&String> {
        self.columns.get(table)?.get(column)
    }

    /// What a column is called there, of a table by its name there.
    pub(super) fn column(&self, table: &str, column: &str) -> String {
        let column = column.to_ascii_lowercase();
        self.new_column(table, &column).cloned().unwrap_or(column)
    }

    /// Whether any column of a table, by its name there, has another.
    pub(super) fn renames_columns_of(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }
}
