//! Any text: it is split into statements that lie in it, in order; each has facts and can be parsed, and every place that
//! is told lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rung_ddl::{Parsed, parse_postgres, parse_sqlite};
use rung_engine::Dialect;
use rung_postgres::POSTGRES;
use rung_sql::{Span, split, tokens};
use rung_sqlite::SQLITE;

fuzz_target!(|text: &str| {
    let readers: [(&dyn Dialect, fn(&str) -> Parsed); 2] = [(&POSTGRES, parse_postgres), (&SQLITE, parse_sqlite)];
    for (dialect, parse) in readers {
        let mut end = 0;
        for token in tokens(text, dialect.syntax()) {
            assert_eq!(token.span.start, end, "tokens tile the text");
            end = token.span.end;
        }
        assert_eq!(end, text.len(), "tokens tile the text");
        let (statements, issues) = split(text, dialect.syntax());
        let mut end = 0;
        for statement in &statements {
            assert!(statement.span.start >= end, "statements are in order");
            end = statement.span.end;
            let statement = within(text, statement.span);
            let _ = dialect.facts(statement);
            let parsed = parse(statement);
            parsed.relations.iter().for_each(|name| {
                within(statement, name.span);
            });
            parsed.repeated.iter().for_each(|name| {
                within(statement, name.span);
            });
            parsed.errors.iter().for_each(|error| {
                within(statement, error.span);
            });
        }
        issues.iter().for_each(|issue| {
            within(text, issue.span);
        });
    }
});

fn within(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap_or_else(|| panic!("{span:?} is no place in a text of {} bytes", text.len()))
}
