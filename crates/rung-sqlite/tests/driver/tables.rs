//! rung's own tables: what is written to them comes back from them.

use std::time::Instant;

use rung_engine::{
    Actor, DbErrorKind, Dialect, Direction, Driver, FORMAT_VERSION, JournalState, Record, Session, Status, Took,
};
use rung_sqlite::{OpenOptions, SQLITE};

use crate::support::{Db, apply, done, id, log, names, row, sql, value};

fn ann() -> Actor {
    Actor { user: "ann".to_owned(), host: "build-3".to_owned() }
}

#[test]
fn a_row_comes_back_as_it_was() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let mut full = row(1);
    full.id = "001_it's \"odd\"".to_owned();
    full.description = Some("ünï\nlines".to_owned());
    full.depends_on = vec!["000_a".to_owned(), "tab\t\"quoted\" \\ back".to_owned(), String::new()];
    full.up_sql = Some("SELECT 'it''s';\n-- \\ and \" end".to_owned());
    full.down_sql = Some("DROP TABLE \"t\";".to_owned());
    full.took = Took::Milliseconds(42);
    let mut bare = row(2);
    bare.up_sql = None;
    bare.took = Took::Unknown;
    bare.status = Status::Failed;
    bare.error = Some("no such table: x".to_owned());
    sqlite.write(&[Record::Migration(Box::new(full.clone())), Record::Migration(Box::new(bare))]).unwrap();

    let history = sqlite.history().unwrap();
    let read = history.get(&full.id).unwrap();
    assert_eq!(read.status, Status::Completed);
    assert_eq!(read.depends_on, full.depends_on);
    assert_eq!((read.checksum.to_string(), read.fingerprint.to_string()), (full.checksum, full.fingerprint));
    assert_eq!((read.execution_time_ms, read.has_down, read.sequence), (Some(42), true, 1));
    assert_eq!(read.error, None);
    // 2026-01-02T03:04:05.678Z
    assert_eq!((read.applied_at.len(), &read.applied_at[10..11], &read.applied_at[23..]), (24, "T", "Z"));
    let read = history.get(&id(2)).unwrap();
    assert_eq!((read.status, read.has_down, read.execution_time_ms), (Status::Failed, false, None));
    assert_eq!(read.error.as_deref(), Some("no such table: x"));

    assert_eq!(sqlite.stored_up(&full.id).unwrap(), full.up_sql);
    assert_eq!(sqlite.stored_down(&full.id).unwrap(), full.down_sql);
    assert_eq!(sqlite.stored_down(&id(2)).unwrap(), None);
    assert_eq!(sqlite.stored_up("nobody").unwrap(), None);

    sqlite.write(&[Record::SetStatus { id: full.id.clone(), status: Status::RolledBack, error: None }]).unwrap();
    let depends_on = vec!["000_b".to_owned()];
    let (checksum, fingerprint) = ("12".repeat(32), "34".repeat(32));
    let id = full.id.clone();
    let (up_sql, down_sql) = (Some("SELECT 1".to_owned()), None);
    let record = Record::SetChecksum { id, checksum, fingerprint, depends_on: depends_on.clone(), up_sql, down_sql };
    sqlite.write(&[record]).unwrap();
    assert_eq!(sqlite.stored_up(&full.id).unwrap().as_deref(), Some("SELECT 1"));
    let history = sqlite.history().unwrap();
    let read = history.get(&full.id).unwrap();
    assert_eq!((read.status, &read.depends_on), (Status::RolledBack, &depends_on));
    assert_eq!((read.checksum.to_string(), read.fingerprint.to_string()), ("12".repeat(32), "34".repeat(32)));
}

#[test]
fn the_log_is_append_only_and_newest_first() {
    let db = Db::new();
    let mut sqlite = db.ready();
    for n in 0..5 {
        sqlite.write(&[log(n)]).unwrap();
    }
    sqlite.write(&(5..10).map(log).collect::<Vec<_>>()).unwrap();
    let ids: Vec<String> = sqlite.log(None).unwrap().into_iter().map(|entry| entry.migration_id).collect();
    assert_eq!(ids, (0..10).rev().map(id).collect::<Vec<_>>());
    assert_eq!(sqlite.log(Some(3)).unwrap().len(), 3);
    assert_eq!(sqlite.log(None).unwrap()[0].execution_time_ms, None, "nobody knows how long it took");
    for change in ["DELETE FROM rung_migration_history", "UPDATE rung_migration_history SET status = 'failed'"] {
        assert_eq!(sqlite.execute(change).unwrap_err().message, "migration_history is append-only");
    }
    assert_eq!(sqlite.log(None).unwrap().len(), 10);
}

