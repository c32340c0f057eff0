//! Which tables are published for logical replication, as the statements have it that make publications.

use std::collections::HashMap;

use rung_ddl::SmolStr;

use super::Key;

/// The publications.
#[derive(Debug, Clone, Default)]
pub(super) struct Published {
    tables: HashMap<Key, String>,
    schemas: HashMap<SmolStr, String>,
    all: Option<String>,
}

impl Published {
    /// Takes in `CREATE PUBLICATION`, or an `ALTER` of one that adds to it. `tables` are those that it names.
    pub(super) fn add(&mut self, publication: &str, tables: impl Iterator<Item = Key>, text: &str) {
        self.tables.extend(tables.map(|table| (table, publication.to_owned())));
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').collect();
        let is = |word: &str, at: usize| words.get(at).is_some_and(|other| other.eq_ignore_ascii_case(word));
        for at in 0..words.len() {
            if is("all", at) && is("tables", at + 1) {
                self.all = Some(publication.to_owned());
            }
            if is("tables", at) && is("in", at + 1) && is("schema", at + 2) {
                let named = words[at + 3..].iter().filter(|word| !word.is_empty());
                let schemas = named
                    .take_while(|word| !["with", "table", "tables"].iter().any(|end| word.eq_ignore_ascii_case(end)));
                self.schemas.extend(schemas.map(|schema| (rung_ddl::fold(schema), publication.to_owned())));
            }
        }
    }

    pub(super) fn drop(&mut self, publication: &str) {
        self.tables.retain(|_, name| name != publication);
        self.schemas.retain(|_, name| name != publication);
        self.all.take_if(|name| name == publication);
    }

    /// A publication that a table is in.
    pub(super) fn of(&self, table: &Key) -> Option<&str> {
        let named = self.tables.get(table).or_else(|| self.schemas.get(&table.schema));
        named.or(self.all.as_ref()).map(String::as_str)
    }
}
