//! From one schema to another, with rows.

mod random;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rung_catalog::{Catalog, Key, Kind, Rename};
use rung_engine::{AlterOptions, Alteration, Cut, Dialect, Driver, DumpOptions, Locking, Refusal};
use rung_sqlite::{OpenOptions, SQLITE, Sqlite};
use rusqlite::Connection;

/// A database in memory; the schema is looked at through another connection.
struct Memory {
    url: String,
    connection: Connection,
}

impl Memory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let url = format!("file:alter{}?mode=memory&cache=shared", NUMBER.fetch_add(1, Ordering::Relaxed));
        let connection = Connection::open(&url).unwrap();
        Self { url, connection }
    }

    fn inspect(&self) -> Catalog {
        let other = Connection::open(&self.url).unwrap();
        Sqlite::from_connection(other, OpenOptions::default()).unwrap().inspect().unwrap()
    }
}

impl std::ops::Deref for Memory {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

fn made_by(sql: &str) -> (Catalog, Memory) {
    let memory = Memory::new();
    memory
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}; PRAGMA foreign_keys = ON;"))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    (memory.inspect(), memory)
}

fn alteration(from: &Catalog, to: &Catalog, renames: Vec<Rename>) -> Result<Alteration, Vec<Refusal>> {
    let options = AlterOptions { renames, locking: Locking::Online, version: None, compared: DumpOptions::default() };
    SQLITE.alteration(from, to, &options)
}

/// Runs it as its cuts ask for, foreign keys being enforced.
fn run(connection: &Connection, alteration: &Alteration) -> Result<(), String> {
    let mut sql = String::new();
    for (at, step) in alteration.steps.iter().enumerate() {
        if step.cut == Cut::New || (at == 0 && step.cut == Cut::Joined) {
            sql.push_str("BEGIN;\n");
        }
        sql.push_str(&format!("{};\n", step.sql));
    }
    if !alteration.is_empty() {
        sql.push_str("COMMIT;\nPRAGMA foreign_keys = ON;");
    }
    connection.execute_batch(&sql).map_err(|error| format!("{error}\n{sql}"))
}

