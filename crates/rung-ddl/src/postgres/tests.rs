use super::*;
use crate::{Action, AttributeChangeKind, ConstraintKind, Persistence};

/// The statement, which must be read without error.
fn read(text: &str) -> Statement {
    let parsed = parse(text);
    assert_eq!(parsed.errors, [], "{text}");
    parsed.statement
}

#[test]
fn every_statement_that_rules_look_at_is_read() {
    for text in include_str!("statements.sql").split(";\n") {
        let text = text.trim();
        if !text.is_empty() {
            let statement = read(text);
            assert_ne!(statement, Statement::Other, "{text}");
            if let Statement::AlterTable(alter) = &statement {
                assert!(!alter.actions.is_empty() && alter.actions.iter().all(|(a, _)| *a != Action::Other), "{text}");
            }
        }
    }
}

#[test]
fn a_table_with_all_that_it_may_have() {
    let Statement::CreateTable(table) = read(
        "CREATE UNLOGGED TABLE IF NOT EXISTS App.\"T\" (id serial PRIMARY KEY, d timestamp(3) with time zone[] NOT NULL, \
         e varchar(20) COLLATE \"C\" DEFAULT 'x', f int REFERENCES s.p (id) ON DELETE CASCADE, \
         g int GENERATED ALWAYS AS (f + 1) STORED, h \"char\", CONSTRAINT u UNIQUE (e, f)) PARTITION BY RANGE (id)",
    ) else {
        panic!("no table")
    };
    assert_eq!(table.name.to_string(), "app.T");
    assert_eq!(table.persistence, Persistence::Unlogged);
    assert!(table.partitioned && table.if_not_exists);
    let types: Vec<String> = table.columns.iter().filter_map(|c| Some(c.data_type.as_ref()?.to_string())).collect();
    assert_eq!(
        types,
        ["serial", "timestamp(3) with time zone[]", "character varying(20)", "integer", "integer", "\"char\""]
    );
    assert_eq!(table.columns[2].collation.as_deref(), Some("C"));
    assert!(table.columns[2].default().is_some_and(|default| default.literal));
    assert!(table.columns[1].not_null() && !table.columns[2].not_null());
    assert!(matches!(&table.columns[3].constraints[0].kind, ConstraintKind::ForeignKey(key)
        if key.table.to_string() == "s.p" && key.columns[0].name == "f"));
    assert!(matches!(&table.constraints[0].kind, ConstraintKind::Unique { columns, .. } if columns.len() == 2));
}

#[test]
fn expressions_tell_what_they_call() {
    let Statement::AlterTable(alter) =
        read("ALTER TABLE t ALTER a SET DEFAULT app.f(b) + current_timestamp, ALTER c SET DEFAULT '-1'::int")
    else {
        panic!("no table")
    };
    let Action::SetDefault(_, first) = &alter.actions[0].0 else { panic!("no default") };
    let calls: Vec<String> = first.calls.iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["app.f", "current_timestamp"]);
    assert_eq!(first.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(matches!(&alter.actions[1].0, Action::SetDefault(_, second) if second.literal));
}

#[test]
fn spans_are_places_of_the_text() {
    let text = "ALTER TABLE a /* c */ ADD COLUMN b int  , DROP COLUMN c";
    let Statement::AlterTable(alter) = read(text) else { panic!("no table") };
    let spans: Vec<&str> = alter.actions.iter().map(|(_, span)| &text[span.range()]).collect();
    assert_eq!(spans, ["ADD COLUMN b int", "DROP COLUMN c"]);
    assert_eq!(&text[alter.name.span.range()], "a");
}

#[test]
fn names_of_with_are_no_tables() {
    let parsed = parse("WITH x AS (SELECT * FROM a) INSERT INTO b SELECT * FROM x, s.c");
    assert_eq!(parsed.relations.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b", "s.c"]);
    assert!(matches!(parsed.statement, Statement::Data { verb: Verb::Insert, .. }));
}

#[test]
fn what_cannot_be_read_says_where() {
    let parsed = parse("CREATE TABLE bad (a int,, b int)");
    assert_eq!(parsed.statement, Statement::Other);
    assert_eq!(parsed.errors[0].span.start, 24);
    for text in ["", ";", "--", "\u{0}", "CREATE", "ALTER TABLE", "é'", "DROP TABLE \"", "SELECT $$"] {
        parse(text);
    }
}

#[test]
fn what_the_server_takes_and_the_parser_does_not_know_is_read() {
    for text in [
        "ALTER STATISTICS IF EXISTS s SET STATISTICS 0",
        "ALTER USER MAPPING FOR user SERVER s OPTIONS (a 'b')",
        "CREATE PROCEDURAL LANGUAGE l",
        "CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE l HANDLER h",
        "FETCH FORWARD c",
        "MOVE BACKWARD c",
        "ALTER INDEX i ALTER COLUMN expr SET STATISTICS 100",
        "CREATE FUNCTION f(OUT a int) RETURNS NULL ON NULL INPUT LANGUAGE plpgsql AS ''",
        "CREATE FUNCTION f() RETURNS TABLE (left int, right int) LANGUAGE plpgsql AS ''",
        "CREATE FUNCTION f(json text) RETURNS int LANGUAGE plpgsql AS ''",
        "SELECT f(json => '1')",
        "WITH insert AS (INSERT INTO t VALUES (1) RETURNING a), update AS (SELECT 1) SELECT a FROM insert",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ WITH values AS (SELECT 1 AS a) SELECT a FROM values $$",
        "INSERT INTO t (id, values) VALUES (1, 2)",
        "ALTER TABLE t ADD exclude int",
        "CREATE TABLE t (system_user int)",
    ] {
        read(text);
    }
    let Statement::CreateTable(table) = read("CREATE TABLE t (a int, exclude bool NOT NULL, system_user text)") else {
        panic!("no table")
    };
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.name.as_str()).collect();
    assert_eq!(columns, ["a", "exclude", "system_user"]);
    assert!(table.columns[1].not_null() && table.columns[1].name.span == Span::new(23, 30));
}

