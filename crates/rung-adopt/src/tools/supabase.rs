//! Supabase: `supabase_migrations.schema_migrations(version, name, statements)`; the statements are what was run.
//!
//! Facts from its command line's `pkg/migration/history.go` and `file.go`. Older tables lack `name` and `statements`. What
//! is kept is compared with the file statement by statement, blanks and comments aside; a statement may end in a comment.

use rung_engine::{Body, Change, Dialect, Digest, Keeper, Migration, MigrationSet, Now, Piece, Table};
use rung_sql::fingerprint;

use super::digits;
use crate::account::{Account, Checksum, Entry, Row, by_number, find, text};
use crate::tool::Tool;

pub(crate) struct Supabase;

impl Tool for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["supabase_migrations.schema_migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version"])?;
        if table.schema == "supabase_migrations" { Ok(()) } else { table.has(&["statements"]) }
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        let statements = match table.has(&["statements"]) {
            Ok(()) => "pg_catalog.array_to_string(statements, E'\\n;\\n')",
            Err(_) => "NULL",
        };
        format!("SELECT version, {statements} FROM {} ORDER BY version", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let version = text(row, 0);
            let named = find(set, version, |migration| digits(migration.id.as_str()).to_owned());
            let migration = named.or_else(|| by_number(set, version));
            let checksum = match (migration, text(row, 1)) {
                (None, _) | (_, "") => Checksum::None,
                (Some(migration), theirs) => compare(theirs, migration, dialect),
            };
            Entry { checksum, ..Entry::applied(version, migration) }
        };
        // Its own command runs roles.sql on a database that has migrations only when it is told to.
        let roles = set.get("roles").filter(|_| !rows.is_empty());
        let roles = roles.map(|migration| Entry::applied("roles", Some(migration)));
        Account::of(roles.into_iter().chain(rows.iter().map(entry)))
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        let is_whole = table.has(&["name", "statements"]).is_ok();
        is_whole.then(|| Box::new(Kept { table: table.qualified.clone() }) as Box<dyn Keeper>)
    }
}

fn compare(theirs: &str, migration: &Migration, dialect: &dyn Dialect) -> Checksum {
    let of = |text: &str| Digest(fingerprint(text, dialect.syntax()));
    let (theirs, ours) = (of(theirs), of(migration.source.text()));
    if theirs == ours || theirs == migration.fingerprint {
        return Checksum::Same;
    }
    Checksum::Differs { theirs: format!("{theirs} (of its statements)"), ours: ours.to_string() }
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let version = dialect.quote_literal(digits(change.id));
        let mut sql = format!("DELETE FROM {} WHERE version = {version};", self.table);
        if let (Now::Applied, Some(migration)) = (change.now, change.migration) {
            let name = change.id.split_once('_').map_or("", |(_, name)| name);
            let statements: Vec<String> = match &migration.body {
                Body::Sql(body) => {
                    let split = body.up.statements(dialect.syntax()).unwrap_or_default();
                    let text = body.up.text();
                    split.iter().map(|statement| text[statement.span.range()].trim().to_owned()).collect()
                }
                Body::Command(_) | Body::Code(_) => Vec::new(),
            };
            sql.push_str(&format!(
                "INSERT INTO {} (version, name, statements) VALUES ({version}, {}, {});",
                self.table,
                dialect.quote_literal(name),
                dialect.text_list(&statements)
            ));
        }
        vec![Piece::Sql(sql)]
    }
}