/// What the pragmas say of all tables, whatever rung thinks of it.
fn pragmas(connection: &Connection) -> Vec<String> {
    let sql = "
        SELECT 'column ' || lower(t.name || ' ' || c.name || ' ' || c.type) || ' ' || c.\"notnull\" || ' ' || c.pk || ' ' || c.hidden
               || ' ' || t.wr || t.strict || coalesce(trim(c.dflt_value, '()'), '')
          FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND t.type IN ('table', 'virtual') AND t.name NOT LIKE 'sqlite_%'
        UNION ALL
        SELECT 'index ' || lower(t.name) || ' ' || i.\"unique\" || i.origin || i.partial || (SELECT group_concat(lower(coalesce(x.name, '?')) || x.\"desc\" || x.coll) FROM pragma_index_xinfo(i.name) x WHERE x.key)
          FROM pragma_table_list t, pragma_index_list(t.name) i WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'
        UNION ALL
        SELECT 'foreign ' || lower(t.name || ' ' || f.\"from\" || ' ' || f.\"table\" || ' ' || coalesce(f.\"to\", '')) || f.on_delete || f.on_update
          FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main'
        ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn one<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Goes from one to the other and checks the end; the statements.
fn goes(from: &str, to: &str, renames: Vec<Rename>) -> (Memory, Vec<String>) {
    let (was, connection) = made_by(from);
    let (is, other) = made_by(to);
    let alteration = alteration(&was, &is, renames).unwrap_or_else(|refused| panic!("{refused:?}"));
    run(&connection, &alteration).unwrap_or_else(|error| panic!("{error}\nfrom {from}\nto {to}"));
    let left = self::alteration(&connection.inspect(), &is, Vec::new()).unwrap();
    assert!(left.is_empty(), "{left:#?}\nafter {alteration:#?}");
    assert_eq!(pragmas(&connection), pragmas(&other), "{alteration:#?}");
    assert_eq!(one::<String>(&connection, "PRAGMA integrity_check"), "ok");
    (connection, alteration.steps.into_iter().map(|step| step.sql).collect())
}

fn table(name: &str) -> std::sync::Arc<Key> {
    Key::new(Kind::Table, None, name).into()
}

fn column(of: &str, from: &str, to: &str) -> Rename {
    Rename::Column { table: table(of), from: from.into(), to: to.into() }
}

#[test]
fn what_alter_table_does_is_left_to_it() {
    for (from, to, statements) in [
        (
            "CREATE TABLE t (a)",
            "CREATE TABLE t (a, b INT NOT NULL DEFAULT 0)",
            vec!["ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT 0"],
        ),
        ("CREATE TABLE t (a, b CHECK (b > 0), c)", "CREATE TABLE t (a, c)", vec!["ALTER TABLE t DROP COLUMN b"]),
        ("CREATE TABLE t (a)", "CREATE TABLE t (x AS (a || 'x'), a)", vec!["ALTER TABLE t ADD COLUMN x AS (a || 'x')"]),
        (
            "CREATE TABLE t (a, b); CREATE INDEX i ON t (b)",
            "CREATE TABLE t (a)",
            vec!["DROP INDEX i", "ALTER TABLE t DROP COLUMN b"],
        ),
        ("CREATE TABLE t (a)", "CREATE TABLE T (A); CREATE INDEX i ON t (a)", vec!["CREATE INDEX i ON t (a)"]),
        (
            "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
            "create table t (a); create view v as select A -- same\n from t",
            vec![],
        ),
        (
            "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
            "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
            vec![
                "DROP VIEW v",
                "ALTER TABLE t DROP COLUMN b",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
            ],
        ),
    ] {
        assert_eq!(goes(from, to, Vec::new()).1, statements, "{from}\n{to}");
    }
}

#[test]
fn renames_take_along_what_speaks_of_them() {
    let from = "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT CHECK (a > 0) UNIQUE);
        CREATE TABLE c (p INT REFERENCES p (a)); CREATE INDEX i ON p (a, lower(a)); CREATE VIEW v AS SELECT a FROM p;
        CREATE TRIGGER g AFTER INSERT ON c BEGIN UPDATE p SET a = a + 1 WHERE a = new.p; END;
        INSERT INTO p VALUES (1, 7); INSERT INTO c VALUES (7)";
    let to = "CREATE TABLE q (id INTEGER PRIMARY KEY, b INT CHECK (b > 0) UNIQUE);
        CREATE TABLE c (p INT REFERENCES q (b)); CREATE INDEX i ON q (b, lower(b)); CREATE VIEW v AS SELECT b FROM q;
        CREATE TRIGGER g AFTER INSERT ON c BEGIN UPDATE q SET b = b + 1 WHERE b = new.p; END";
    let renames = vec![Rename::Object { from: table("p"), to: table("q") }, column("q", "a", "b")];
    let (connection, statements) = goes(from, to, renames);
    assert_eq!(statements[2..4], ["ALTER TABLE p RENAME TO q", "ALTER TABLE q RENAME COLUMN a TO b"]);
    assert_eq!(one::<i64>(&connection, "SELECT b FROM q"), 8);
}

#[test]
fn a_rename_of_a_column_is_followed_when_the_table_is_made_anew() {
    let from = "CREATE TABLE p (id INT PRIMARY KEY, a INT); CREATE TABLE c (p INT REFERENCES p (id) ON DELETE CASCADE);
        INSERT INTO p VALUES (1, 7); INSERT INTO c VALUES (1)";
    let to = "CREATE TABLE p (nr INT PRIMARY KEY, a TEXT NOT NULL DEFAULT ''); CREATE TABLE c (p INT REFERENCES p (nr) ON DELETE CASCADE)";
    let (connection, _) = goes(from, to, vec![column("p", "id", "nr")]);
    assert_eq!(one::<String>(&connection, "SELECT nr || a || typeof(a) FROM p"), "17text");
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM c"), 1, "nothing cascaded");
}

#[test]
fn a_table_that_is_made_anew_keeps_its_rows_and_all_that_is_on_it() {
    let body = |a: &str| {
        format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a {a}, g AS (a || id) STORED, up INT REFERENCES t (id) ON DELETE CASCADE, CHECK (t.id > 0));
             CREATE TABLE c (t INT REFERENCES t ON DELETE CASCADE);
             CREATE INDEX i ON t (lower(a)) WHERE a <> ''; CREATE TABLE log (x);
             CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT * FROM v;
             CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.id); END;
             CREATE TRIGGER h AFTER INSERT ON c BEGIN UPDATE t SET a = a; END;"
        )
    };
    let rows = "INSERT INTO t (id, a) VALUES (1, '007'), (2, NULL), (9, 'x'); DELETE FROM t WHERE id = 9; UPDATE t SET up = 1; INSERT INTO c VALUES (1), (2); DELETE FROM log";
    let (connection, statements) =
        goes(&format!("{}{rows}", body("TEXT")), &body("TEXT NOT NULL DEFAULT 'none'"), Vec::new());
    assert_eq!(statements[0], "PRAGMA foreign_keys = OFF");
    let rows = "SELECT group_concat(concat_ws(',', id, a, g, up), ' ') FROM t";
    assert_eq!(one::<String>(&connection, rows), "1,007,0071,1 2,none,none2,1");
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM c"), 2);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM log"), 0);
    assert_eq!(one::<i64>(&connection, "SELECT seq FROM sqlite_sequence WHERE name = 't'"), 9);
    connection.execute_batch("INSERT INTO t (a) VALUES ('new')").unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT max(id) FROM t"), 10);
}

