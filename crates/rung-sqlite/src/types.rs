//! What SQLite's types are to a program: the affinity that a declared type has (<https://sqlite.org/datatype3.html>), and
//! the names that everybody writes for what SQLite keeps as text or numbers.

use rung_catalog::{Body, Column, Object, Scalar, TypeRef};
use rung_engine::{Literal, Types};
use rung_sql::{Syntax, TokenKind, tokens};

use crate::cursor::unquoted;

/// The types of SQLite.
pub(crate) struct SqliteTypes;

impl Types for SqliteTypes {
    fn read(&self, sql: &str) -> TypeRef {
        let name = sql.to_uppercase();
        let word = name.split(['(', ' ']).next().unwrap_or_default();
        // What the name says is kept as something else.
        let said = match word {
            "BOOL" | "BOOLEAN" => Some((Scalar::Bool, Scalar::Int64)),
            "DATE" => Some((Scalar::Date, Scalar::Text)),
            "TIME" => Some((Scalar::Time, Scalar::Text)),
            "DATETIME" | "TIMESTAMP" => Some((Scalar::Timestamp, Scalar::Text)),
            "TIMESTAMPTZ" => Some((Scalar::TimestampTz, Scalar::Text)),
            "UUID" => Some((Scalar::Uuid, Scalar::Text)),
            "JSON" => Some((Scalar::Json, Scalar::Text)),
            "" | "ANY" => Some((Scalar::Any, Scalar::Any)),
            "DECIMAL" | "NUMERIC" => Some((Scalar::Decimal, Scalar::Float64)),
            _ => None,
        };
        if let Some((means, arrives)) = said {
            return TypeRef::Scalar { means, arrives };
        }
        // In the order of section 3.1.
        let has = |part: &str| name.contains(part);
        TypeRef::plain(match () {
            () if has("INT") => Scalar::Int64,
            () if has("CHAR") || has("CLOB") || has("TEXT") => Scalar::Text,
            () if has("BLOB") => Scalar::Bytes,
            () if has("REAL") || has("FLOA") || has("DOUB") => Scalar::Float64,
            // Of numeric affinity is any value that looks like none.
            () => Scalar::Any,
        })
    }

    fn default_schema(&self) -> &'static str {
        "main"
    }

    fn listed(&self, condition: &str) -> Option<(String, Vec<Literal>)> {
        let words: Vec<(TokenKind, &str)> = tokens(condition, &Syntax::SQLITE)
            .filter(|token| !token.kind.is_trivia())
            .map(|token| (token.kind, &condition[token.span.range()]))
            .collect();
        let is = |at: usize, word: &str| words.get(at).is_some_and(|(_, text)| text.eq_ignore_ascii_case(word));
        let (kind, name) = *words.first()?;
        // `a IS NULL OR` before it allows what any check allows.
        let start = if is(1, "IS") && is(2, "NULL") && is(3, "OR") && is(4, name) { 4 } else { 0 };
        let is_list = is(start + 1, "IN") && is(start + 2, "(") && is(words.len().checked_sub(1)?, ")");
        if !is_list || !matches!(kind, TokenKind::Word | TokenKind::QuotedIdent) {
            return None;
        }
        let mut values = Vec::new();
        let mut negative = false;
        for (at, (kind, text)) in words[start + 3..words.len() - 1].iter().enumerate() {
            match kind {
                TokenKind::Punct if *text == "," && at > 0 => {}
                TokenKind::Punct if *text == "-" => {
                    negative = true;
                    continue;
                }
                TokenKind::String if text.starts_with('\'') => values.push(Literal::Text(unquoted(text))),
                TokenKind::Number => {
                    let number = text.parse::<i64>().ok()?;
                    values.push(Literal::Number(if negative { -number } else { number }));
                }
                TokenKind::Word if text.eq_ignore_ascii_case("NULL") => {}
                _ => return None,
            }
            negative = false;
        }
        (!values.is_empty()).then(|| (unquoted(name), values))
    }

    /// A key that is one `INTEGER` is the number of the row, <https://sqlite.org/lang_createtable.html#rowid>.
    fn fills_in(&self, table: &Object, key: &[String], column: &Column) -> bool {
        let has_rowid =
            matches!(&table.body, Body::Table(it) if !it.options.iter().any(|option| option == "WITHOUT ROWID"));
        has_rowid && key == [column.name.clone()] && column.data_type.eq_ignore_ascii_case("INTEGER")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities() {
        for (sql, means, arrives) in [
            ("INTEGER", Scalar::Int64, Scalar::Int64),
            ("unsigned big int", Scalar::Int64, Scalar::Int64),
            ("VARCHAR(20)", Scalar::Text, Scalar::Text),
            ("double precision", Scalar::Float64, Scalar::Float64),
            ("boolean", Scalar::Bool, Scalar::Int64),
            ("DATETIME", Scalar::Timestamp, Scalar::Text),
            ("decimal(10, 2)", Scalar::Decimal, Scalar::Float64),
            ("blob", Scalar::Bytes, Scalar::Bytes),
            ("", Scalar::Any, Scalar::Any),
            ("whatever", Scalar::Any, Scalar::Any),
        ] {
            assert_eq!(SqliteTypes.read(sql), TypeRef::Scalar { means, arrives }, "{sql}");
        }
    }

    #[test]
    fn lists_of_values() {
        let listed = |condition| SqliteTypes.listed(condition);
        let texts = |values: &[&str]| values.iter().map(|value| Literal::Text((*value).to_owned())).collect::<Vec<_>>();
        assert_eq!(listed("status IN ('a', 'it''s')"), Some(("status".to_owned(), texts(&["a", "it's"]))));
        assert_eq!(listed("\"Tier\" is null or \"Tier\" in ('x')"), Some(("Tier".to_owned(), texts(&["x"]))));
        let numbers = vec![Literal::Number(-1), Literal::Number(2)];
        assert_eq!(listed("n IN (-1, 2, NULL)"), Some(("n".to_owned(), numbers)));
        for other in
            ["n > 0", "n NOT IN (1)", "n IN (SELECT 1)", "n IN (1) OR 1", "n IN ()", "lower(n) IN ('a')", "n", ""]
        {
            assert_eq!(listed(other), None, "{other}");
        }
    }
}