#[test]
fn journal_tags_and_seeds() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let entry = |index, state| Record::Journal {
        id: id(1),
        direction: Direction::Up,
        index,
        fingerprint: format!("f{index}"),
        state,
    };
    let records = [
        entry(1, JournalState::Intent),
        entry(0, JournalState::Done),
        entry(2, JournalState::Intent),
        entry(1, JournalState::Failed),
    ];
    sqlite.write(&records).unwrap();
    let journal = sqlite.journal(&id(1), Direction::Up).unwrap();
    let states: Vec<_> = journal.iter().map(|row| (row.index, row.fingerprint.as_str(), row.state)).collect();
    assert_eq!(
        states,
        [(0, "f0", JournalState::Done), (1, "f1", JournalState::Failed), (2, "f2", JournalState::Intent)]
    );
    assert!(sqlite.journal(&id(1), Direction::Down).unwrap().is_empty());
    assert!(sqlite.journal(&id(2), Direction::Up).unwrap().is_empty());
    sqlite.write(&[Record::JournalClear { id: id(1), direction: Direction::Up }]).unwrap();
    assert!(sqlite.journal(&id(1), Direction::Up).unwrap().is_empty());

    let tag = |name: &str, n| Record::Tag { name: name.to_owned(), id: id(n), actor: ann() };
    sqlite.write(&[tag("v1", 1), tag("v2", 2), tag("v1", 3)]).unwrap();
    let mut tags: Vec<_> = sqlite.tags().unwrap().into_iter().map(|tag| (tag.name, tag.migration_id)).collect();
    // They come by the time that they were put on, which may be one millisecond for all or not.
    tags.sort();
    assert_eq!(tags, [("v1".to_owned(), id(3)), ("v2".to_owned(), id(2))]);
    sqlite.write(&[Record::Untag { name: "v1".to_owned() }]).unwrap();
    assert_eq!(sqlite.tags().unwrap().len(), 1);

    let seed = |sum: &str| Record::Seed { path: "001_a.sql".to_owned(), checksum: sum.to_owned(), actor: ann() };
    sqlite.write(&[seed("old")]).unwrap();
    sqlite.write(&[seed("new")]).unwrap();
    assert_eq!(sqlite.seeds().unwrap(), [("001_a.sql".to_owned(), "new".to_owned())]);
}

#[test]
fn records_are_all_or_nothing_in_and_out_of_a_transaction() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let mut bad = row(2);
    bad.sequence = 2;
    let records = [Record::Migration(Box::new(row(1))), log(1)];
    sqlite
        .execute("CREATE TRIGGER stop BEFORE INSERT ON rung_migration_history BEGIN SELECT raise(ABORT, 'no'); END")
        .unwrap();
    assert_eq!(sqlite.write(&records).unwrap_err().message, "no");
    assert_eq!(sqlite.history().unwrap().iter().len(), 0);
    assert!(!sqlite.in_transaction());
    sqlite.execute("BEGIN; CREATE TABLE a (x)").unwrap();
    assert_eq!(sqlite.write(&records).unwrap_err().message, "no");
    assert!(sqlite.in_transaction());
    sqlite.execute("DROP TRIGGER stop").unwrap();
    sqlite.write(&[Record::Migration(Box::new(bad))]).unwrap();
    sqlite.execute("COMMIT").unwrap();
    assert_eq!(sqlite.history().unwrap().iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(names(&mut sqlite), ["a"]);
}

#[test]
fn records_in_the_open_transaction_go_with_it() {
    let db = Db::new();
    let mut sqlite = db.ready();
    sqlite.execute("BEGIN").unwrap();
    sqlite.write(&[Record::Migration(Box::new(row(1)))]).unwrap();
    sqlite.reset().unwrap();
    assert!(!sqlite.in_transaction());
    assert_eq!(sqlite.history().unwrap().iter().len(), 0);
}

#[test]
fn ensure_tables_twice() {
    let db = Db::new();
    let mut sqlite = db.ready();
    sqlite.write(&[log(1)]).unwrap();
    let before = std::fs::read(db.path()).unwrap();
    sqlite.ensure_tables().unwrap();
    db.open().ensure_tables().unwrap();
    assert_eq!(std::fs::read(db.path()).unwrap(), before);
    // Each statement may be run where its object is there already.
    for statement in SQLITE.own_tables_ddl("rung") {
        sqlite.execute(&statement).unwrap();
    }
    assert_eq!(value(&mut sqlite, "SELECT group_concat(version) FROM rung_format"), FORMAT_VERSION.to_string());
}

#[test]
fn a_newer_format_is_refused() {
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, "SELECT 1")]).0.unwrap();
    sqlite.execute("UPDATE rung_format SET version = 99").unwrap();
    let before = std::fs::read(db.path()).unwrap();
    for error in [sqlite.history().unwrap_err(), sqlite.ensure_tables().unwrap_err()] {
        assert_eq!(error.kind, DbErrorKind::NewerFormat);
        assert!(error.message.contains("99") && error.hint.is_some(), "{error}");
    }
    sqlite.execute("DELETE FROM rung_schema_migrations").unwrap();
    assert_eq!(sqlite.history().unwrap_err().kind, DbErrorKind::NewerFormat, "even where nothing is applied");
    drop(sqlite);
    assert_eq!(std::fs::read(db.path()).unwrap().len(), before.len());
}

