//! rung's own tables.

use rung_engine::{
    Actor, DbErrorKind, Digest, Direction, FORMAT_VERSION, JournalRow, JournalState, MigrationRow, Record, Status,
    Timeouts, Took,
};

use super::{Database, done, has_table, ready, records, row, value};

const STRANGE: &str = "it's \"strange\" \\ with $1, {braces}, ünïcode, \u{1F40D}\nand a line";

/// Reading makes nothing.
pub fn an_untouched_database_stays_so(database: &impl Database) {
    let mut driver = database.open();
    for _ in 0..2 {
        assert_eq!(driver.history().unwrap().iter().count(), 0);
        assert!(driver.journal("001_a", Direction::Up).unwrap().is_empty());
        assert!(driver.log(None).unwrap().is_empty());
        assert!(driver.tags().unwrap().is_empty());
        assert!(driver.seeds().unwrap().is_empty());
        assert!(driver.kept_tables().unwrap().is_empty());
        assert_eq!(driver.stored_down("001_a").unwrap(), None);
        assert_eq!(driver.stored_up("001_a").unwrap(), None);
        assert!(driver.is_blank().unwrap());
        assert!(!driver.in_transaction());
    }
    let table = driver.dialect_of().own_table(driver.schema(), "schema_migrations");
    assert!(!has_table(&mut *driver, &table));
}

/// The tables may be asked for any number of times, and are no one else's.
pub fn tables_are_made_once(database: &impl Database) {
    let mut driver = ready(database);
    driver.ensure_tables().unwrap();
    driver.write(&records("001_a", 1)).unwrap();
    database.open().ensure_tables().unwrap();
    assert_eq!(done(&mut *driver), ["001_a"]);
    assert!(driver.is_blank().unwrap(), "rung's own tables do not count");
    let table = driver.dialect_of().own_table(driver.schema(), "database_schema");
    assert_eq!(value(&mut *driver, &format!("SELECT last_migration FROM {table}")), "001_a");
}

/// What the first rung made lacks a table: it is read all the same, and has it once something is written.
pub fn an_older_format_is_brought_up(database: &impl Database) {
    let mut driver = ready(database);
    driver.write(&records("001_a", 1)).unwrap();
    let table = |name| driver.dialect_of().own_table(driver.schema(), name);
    let (format, kept) = (table("format"), table("keep_writing"));
    driver.execute(&format!("DROP TABLE {kept}; UPDATE {format} SET version = 1")).unwrap();
    assert_eq!(done(&mut *driver), ["001_a"]);
    assert!(driver.kept_tables().unwrap().is_empty());
    driver.ensure_tables().unwrap();
    assert_eq!(value(&mut *driver, &format!("SELECT version FROM {format}")), FORMAT_VERSION.to_string());
    let keep = Record::KeepWriting { tool: "goose".to_owned(), table: "it's".to_owned(), actor: Actor::default() };
    driver.write(&[keep.clone(), keep]).unwrap();
    assert_eq!(driver.kept_tables().unwrap(), [("goose".to_owned(), "it's".to_owned())]);
    driver.write(&[Record::StopWriting { tool: "goose".to_owned() }]).unwrap();
    assert!(driver.kept_tables().unwrap().is_empty());
    assert_eq!(done(&mut *driver), ["001_a"]);
}

/// A table that somebody else has made is found as the session finds it, and can be had for oneself.
pub fn tables_of_others_are_found(database: &impl Database) {
    let mut driver = database.open();
    assert_eq!(driver.table(None, "Theirs").unwrap(), None);
    driver.execute("CREATE TABLE \"Theirs\" (id integer, \"When\" text)").unwrap();
    let table = driver.table(None, "Theirs").unwrap().unwrap();
    assert_eq!(table.column_names(), "id, When");
    assert!(table.has(&["ID", "when"]).is_ok() && table.has_none(&["id"]).is_err());
    assert_eq!(
        driver
            .table(Some(&table.schema).filter(|schema| !schema.is_empty()).map(String::as_str), "Theirs")
            .unwrap()
            .as_ref(),
        Some(&table)
    );
    driver.query(&format!("SELECT \"When\" FROM {}", table.qualified)).unwrap();
    let begin = driver.dialect_of().begin(&Timeouts::default());
    driver.execute(&begin).unwrap();
    assert!(driver.keep_others_out(&table, &[4711]).unwrap());
    driver.execute("COMMIT").unwrap();
}

/// A history that a later rung wrote is left alone.
pub fn a_newer_format_is_refused(database: &impl Database) {
    let mut driver = ready(database);
    let table = driver.dialect_of().own_table(driver.schema(), "format");
    driver.execute(&format!("UPDATE {table} SET version = 99")).unwrap();
    assert_eq!(driver.history().unwrap_err().kind, DbErrorKind::NewerFormat);
    assert_eq!(driver.ensure_tables().unwrap_err().kind, DbErrorKind::NewerFormat);
    assert_eq!(database.open().history().unwrap_err().kind, DbErrorKind::NewerFormat);
}

