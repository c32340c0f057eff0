//! The traps that real files set for a splitter, and properties that hold for every text.

use std::sync::Arc;

use proptest::prelude::*;
use rung_sql::{SourceFile, SplitIssueKind, Syntax, fingerprint, split, tokens};

fn pg(text: &str) -> Vec<&str> {
    statements(text, &Syntax::POSTGRES)
}

fn lite(text: &str) -> Vec<&str> {
    statements(text, &Syntax::SQLITE)
}

fn statements<'a>(text: &'a str, syntax: &Syntax) -> Vec<&'a str> {
    let (statements, issues) = split(text, syntax);
    assert!(issues.is_empty(), "{issues:?}");
    statements.into_iter().map(|statement| &text[statement.span.range()]).collect()
}

#[test]
fn quotes_hide_semicolons() {
    assert_eq!(
        pg("select ';'; select $$;$$; select $a$;$$;$a$; select \"a;b\""),
        ["select ';'", "select $$;$$", "select $a$;$$;$a$", "select \"a;b\""]
    );
    assert_eq!(pg(r"select E'Ava\'e;'; select 'a\'; select 1"), [r"select E'Ava\'e;'", r"select 'a\'", "select 1"]);
    assert_eq!(
        pg("select U&'d\\0061t;'; select U&\"d;\"; select 'it''s;'"),
        ["select U&'d\\0061t;'", "select U&\"d;\"", "select 'it''s;'"]
    );
    assert_eq!(pg("select E'a'\n  'b\\';c'; select 2"), ["select E'a'\n  'b\\';c'", "select 2"]);
    assert_eq!(
        lite("select `a;b`, [c;d]; select 'x\\'; select 2"),
        ["select `a;b`, [c;d]", "select 'x\\'", "select 2"]
    );
}

#[test]
fn comments_hide_semicolons_and_quotes() {
    assert_eq!(pg("-- it's ;\nselect 1; /* a /* nested; */ ' */ select 2"), ["select 1", "select 2"]);
    assert_eq!(lite("/* not /* nested */ select 1; -- $$\nselect 2"), ["select 1", "select 2"]);
    assert_eq!(
        pg("select '/*'; select '*/' -- $$ in a comment\n; select 3"),
        ["select '/*'", "select '*/'", "select 3"]
    );
}

#[test]
fn identifiers_with_dollars_are_no_quotes() {
    assert_eq!(pg("select a$b$ from t; select $1; select 1"), ["select a$b$ from t", "select $1", "select 1"]);
}

#[test]
fn parentheses_hold_a_rule_together() {
    let rule = "create rule r as on insert to t do instead (insert into a values (1); delete from b)";
    assert_eq!(pg(&format!("{rule}; select 1")), [rule, "select 1"]);
}

#[test]
fn atomic_bodies_hold_statements() {
    let function = "create or replace function f(a int) returns int language sql begin atomic \
                    select case when a > 0 then 1 else 2 end; select 2; end";
    assert_eq!(pg(&format!("{function}; select 1;")), [function, "select 1"]);
    // A BEGIN that opens a transaction is a statement.
    assert_eq!(pg("begin; create table t (a int); commit"), ["begin", "create table t (a int)", "commit"]);
}

#[test]
fn triggers_hold_statements_in_sqlite() {
    let trigger = "create temp trigger if not exists t after insert on a begin \
                   update b set x = case when new.y then 1 else 2 end; select 1; end";
    assert_eq!(lite(&format!("{trigger};\nselect 1;")), [trigger, "select 1"]);
    assert_eq!(
        lite("begin; select case when 1 then 2 end; end; select 3"),
        ["begin", "select case when 1 then 2 end", "end", "select 3"]
    );
}

#[test]
fn copy_rows_belong_to_their_statement() {
    let text = "copy t (a, b) from stdin;\n1\tit's; $$ -- x\n\n\\N\t2\n\\.\n\nselect 1;";
    let (statements, issues) = split(text, &Syntax::POSTGRES);
    assert!(issues.is_empty(), "{issues:?}");
    assert_eq!(statements.len(), 2);
    assert_eq!(&text[statements[0].copy_data.unwrap().range()], "1\tit's; $$ -- x\n\n\\N\t2\n");
    assert_eq!(&text[statements[1].span.range()], "select 1");

    let empty = "COPY public.t FROM stdin;\n\\.\nselect 1";
    let (statements, issues) = split(empty, &Syntax::POSTGRES);
    assert!(issues.is_empty(), "{issues:?}");
    assert!(statements[0].copy_data.unwrap().is_empty());
    assert_eq!(statements.len(), 2);

    let windows = "copy t from stdin;\r\n1\r\n\\.\r\nselect 1;\r\n";
    let (statements, issues) = split(windows, &Syntax::POSTGRES);
    assert!(issues.is_empty(), "{issues:?}");
    assert_eq!(&windows[statements[0].copy_data.unwrap().range()], "1\r\n");

    let (_, issues) = split("copy t from stdin;\n1\n", &Syntax::POSTGRES);
    assert_eq!(issues[0].kind, SplitIssueKind::Unterminated);
    assert_eq!(pg("copy t from '/tmp/x'; select 1"), ["copy t from '/tmp/x'", "select 1"]);
}

