//! What PostgreSQL's types are to a program (PostgreSQL 8, "Data Types"), and what its functions take and give.

use rung_catalog::{Argument, Body, Object, Routine, Scalar, Signature, TypeRef};
use rung_engine::Types;
use rung_sql::{Syntax, Token, TokenKind, tokens};

/// The types of PostgreSQL.
pub(crate) struct PostgresTypes;

/// What the types of the system are, by the names that `format_type` gives them.
const SCALARS: &[(&str, Scalar)] = &[
    ("boolean", Scalar::Bool),
    ("smallint", Scalar::Int16),
    ("integer", Scalar::Int32),
    ("bigint", Scalar::Int64),
    ("real", Scalar::Float32),
    ("double precision", Scalar::Float64),
    ("numeric", Scalar::Decimal),
    ("text", Scalar::Text),
    ("character varying", Scalar::Text),
    ("character", Scalar::Text),
    ("bpchar", Scalar::Text),
    ("date", Scalar::Date),
    ("time without time zone", Scalar::Time),
    ("time with time zone", Scalar::TimeTz),
    ("timestamp without time zone", Scalar::Timestamp),
    ("timestamp with time zone", Scalar::TimestampTz),
    ("interval", Scalar::Interval),
    ("uuid", Scalar::Uuid),
    ("json", Scalar::Json),
    ("jsonb", Scalar::Json),
    ("void", Scalar::Void),
    ("record", Scalar::Record),
    ("anyelement", Scalar::Any),
    ("anyarray", Scalar::Any),
    ("anynonarray", Scalar::Any),
    ("anyenum", Scalar::Any),
    ("anyrange", Scalar::Any),
    ("anymultirange", Scalar::Any),
    ("anycompatible", Scalar::Any),
    ("anycompatiblearray", Scalar::Any),
    ("internal", Scalar::Any),
];

/// Types of extensions whose values are texts, wherever the extension is.
const TEXTS_OF_EXTENSIONS: &[&str] = &["citext", "vector"];

impl Types for PostgresTypes {
    fn read(&self, sql: &str) -> TypeRef {
        let sql = sql.trim();
        let sql = sql.strip_prefix("SETOF ").unwrap_or(sql);
        if let Some(element) = sql.strip_suffix("[]") {
            return TypeRef::Array(Box::new(self.read(element)));
        }
        let plain = without_modifier(sql);
        if let Some((_, scalar)) = SCALARS.iter().find(|(name, _)| *name == plain) {
            return TypeRef::plain(*scalar);
        }
        match names(&plain).as_slice() {
            // In JSON they are digits.
            [name] if name == "bytea" => TypeRef::Scalar { means: Scalar::Bytes, arrives: Scalar::Text },
            // Of some fields alone: `interval day to second`.
            [name, ..] if name == "interval" => TypeRef::plain(Scalar::Interval),
            [schema, name] if TEXTS_OF_EXTENSIONS.contains(&name.as_str()) && schema != "pg_catalog" => {
                TypeRef::plain(Scalar::Text)
            }
            [schema, name] if schema != "pg_catalog" => {
                TypeRef::Named { schema: Some(schema.clone()), name: name.clone() }
            }
            _ => TypeRef::plain(Scalar::Written),
        }
    }

