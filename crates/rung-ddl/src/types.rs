//! Names and types as the catalog has them.

use crate::DataType;
use rung_sql::Span;

/// A name as the catalog has it: folded to lower case, or without its quotes.
pub fn fold(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next_back()) {
        (Some('"'), Some('"')) => chars.as_str().replace("\"\"", "\""),
        (Some('`'), Some('`')) => chars.as_str().replace("``", "`"),
        (Some('['), Some(']')) => chars.as_str().to_owned(),
        _ => text.to_ascii_lowercase(),
    }
}

/// Other spellings of PostgreSQL's types, and the one that the server shows.
const SPELLINGS: [(&str, &str); 30] = [
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
    ("bpchar", "character"),
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
    schema: Option<String>,
    words: &str,
    arguments: Vec<String>,
    array: bool,
    span: Span,
) -> DataType {
    let schema = schema.filter(|schema| schema != "pg_catalog");
    let mut name = match (&schema, SPELLINGS.iter().find(|(spelling, _)| *spelling == words)) {
        (None, Some((_, name))) => (*name).to_owned(),
        _ => words.to_owned(),
    };
    // `float(24)` and less is a real.
    if words == "float" && arguments.first().and_then(|bits| bits.parse::<u32>().ok()).is_some_and(|bits| bits < 25) {
        "real".clone_into(&mut name);
    }
    if name.starts_with("interval") {
        "interval".clone_into(&mut name);
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
