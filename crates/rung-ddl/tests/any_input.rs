//! No input brings the parsers down, however deep, long or broken.

use proptest::prelude::*;
use rung_ddl::{parse_postgres, parse_sqlite};
use rung_sql::Span;
use squawk_parser::{EntryPoint, LexedStr, StrStep};
use squawk_syntax::SourceFile;

fn both(text: &str) {
    if text.len() < 10_000 {
        refused_as_by_the_parser(text);
    }
    for parsed in [parse_postgres(text), parse_sqlite(text)] {
        for error in parsed.errors {
            assert!(text.get(error.span.range()).is_some(), "{error:?} is no place of {text:?}");
        }
    }
}

/// What the parser's own checks refuse is refused, though they are not always asked. What its grammar does not know may be
/// read all the same.
fn refused_as_by_the_parser(text: &str) {
    let parsed = parse_postgres(text);
    let lexed = LexedStr::new(text);
    let mut is_sound = lexed.errors().next().is_none();
    lexed.intersperse_trivia(&EntryPoint::SourceFile.parse(&lexed.to_input()), &mut |step| {
        is_sound &= !matches!(step, StrStep::Error { .. });
    });
    let has_body = ["function", "procedure"].iter().any(|word| text.to_lowercase().contains(word));
    let places = |start: u32, end: u32| Span::new(start as usize, end as usize);
    let theirs = SourceFile::parse(text).errors();
    let theirs = theirs.iter().map(|error| places(error.range().start().into(), error.range().end().into()));
    let ours: Vec<Span> = parsed.errors.iter().map(|error| error.span).collect();
    assert!(
        parsed.too_deep || ours.is_empty() && (!is_sound || has_body) || ours == theirs.collect::<Vec<_>>(),
        "{text}: {:?}",
        parsed.errors
    );
}

#[test]
fn what_the_grammar_takes_and_the_parser_checks_besides() {
    for text in include_str!("refused.sql").lines() {
        assert!(!parse_postgres(text).errors.is_empty(), "{text}");
        both(text);
    }
    include_str!("../src/postgres/statements.sql").split(";\n").for_each(both);
}

#[test]
fn depth_ends_before_the_stack_does() {
    let deep = |open: &str, close: &str| format!("SELECT {}1{}", open.repeat(30_000), close.repeat(30_000));
    both(&deep("(", ")"));
    both(&deep("(SELECT ", ")"));
    both(&deep("CASE WHEN true THEN ", " END"));
    both(&deep("NOT ", ""));
    both(&deep("- ", ""));
    both(&deep("1 + ", ""));
    both(&deep("a.", ""));
    both(&deep("", "::int"));
    both(&deep("ARRAY[", "]"));
    both(&"(".repeat(100_000));
}

#[test]
fn a_long_list_is_no_deep_one() {
    let rows = vec!["(1, 'x')"; 50_000].join(", ");
    let insert = format!("INSERT INTO t VALUES {rows}");
    for parsed in [parse_postgres(&insert), parse_sqlite(&insert)] {
        assert!(matches!(parsed.statement, rung_ddl::Statement::Data { .. }));
    }
}

/// Pieces of SQL, put together without sense.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "CREATE",
        "TABLE",
        "INDEX",
        "ALTER",
        "DROP",
        "ADD",
        "COLUMN",
        "CONSTRAINT",
        "CHECK",
        "PRIMARY KEY",
        "REFERENCES",
        "UNIQUE",
        "NOT",
        "NULL",
        "DEFAULT",
        "SELECT",
        "FROM",
        "WHERE",
        "INSERT INTO",
        "VALUES",
        "UPDATE",
        "SET",
        "t",
        "a",
        "\"A\"",
        "'x'",
        "1",
        "(",
        ")",
        ",",
        ";",
        ".",
        "::",
        "$$",
        "$1",
        "--",
        "/*",
        "*/",
        "\n",
        "é",
        "\u{0}",
        "AS",
        "ON",
        "USING",
        "TYPE",
        "int",
        "text[]",
        "CONCURRENTLY",
        "PARTITION OF",
        "FOR VALUES IN",
        "[",
        "]",
        "`",
        "\"",
        "'",
        "PRAGMA",
        "CREATE FUNCTION f(",
        "OUT",
        "VARIADIC",
        "RETURNS",
        "LANGUAGE sql",
        "LANGUAGE plpgsql",
        "IMMUTABLE",
        "IN",
        "coalesce",
        "LEFT",
        "JOIN",
        "LATERAL",
        "OVERLAPS",
        "u&'\\x'",
        "UESCAPE",
        "ANY",
        "ARRAY",
        "DISTINCT",
        "INTO",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn soup_is_read_or_refused(text in soup()) {
        both(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        both(&text);
    }
}