#[test]
fn psql_commands_are_named() {
    let (statements, issues) =
        split("\\restrict abc\n\\connect app\nselect 1;\n\\copy t from 'x'\n", &Syntax::POSTGRES);
    assert_eq!(statements.len(), 1);
    assert_eq!(issues[0].kind, SplitIssueKind::IgnoredCommand("connect".to_owned()));
    assert_eq!(issues[1].kind, SplitIssueKind::MetaCommand("copy".to_owned()));
    // psql takes `copy` in any case.
    let source = Arc::new(SourceFile::new("a.sql", "\\COPY t FROM 'x'\n"));
    let (_, issues) = split(source.text(), &Syntax::POSTGRES);
    assert!(issues[0].diagnostic(&source, issues[0].span).helps[0].contains("FROM STDIN"));
    let (_, issues) = split("\\set x `date`\nselect 1;", &Syntax::POSTGRES);
    assert_eq!(issues[0].kind, SplitIssueKind::MetaCommand("set".to_owned()));
    assert_eq!(pg("select 1 \\; select 2;"), ["select 1", "select 2"]);
}

#[test]
fn what_is_not_closed_is_an_error() {
    for text in ["select 'a", "select \"a", "select $x$ a", "/* a"] {
        let (_, issues) = split(text, &Syntax::POSTGRES);
        assert_eq!(issues[0].kind, SplitIssueKind::Unterminated, "{text}");
    }
}

#[test]
fn nothing_is_a_statement_in_an_empty_file() {
    for text in ["", ";;", "-- only a comment", "/* so */ ; \n"] {
        assert!(pg(text).is_empty());
        assert!(lite(text).is_empty());
    }
}

#[test]
fn fingerprints_see_statements_and_nothing_else() {
    let of = |text: &str| fingerprint(text, &Syntax::POSTGRES);
    assert_eq!(of("CREATE TABLE t (a int);"), of("-- why\ncreate  table t\n( a INT )"));
    assert_eq!(of("select 'a\r\nb'"), of("select 'a\nb'"));
    assert_ne!(of("select 'a'"), of("select 'A'"));
    assert_ne!(of("select a b"), of("select ab"));
    assert_ne!(of("select \"A\""), of("select a"));
    assert_ne!(of("select 1; select 2"), of("select 1 select 2"));
}

fn sqlish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "select",
        "create function f()",
        "begin atomic",
        "end",
        "case",
        "create trigger t",
        "begin",
        "copy t from stdin",
        ";",
        "\n",
        "'",
        "''",
        "\"",
        "$$",
        "$a$",
        "$1",
        "E'\\",
        "--",
        "/*",
        "*/",
        "(",
        ")",
        "\\.",
        "\\connect x",
        "[",
        "]",
        "`",
        "é",
        "${x}",
        "1e5",
        "u&'",
        " ",
        "\r\n",
        "\\;",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn tokens_tile_the_text(text in prop_oneof![sqlish(), any::<String>()]) {
        for syntax in [Syntax::POSTGRES, Syntax::SQLITE] {
            let mut at = 0;
            for token in tokens(&text, &syntax) {
                prop_assert_eq!(token.span.start, at);
                prop_assert!(token.span.end > at);
                prop_assert!(text.is_char_boundary(token.span.end));
                at = token.span.end;
            }
            prop_assert_eq!(at, text.len());
            let _ = split(&text, &syntax);
            let _ = fingerprint(&text, &syntax);
            let _ = rung_sql::postgres_facts(&text);
            let _ = rung_sql::sqlite_facts(&text);
        }
    }

    #[test]
    fn statements_are_in_order_and_apart(text in sqlish()) {
        for syntax in [Syntax::POSTGRES, Syntax::SQLITE] {
            let (statements, _) = split(&text, &syntax);
            for pair in statements.windows(2) {
                prop_assert!(pair[0].span.end <= pair[1].span.start);
            }
        }
    }
}
