//! Reading the schema: a handful of queries over the whole catalog, sent in one burst, within one snapshot.

mod build;
mod relations;
mod row;

use rung_catalog::Catalog;
use rung_engine::{DbError, DbErrorKind};
use tokio_postgres::SimpleQueryRow;

use crate::driver::Postgres;
use crate::line::Rows;
use crate::wire::Sent;
use build::Builder;
pub(crate) use row::is_read_otherwise;

/// What makes the server write names in full and values in one way, and not think long about it.
const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off; SET LOCAL datestyle = 'ISO'; \
    SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 3; \
    SET LOCAL jit = off; SET LOCAL statement_timeout = 0";

/// What belongs to a schema of the user's.
const SPACE: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// What initdb says of the schema public.
pub(crate) const PUBLIC_COMMENT: &str = "standard public schema";

/// Options of foreign data that are nobody's to show.
const SECRET: &str = "(option_name ~* 'passw|passcode|secret|token|api_?key' AND option_name <> 'password_required')";

type Read = fn(&mut Builder, &[SimpleQueryRow]);

/// Who may read a catalog.
enum Access {
    Everybody,
    /// Superusers. For the others, this names what they miss.
    Superusers(fn(&mut Builder)),
}

use Access::{Everybody, Superusers};

/// The queries in the order of reading, each with its reader.
const QUERIES: [(&str, Read, Access); 21] = [
    (include_str!("sql/depends.sql"), Builder::depends, Everybody),
    (include_str!("sql/arrays.sql"), Builder::arrays, Everybody),
    (include_str!("sql/parts.sql"), Builder::parts, Everybody),
    (include_str!("sql/schemas.sql"), Builder::schemas, Everybody),
    (include_str!("sql/relations.sql"), Builder::relations, Everybody),
    (include_str!("sql/columns.sql"), Builder::columns, Everybody),
    (include_str!("sql/index_columns.sql"), Builder::index_columns, Everybody),
    (include_str!("sql/indexes.sql"), Builder::indexes, Everybody),
    (include_str!("sql/inherits.sql"), Builder::inherits, Everybody),
    (include_str!("sql/types.sql"), Builder::types, Everybody),
    (include_str!("sql/constraints.sql"), Builder::constraints, Everybody),
    (include_str!("sql/triggers.sql"), Builder::triggers, Everybody),
    (include_str!("sql/policies.sql"), Builder::policies, Everybody),
    (include_str!("sql/routines.sql"), Builder::routines, Everybody),
    (include_str!("sql/other.sql"), Builder::others, Everybody),
    (include_str!("sql/extensions.sql"), Builder::extensions, Everybody),
    (include_str!("sql/member_grants.sql"), Builder::member_grants, Everybody),
    (include_str!("sql/subscriptions.sql"), Builder::subscriptions, Superusers(Builder::subscriptions_refused)),
    (include_str!("sql/conninfo.sql"), Builder::conninfo, Superusers(Builder::conninfo_refused)),
    (include_str!("sql/comments.sql"), Builder::comments, Everybody),
    (include_str!("sql/unknown.sql"), Builder::unknown, Everybody),
];

/// Reads the schema, rung's own tables left out.
pub(crate) fn inspect(postgres: &mut Postgres) -> Result<Catalog, DbError> {
    let major = postgres.server_version() / 10_000;
    // Where somebody's transaction is open, it is left as it was.
    let (begin, end) = match postgres.open_transaction {
        false => ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT"),
        true => ("SAVEPOINT rung_inspect", "ROLLBACK TO SAVEPOINT rung_inspect; RELEASE SAVEPOINT rung_inspect"),
    };
    let first = postgres.wire.send(&format!("{begin}; {SETTINGS}"), Rows::Drop)?;
    let mut sent = Vec::with_capacity(QUERIES.len());
    for (sql, _, access) in &QUERIES {
        let sql = text(sql, major);
        sent.push(match access {
            Everybody => (postgres.wire.send(&sql, Rows::Keep)?, None),
            // It may be refused, and takes nothing with it.
            Superusers(_) => {
                let answer = postgres.wire.send(&format!("SAVEPOINT rung_access; {sql}"), Rows::Keep)?;
                (answer, Some(postgres.wire.send("ROLLBACK TO SAVEPOINT rung_access", Rows::Drop)?))
            }
        });
    }
    let last = postgres.wire.send(end, Rows::Drop)?;
    // All answers are taken, so that none is left on the way; of errors the first one tells why.
    let mut first_error = None;
    let take = |postgres: &mut Postgres, sent: Sent| match postgres.wire.receive(sent, None) {
        Ok(reply) => Ok(reply.rows),
        Err(refused) => Err(refused.within("")),
    };
    let mut note = |error: DbError| _ = first_error.get_or_insert(error);
    let mut builder = Builder::new(&postgres.schema);
    take(postgres, first).map(drop).unwrap_or_else(&mut note);
    for ((answer, after), (_, read, access)) in sent.into_iter().zip(&QUERIES) {
        match (take(postgres, answer), access) {
            (Ok(rows), _) => read(&mut builder, &rows),
            (Err(error), Superusers(refused)) if error.kind == DbErrorKind::Permission => refused(&mut builder),
            (Err(error), _) => note(error),
        }
        if let Some(after) = after {
            take(postgres, after).map(drop).unwrap_or_else(&mut note);
        }
    }
    take(postgres, last).map(drop).unwrap_or_else(&mut note);
    match first_error {
        Some(error) => Err(error),
        None => Ok(builder.finish()),
    }
}

/// A query's text for a major: `#14{this}{that}#` is `this` from that major on. Comments go, they are for readers.
fn text(sql: &str, major: u32) -> String {
    let lines: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let sql = lines
        .join("\n")
        .replace("$items", include_str!("sql/items.sql"))
        .replace("$space", SPACE)
        .replace("$secret", SECRET);
    choose(&sql, major)
}

fn choose(sql: &str, major: u32) -> String {
    let Some(start) = sql.find('#') else { return sql.to_owned() };
    let inner = &sql[start + 1..];
    let open = inner.find('{').unwrap_or(inner.len());
    let Ok(from) = inner[..open].parse::<u32>() else {
        return format!("{}#{}", &sql[..start], choose(inner, major));
    };
    let then = closing(inner, open);
    let other = closing(inner, then + 1);
    let chosen = if major >= from { &inner[open + 1..then] } else { &inner[then + 2..other] };
    let rest = inner.get(other + 2..).unwrap_or_default();
    format!("{}{}{}", &sql[..start], choose(chosen, major), choose(rest, major))
}

/// Where the brace that opens at `open` closes.
fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_for_one_major() {
        assert_eq!(choose("a #14{b}{c}# d", 14), "a b d");
        assert_eq!(choose("a #14{b}{c}# d", 13), "a c d");
        assert_eq!(choose("#17{x}{#15{y}{z}#}#!", 16), "y!");
        assert_eq!(choose("#17{x}{#15{y}{z}#}#!", 13), "z!");
        assert_eq!(choose("'{}'#14{}{ x}# '{}'", 18), "'{}' '{}'");
        for major in 13..=18 {
            for (sql, ..) in QUERIES {
                let text = text(sql, major);
                assert!(!text.contains(['#', '$']), "{text}");
            }
        }
    }
}