#[test]
fn what_is_wrong_stays_so_whatever_is_taken_for_a_name() {
    for text in [
        "CREATE TABLE t (left int)",
        "CREATE TABLE t (select int)",
        "ALTER STATISTICS IF s SET STATISTICS 0",
        "ALTER USER MAPPING FOR SERVER s OPTIONS (a 'b')",
        "CREATE TRUSTED TABLE t (a int)",
        "SELECT json_table(1)",
        "SELECT a FROM t GROUP a",
        "CREATE TABLE t (a int EXCLUDE)",
        "ALTER TABLE t ADD EXCLUDE (a)",
        "INSERT INTO t VALUES (1) VALUES (2)",
        "ALTER TABLE t ALTER COLUMN a SET",
        "DROP TABLE IF t",
        "CREATE INDEX i t (a)",
        "CREATE TABLE t (a int NOT, b int)",
    ] {
        assert_ne!(parse(text).errors, [], "{text}");
    }
}

#[test]
fn composite_types_and_domains() {
    let Statement::CreateComposite { attributes, .. } = read("CREATE TYPE c AS (a int, b text COLLATE \"C\")") else {
        panic!("no type")
    };
    assert_eq!(attributes.len(), 2);
    assert_eq!(attributes[1].collation.as_deref(), Some("C"));
    let text =
        "ALTER TYPE s.c ADD ATTRIBUTE d numeric(3), DROP ATTRIBUTE IF EXISTS e, ALTER ATTRIBUTE f TYPE text CASCADE";
    let Statement::AlterComposite { name, changes } = read(text) else { panic!("no type") };
    assert_eq!(name.to_string(), "s.c");
    assert_eq!(changes.iter().map(|(change, _)| change.cascade).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(&text[changes[1].1.range()], "DROP ATTRIBUTE IF EXISTS e");
    assert!(matches!(&changes[0].0.kind, AttributeChangeKind::Add(added) if added.data_type.is_some()));
    assert!(matches!(&changes[1].0.kind, AttributeChangeKind::Drop { if_exists: true, .. }));
    assert!(matches!(read("ALTER TYPE c RENAME ATTRIBUTE a TO b"), Statement::AlterComposite { .. }));
    let Statement::CreateTable(table) = read("CREATE TABLE t OF s.c (PRIMARY KEY (a))") else { panic!("no table") };
    assert_eq!(table.of_type.map(|name| name.to_string()).as_deref(), Some("s.c"));
    for (text, checks) in [
        ("SET DEFAULT 3", false),
        ("DROP DEFAULT", false),
        ("SET NOT NULL", true),
        ("DROP NOT NULL", false),
        ("ADD CONSTRAINT c CHECK (VALUE > 0)", true),
        ("ADD CHECK (VALUE > 0) NOT VALID", false),
        ("DROP CONSTRAINT IF EXISTS c CASCADE", false),
        ("RENAME CONSTRAINT a TO b", false),
        ("VALIDATE CONSTRAINT c", true),
    ] {
        let Statement::AlterDomain { change, .. } = read(&format!("ALTER DOMAIN d {text}")) else { panic!("{text}") };
        assert_eq!(change.checks(), checks, "{text}");
    }
}

#[test]
fn set_config_is_another_spelling_of_set() {
    let said = |text: &str| match read(text) {
        Statement::Set { name, values, local } => Some((name, values.join("|"), local)),
        _ => None,
    };
    let set = |name: &str, value: &str, local| Some((name.to_owned(), value.to_owned(), local));
    assert_eq!(said("SELECT set_config('lock_timeout', '5s', false)"), set("lock_timeout", "5s", false));
    assert_eq!(said("SELECT pg_catalog.set_config('Lock_Timeout', '0', 'true')"), set("lock_timeout", "0", true));
    assert_eq!(said("SELECT set_config('search_path', 'App, \"B\"', true)"), set("search_path", "app|B", true));
    for other in [
        "SELECT app.set_config('a', 'b', true)",
        "SELECT set_config('a', b, true) FROM t",
        "SELECT set_config('a', 'b', true), 1",
        "SELECT set_config('a', 'b', true) WHERE false",
        "SELECT set_config('a', 'b')",
    ] {
        assert_eq!(said(other), None, "{other}");
    }
}
