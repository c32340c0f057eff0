//! The schema as rung reads and writes it.

use rung_catalog::{Body, Catalog, ConstraintKind, Key, Kind, Timing, Value};
use rung_engine::{Dialect, Driver, DumpOptions};
use rung_sqlite::SQLITE;

use crate::support::Db;

const FIXTURE: &str = include_str!("catalog.sql");

fn inspect(db: &Db) -> Catalog {
    db.open().inspect().unwrap()
}

fn made_by(sql: &str) -> Db {
    let db = Db::new();
    db.other().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    db
}

fn dump(catalog: &Catalog) -> String {
    SQLITE.dump(catalog, &DumpOptions::default())
}

/// The schema as SQLite itself keeps it.
fn kept(db: &Db) -> Vec<String> {
    let connection = db.other();
    let sql = "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_is_read_is_written_and_read_again() {
    let db = made_by(FIXTURE);
    let catalog = inspect(&db);
    assert_eq!(catalog.unknown, []);
    let sql = dump(&catalog);
    let copy = made_by(&sql);
    assert_eq!(kept(&copy), kept(&db), "{sql}");
    let again = inspect(&copy);
    assert_eq!(again, catalog);
    assert_eq!(dump(&again), sql);
}

#[test]
fn a_dump_does_not_tell_in_which_order_things_were_made() {
    let one = made_by(
        "CREATE TABLE a (x); CREATE TABLE b (y); CREATE VIEW z AS SELECT * FROM a; CREATE VIEW y AS SELECT * FROM z",
    );
    let two = made_by(
        "CREATE TABLE b (y); CREATE TABLE a (x); CREATE VIEW z AS SELECT * FROM a; CREATE VIEW y AS SELECT * FROM z",
    );
    assert_eq!(dump(&inspect(&one)), dump(&inspect(&two)));
    assert_eq!(inspect(&one), inspect(&two));
}

#[test]
fn what_is_read_is_what_was_said() {
    let db = made_by(FIXTURE);
    let catalog = inspect(&db);
    let kinds = |kind| catalog.of_kind(kind).map(|object| object.key.path()).collect::<Vec<_>>();
    assert_eq!(kinds(Kind::Table), ["boxes", "docs", "docs_more", "orders", "pairs", "renamed", "users", "words"]);
    assert_eq!(kinds(Kind::View), ["a_first", "happy"]);
    assert_eq!(kinds(Kind::Index), ["orders_user", "users_lower"]);
    assert_eq!(kinds(Kind::Trigger), ["instead on happy", "touch on users"]);
    let Some(Body::Table(docs)) = catalog.get(&Key::new(Kind::Table, None, "docs")).map(|it| &it.body) else {
        panic!()
    };
    assert_eq!(docs.access_method.as_deref(), Some("fts5"));
    assert!(docs.shadows.iter().all(|name| !name.starts_with("docs_more")), "{:?}", docs.shadows);
    assert!(docs.shadows.contains(&"docs_data".to_owned()), "{:?}", docs.shadows);
    let users = catalog.get(&Key::new(Kind::Table, None, "users")).expect("users");
    let column =
        |name: &str| users.columns().iter().find(|column| column.name == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(column("upper").value, Value::Stored("upper(email)".into()));
    assert_eq!(column("lower").value, Value::Virtual("lower(email)".into()));
    assert_eq!(column("lower").data_type, "TEXT");
    assert_eq!(column("made").value, Value::Default("strftime('%Y', 'now')".into()));
    assert_eq!(column("email").collation.as_deref(), Some("NOCASE"));
    assert!(column("email").not_null.is_some());
    let foreign =
        catalog.of_kind(Kind::Constraint).find(|it| it.key.name.contains("REFERENCES users")).expect("a foreign key");
    let Body::Constraint(foreign) = &foreign.body else { panic!() };
    assert_eq!(foreign.timing, Timing::Deferred);
    assert!(matches!(&foreign.kind, ConstraintKind::Foreign(key) if key.on_delete.as_deref() == Some("CASCADE")));
    let a_first = catalog.get(&Key::new(Kind::View, None, "a_first")).expect("a view");
    assert_eq!(a_first.depends_on.iter().map(|needed| needed.on.path()).collect::<Vec<_>>(), ["happy"]);
}

#[test]
fn what_cant_be_described_is_named() {
    let db = made_by(
        "PRAGMA user_version = 7; CREATE TABLE gone (a); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone",
    );
    let catalog = inspect(&db);
    let what: Vec<&str> = catalog.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(what, ["PRAGMA user_version = 7", "the columns of view broken"]);
    let sql = dump(&catalog);
    assert!(sql.contains("CREATE VIEW broken") && sql.contains("-- left out: PRAGMA user_version = 7"), "{sql}");
}

#[test]
fn no_file_is_no_schema_and_rungs_own_is_none_either() {
    let db = Db::new();
    assert!(inspect(&db).is_empty());
    assert!(!db.path().exists());
    db.other().execute_batch(&SQLITE.own_tables_ddl("rung").join(";")).unwrap();
    let catalog = inspect(&db);
    assert!(catalog.is_empty(), "{catalog:#?}");
}