    fn default_schema(&self) -> &'static str {
        "public"
    }

    fn signature(&self, routine: &Object) -> Option<Signature> {
        let Body::Routine(body) = &routine.body else { return None };
        if ["trigger", "event_trigger"].contains(&body.result.as_deref().unwrap_or_default()) {
            return None;
        }
        let types = parts(routine.key.arguments.as_deref().unwrap_or_default());
        let mut inputs = types.iter();
        let (mut takes, mut gives) = (Vec::new(), Vec::new());
        for part in parts(&body.arguments) {
            let (mode, rest) = mode(part);
            let argument = |of: Option<&str>| self.argument(rest, of);
            match mode {
                Mode::Out => gives.push(argument(None)?),
                Mode::In => takes.push(argument(Some(inputs.next()?))?),
                Mode::Both => {
                    let both = argument(Some(inputs.next()?))?;
                    gives.push(both.clone());
                    takes.push(both);
                }
            }
        }
        let result = body.result.as_deref();
        if let Some(table) = result.and_then(|result| result.strip_prefix("TABLE(")?.strip_suffix(')')) {
            gives = parts(table).into_iter().map(|part| self.argument(part, None)).collect::<Option<_>>()?;
        } else if gives.len() == 1 {
            // The one value is the result itself.
            gives.clear();
        }
        Some(Signature {
            takes,
            gives,
            returns: result.map(|result| self.read(result)),
            is_set: result.is_some_and(|result| result.starts_with("SETOF ") || result.starts_with("TABLE(")),
            is_one_row: says_one_row(body),
        })
    }
}

impl PostgresTypes {
    /// Reads `name type DEFAULT expression`, where the name and the default may be missing; of an argument that is given,
    /// the type is known.
    fn argument(&self, text: &str, known: Option<&str>) -> Option<Argument> {
        let (rest, has_default) = match default_at(text) {
            Some(at) => (text[..at].trim(), true),
            None => (text.trim(), false),
        };
        let (name, sql) = match known {
            Some(known) => (rest.strip_suffix(known)?.trim(), known),
            None => match rest.split_at(first_word(rest)?) {
                _ if SCALARS.iter().any(|(name, _)| *name == without_modifier(rest)) => ("", rest),
                (_, "") => ("", rest),
                (name, sql) => (name, sql.trim()),
            },
        };
        Some(Argument { name: unquoted(name), of: self.read(sql), sql: sql.to_owned(), has_default })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    In,
    Out,
    Both,
}

/// How an argument is passed, and the rest of its text. A name that is such a word is quoted.
fn mode(text: &str) -> (Mode, &str) {
    let modes = [("IN ", Mode::In), ("VARIADIC ", Mode::In), ("OUT ", Mode::Out), ("INOUT ", Mode::Both)];
    let found = modes.into_iter().find_map(|(word, mode)| Some((mode, text.strip_prefix(word)?)));
    found.unwrap_or((Mode::In, text))
}

/// Whether a function that returns rows says that there is at most one; the estimate that it has stands before its body.
fn says_one_row(routine: &Routine) -> bool {
    let words: Vec<&str> =
        significant(&routine.definition).map(|token| &routine.definition[token.span.range()]).collect();
    let end = words.iter().position(|word| matches!(*word, "AS" | "BEGIN" | "RETURN")).unwrap_or(words.len());
    words[..end].windows(2).any(|pair| pair == ["ROWS", "1"])
}

fn significant(text: &str) -> impl Iterator<Item = Token> {
    tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia())
}

/// What commas separate that are in no parentheses or brackets.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_i32, 0, Vec::new());
    for token in significant(text) {
        match &text[token.span.range()] {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "," if depth == 0 => {
                found.push(text[start..token.span.start].trim());
                start = token.span.end;
            }
            _ => {}
        }
    }
    found.extend(Some(text[start..].trim()).filter(|last| !last.is_empty()));
    found
}

fn default_at(text: &str) -> Option<usize> {
    let word = significant(text).find(|token| token.kind == TokenKind::Word && text[token.span.range()] == *"DEFAULT");
    word.map(|token| token.span.start)
}

/// Where the first word or quoted name ends.
fn first_word(text: &str) -> Option<usize> {
    significant(text).next().map(|token| token.span.end)
}

/// A type without what is said of its length or precision, which may stand in its middle.
fn without_modifier(sql: &str) -> String {
    match (sql.find('('), sql.rfind(')')) {
        (Some(open), Some(close)) if open < close && !sql[..open].contains('"') => {
            format!("{}{}", &sql[..open], &sql[close + 1..])
        }
        _ => sql.to_owned(),
    }
}

