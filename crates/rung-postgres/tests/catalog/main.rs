//! The schema as rung reads and writes it: what is read, written as SQL and loaded into an empty database is read as the
//! same, and pg_dump, which knows nothing of rung, sees the same.

use std::process::Command;

use rung_catalog::{Catalog, Key, Kind};
use rung_engine::{Dialect, Driver, DumpOptions, Session};
use rung_postgres::connect::Environment;
use rung_postgres::{OpenOptions, POSTGRES, open};
use testkit::install::pg_dump;
use testkit::{Server, TestDb, for_each_major};

/// What each major brought, on top of what was there.
const FIXTURES: [(u32, &str); 6] = [
    (13, include_str!("from_13.sql")),
    (14, include_str!("from_14.sql")),
    (15, include_str!("from_15.sql")),
    (16, include_str!("from_16.sql")),
    (17, include_str!("from_17.sql")),
    (18, include_str!("from_18.sql")),
];

/// A database with every kind of object that the server knows.
struct Full(TestDb<'static>);

impl Full {
    fn new(server: &'static Server) -> Self {
        let db = Self::empty(server);
        for (_, sql) in FIXTURES.iter().filter(|(major, _)| *major <= server.major()) {
            db.0.query(sql);
        }
        db
    }

    /// One with nothing, and the roles that the fixtures speak of, which all databases of a server share.
    fn empty(server: &'static Server) -> Self {
        let db = TestDb::on(server);
        for role in ["catalog_owner", "catalog_reader"] {
            db.query(&format!(
                "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
            ));
        }
        Self(db)
    }

    fn inspect(&self) -> Catalog {
        let url = self.0.url();
        let mut driver =
            open(&url, &Environment::empty(), &OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        driver.inspect().unwrap_or_else(|error| panic!("{}: {error}", self.0.server().major()))
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        // A database with a subscription can't be dropped.
        for name in self.0.try_query("SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()").unwrap_or_default().lines() {
            for what in [format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"), format!("DROP SUBSCRIPTION {name}")] {
                let _ = self.0.try_query(&what);
            }
        }
    }
}

/// What pg_dump says of a database, without what differs from one run to the next. `None` where the server is newer than
/// any pg_dump here, which then refuses.
fn dumped(db: &TestDb<'_>) -> Option<String> {
    let output = Command::new(pg_dump(db.server().major())?)
        .args(["--schema-only", "--no-sync", "--dbname", &db.url()])
        .output()
        .expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // Meta commands, with a key that is different each time.
    let kept = |line: &&str| !line.starts_with('\\');
    Some(text.lines().filter(kept).fold(String::new(), |all, line| all + line + "\n"))
}

/// Panics with the lines in which two texts differ.
#[track_caller]
fn assert_same(what: &str, one: &str, two: &str) {
    if one == two {
        return;
    }
    let dir = std::env::temp_dir().join(format!("rung-catalog-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory for what differs");
    let (left, right) = (dir.join("expected"), dir.join("found"));
    std::fs::write(&left, one).and_then(|()| std::fs::write(&right, two)).expect("writable");
    let output = Command::new("diff").arg("-u").args([&left, &right]).output();
    let shown = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    panic!("{what} differs:\n{shown}");
}

fn shown(catalog: &Catalog) -> String {
    catalog.iter().map(|object| format!("{object:#?}\n")).collect()
}

#[test]
fn what_is_read_is_written_and_read_again() {
    for_each_major(|server| {
        let full = Full::new(server);
        let catalog = full.inspect();
        assert_eq!(catalog.unknown, []);
        for kind in Kind::ALL {
            assert!(catalog.of_kind(kind).next().is_some(), "the fixture has no {kind}");
        }
        let sql = POSTGRES.dump(&catalog, &DumpOptions::default());
        let copy = Full::empty(server);
        if let Err(error) = copy.0.try_query(&sql) {
            // One by one, to name the statement.
            let _ = std::fs::write(std::env::temp_dir().join(format!("dump-{}.sql", server.major())), &sql);
            panic!("{}: {error}", server.major());
        }
        let again = copy.inspect();
        assert_same("the catalog", &shown(&catalog), &shown(&again));
        assert_eq!(catalog, again);
        assert_same("the dump", &sql, &POSTGRES.dump(&again, &DumpOptions::default()));
        assert_same("the schema", &full.0.dump(), &copy.0.dump());
        if let (Some(one), Some(two)) = (dumped(&full.0), dumped(&copy.0)) {
            assert_same("pg_dump", &one, &two);
            // The order of pg_dump is not ours, and the text must not tell in which order things were made.
            let is_of_its_major = pg_dump(server.major()) != pg_dump(server.major() + 1);
            if is_of_its_major {
                let other = Full::empty(server);
                // It leaves out what it takes every server to know of a language.
                let handler = "CREATE LANGUAGE sql2 HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;";
                let made = one.replace("CREATE OR REPLACE PROCEDURAL LANGUAGE sql2;", handler);
                other.0.try_query(&made).unwrap_or_else(|error| panic!("what pg_dump wrote: {error}"));
                let again = POSTGRES.dump(&other.inspect(), &DumpOptions::default());
                assert_same("the dump of what pg_dump made", &sql, &again);
            }
        }
    });
}

#[test]
fn what_cant_be_described_is_named() {
    for_each_major(|server| {
        let full = Full::empty(server);
        full.0.query(
            "CREATE TABLE t (a integer); CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        );
        assert_eq!(full.inspect().unknown, [], "what is temporary is none of it");
        let catalog = {
            // Only superusers may read where a subscription comes from.
            full.0.query("CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 password=secret' PUBLICATION p WITH (connect = false, slot_name = NONE)");
            let url = full.0.url();
            let client = format!("{url}?options=-c%20role%3Dcatalog_reader");
            let mut driver =
                open(&client, &Environment::empty(), &OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
            driver.inspect().unwrap_or_else(|error| panic!("{error}"))
        };
        let what: Vec<&str> = catalog.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
        let expected = if server.major() == 13 { "subscriptions" } else { "connection of subscription s" };
        assert_eq!(what, [expected]);
        let all = POSTGRES.dump(&full.inspect(), &DumpOptions::default());
        assert!(all.contains("CONNECTION 'host=127.0.0.1'") && !all.contains("secret"), "{all}");
        full.0.query(
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (a integer) \
             SERVER far OPTIONS (file 'x', password 'hush'); DROP SUBSCRIPTION s;",
        );
        let catalog = full.inspect();
        let all = POSTGRES.dump(&catalog, &DumpOptions::default());
        assert!(all.contains("OPTIONS (file 'x')") && !all.contains("hush"), "{all}");
        let what: Vec<&str> = catalog.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
        assert_eq!(what, ["option password of foreign table public.ft"]);
    });
}

#[test]
fn what_is_said_of_what_a_partition_has_from_the_whole_is_named() {
    for_each_major(|server| {
        let full = Full::empty(server);
        full.0.query(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TABLE r (id integer PRIMARY KEY);
             CREATE TABLE w (id integer CONSTRAINT w_r REFERENCES r) PARTITION BY LIST (id);
             CREATE TABLE w1 PARTITION OF w FOR VALUES IN (1);
             CREATE TRIGGER tr AFTER INSERT ON w FOR EACH ROW EXECUTE FUNCTION f();
             COMMENT ON TRIGGER tr ON w IS 'kept';
             COMMENT ON CONSTRAINT w_r ON w IS 'kept'",
        );
        assert_eq!(full.inspect().unknown, []);
        full.0.query("COMMENT ON TRIGGER tr ON w1 IS 'its own'; COMMENT ON CONSTRAINT w_r ON w1 IS 'its own'");
        let catalog = full.inspect();
        let what: Vec<&str> = catalog.unknown.iter().map(|unknown| unknown.what.as_str()).collect();
        assert_eq!(what, ["comment on constraint w_r on table public.w1"]);
        // But that on a trigger is kept.
        let own = catalog.get(&Key::new(Kind::Trigger, Some("public"), "tr").of("w1")).expect("it is there");
        assert_eq!(own.comment.as_deref(), Some("its own"));
        // Which is more than pg_dump does.
        let again = Full::empty(server);
        again.0.query(&POSTGRES.dump(&catalog, &DumpOptions::default()));
        assert_eq!(again.inspect().iter().collect::<Vec<_>>(), catalog.iter().collect::<Vec<_>>());
    });
}

#[test]
fn reading_leaves_an_open_transaction_as_it_was_and_an_empty_database_is_empty() {
    let full = Full::empty(testkit::postgres());
    let catalog = full.inspect();
    let keys: Vec<String> = catalog.iter().map(|object| object.key.to_string()).collect();
    assert_eq!(keys, ["schema public"]);
    let mut driver = open(&full.0.url(), &Environment::empty(), &OpenOptions::default()).unwrap();
    driver.ensure_tables().unwrap();
    let with_own = driver.inspect().unwrap();
    assert_eq!(with_own.history_schema.as_deref(), Some("rung"));
    assert!(with_own.iter().eq(catalog.iter()), "rung's own tables are none of it");
    // Nor are their constraints those of another table that has a sequence.
    full.0.query("CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE alone");
    let keys: Vec<String> = full.inspect().iter().map(|object| object.key.to_string()).collect();
    assert_eq!(keys, ["schema public", "sequence public.alone", "table public.numbered"]);
    full.0.query("DROP TABLE numbered; DROP SEQUENCE alone");
    driver.execute("BEGIN; CREATE TABLE t (a integer)").unwrap();
    let seen = driver.inspect().unwrap();
    assert!(seen.of_kind(Kind::Table).any(|table| table.key.name == "t"));
    driver.execute("ROLLBACK").unwrap();
    assert_eq!(full.inspect(), with_own);
}