#[test]
fn names_are_folded_as_sqlite_does_in_ascii_alone() {
    for (from, to) in [
        (
            r#"CREATE TABLE "Ärzte" (id int PRIMARY KEY, "Ü😀" text);"#,
            r#"CREATE TABLE "Ärzte" (id integer PRIMARY KEY, "Ü😀" text);"#,
        ),
        (
            r#"CREATE TABLE t ("Ü" int, "ü" int, CHECK ("Ü" > "ü"));"#,
            r#"CREATE TABLE t ("Ü" int, "ü" int, CHECK ("ü" > "Ü")); CREATE INDEX i ON t ("Ü");"#,
        ),
    ] {
        goes(from, to, Vec::new());
        goes(to, from, Vec::new());
    }
}

#[test]
fn triggers_that_do_not_compile_are_out_of_the_way() {
    let rest = "CREATE TABLE keyed (k PRIMARY KEY) WITHOUT ROWID;
        CREATE TRIGGER table_gone AFTER INSERT ON other BEGIN INSERT INTO log VALUES (new.x); END;
        CREATE TRIGGER column_gone AFTER INSERT ON other BEGIN UPDATE keyed SET z = 1; END;
        CREATE TRIGGER number_gone AFTER DELETE ON keyed BEGIN DELETE FROM keyed WHERE rowid = 1; END;
        CREATE TRIGGER fine AFTER INSERT ON other BEGIN UPDATE keyed SET k = k; END;";
    let one = format!("CREATE TABLE t (a, b); CREATE TABLE other (x); {rest}");
    let two = format!("CREATE TABLE t (a); CREATE TABLE other (x NOT NULL); {rest}");
    goes(&one, &two, Vec::new());
    goes(&two, &one, Vec::new());
    // No other goes for that; a column that is not there SQLite does not mind.
    let (_, steps) = goes(&one, &format!("CREATE TABLE t (a); CREATE TABLE other (x); {rest}"), Vec::new());
    let dropped: Vec<&String> = steps.iter().filter(|step| step.starts_with("DROP")).collect();
    assert_eq!(dropped, ["DROP TRIGGER number_gone", "DROP TRIGGER table_gone"]);
}

#[test]
fn numbers_of_rows_stay() {
    let (connection, _) = goes(
        "CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y')",
        "CREATE TABLE t (a TEXT)",
        Vec::new(),
    );
    assert_eq!(one::<i64>(&connection, "SELECT rowid FROM t WHERE a = 'y'"), 9);
}