/// The parts of a name with dots.
fn names(text: &str) -> Vec<String> {
    significant(text)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| unquoted(&text[token.span.range()]))
        .collect()
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rung_catalog::{Key, Kind, RoutineKind};

    fn named(schema: &str, name: &str) -> TypeRef {
        TypeRef::Named { schema: Some(schema.to_owned()), name: name.to_owned() }
    }

    #[test]
    fn types_are_read_as_format_type_writes_them() {
        let read = |sql| PostgresTypes.read(sql);
        for (sql, scalar) in [
            ("integer", Scalar::Int32),
            ("numeric(10,2)", Scalar::Decimal),
            ("character varying(20)", Scalar::Text),
            ("timestamp(3) with time zone", Scalar::TimestampTz),
            ("interval day to second(3)", Scalar::Interval),
            ("inet", Scalar::Written),
            ("\"char\"", Scalar::Written),
            ("pg_catalog.int4range", Scalar::Written),
            ("extensions.vector(3)", Scalar::Text),
        ] {
            assert_eq!(read(sql), TypeRef::plain(scalar), "{sql}");
        }
        assert_eq!(read("text[]"), TypeRef::Array(Box::new(TypeRef::plain(Scalar::Text))));
        assert_eq!(read("app.\"Odd \"\"(one)\"[]"), TypeRef::Array(Box::new(named("app", "Odd \"(one)"))));
    }

    fn signature(types: &str, arguments: &str, result: Option<&str>, definition: &str) -> Signature {
        let key = Key::new(Kind::Routine, Some("app"), "f").with_arguments(types);
        let body = Routine {
            kind: RoutineKind::Function,
            arguments: arguments.to_owned(),
            result: result.map(str::to_owned),
            language: "sql".to_owned(),
            definition: definition.to_owned(),
        };
        PostgresTypes.signature(&Object::new(key, Body::Routine(body))).unwrap()
    }

    #[test]
    fn arguments_have_names_types_and_defaults() {
        let of = signature(
            "integer, double precision, text[], app.\"A, b\", timestamp with time zone",
            "a integer, double precision, VARIADIC \"of, all\" text[] DEFAULT '{\"a,b\"}'::text[], INOUT x app.\"A, b\", \
             timestamp with time zone DEFAULT now(), OUT double precision, OUT y bigint",
            Some("record"),
            "CREATE FUNCTION ... ROWS 10 AS $$ ROWS 1 $$",
        );
        let names: Vec<(&str, bool)> = of.takes.iter().map(|it| (it.name.as_str(), it.has_default)).collect();
        assert_eq!(names, [("a", false), ("", false), ("of, all", true), ("x", false), ("", true)]);
        assert_eq!(of.takes[3].of, named("app", "A, b"));
        let gives: Vec<(&str, &str)> = of.gives.iter().map(|it| (it.name.as_str(), it.sql.as_str())).collect();
        assert_eq!(gives, [("x", "app.\"A, b\""), ("", "double precision"), ("y", "bigint")]);
        assert!(!of.is_set && !of.is_one_row);
    }

    #[test]
    fn results_are_rows_or_values() {
        let table = signature("", "", Some("TABLE(id integer, \"n, m\" numeric(3,1))"), "... ROWS 1\nAS $$ $$");
        assert!(table.is_set && table.is_one_row);
        assert_eq!(table.gives.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["id", "n, m"]);
        let rows = signature("", "", Some("SETOF app.users"), "");
        assert!(rows.is_set);
        assert_eq!(rows.returns, Some(named("app", "users")));
        let one = signature("", "OUT total bigint", Some("bigint"), "");
        assert_eq!((one.gives.len(), one.returns), (0, Some(TypeRef::plain(Scalar::Int64))));
    }
}
