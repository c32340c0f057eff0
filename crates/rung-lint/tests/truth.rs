//! Truth is the server's: what a statement locks, rewrites and scans, read from a PostgreSQL with rows in its tables, and
//! held against what the linter says it does. Where they disagree, the linter is wrong.

mod common;
#[path = "truth/findings.rs"]
mod findings;
#[path = "truth/refusals.rs"]
mod refusals;
#[path = "truth/sqlite.rs"]
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use postgres::{Client, Transaction};
use rung_ddl::Statement;
use rung_lint::{Born, Impact, Key, Language, LockMode, STEADY, Schema, Server, Sure, VOLATILE, Work, language};
use rung_sql::{Syntax, split};
use testkit::{TestDb, for_each_major};

const SCHEMA: &str = include_str!("truth/schema.sql");
const ROWS: &str = include_str!("truth/rows.sql");
const PROBES: &str = include_str!("truth/probes.sql");
/// Since which major there is what comes on top of it.
const LATER: [(u32, &str, &str); 1] = [(18, include_str!("truth/schema_18.sql"), include_str!("truth/rows_18.sql"))];
const CONCURRENT: &str = include_str!("truth/concurrent.sql");

/// A relation as it stood before.
struct Relation {
    name: String,
    file: u32,
}

/// What a server did.
#[derive(Debug, Default, PartialEq, Eq)]
struct Truth {
    locks: BTreeMap<String, LockMode>,
    rewritten: BTreeSet<String>,
    scanned: BTreeSet<String>,
    /// Tables, and columns of them, that have that name no more.
    gone: BTreeSet<String>,
}

fn postgres() -> &'static Language {
    language("postgres").expect("PostgreSQL's language")
}

/// What a server of a major has, and its rows.
fn scripts(major: u32) -> impl Iterator<Item = (&'static str, &'static str)> {
    let later = LATER.into_iter().filter(move |(since, ..)| *since <= major).map(|(_, schema, rows)| (schema, rows));
    std::iter::once((SCHEMA, ROWS)).chain(later)
}

fn fill(client: &mut Client, major: u32) {
    for (schema, rows) in scripts(major) {
        client.batch_execute(schema).expect("the schema");
        client.batch_execute(rows).expect("its rows");
    }
}

fn known(major: u32) -> Schema {
    let mut schema = Schema::new(postgres().search_path);
    for (script, _) in scripts(major) {
        let (statements, issues) = split(script, &Syntax::POSTGRES);
        assert!(issues.is_empty(), "{issues:?}");
        for statement in statements {
            let text = &script[statement.span.range()];
            let parsed = (postgres().parse)(text);
            assert_eq!(parsed.errors, [], "{text}");
            schema.apply(&parsed, text, Born::Before);
        }
    }
    schema
}

/// The statements for a major.
fn probes(text: &'static str, major: u32) -> Vec<&'static str> {
    let mut since = 0;
    let mut found = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("-- pg>=") {
            Some(version) => since = version.parse().expect("a major version"),
            None if !line.starts_with("--") && since <= major => found.push(line),
            None => {}
        }
    }
    found
}

fn relations(client: &mut Client) -> BTreeMap<u32, Relation> {
    let sql = "SELECT oid, relname::text, relfilenode FROM pg_class \
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'v')";
    let rows = client.query(sql, &[]).expect("the catalog");
    rows.iter().map(|row| (row.get(0), Relation { name: row.get(1), file: row.get(2) })).collect()
}

fn locks(client: &mut Client, pid: i32, there: &BTreeMap<u32, Relation>) -> BTreeMap<String, LockMode> {
    let sql = "SELECT relation, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation' AND granted";
    let mut strongest = BTreeMap::new();
    for row in client.query(sql, &[&pid]).expect("the locks") {
        let Some(relation) = there.get(&row.get(0)) else { continue };
        let mode = LockMode::parse(row.get(1)).expect("a lock mode");
        strongest.entry(relation.name.clone()).and_modify(|old| *old = mode.max(*old)).or_insert(mode);
    }
    strongest
}

/// What programs can name: tables and their columns.
fn names(transaction: &mut Transaction<'_>) -> Result<BTreeSet<String>, postgres::Error> {
    let sql = "SELECT concat_ws('.', relname, attname) FROM pg_class c LEFT JOIN pg_attribute a \
               ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped \
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'v')";
    Ok(transaction.query(sql, &[])?.iter().map(|row| row.get(0)).collect())
}

