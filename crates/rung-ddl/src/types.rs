//! Names and types as the catalog has them.

use crate::{DataType, SmolStr};
use rung_sql::Span;
use smol_str::StrExt;

/// A name as the catalog has it: folded to lower case, or without its quotes.
pub fn fold(text: &str) -> SmolStr {
    let mut chars = text.chars();
    match (chars.next(), chars.next_back()) {
        (Some('"'), Some('"')) => chars.as_str().replace_smolstr("\"\"", "\""),
        (Some('`'), Some('`')) => chars.as_str().replace_smolstr("``", "`"),
        (Some('['), Some(']')) => chars.as_str().into(),
        _ => text.to_ascii_lowercase_smolstr(),
    }
}

/// Other spellings of PostgreSQL's types, and the one that the server shows.
const SPELLINGS: [(&str, &str); 29] = [
    ("int", "integer"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "boolean"),
    ("varchar", "character varying"),
    ("char varying", "character varying"),
    ("national character varying", "character varying"),
    ("national char varying", "character varying"),
    ("nchar varying", "character varying"),
    ("char", "character"),
    ("nchar", "character"),
    ("national character", "character"),
    ("national char", "character"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("float", "double precision"),
    ("float8", "double precision"),
    ("float4", "real"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timetz", "time with time zone"),
    ("time", "time without time zone"),
    ("varbit", "bit varying"),
    ("serial4", "serial"),
    ("serial8", "bigserial"),
    ("serial2", "smallserial"),
    ("pg_catalog.char", "\"char\""),
    ("interval day to second", "interval"),
];

/// A type from its words, in lower case, without its arguments.
pub(crate) fn postgres_type(
    schema: Option<SmolStr>,
    words: &str,
    mut arguments: Vec<SmolStr>,
    array: bool,
    span: Span,
) -> DataType {
    let schema = schema.filter(|schema| schema != "pg_catalog");
    let mut name = match (&schema, SPELLINGS.iter().find(|(spelling, _)| *spelling == words)) {
        (None, Some((_, name))) => SmolStr::new_static(name),
        _ => words.into(),
    };
    match words {
        // `float(24)` and less is a real; neither has a precision of its own.
        "float" => {
            let bits = arguments.first().and_then(|bits| bits.parse::<u32>().ok());
            arguments.clear();
            if bits.is_some_and(|bits| bits < 25) {
                name = SmolStr::new_static("real");
            }
        }
        // With a length it is `character`; without one, text whose blanks at the end do not count.
        "bpchar" if !arguments.is_empty() => name = SmolStr::new_static("character"),
        _ if name == "character" && arguments.is_empty() => arguments.push(SmolStr::new_static("1")),
        _ => {}
    }
    DataType { schema, name, arguments, array, span }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        // The precision of a time stands before its zone.
        match (self.arguments.is_empty(), self.name.split_once(" with")) {
            (true, _) => f.write_str(&self.name)?,
            (false, Some((head, tail))) => write!(f, "{head}({}) with{tail}", self.arguments.join(","))?,
            (false, None) => write!(f, "{}({})", self.name, self.arguments.join(","))?,
        }
        if self.array { f.write_str("[]") } else { Ok(()) }
    }
}

impl DataType {
    /// Whether two are one type: what differs may be how they are written.
    pub fn same(&self, other: &Self) -> bool {
        (&self.schema, &self.name, &self.arguments, self.array)
            == (&other.schema, &other.name, &other.arguments, other.array)
    }
}
