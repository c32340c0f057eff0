//! Units: all or nothing, in order, each with its records.

use std::sync::Arc;

use rung_engine::{DbErrorKind, Dialect, Driver, Durability, Failure, Part, Session, SessionAfter, Timeouts, Unit};
use rung_sql::{Comparison, Want};
use rung_sqlite::{OpenOptions, SQLITE};

use crate::support::{Db, apply, apply_with, done, id, ids, names, part, script, sql, unit, value};

fn database_error(failure: &Failure) -> &rung_engine::DbError {
    match failure {
        Failure::Database(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_of_them_in_order_with_their_records() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let units = (0..3).map(|n| sql(n, &format!("CREATE TABLE t{n} (a); INSERT INTO t{n} VALUES ({n});"))).collect();
    let (result, heard) = apply(&mut sqlite, units);
    result.unwrap();
    assert_eq!((heard.started, heard.done), (vec![0, 1, 2], vec![0, 1, 2]));
    assert_eq!(names(&mut sqlite), ["t0", "t1", "t2"]);
    assert_eq!(done(&mut sqlite), ids(0..3));
    let log = sqlite.log(None).unwrap();
    assert_eq!(log.iter().map(|entry| entry.migration_id.clone()).collect::<Vec<_>>(), [id(2), id(1), id(0)]);
    assert_eq!((log[0].executed_by.as_str(), log[0].host.as_str()), ("ann", "build-3"));
    assert!(log[0].execution_time_ms.is_some());
    assert!(!sqlite.in_transaction());
}

#[test]
fn a_failing_one_takes_nothing_along_and_leaves_nothing() {
    for durability in [Durability::Run, Durability::Each] {
        let db = Db::new();
        let mut sqlite = db.ready();
        let units = vec![
            sql(0, "CREATE TABLE a (x)"),
            sql(1, "CREATE TABLE b (x)"),
            sql(2, "CREATE TABLE c (x);\nINSERT INTO c VALUES (1);\nINSERT INTO nowhere VALUES (1);"),
            sql(3, "CREATE TABLE d (x)"),
        ];
        let (result, heard) = apply_with(&mut sqlite, units, durability);
        let error = result.unwrap_err();
        assert_eq!((error.unit, error.part, error.statement), (2, Some(0), Some(2)));
        assert_eq!(database_error(&error.failure).message, "no such table: nowhere");
        assert_eq!(heard.done, [0, 1], "{durability:?}");
        assert_eq!(heard.started, [0, 1, 2], "the fourth was never begun");
        assert_eq!(names(&mut sqlite), ["a", "b"]);
        assert_eq!(done(&mut sqlite), ids(0..2));
        assert!(!sqlite.in_transaction());
        // Mended, it goes on.
        let (result, _) = apply(&mut sqlite, vec![sql(2, "CREATE TABLE c (x)"), sql(3, "CREATE TABLE d (x)")]);
        result.unwrap();
        assert_eq!(done(&mut sqlite), ids(0..4));
    }
}

#[test]
fn an_error_points_into_the_script() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let text = "-- äöü: bytes, not characters\nCREATE TABLE a (x);\n  SELECT missing FROM a;";
    let (result, _) = apply(&mut sqlite, vec![sql(0, text)]);
    let error = result.unwrap_err();
    assert_eq!(error.offset, text.find("missing"));
    let (result, _) = apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x,, y)")]);
    assert_eq!(result.unwrap_err().offset, Some(18));
}

#[test]
fn a_guard_holds_back_what_follows() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let (result, heard) = apply(&mut sqlite, vec![sql(7, "CREATE TABLE a (x)")]);
    let error = result.unwrap_err();
    assert_eq!(error.part, None);
    assert_eq!(database_error(&error.failure).kind, DbErrorKind::Guard);
    assert_eq!(heard.done, [0_usize; 0]);
    assert_eq!(names(&mut sqlite), [""; 0]);
}