/// Runs a statement and takes it back.
fn observe(client: &mut Client, probe: &str, there: &BTreeMap<u32, Relation>) -> Result<Truth, postgres::Error> {
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[])?.get(0);
    let mut transaction = client.transaction()?;
    let named = names(&mut transaction)?;
    let oids: Vec<u32> = there.keys().copied().collect();
    // The counters go on from one transaction to the next.
    let counters = "SELECT c.oid, pg_stat_get_xact_tuples_returned(c.oid) FROM unnest($1::oid[]) AS c(oid)";
    let before: BTreeMap<u32, i64> =
        transaction.query(counters, &[&oids])?.iter().map(|row| (row.get(0), row.get(1))).collect();
    let outcome = transaction.batch_execute(probe);
    if let Err(error) = outcome {
        transaction.rollback()?;
        return Err(error);
    }
    let sql = "SELECT c.oid, coalesce((SELECT relfilenode FROM pg_class p WHERE p.oid = c.oid), 0), \
               pg_stat_get_xact_tuples_returned(c.oid) FROM unnest($1::oid[]) AS c(oid)";
    let gone = named.difference(&names(&mut transaction)?).cloned().collect();
    let mut truth = Truth { gone, ..Truth::default() };
    for row in transaction.query(sql, &[&oids])? {
        let relation = &there[&row.get::<_, u32>(0)];
        let (file, read): (u32, i64) = (row.get(1), row.get(2));
        if file != 0 && file != relation.file {
            truth.rewritten.insert(relation.name.clone());
        }
        if read > before[&row.get::<_, u32>(0)] {
            truth.scanned.insert(relation.name.clone());
        }
    }
    let mut strongest = BTreeMap::new();
    let locked = "SELECT relation, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation' AND granted";
    for row in transaction.query(locked, &[&pid])? {
        let Some(relation) = there.get(&row.get(0)) else { continue };
        let mode = LockMode::parse(row.get(1)).expect("a lock mode");
        strongest.entry(relation.name.clone()).and_modify(|old: &mut LockMode| *old = mode.max(*old)).or_insert(mode);
    }
    truth.locks = strongest;
    transaction.rollback()?;
    Ok(truth)
}

/// Whether what it reads is what it is asked for, and no work of a change.
fn reads_by_nature(statement: &Statement) -> bool {
    match statement {
        Statement::Data { .. } | Statement::Vacuum { .. } | Statement::Truncate { .. } => true,
        Statement::Refresh { with_data, .. } => !with_data,
        Statement::CreateTable(create) => create.from_query,
        Statement::Create { kind, .. } => *kind == rung_ddl::Kind::MaterializedView,
        _ => false,
    }
}

/// What is wrong with what was said, as sentences.
fn disagreements(probe: &str, said: &Impact, schema: &Schema, truth: &Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    let locks: BTreeMap<String, LockMode> =
        said.locks.iter().map(|(key, mode)| (key.name.to_string(), *mode)).collect();
    if locks != truth.locks {
        let show = |locks: &BTreeMap<String, LockMode>| {
            locks.iter().map(|(name, mode)| format!("{name} {mode}")).collect::<Vec<_>>().join(", ")
        };
        wrong.push(format!("locks\n    said:  {}\n    truth: {}", show(&locks), show(&truth.locks)));
    }
    let statement = (postgres().parse)(probe).statement;
    if reads_by_nature(&statement) {
        return wrong;
    }
    // What is done to a partitioned table is done to its partitions.
    let family = |key: &Key| -> Vec<String> {
        let mut found = vec![key];
        let mut next = 0;
        while let Some(key) = found.get(next) {
            found.extend(schema.children(key));
            next += 1;
        }
        found.into_iter().map(|key| key.name.to_string()).collect()
    };
    let of = |sure: Sure, work: &dyn Fn(Work) -> bool| -> BTreeSet<String> {
        let tasks = said.tasks.iter().filter(|task| task.sure >= sure && work(task.work));
        tasks.flat_map(|task| family(&task.table)).collect()
    };
    let rewrite = |work| work == Work::Rewrite;
    let any = |_: Work| true;
    let mut compare = |what: &str, surely: BTreeSet<String>, perhaps: BTreeSet<String>, truth: &BTreeSet<String>| {
        let more: Vec<&String> = truth.difference(&perhaps).collect();
        let less = !surely.is_empty() && surely.is_disjoint(truth);
        if !more.is_empty() || less {
            wrong.push(format!("{what}\n    said:  {perhaps:?}, surely {surely:?}\n    truth: {truth:?}"));
        }
    };
    compare("rewritten", of(Sure::Yes, &rewrite), of(Sure::Perhaps, &rewrite), &truth.rewritten);
    let mut perhaps = of(Sure::Perhaps, &any);
    // What a view's query reads.
    if let Statement::Refresh { .. } = statement {
        perhaps.extend(truth.scanned.iter().cloned());
    }
    compare("scanned", of(Sure::Yes, &any), perhaps, &truth.scanned);
    wrong
}

