//! No input brings the parsers down, however deep, long or broken.

use proptest::prelude::*;
use rung_ddl::{parse_postgres, parse_sqlite};

fn both(text: &str) {
    for parsed in [parse_postgres(text), parse_sqlite(text)] {
        for error in parsed.errors {
            assert!(text.get(error.span.range()).is_some(), "{error:?} is no place of {text:?}");
        }
    }
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