#[test]
fn what_the_new_table_does_not_take_is_an_error() {
    for (from, to) in [
        ("CREATE TABLE t (a); INSERT INTO t VALUES (1), (1)", "CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE)"),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (1), (NULL)", "CREATE TABLE t (a NOT NULL)"),
        ("CREATE TABLE t (a); INSERT INTO t VALUES ('x')", "CREATE TABLE t (a INT) STRICT"),
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a); INSERT INTO t VALUES (1)",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p)",
        ),
    ] {
        let (was, connection) = made_by(from);
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let alteration = alteration(&was, &made_by(to).0, Vec::new()).unwrap();
        let error = run(&connection, &alteration).expect_err(to);
        assert!(error.contains("constraint failed") || error.contains("cannot store"), "{error}");
        connection.execute_batch("ROLLBACK").unwrap();
        assert!(alteration_is_none(&was, &connection), "{to}");
    }
}

fn alteration_is_none(was: &Catalog, connection: &Memory) -> bool {
    alteration(was, &connection.inspect(), Vec::new()).unwrap().is_empty()
}

#[test]
fn a_parent_that_goes_takes_no_children_along() {
    let from = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE, n); CREATE TABLE x (p REFERENCES p);
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 2)";
    let (connection, statements) = goes(from, "CREATE TABLE c (p, n)", Vec::new());
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM c"), 1);
    assert!(!statements.iter().any(|sql| sql.contains("PRAGMA")), "nothing refers to it when it goes: {statements:?}");
    let (connection, statements) = goes(from, "CREATE TABLE c (p REFERENCES p ON DELETE CASCADE, n)", Vec::new());
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM c"), 1);
    assert_eq!(statements[0], "PRAGMA foreign_keys = OFF");
}

#[test]
fn text_indexes_keep_what_they_have() {
    let (connection, _) = goes(
        "CREATE VIRTUAL TABLE docs USING fts5(title, body); INSERT INTO docs (rowid, title, body) VALUES (7, 'one', 'walking')",
        "CREATE VIRTUAL TABLE docs USING fts5(body, title, tokenize = 'porter ascii')",
        Vec::new(),
    );
    assert_eq!(one::<i64>(&connection, "SELECT rowid FROM docs WHERE docs MATCH 'walks'"), 7);
    let (connection, _) = goes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, body); INSERT INTO t VALUES (3, 'walking'); CREATE VIRTUAL TABLE docs USING fts5(body, content='t', content_rowid='id')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, body); CREATE VIRTUAL TABLE docs USING fts5(body, content='t', content_rowid='id', tokenize = 'porter ascii')",
        Vec::new(),
    );
    assert_eq!(one::<i64>(&connection, "SELECT rowid FROM docs WHERE docs MATCH 'walks'"), 3);
}

#[test]
fn rows_stay_rows_where_all_columns_are_others() {
    let (connection, statements) = goes(
        "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)",
        "CREATE TABLE t (b TEXT DEFAULT 'x')",
        Vec::new(),
    );
    assert_eq!(statements, ["ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'", "ALTER TABLE t DROP COLUMN a"]);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM t WHERE b = 'x'"), 2);
    let (connection, _) = goes(
        "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)",
        "CREATE TABLE t (b UNIQUE, c AS (b) STORED)",
        Vec::new(),
    );
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM t"), 2);
}

#[test]
fn names_change_places() {
    let from = "CREATE TABLE a (x); CREATE TABLE b (y); INSERT INTO a VALUES (1)";
    let (connection, _) = goes(from, "CREATE TABLE b (x)", vec![]);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM b"), 0);
    let swap = [("a", "b"), ("b", "a")].map(|(from, to)| Rename::Object { from: table(from), to: table(to) });
    let (connection, _) = goes(from, "CREATE TABLE b (x); CREATE TABLE a (y)", swap.to_vec());
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM b WHERE x = 1"), 1);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM a"), 0);
}