#[test]
fn locks_rewrites_and_scans_are_those_of_the_server() {
    for_each_major(|server| {
        let database = TestDb::on(server);
        let mut client = database.client();
        fill(&mut client, server.major());
        client.batch_execute("SET timezone = 'UTC'").expect("a setting");
        let there = relations(&mut client);
        let schema = known(server.major());
        let setup: String = scripts(server.major()).map(|(schema, _)| schema).collect();
        let mut wrong = Vec::new();
        for probe in probes(PROBES, server.major()) {
            let statement = probe.trim_end_matches(';').rsplit("; ").next().unwrap_or(probe);
            let said = postgres().impact_of(statement, &schema, Server::major(server.major()));
            match observe(&mut client, probe, &there) {
                Ok(truth) => {
                    let mut found = disagreements(statement, &said, &schema, &truth);
                    let by_nature = reads_by_nature(&(postgres().parse)(statement).statement);
                    let is_sure = said.tasks.iter().all(|task| task.sure == Sure::Yes);
                    found.extend(findings::unlike(&setup, probe, server.major(), &truth, by_nature, is_sure));
                    wrong.extend(found.into_iter().map(|found| format!("{probe}\n  {found}")));
                }
                Err(error) => wrong.push(format!("{probe}\n  {error:?}")),
            }
        }
        assert!(wrong.is_empty(), "{} of the linter's claims are not so:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn what_refuses_a_transaction_and_waits_for_snapshots_is_said_to() {
    for_each_major(|server| {
        let schema = known(server.major());
        let mut wrong = Vec::new();
        for probe in probes(CONCURRENT, server.major()) {
            let database = TestDb::on(server);
            let mut client = database.client();
            fill(&mut client, server.major());
            let there = relations(&mut client);
            let said = postgres().impact_of(probe, &schema, Server::major(server.major()));
            let inside = client.batch_execute(&format!("BEGIN; {probe}"));
            if inside.is_ok() || !said.outside {
                wrong.push(format!("{probe}\n  in a transaction: {inside:?}, and said: outside = {}", said.outside));
            }
            client.batch_execute("ROLLBACK").expect("a way back");
            // Somebody who reads the tables, and does not end.
            let mut reader = database.client();
            let tables = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t LIMIT 1; SELECT * FROM parts LIMIT 1";
            reader.batch_execute(tables).expect("a reader");
            let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).expect("a process").get(0);
            let mut observer = database.client();
            let seen = std::thread::scope(|scope| {
                let running = scope.spawn(|| client.batch_execute(probe));
                let until = Instant::now() + Duration::from_secs(20);
                let sql = "SELECT locktype FROM pg_locks WHERE pid = $1 AND NOT granted";
                let (mut waits, mut waited) = (false, false);
                while !waits && Instant::now() < until && !running.is_finished() {
                    let rows = observer.query(sql, &[&pid]).expect("the locks");
                    // One that waits for an index that the reader has open will not come to wait for a snapshot.
                    waits = !rows.is_empty();
                    waited = rows.iter().any(|row| row.get::<_, String>(0) == "virtualxid");
                    std::thread::sleep(Duration::from_millis(5));
                }
                let held = locks(&mut observer, pid, &there);
                reader.batch_execute("COMMIT").expect("an end");
                running.join().expect("a thread").unwrap_or_else(|error| panic!("{probe}: {error}"));
                (waited, held)
            });
            let (waited, held) = seen;
            if waited != said.waits_for_snapshots {
                wrong.push(format!("{probe}\n  waits: {waited}, and said: {}", said.waits_for_snapshots));
            }
            for (name, mode) in held {
                // What it holds while it waits is no more than what was said.
                let most = said.locks.iter().find(|(key, _)| key.name == name).map(|(_, mode)| *mode);
                if most.is_none_or(|most| mode > most) {
                    wrong.push(format!("{probe}\n  holds {mode} on {name}, and said: {most:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of the linter's claims are not so:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn functions_are_as_volatile_as_they_are_said_to_be() {
    for_each_major(|server| {
        let database = TestDb::on(server);
        let mut client = database.client();
        // PostgreSQL 13 has one form of `timezone` that is, of a type that no default is.
        let sql = "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace \
                   AND provolatile = 'v' AND proname::text = ANY ($1) \
                   AND NOT (proname = 'timezone' AND 'timetz'::regtype = ANY (proargtypes))";
        let rows = client.query(sql, &[&STEADY]).expect("the functions");
        let volatile: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(volatile.is_empty(), "volatile on {}: {volatile:?}", server.major());
        let sql = "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace \
                   AND provolatile <> 'v' AND proname::text = ANY ($1)";
        let rows = client.query(sql, &[&VOLATILE]).expect("the functions");
        let steady: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(steady.is_empty(), "steady on {}: {steady:?}", server.major());
        // What takes no argument may be any column's default; statistics and what a trigger sees are none's.
        let sql = "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace \
                   AND provolatile <> 'v' AND pronargs = 0 AND prokind = 'f' AND NOT proretset \
                   AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) \
                   AND proname !~ '^pg_(stat_get|event_trigger)_' AND NOT proname::text = ANY ($1)";
        let rows = client.query(sql, &[&STEADY]).expect("the functions");
        let unknown: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(unknown.is_empty(), "not known on {}: {unknown:?}", server.major());
    });
    for list in [STEADY, VOLATILE] {
        assert!(list.is_sorted(), "it is searched by halves");
    }
}