#[test]
fn checks() {
    let remember = |slot, sql: &str| Part::Remember { slot, sql: sql.to_owned() };
    let same = |slot, sql: &str| Part::Same { slot, sql: sql.to_owned(), what: "rows(t) unchanged".to_owned() };
    let check = |sql: &str, want| Part::Check { sql: sql.to_owned(), want, what: None };
    let affected = |op, count| Part::Affected { op, count };
    let count = "SELECT count(*) FROM t";
    // Parts, and the part that fails with what it got.
    type Case = (Vec<Part>, Option<(usize, &'static str)>);
    let cases: Vec<Case> = vec![
        (vec![check("SELECT count(*) = 2 FROM t", Want::True)], None),
        (vec![check("SELECT a FROM t WHERE a > 2", Want::NoRows)], None),
        (vec![remember(3, count), part("UPDATE t SET a = 5"), same(3, count)], None),
        (vec![part("UPDATE t SET a = 5"), affected(Comparison::Equal, 2)], None),
        (vec![part("UPDATE t SET a = 5 WHERE a = 1"), affected(Comparison::GreaterOrEqual, 2)], Some((1, "1"))),
        (vec![check("SELECT count(*) = 3 FROM t", Want::True)], Some((0, "0"))),
        (vec![check("SELECT a FROM t", Want::True)], Some((0, "2 rows"))),
        (vec![check("SELECT max(a) FROM t WHERE a > 9", Want::True)], Some((0, "NULL"))),
        (vec![check("SELECT a FROM t", Want::NoRows)], Some((0, "2 rows, the first being 1"))),
        (vec![remember(0, count), part("DELETE FROM t"), same(0, count)], Some((2, "2 before and 0 after"))),
    ];
    for (parts, failing) in cases {
        let db = Db::new();
        let mut sqlite = db.ready();
        let shown = format!("{parts:?}");
        let first = sql(0, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
        let (result, _) = apply(&mut sqlite, vec![first, unit(1, parts)]);
        match failing {
            None => result.unwrap_or_else(|error| panic!("{shown}: {error:?}")),
            Some((at, answer)) => {
                let error = result.unwrap_err();
                let Failure::Check { got, .. } = &error.failure else { panic!("{shown}: {error:?}") };
                assert_eq!((error.part, got.as_str()), (Some(at), answer), "{shown}");
                assert_eq!(done(&mut sqlite), ids(0..1), "{shown}");
                assert_eq!(value(&mut sqlite, "SELECT group_concat(a) FROM t"), "1,2", "{shown}");
            }
        }
    }
}

#[test]
fn a_check_that_is_no_sql_points_into_its_query() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let check = Part::Check { sql: "SELECT nope".to_owned(), want: Want::True, what: None };
    let (result, _) = apply(&mut sqlite, vec![unit(0, vec![check])]);
    let error = result.unwrap_err();
    assert_eq!((error.part, error.offset), (Some(0), Some(7)));
}

#[test]
fn code_runs_within_the_transaction() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let code = Part::Code(Arc::new(|session: &mut dyn Session| {
        assert_eq!(session.dialect(), "sqlite");
        assert_eq!(session.execute("CREATE TABLE a (x); INSERT INTO a VALUES (1), (NULL);")?, 2);
        let rows = session.query("SELECT x FROM a ORDER BY x")?;
        assert_eq!(rows, [[None], [Some("1".to_owned())]]);
        Ok(())
    }));
    let failing = Part::Code(Arc::new(|session: &mut dyn Session| {
        session.execute("DELETE FROM a")?;
        Err("it is not to be".into())
    }));
    let (result, heard) = apply(&mut sqlite, vec![unit(0, vec![code]), unit(1, vec![failing])]);
    let error = result.unwrap_err();
    assert!(matches!(&error.failure, Failure::Code(error) if error.to_string() == "it is not to be"));
    assert_eq!(heard.done, [0]);
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM a"), "2");
}

#[test]
fn code_can_not_end_the_transaction() {
    for control in ["COMMIT", "  /* now */ end transaction", "ROLLBACK", "BEGIN; SELECT 1"] {
        let db = Db::new();
        let mut sqlite = db.ready();
        let code = Part::Code(Arc::new(move |session: &mut dyn Session| {
            session.execute("CREATE TABLE a (x)")?;
            if control.starts_with("BEGIN") {
                session.execute(control).map(|_| ())?
            } else {
                session.query(control).map(|_| ())?
            }
            Ok(())
        }));
        let (result, _) = apply(&mut sqlite, vec![sql(0, "CREATE TABLE b (x)"), unit(1, vec![code])]);
        let error = result.unwrap_err();
        let error = database_error(&error.failure);
        assert_eq!(error.message, "a code migration can't end rung's transaction", "{control}");
        assert_eq!(names(&mut sqlite), ["b"], "{control}");
    }
    // A savepoint of its own is its own affair.
    let db = Db::new();
    let mut sqlite = db.ready();
    let code = Part::Code(Arc::new(|session: &mut dyn Session| {
        session.execute("SAVEPOINT mine; CREATE TABLE a (x); ROLLBACK TO mine; RELEASE mine; CREATE TABLE b (x)")?;
        Ok(())
    }));
    apply(&mut sqlite, vec![unit(0, vec![code])]).0.unwrap();
    assert_eq!(names(&mut sqlite), ["b"]);
}

#[test]
fn a_statement_that_ends_the_transaction_is_an_error() {
    // The engine sends such files through the journal; that it does is not taken on trust.
    let db = Db::new();
    let mut sqlite = db.ready();
    let (result, heard) = apply(
        &mut sqlite,
        vec![sql(0, "CREATE TABLE a (x)"), sql(1, "CREATE TABLE b (x); COMMIT; CREATE TABLE c (x)")],
    );
    let error = result.unwrap_err();
    assert_eq!((error.unit, error.statement), (1, Some(1)));
    assert_eq!(database_error(&error.failure).message, "this statement would end rung's transaction");
    assert_eq!(heard.done, [0]);
    assert_eq!(names(&mut sqlite), ["a"]);
}

#[test]
fn copy_is_not_known() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let script = script("COPY t FROM STDIN;\n1\n\\.\n");
    let copy = Part::Copy { script, statement: rung_sql::Span::new(0, 17), data: rung_sql::Span::new(19, 21) };
    let (result, _) = apply(&mut sqlite, vec![unit(0, vec![copy])]);
    assert_eq!(database_error(&result.unwrap_err().failure).message, "SQLite has no COPY ... FROM STDIN");
}

