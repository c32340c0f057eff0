//! Alembic: `alembic_version(version_num)`, a row for each head; all that a head comes after is applied as well.
//!
//! Facts from its `alembic/runtime/migration.py`. It keeps no times, no checksums, and takes no lock.

use std::collections::HashSet;

use rung_engine::{Dialect, Migration, MigrationSet, Table};

use crate::account::{Account, Entry, Row, text};
use crate::tool::Tool;

pub(crate) struct Alembic;

impl Tool for Alembic {
    fn name(&self) -> &'static str {
        "alembic"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["alembic_version"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version_num"])
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        format!("SELECT version_num FROM {} ORDER BY version_num", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let mut applied: HashSet<&str> = HashSet::new();
        let mut unknown = Vec::new();
        for head in rows.iter().map(|row| text(row, 0)) {
            match set.iter().find(|migration| is_called(migration, head)) {
                Some(migration) => with_all_before(set, migration, &mut applied),
                None => unknown.push(Entry::applied(head, None)),
            }
        }
        let known = set.iter().filter(|migration| applied.contains(migration.id.as_str()));
        let known = known.map(|migration| Entry::applied(migration.id.as_str(), Some(migration)));
        Account::of(known.chain(unknown))
    }
}

/// A revision's file is called after it, and after what it is for.
fn is_called(migration: &Migration, revision: &str) -> bool {
    let rest = migration.id.as_str().strip_prefix(revision);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn with_all_before<'a>(set: &'a MigrationSet, migration: &'a Migration, applied: &mut HashSet<&'a str>) {
    let mut left = vec![migration];
    while let Some(migration) = left.pop() {
        if applied.insert(migration.id.as_str()) {
            let before = migration.depends_on.iter().flatten();
            left.extend(before.filter_map(|id| set.get(&id.value)).map(|migration| &**migration));
        }
    }
}