#[test]
fn what_is_lost_is_said() {
    let lost = |from: &str, to: &str| -> Vec<String> {
        let alteration = alteration(&made_by(from).0, &made_by(to).0, Vec::new()).unwrap();
        alteration.steps.into_iter().filter_map(|step| step.loses).collect()
    };
    assert_eq!(lost("CREATE TABLE t (a)", ""), ["the rows of t"]);
    assert_eq!(lost("CREATE TABLE t (a, b)", "CREATE TABLE t (a)"), ["the values of t.b"]);
    assert_eq!(lost("CREATE TABLE t (a, b AS (a))", "CREATE TABLE t (a)"), [""; 0]);
    let anew = lost("CREATE TABLE t (a TEXT, b UNIQUE, c)", "CREATE TABLE t (a INT, c NOT NULL DEFAULT 1)");
    assert_eq!(
        anew,
        ["how the numbers among the texts of t.a were written, the values of t.b, which values of t.c were NULL"]
    );
    assert_eq!(lost("CREATE TABLE t (a INT)", "CREATE TABLE t (a TEXT)"), [""; 0]);
}

/// The columns of each table that are kept.
fn columns(connection: &Connection) -> BTreeSet<(String, String)> {
    let sql = "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c
        WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND c.hidden = 0";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// What is in columns.
fn values(connection: &Connection, columns: &BTreeSet<(String, String)>) -> Vec<String> {
    let of = |(table, column): &(String, String)| {
        let [table, column] = [table, column].map(|name| SQLITE.quote_identifier(name));
        let sql = format!("SELECT group_concat(CAST({column} AS TEXT) ORDER BY id) FROM {table}");
        one::<Option<String>>(connection, &sql).unwrap_or_default()
    };
    columns.iter().map(of).collect()
}

/// How far tables have counted whose next number is above all that they ever had.
fn sequences(connection: &Connection) -> BTreeSet<(String, i64)> {
    let sql = "SELECT name FROM sqlite_schema WHERE name = 'sqlite_sequence'";
    if connection.query_row(sql, [], |_| Ok(())).is_err() {
        return BTreeSet::new();
    }
    let mut statement = connection.prepare("SELECT name, seq FROM sqlite_sequence").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Tables that count so.
fn counting(connection: &Connection) -> BTreeSet<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn cases() -> u32 {
    std::env::var("RUNG_ALTERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_becomes_any_other(from in random::schema(), to in random::schema()) {
        for (from, to) in [(&from, &to), (&to, &from)] {
            let (was, connection) = made_by(&from.sql());
            let (is, other) = made_by(&to.sql());
            // No row has a parent in a table that is yet to be made.
            if !to.refers_beyond(from) {
                connection.execute_batch(&from.rows()).unwrap();
            }
            let both = &columns(&connection) & &columns(&other);
            let before = values(&connection, &both);
            connection.execute_batch("UPDATE sqlite_sequence SET seq = seq + 50").ok();
            let counted = sequences(&connection);
            let counting = &counting(&connection) & &counting(&other);
            let alteration = alteration(&was, &is, Vec::new()).unwrap();
            run(&connection, &alteration).unwrap_or_else(|error| panic!("{error}\nfrom {}\nto {}", from.sql(), to.sql()));
            let left = self::alteration(&connection.inspect(), &is, Vec::new()).unwrap();
            prop_assert!(left.is_empty(), "{left:#?}\nafter {alteration:#?}");
            prop_assert_eq!(pragmas(&connection), pragmas(&other), "{:#?}", alteration);
            prop_assert_eq!(values(&connection, &both), before, "{:#?}", alteration);
            let is_kept = |(name, _): &&(String, i64)| counting.contains(name);
            let now = sequences(&connection);
            prop_assert!(counted.iter().filter(is_kept).all(|it| now.contains(it)), "{counted:?} {now:?} {alteration:#?}");
            let quick: String = one(&connection, "PRAGMA integrity_check");
            prop_assert_eq!(quick, "ok");
        }
    }
}

#[test]
fn what_rows_must_be_is_counted() {
    for (before, after, bad, good, wrong) in [
        ("a", "a NOT NULL", "(NULL), (1)", "(1)", 1),
        ("a", "a UNIQUE", "(1), (1), (NULL), (NULL)", "(1), (2), (NULL), (NULL)", 1),
        ("a", "a CHECK (a > 0)", "(0), (1), (NULL)", "(1), (NULL)", 1),
        ("a", "a REFERENCES other", "(1), (5), (NULL)", "(1), (NULL)", 1),
        ("a", "a, b DEFAULT 5 REFERENCES other", "(1), (2)", "", 2),
        ("a", "a, b DEFAULT 5, CHECK (a <> b)", "(5), (6)", "(6), (NULL)", 1),
        ("a", "a NOT NULL DEFAULT 5 CHECK (a > 5)", "(NULL), (5), (6)", "(6)", 2),
        ("a", "a INTEGER) STRICT -- ", "('x'), (1.5), (x'00'), ('7'), (2.0)", "(' 7 '), (2.0), (NULL), (-1)", 3),
        ("a", "a TEXT) STRICT -- ", "(x'00'), (1)", "('x'), (1.5), (NULL)", 1),
        ("a", "a BLOB) STRICT -- ", "(x'00'), (1)", "(x'00'), (NULL)", 1),
        ("a INTEGER) STRICT -- ", "a INTEGER DEFAULT 1) STRICT -- ", "", "(1)", 0),
        ("a INTEGER PRIMARY KEY DESC", "a INTEGER PRIMARY KEY", "(NULL), (1), (NULL)", "(1), (2)", 2),
        ("a TEXT PRIMARY KEY", "a INTEGER PRIMARY KEY", "(NULL), ('x'), ('y'), ('7')", "('7'), ('8')", 2),
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT", "", "(1), (NULL)", 0),
    ] {
        let schema = |column: &str| format!("CREATE TABLE other (id INTEGER PRIMARY KEY); CREATE TABLE t ({column}\n)");
        let schema = |column: &str| schema(column).replace(" -- \n)", "");
        let (was, connection) = made_by(&format!("{}; INSERT INTO other VALUES (1)", schema(before)));
        let (is, _) = made_by(&schema(after));
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let needs = rung_engine::needs(&was, &is, &[], &SQLITE);
        let fill = |rows: &str| {
            let rows = if rows.is_empty() { String::new() } else { format!("; INSERT INTO t VALUES {rows}") };
            connection.execute_batch(&format!("DELETE FROM t{rows}")).unwrap();
        };
        let counted = |rows: &str| -> i64 {
            fill(rows);
            needs.iter().map(|need| one::<i64>(&connection, &need.count)).max().unwrap_or_default()
        };
        assert_eq!((counted(bad), counted(good)), (wrong, 0), "{before} to {after}: {needs:?}");
        let there = alteration(&was, &is, Vec::new()).unwrap();
        run(&connection, &there).unwrap_or_else(|error| panic!("{error}: {before} to {after}"));
    }
}

#[test]
fn a_row_without_its_parent_is_said_as_such() {
    let (was, connection) = made_by("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)");
    let (is, _) = made_by("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a, b REFERENCES p)");
    let error = run(&connection, &alteration(&was, &is, Vec::new()).unwrap()).unwrap_err();
    assert!(error.contains("every t.b is there in p"), "{error}");
    // Of a table that is new, none has a value yet.
    let needs = rung_engine::needs(&was, &is, &[], &SQLITE);
    let [need] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!(need.what, "no t.b that p does not have");
    assert_eq!(one::<i64>(&connection, &need.count), 1);
}

#[test]
fn no_number_is_made_up_for_a_row_without_one() {
    let (was, connection) = made_by("CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b); INSERT INTO t VALUES (NULL, 'x')");
    let (is, _) = made_by("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
    let error = run(&connection, &alteration(&was, &is, Vec::new()).unwrap()).unwrap_err();
    assert!(error.contains("datatype mismatch"), "{error}");
    let (connection, _) = goes(
        "CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b); INSERT INTO t VALUES (7, 'x')",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b)",
        Vec::new(),
    );
    assert_eq!(one::<i64>(&connection, "SELECT a FROM t"), 7);
}