#[test]
fn a_deferred_foreign_key_is_its_own_migrations_fault() {
    let options = OpenOptions { foreign_keys: true, ..OpenOptions::default() };
    let tables = "CREATE TABLE parent (id INTEGER PRIMARY KEY); \
         CREATE TABLE child (p REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
    let db = Db::new();
    let mut sqlite = db.open_with(&options);
    sqlite.ensure_tables().unwrap();
    // The third would mend what the second leaves open, were they to share a transaction.
    let units = vec![sql(0, tables), sql(1, "INSERT INTO child VALUES (7)"), sql(2, "INSERT INTO parent VALUES (7)")];
    let (result, heard) = apply(&mut sqlite, units);
    let error = result.unwrap_err();
    assert_eq!((error.unit, error.part), (1, None));
    assert_eq!(database_error(&error.failure).message, "FOREIGN KEY constraint failed");
    assert_eq!(heard.done, [0]);
    assert_eq!(done(&mut sqlite), ids(0..1));
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM child"), "0");
    // Stock SQLite does not look.
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, tables), sql(1, "INSERT INTO child VALUES (7)")]).0.unwrap();
}

#[test]
fn many_units_share_few_transactions() {
    let db = Db::new();
    let mut sqlite = db.ready();
    // https://sqlite.org/fileformat2.html#file_change_counter: one up with each transaction that changes the file.
    let transactions = || u32::from_be_bytes(std::fs::read(db.path()).unwrap()[24..28].try_into().unwrap());
    let before = transactions();
    let (result, heard) = apply(&mut sqlite, (0..1200).map(|n| sql(n, &format!("CREATE TABLE t{n} (a)"))).collect());
    result.unwrap();
    assert_eq!(heard.done, (0..1200).collect::<Vec<_>>());
    assert_eq!(done(&mut sqlite).len(), 1200);
    let shared = transactions() - before;
    assert!((3..40).contains(&shared), "{shared}");
    let (result, _) = apply_with(&mut sqlite, (1200..1210).map(|n| sql(n, "SELECT 1")).collect(), Durability::Each);
    result.unwrap();
    assert_eq!(transactions() - before - shared, 10);
}