/// Every column of every table, with texts that are hard to quote.
pub fn records_come_back_as_they_were(database: &impl Database) {
    let mut driver = ready(database);
    let strange = MigrationRow {
        description: Some(STRANGE.to_owned()),
        up_sql: Some(STRANGE.to_owned()),
        down_sql: Some(format!("down {STRANGE}")),
        depends_on: vec!["001_a".to_owned(), STRANGE.to_owned(), String::new()],
        took: Took::Milliseconds(1234),
        error: Some(STRANGE.to_owned()),
        status: Status::Failed,
        ..row(&format!("002_{STRANGE}"), 2)
    };
    let actor = Actor { user: STRANGE.to_owned(), host: STRANGE.to_owned() };
    let plain = MigrationRow { took: Took::Unknown, ..row("001_a", 1) };
    let id = strange.id.clone();
    driver
        .write(&[
            Record::Migration(Box::new(strange)),
            Record::Migration(Box::new(plain)),
            Record::Tag { name: STRANGE.to_owned(), id: id.clone(), actor: actor.clone() },
            Record::Tag { name: "gone".to_owned(), id: id.clone(), actor: actor.clone() },
            Record::Untag { name: "gone".to_owned() },
            Record::Seed { path: STRANGE.to_owned(), checksum: "1".to_owned(), actor: actor.clone() },
            Record::Seed { path: STRANGE.to_owned(), checksum: "2".to_owned(), actor },
        ])
        .unwrap();

    let history = database.open().history().unwrap();
    assert_eq!(history.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["001_a", id.as_str()]);
    let row = history.get(&id).unwrap();
    assert_eq!(row.depends_on, ["001_a", STRANGE, ""]);
    assert_eq!((row.status, row.execution_time_ms, row.has_down, row.sequence), (Status::Failed, Some(1234), true, 2));
    assert_eq!(row.checksum, Digest::from_hex(&"a".repeat(64)).unwrap());
    assert_eq!(row.fingerprint, Digest::from_hex(&"b".repeat(64)).unwrap());
    assert_eq!(row.error.as_deref(), Some(STRANGE));
    let first = history.get("001_a").unwrap();
    assert_eq!((first.execution_time_ms, first.has_down, first.depends_on.len()), (None, false, 0));
    for row in history.iter() {
        assert!(is_rfc3339_in_utc(&row.applied_at), "{}", row.applied_at);
    }
    assert_eq!(driver.stored_up(&id).unwrap().as_deref(), Some(STRANGE));
    assert_eq!(driver.stored_down(&id).unwrap(), Some(format!("down {STRANGE}")));
    assert_eq!(driver.stored_down("001_a").unwrap(), None);
    assert_eq!(driver.seeds().unwrap(), [(STRANGE.to_owned(), "2".to_owned())]);
    let tags = driver.tags().unwrap();
    assert_eq!(tags.iter().map(|tag| (tag.name.as_str(), &tag.migration_id)).collect::<Vec<_>>(), [(STRANGE, &id)]);
    assert!(is_rfc3339_in_utc(&tags[0].tagged_at), "{}", tags[0].tagged_at);
}

fn is_rfc3339_in_utc(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|some| some.iter().all(u8::is_ascii_digit));
    digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && digits(17..19)
        && text.as_bytes()[10] == b'T'
        && (text.ends_with('Z') || text.ends_with("+00:00"))
}

/// One row a migration.
pub fn a_migration_is_replaced_and_changed(database: &impl Database) {
    let mut driver = ready(database);
    driver.write(&records("001_a", 1)).unwrap();
    let again = MigrationRow { status: Status::Running, down_sql: Some("x".to_owned()), ..row("001_a", 7) };
    driver.write(&[Record::Migration(Box::new(again))]).unwrap();
    let history = driver.history().unwrap();
    assert_eq!(history.iter().count(), 1);
    let row = history.get("001_a").unwrap();
    assert_eq!((row.status, row.sequence, row.has_down), (Status::Running, 7, true));

    let (checksum, fingerprint) = ("c".repeat(64), "d".repeat(64));
    driver
        .write(&[
            Record::SetStatus { id: "001_a".to_owned(), status: Status::Failed, error: Some("why".to_owned()) },
            Record::SetChecksum {
                id: "001_a".to_owned(),
                checksum: checksum.clone(),
                fingerprint: fingerprint.clone(),
                depends_on: vec!["000_b".to_owned()],
                up_sql: Some("SELECT 'it''s'".to_owned()),
                down_sql: None,
            },
        ])
        .unwrap();
    assert_eq!(driver.stored_up("001_a").unwrap().as_deref(), Some("SELECT 'it''s'"));
    assert_eq!(driver.stored_down("001_a").unwrap(), None);
    let history = driver.history().unwrap();
    let row = history.get("001_a").unwrap();
    assert_eq!((row.status, row.error.as_deref()), (Status::Failed, Some("why")));
    assert_eq!((row.checksum.to_string(), row.fingerprint.to_string()), (checksum, fingerprint));
    assert_eq!(row.depends_on, ["000_b"]);
}