#[test]
fn a_history_that_is_not_whole_is_not_taken_for_an_empty_one() {
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    sqlite.execute("DROP TABLE rung_schema_migrations").unwrap();
    let error = sqlite.history().unwrap_err();
    assert!(error.message.starts_with("some of rung's own tables are there and others are not"), "{error}");
    assert!(error.hint.is_some());
    let db = Db::new();
    let mut sqlite = db.ready();
    sqlite.execute("DROP TABLE rung_format").unwrap();
    assert!(sqlite.history().is_err());
    assert!(sqlite.ensure_tables().is_err());
}

#[test]
fn a_prefix_of_choice() {
    let db = Db::new();
    for schema in ["platform", "my app"] {
        let mut sqlite = db.open_with(&OpenOptions { schema: schema.to_owned(), ..OpenOptions::default() });
        assert_eq!(sqlite.schema(), schema);
        sqlite.ensure_tables().unwrap();
        assert!(done(&mut sqlite).is_empty(), "{schema}");
        apply(&mut sqlite, vec![sql(0, "SELECT 1")]).0.unwrap();
        assert_eq!(done(&mut sqlite).len(), 1);
    }
    assert_eq!(SQLITE.own_table("platform", "schema_migrations"), "platform_schema_migrations");
    assert_eq!(SQLITE.own_table("my app", "tags"), "\"my app_tags\"");
}

#[test]
fn blank_but_for_rungs_own() {
    let db = Db::new();
    let mut sqlite = db.open_with(&OpenOptions { schema: "app".to_owned(), ..OpenOptions::default() });
    sqlite.ensure_tables().unwrap();
    assert!(sqlite.is_blank().unwrap());
    // It has the prefix and is not rung's.
    sqlite.execute("CREATE TABLE app_users (id INTEGER PRIMARY KEY AUTOINCREMENT)").unwrap();
    assert!(!sqlite.is_blank().unwrap());
    sqlite.execute("DROP TABLE app_users").unwrap();
    assert!(sqlite.is_blank().unwrap(), "sqlite_sequence stays behind and does not count");
    sqlite.execute("CREATE VIEW v AS SELECT 1").unwrap();
    assert!(!sqlite.is_blank().unwrap());
}

#[test]
fn database_schema_is_never_stale() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let summary = "SELECT version || ' ' || last_migration || ' ' || applied_migrations FROM rung_database_schema";
    assert_eq!(value(&mut sqlite, "SELECT applied_migrations FROM rung_database_schema"), "[]");
    apply(&mut sqlite, vec![sql(0, "SELECT 1"), sql(1, "SELECT 1")]).0.unwrap();
    assert_eq!(value(&mut sqlite, summary), format!("1 {} [\"{}\",\"{}\"]", id(1), id(0), id(1)));
    sqlite.write(&[Record::SetStatus { id: id(1), status: Status::RolledBack, error: None }]).unwrap();
    assert_eq!(value(&mut sqlite, summary), format!("0 {} [\"{}\"]", id(0), id(0)));
}

#[test]
fn wiped() {
    for mode in ["DELETE", "WAL"] {
        let db = Db::new();
        let mut sqlite = db.ready();
        let schema = "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE child (p REFERENCES parent); \
             INSERT INTO parent DEFAULT VALUES; INSERT INTO child VALUES (1); CREATE INDEX i ON child (p); \
             CREATE VIEW v AS SELECT * FROM child; CREATE TRIGGER t AFTER INSERT ON child BEGIN SELECT 1; END; \
             CREATE VIRTUAL TABLE words USING fts5 (body); INSERT INTO words VALUES ('hello')";
        sqlite.query(&format!("PRAGMA journal_mode = {mode}")).unwrap();
        apply(&mut sqlite, vec![sql(0, schema)]).0.unwrap();
        sqlite.execute("BEGIN; INSERT INTO child VALUES (2)").unwrap();
        sqlite.wipe().unwrap();
        assert_eq!(value(&mut sqlite, "SELECT count(*) FROM sqlite_schema"), "0", "{mode}");
        assert_eq!(sqlite.history().unwrap().iter().len(), 0);
        assert!(sqlite.is_blank().unwrap());
        // And it can be used again, by us and by others.
        sqlite.ensure_tables().unwrap();
        apply(&mut sqlite, vec![sql(0, schema)]).0.unwrap();
        assert_eq!(value(&mut db.open(), "SELECT count(*) FROM child"), "1");
        assert_eq!(value(&mut db.open(), "PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn a_long_history_is_read_quickly() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let records: Vec<Record> = (0..10_000)
        .map(|n| {
            let mut row = row(n);
            row.up_sql = Some("CREATE TABLE t (a); -- padding\n".repeat(60));
            row.down_sql = Some("DROP TABLE t;".to_owned());
            Record::Migration(Box::new(row))
        })
        .collect();
    sqlite.write(&records).unwrap();
    let mut sqlite = db.open();
    let began = Instant::now();
    assert_eq!(sqlite.history().unwrap().iter().len(), 10_000);
    let took = began.elapsed();
    // An optimised build takes a tenth of this; the bound is for a busy machine and a build that is not.
    assert!(took.as_millis() < 1_000, "{took:?}");
    eprintln!("10,000 rows in {took:?}");
}