#[test]
fn nothing_is_said_to_be_done_before_it_is_on_disk() {
    struct Looks<'a>(&'a Db, usize);
    impl rung_engine::UnitObserver for Looks<'_> {
        fn started(&mut self, _index: usize) {}
        fn done(&mut self, index: usize, _took: std::time::Duration) {
            let there: bool = self
                .0
                .other()
                .query_row("SELECT count(*) FROM rung_schema_migrations WHERE id = ?1", [id(index)], |row| row.get(0))
                .unwrap();
            assert!(there, "{index}");
            self.1 += 1;
        }
        fn blocked(&mut self, _blockers: &[rung_engine::Blocker]) {}
        fn progress(&mut self, _progress: &rung_engine::Progress) {}
        fn notice(&mut self, _text: &str) {}
    }
    for durability in [Durability::Run, Durability::Each] {
        let db = Db::new();
        let mut sqlite = db.ready();
        let mut looks = Looks(&db, 0);
        let mut units = (0..5).map(|n| sql(n, &format!("CREATE TABLE t{n} (a)")));
        sqlite.apply(&mut units, durability, &mut looks).unwrap();
        assert_eq!(looks.1, 5);
    }
}

#[test]
fn large_statements_and_many_statements() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let rows: Vec<String> = (0..400_000).map(|n| format!("({n},'some text here')")).collect();
    let large = format!("CREATE TABLE t (a, b); INSERT INTO t VALUES {};", rows.join(","));
    assert!(large.len() > 9_000_000);
    let many: String = (0..20_000).map(|n| format!("INSERT INTO t VALUES ({n}, 'x');\n")).collect();
    apply(&mut sqlite, vec![sql(0, &large), sql(1, &many)]).0.unwrap();
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM t"), "420000");
}

#[test]
fn rows_that_a_script_selects_are_passed_over() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let text =
        "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); SELECT * FROM t; PRAGMA table_info(t); SELECT ?1, :x;";
    apply(&mut sqlite, vec![sql(0, text)]).0.unwrap();
    assert_eq!(done(&mut sqlite), ids(0..1));
}

#[test]
fn the_portable_variables_are_sqlite() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let spelled = |name: &str| SQLITE.variables().iter().find(|(n, _)| *n == name).unwrap().1;
    let columns: Vec<String> =
        ["uuid", "timestamptz", "date", "json", "bytes", "bool", "int", "bigint", "double", "decimal", "text"]
            .iter()
            .map(|name| format!("a_{name} {}", spelled(name)))
            .collect();
    let text = format!(
        "CREATE TABLE t (id {}, {}, u TEXT DEFAULT {}, n TEXT DEFAULT {}, d TEXT DEFAULT {}, y {} DEFAULT {}); \
         INSERT INTO t (a_bool) VALUES ({}), ({}); INSERT INTO t (a_bool, u) SELECT {}, {} FROM t;",
        spelled("identity"),
        columns.join(", "),
        spelled("gen_uuid"),
        spelled("now"),
        spelled("today"),
        spelled("bool"),
        spelled("true"),
        spelled("true"),
        spelled("false"),
        spelled("true"),
        spelled("gen_uuid"),
    );
    apply(&mut sqlite, vec![sql(0, &text)]).0.unwrap();
    let uuids = sqlite.query("SELECT u FROM t").unwrap();
    assert_eq!(uuids.len(), 4);
    for uuid in uuids.iter().flatten().flatten() {
        // RFC 4122: version 4, variant 10.
        let bytes = uuid.as_bytes();
        assert_eq!((bytes.len(), bytes[14], bytes[8], bytes[23]), (36, b'4', b'-', b'-'), "{uuid}");
        assert!(b"89ab".contains(&bytes[19]), "{uuid}");
        assert!(uuid.chars().all(|c| c == '-' || c.is_ascii_hexdigit() && !c.is_ascii_uppercase()), "{uuid}");
    }
    assert_eq!(value(&mut sqlite, "SELECT count(DISTINCT u) FROM t"), "4");
    assert_eq!(value(&mut sqlite, "SELECT n GLOB '2*-*-*T*:*:*.*Z' FROM t"), "1");
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM t WHERE a_bool AND y"), "3");
}

#[test]
fn no_units_do_nothing() {
    let db = Db::new();
    let mut sqlite = db.open();
    apply(&mut sqlite, Vec::new()).0.unwrap();
    assert_eq!(db.files(), [""; 0]);
}

#[test]
fn a_unit_of_records_only() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let records = unit(0, Vec::new()).records;
    let unit = Unit {
        index: 0,
        guard: None,
        timeouts: Timeouts::default(),
        parts: Vec::new(),
        records,
        session: SessionAfter::Reset,
    };
    apply(&mut sqlite, vec![unit]).0.unwrap();
    assert_eq!(done(&mut sqlite), ids(0..1));
}