/// The statement journal.
pub fn the_journal_is_kept_and_cleared(database: &impl Database) {
    let mut driver = ready(database);
    let entry = |direction, index: usize, state| Record::Journal {
        id: "001_a".to_owned(),
        direction,
        index,
        fingerprint: "f".repeat(64),
        state,
    };
    driver
        .write(&[
            entry(Direction::Up, 10, JournalState::Intent),
            entry(Direction::Up, 2, JournalState::Done),
            entry(Direction::Down, 0, JournalState::Failed),
        ])
        .unwrap();
    driver.write(&[entry(Direction::Up, 10, JournalState::Failed)]).unwrap();
    let journal = database.open().journal("001_a", Direction::Up).unwrap();
    let row = |index, state| JournalRow { index, fingerprint: "f".repeat(64), state };
    assert_eq!(journal, [row(2, JournalState::Done), row(10, JournalState::Failed)]);
    driver.write(&[Record::JournalClear { id: "001_a".to_owned(), direction: Direction::Up }]).unwrap();
    assert!(driver.journal("001_a", Direction::Up).unwrap().is_empty());
    assert_eq!(driver.journal("001_a", Direction::Down).unwrap(), [row(0, JournalState::Failed)]);
}

/// The log.
pub fn the_log_is_newest_first(database: &impl Database) {
    let mut driver = ready(database);
    let actor = Actor { user: "ann".to_owned(), host: "build-3".to_owned() };
    for (at, direction) in [Direction::Up, Direction::Down, Direction::Stamp].into_iter().enumerate() {
        let (id, error) = (format!("00{at}_x"), (at == 1).then(|| STRANGE.to_owned()));
        let log = Record::Log {
            id,
            direction,
            status: Status::Failed,
            took: Took::Milliseconds(17),
            error,
            actor: actor.clone(),
            statements_done: Some(at),
        };
        driver.write(&[log]).unwrap();
    }
    let log = driver.log(None).unwrap();
    assert_eq!(log.iter().map(|entry| entry.migration_id.as_str()).collect::<Vec<_>>(), ["002_x", "001_x", "000_x"]);
    assert_eq!(driver.log(Some(2)).unwrap(), log[..2]);
    let entry = &log[1];
    assert_eq!((entry.direction.as_str(), entry.status.as_str()), ("down", "failed"));
    assert_eq!((entry.executed_by.as_str(), entry.host.as_str()), ("ann", "build-3"));
    assert_eq!((entry.error_message.as_deref(), entry.statements_done), (Some(STRANGE), Some(1)));
    assert_eq!(entry.execution_time_ms, Some(17));
    assert!(is_rfc3339_in_utc(&entry.executed_at), "{}", entry.executed_at);
}

/// Records go with the transaction that is open, or with one of their own.
pub fn written_records_follow_the_open_transaction(database: &impl Database) {
    let mut driver = ready(database);
    assert!(!driver.in_transaction());
    driver.execute("BEGIN").unwrap();
    assert!(driver.in_transaction());
    driver.write(&records("001_a", 1)).unwrap();
    driver.reset().unwrap();
    assert!(!driver.in_transaction());
    assert!(done(&mut *driver).is_empty());

    driver.execute("BEGIN").unwrap();
    driver.write(&records("001_a", 1)).unwrap();
    driver.execute("COMMIT").unwrap();
    assert!(!driver.in_transaction());
    driver.write(&records("002_b", 2)).unwrap();
    assert_eq!(done(&mut *database.open()), ["001_a", "002_b"]);

    // All of a call or nothing of it.
    let twice = Record::SetStatus { id: "001_a".to_owned(), status: Status::Failed, error: None };
    let table = driver.dialect_of().own_table(driver.schema(), "tags");
    driver.execute(&format!("DROP TABLE {table}")).unwrap();
    let tag = Record::Tag { name: "v1".to_owned(), id: "001_a".to_owned(), actor: Actor::default() };
    driver.write(&[twice, tag]).unwrap_err();
    assert!(!driver.in_transaction());
    assert_eq!(done(&mut *driver), ["001_a", "002_b"]);
}
