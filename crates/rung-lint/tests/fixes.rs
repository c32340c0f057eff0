//! A mended migration ends in the schema that the migration as it was written ends in, on a server with rows; so does
//! undoing both.

mod common;

use std::sync::Arc;

use common::{dialect, lint_after, load};
use rung_engine::{Goal, History, Migration, MigrationSet, PlanOptions, PostDeploy, RunOptions, Target};
use rung_lint::{Edit, Finding, Options, Rewriter, Server};
use rung_postgres::connect::Environment;
use testkit::{TestDb, for_each_major};

const SCHEMA: &str = include_str!("truth/schema.sql");
const ROWS: &str = include_str!("truth/rows.sql");

/// Names and texts, the first of which is applied.
type Files = Vec<(String, String)>;

/// A case: the rule, the migration, and how many migrations it becomes.
type Bad = (&'static str, &'static str, usize);

#[rustfmt::skip]
const BAD: &[Bad] = &[
    ("index-nonconcurrent", "CREATE INDEX made ON t (c);", 1),
    ("index-nonconcurrent", "-- @up\nALTER TABLE t ADD COLUMN made int;\n-- for reports\nCREATE INDEX made_ix ON t (made);\n-- @down\nALTER TABLE t DROP COLUMN made;", 2),
    ("index-nonconcurrent", "-- @up\nCREATE INDEX made ON t (c);\nCREATE INDEX IF NOT EXISTS made_2 ON t (d);\n-- @down\nDROP INDEX made;\nDROP INDEX made_2;", 1),
    ("index-nonconcurrent", "-- @up\nBEGIN;\nCREATE TABLE made (id int);\nCREATE INDEX ON t (c, d);\nINSERT INTO made VALUES (1);\nCOMMIT;\n-- @down\nDROP INDEX t_c_d_idx;\nDROP TABLE made;", 2),
    ("index-nonconcurrent", "-- @up\nCREATE INDEX made ON t (c);\nUPDATE t SET d = 'x' WHERE c = 'c';\n-- @down\nDROP INDEX made;", 2),
    ("index-nonconcurrent", "-- @up\nCREATE TABLE made (id int);\nCREATE INDEX made_ix ON t (c);\nCOMMENT ON INDEX made_ix IS 'made';\nCOMMENT ON COLUMN made.id IS 'made';\n-- @down\nDROP INDEX made_ix;\nDROP TABLE made;", 3),
    ("drop-index-nonconcurrent", "DROP INDEX t_ix;", 1),
    ("drop-index-nonconcurrent", "-- @up\nDROP INDEX t_ix, t_e;\n-- @down\nCREATE INDEX t_ix ON t (ix);\nCREATE INDEX t_e ON t (e);", 1),
    ("drop-index-nonconcurrent", "-- @up\nCREATE TABLE made (id int);\nDROP INDEX t_ix;\n-- @down\nCREATE INDEX t_ix ON t (ix);\nDROP TABLE made;", 2),
    ("reindex-nonconcurrent", "REINDEX TABLE t;", 1),
    ("detach-nonconcurrent", "-- @up\nCREATE TABLE made (id int);\nALTER TABLE parts DETACH PARTITION part_2;\n-- @down\nALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES IN (2);\nDROP TABLE made;", 2),
    ("refresh-nonconcurrent", "REFRESH MATERIALIZED VIEW m;", 1),
    ("invalid-index-hidden", "CREATE INDEX CONCURRENTLY IF NOT EXISTS made ON t (c, d);", 1),
    ("check-validated", "-- @up\nALTER TABLE t\n    ADD CONSTRAINT made CHECK (a > 0);\n-- @down\nALTER TABLE t DROP CONSTRAINT made;", 1),
    ("check-validated", "ALTER TABLE t ADD CHECK (a > 0);", 1),
    ("check-validated", "-- @up\nALTER TABLE t ADD COLUMN made int, ADD CONSTRAINT made_a CHECK (a > 0), ALTER COLUMN e SET DEFAULT now();\n-- @down\nALTER TABLE t DROP CONSTRAINT made_a, DROP COLUMN made, ALTER COLUMN e DROP DEFAULT;", 1),
    ("check-validated", "-- @up\nALTER TABLE t ADD COLUMN made int CHECK (made > 0);\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
    ("foreign-key-validated", "-- @up\nALTER TABLE \"t\" ADD CONSTRAINT \"Made\" FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE;\n-- @down\nALTER TABLE t DROP CONSTRAINT \"Made\";", 1),
    ("foreign-key-validated", "-- @up\nCREATE TABLE made (id int);\nALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p;\n-- @down\nALTER TABLE t DROP CONSTRAINT t_p_id_fkey;\nDROP TABLE made;", 2),
    ("foreign-key-validated", "-- @up\nALTER TABLE t ADD COLUMN made bigint DEFAULT 1 REFERENCES p (id);\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
    ("validate-same-transaction", "-- @up\nALTER TABLE t ADD CONSTRAINT made CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT made;\n-- @down\nALTER TABLE t DROP CONSTRAINT made;", 2),
    ("unique-constraint", "-- @up\nALTER TABLE t ADD CONSTRAINT made UNIQUE (b);\n-- @down\nALTER TABLE t DROP CONSTRAINT made;", 1),
    ("unique-constraint", "-- @up\nCREATE TABLE made (id int);\nALTER TABLE t ADD CONSTRAINT t_u UNIQUE (b, a) INCLUDE (c) DEFERRABLE INITIALLY DEFERRED;\n-- @down\nALTER TABLE t DROP CONSTRAINT t_u;\nDROP TABLE made;", 2),
    ("unique-constraint", "-- @up\nALTER TABLE t ADD COLUMN made int UNIQUE;\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
    ("primary-key", "-- @up\nALTER TABLE bare ADD PRIMARY KEY (a);\n-- @down\nALTER TABLE bare DROP CONSTRAINT bare_pkey;", 1),
    ("primary-key", "-- @up\nALTER TABLE bare ADD CONSTRAINT made PRIMARY KEY (b, a);\n-- @down\nALTER TABLE bare DROP CONSTRAINT made;", 1),
    ("set-not-null", "-- @up\nALTER TABLE t ALTER COLUMN c SET NOT NULL;\n-- @down\nALTER TABLE t ALTER COLUMN c DROP NOT NULL;", 1),
    ("set-not-null", "-- @up\nALTER TABLE t ALTER COLUMN c SET NOT NULL, ALTER COLUMN s SET DEFAULT 's';\nCOMMENT ON TABLE p IS 'made';\n-- @down\nCOMMENT ON TABLE p IS NULL;\nALTER TABLE t ALTER COLUMN c DROP NOT NULL;\nALTER TABLE t ALTER COLUMN s DROP DEFAULT;", 2),
    ("volatile-default", "-- @up\nALTER TABLE t ADD COLUMN made uuid NOT NULL DEFAULT gen_random_uuid();\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
    ("volatile-default", "-- @up\nCREATE TABLE other (id int);\nALTER TABLE t ADD COLUMN made float CONSTRAINT made_u UNIQUE DEFAULT random() * 1e9 CHECK (made >= 0), ADD COLUMN more int;\n-- @down\nALTER TABLE t DROP COLUMN made, DROP COLUMN more;\nDROP TABLE other;", 2),
    ("type-change", "-- @up\nALTER TABLE t ALTER COLUMN g TYPE text;\n-- @down\nALTER TABLE t ALTER COLUMN g TYPE numeric(10, 2) USING g::numeric;", 1),
    ("type-change", "-- @up\nALTER TABLE loose ALTER COLUMN k TYPE bigint;\n-- @down\nALTER TABLE loose ALTER COLUMN k TYPE int;", 1),
    ("type-change", "-- @up\nALTER TABLE t ALTER COLUMN h TYPE jsonb USING coalesce(t.h::jsonb, '[]');\n-- @down\nALTER TABLE t ALTER COLUMN h TYPE json;", 1),
    ("type-change", "-- @up\nALTER TABLE apart ALTER COLUMN id TYPE text COLLATE \"C\" USING id + 1;\n-- @down\nALTER TABLE apart ALTER COLUMN id TYPE int USING id::int - 1;", 1),
    ("type-change", "-- @up\nALTER TABLE plain_one ALTER COLUMN \"Odd name\" TYPE bigint;\n-- @down\nALTER TABLE plain_one ALTER COLUMN \"Odd name\" TYPE int;", 1),
    ("type-change", "-- @up\nCREATE TABLE made (id int);\nALTER TABLE loose ALTER COLUMN k TYPE bigint;\n-- @down\nALTER TABLE loose ALTER COLUMN k TYPE int;\nDROP TABLE made;", 2),
    ("rename", "-- @up\nALTER TABLE loose RENAME TO made;\n-- @down\nALTER TABLE made RENAME TO loose;", 2),
    ("rename", "-- @up\nCREATE TABLE made (id int);\nALTER TABLE public.t RENAME TO \"Made it\";\nALTER TABLE \"Made it\" ADD COLUMN more int;\n-- @down\nALTER TABLE \"Made it\" DROP COLUMN more;\nALTER TABLE \"Made it\" RENAME TO t;\nDROP TABLE made;", 2),
    ("rename", "-- @up\nCREATE SCHEMA made;\nALTER TABLE p SET SCHEMA made;\n-- @down\nALTER TABLE made.p SET SCHEMA public;\nDROP SCHEMA made;", 2),
    ("rename", "-- @up\nALTER TABLE loose RENAME TO made;\nALTER TABLE made ALTER COLUMN k SET NOT NULL;\nCREATE INDEX made_ix ON made (k);\n-- @down\nDROP INDEX made_ix;\nALTER TABLE made ALTER COLUMN k DROP NOT NULL;\nALTER TABLE made RENAME TO loose;", 3),
    ("rename", "-- @up\nALTER TABLE loose RENAME COLUMN k TO made;\n-- @down\nALTER TABLE loose RENAME COLUMN made TO k;", 2),
    ("rename", "-- @up\nALTER TABLE plain_one RENAME \"Odd name\" TO \"Odder name\";\n-- @down\nALTER TABLE plain_one RENAME \"Odder name\" TO \"Odd name\";", 2),
    ("rename", "-- @up\nCREATE TABLE other (id int);\nALTER TABLE t RENAME COLUMN h TO made;\n-- @down\nALTER TABLE t RENAME COLUMN made TO h;\nDROP TABLE other;", 3),
    ("lock-then-more", "-- @up\nALTER TABLE t ADD COLUMN made int;\nUPDATE p SET name = 'x';\n-- @down\nALTER TABLE t DROP COLUMN made;", 2),
    ("index-nonconcurrent", "-- @up\nALTER TABLE t ADD COLUMN made int;\nCREATE INDEX made_ix ON t (made);\nALTER TABLE t ADD CONSTRAINT made_k CHECK (made > 0 OR made IS NULL);\n-- @down\nALTER TABLE t DROP COLUMN made;", 4),
    ("foreign-key-validated", "-- @up\nALTER TABLE t ADD COLUMN made bigint;\nALTER TABLE t ADD CONSTRAINT made_f FOREIGN KEY (made) REFERENCES p (id);\nCREATE INDEX made_ix ON t (made);\n-- @down\nALTER TABLE t DROP COLUMN made;", 2),
    ("foreign-key-validated", "-- @up\nCREATE TABLE made (id bigint PRIMARY KEY);\nALTER TABLE t ADD COLUMN made bigint;\nALTER TABLE t ADD CONSTRAINT made_f FOREIGN KEY (made) REFERENCES made (id);\n-- @down\nALTER TABLE t DROP COLUMN made;\nDROP TABLE made;", 2),
    ("check-validated", "-- @up\nALTER TABLE t ADD COLUMN made int;\nALTER TABLE t ADD CONSTRAINT made_k CHECK (a > 0);\nALTER TABLE t ADD COLUMN more int;\nCREATE INDEX more_ix ON t (more);\nCREATE VIEW made_v AS SELECT more FROM t;\n-- @down\nALTER TABLE t DROP COLUMN more CASCADE;\nALTER TABLE t DROP CONSTRAINT made_k;\nALTER TABLE t DROP COLUMN made;", 5),
    ("lock-timeout", "-- @lock-timeout 0\n-- @up\nALTER TABLE t ADD COLUMN made int;\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
    ("lock-timeout", "-- @up\nSET LOCAL lock_timeout = 0;\nALTER TABLE t ADD COLUMN made int;\n-- @down\nALTER TABLE t DROP COLUMN made;", 1),
];

/// Files that can't be run as they are, and must be once they are mended.
#[rustfmt::skip]
const BROKEN: &[Bad] = &[
    ("concurrently-in-transaction", "-- @up\nALTER TABLE t ADD COLUMN made int;\nCREATE INDEX CONCURRENTLY made_ix ON t (made);\n-- @down\nALTER TABLE t DROP COLUMN made;", 2),
    ("concurrently-in-transaction", "-- @up\nCREATE TABLE made (id int);\nCREATE INDEX CONCURRENTLY made_ix ON t (c);\n-- @down\nDROP INDEX made_ix;\nDROP TABLE made;", 2),
    ("concurrently-in-transaction", "-- @up\nCREATE TABLE made (m mood);\nALTER TYPE mood ADD VALUE 'so so';\nINSERT INTO made VALUES ('so so');\n-- @down\nDROP TABLE made;", 3),
];

fn options(major: u32) -> Options {
    let mut options = Options { server: Server::major(major), ..Options::default() };
    options.levels.insert("if-exists".to_owned(), Some(rung_sql::Level::Warning));
    options
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    edits.iter().for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
    text
}

fn borrowed(files: &Files) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn found(files: &Files, options: &Options) -> Vec<Finding> {
    lint_after(1, &borrowed(files), "postgres", options).findings
}

/// The files when everything is mended that can be.
fn mended(mut files: Files, options: &Options) -> Files {
    for _ in 0..6 {
        let set = load(&borrowed(&files), dialect("postgres"));
        let findings = found(&files, options);
        let mut change = None;
        let migrations: Vec<Arc<Migration>> = set.iter().cloned().collect();
        let rewriter = Rewriter::new(&migrations, dialect("postgres"));
        for (at, migration) in set.iter().enumerate() {
            let own: Vec<&Finding> = findings.iter().filter(|finding| finding.migration == migration.id).collect();
            let written = rewriter.rewrite(at, &own).unwrap_or_else(|why| panic!("{why}: {}", files[1].1));
            if let Some(written) = written {
                change = Some((migration.id.to_string(), written.changes, written.after));
                break;
            }
            if let Some(fix) = own.iter().find_map(|finding| finding.fix.as_ref()) {
                change =
                    Some((migration.id.to_string(), vec![(migration.source.clone(), fix.edits.clone())], Vec::new()));
                break;
            }
        }
        let Some((id, changes, after)) = change else { return files };
        for (source, edits) in changes {
            let name = source.path().display().to_string();
            let (_, text) = files.iter_mut().find(|(there, _)| *there == name).expect("a file that is there");
            *text = edited(text, &edits);
        }
        let mut before = id;
        for part in after {
            let id = format!("{:03}_{}", files.len() + 1, part.name);
            files.push((format!("{id}.sql"), part.text(&before)));
            before = id;
        }
    }
    panic!("it is never done: {files:#?}");
}

/// What the files leave on a server with rows: when all are run, and when all but the first are undone. Undone one by one,
/// from each place on, they can be run again, and leave the same.
fn left(files: &Files, server: &testkit::Server) -> Result<(String, String), String> {
    let database = TestDb::on(server);
    let set = load(&borrowed(files), dialect("postgres"));
    let open = rung_postgres::OpenOptions { schema: "rung".to_owned() };
    let mut driver =
        rung_postgres::open(&database.url(), &Environment::empty(), &open).map_err(|error| error.to_string())?;
    let mut run = |set: &MigrationSet, goal: Goal| {
        let options = PlanOptions::default();
        let planner = |history: &History| rung_engine::plan(set, history, &goal, &options, dialect("postgres"));
        rung_engine::run(&mut driver, None, &planner, &mut |_, _| Ok(true), &RunOptions::default(), &mut |_| {})
            .map_err(|error| format!("{error:?}"))
    };
    run(&set, Goal::Up(Target::Id("001_before".to_owned())))?;
    database.client().batch_execute(ROWS).expect("rows");
    run(&set, Goal::Latest)?;
    let up = database.dump();
    if !files[1].1.contains("@down") {
        return Ok((up, String::new()));
    }
    for back in 1..files.len() {
        run(&set, Goal::Down(Target::Back(back)))?;
        run(&set, Goal::Latest).map_err(|error| format!("again, after {back} back: {error}"))?;
        let again = database.dump();
        if !differences(&up, &again).is_empty() {
            return Err(format!("after {back} back and forth: {:#?}", differences(&up, &again)));
        }
    }
    run(&set, Goal::Down(Target::Id("001_before".to_owned())))?;
    Ok((up, database.dump()))
}

/// Until the release is out, both names do: for programs of both releases, with the rights that they had.
#[test]
fn both_names_serve_until_the_release_is_out() {
    const BEFORE: &str = "CREATE TABLE users (id int, mail text NOT NULL DEFAULT 'none', doc json);
        GRANT SELECT, INSERT ON users TO lint_reader WITH GRANT OPTION;
        GRANT UPDATE (mail) ON users TO PUBLIC;
        COMMENT ON COLUMN users.mail IS 'where it''s at';
        ALTER TABLE users ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON users USING (id < 100);";
    const MIGRATION: &str = "-- @up
        ALTER TABLE users RENAME COLUMN mail TO email;
        ALTER TABLE users RENAME COLUMN doc TO body;
        ALTER TABLE users RENAME TO people;
        -- @down
        ALTER TABLE people RENAME TO users;
        ALTER TABLE users RENAME COLUMN body TO doc;
        ALTER TABLE users RENAME COLUMN email TO mail;";
    for_each_major(|server| {
        let _ = TestDb::on(server).try_query("CREATE ROLE lint_reader");
        if server.major() < 15 {
            return;
        }
        let each = MIGRATION.lines().map(str::trim).collect::<Vec<_>>();
        for (up, down, checks) in
            [(each[1], each[7], BOTH_COLUMNS), (each[2], each[6], BOTH_TYPES), (each[3], each[5], BOTH_TABLES)]
        {
            let bad = format!("-- @up\n{up}\n-- @down\n{down}\n");
            let files: Files = vec![("001_before.sql".to_owned(), BEFORE.to_owned()), ("002_bad.sql".to_owned(), bad)];
            let good = mended(files, &options(server.major()));
            assert_eq!(good.len(), 3, "{good:#?}");
            let database = TestDb::on(server);
            let before = go(&database, &good, Goal::Up(Target::Id("001_before".to_owned())));
            database.client().batch_execute("INSERT INTO users VALUES (1, 'a', '{}')").expect("a row");
            let between = go(&database, &good, Goal::Latest);
            for (sql, gives) in checks {
                let said = database.try_query(sql).unwrap_or_else(|error| panic!("{error}: {sql}\n{good:#?}"));
                assert_eq!(said.trim().replace('\n', " "), *gives, "{sql}\n{good:#?}");
            }
            let all = PlanOptions::default();
            go_with(&database, &good, Goal::Latest, &all);
            // One by one, the way down leads back.
            assert_eq!(differences(&go_with(&database, &good, Goal::Down(Target::Back(1)), &all), &between), [""; 0]);
            assert_eq!(differences(&go_with(&database, &good, Goal::Down(Target::Back(1)), &all), &before), [""; 0]);
        }
    });
}

/// Statements, and what they give in the end.
type Checks = &'static [(&'static str, &'static str)];

const BOTH_COLUMNS: Checks = &[
    ("INSERT INTO users (id, mail) VALUES (2, 'b')", ""),
    ("INSERT INTO users (id, email) VALUES (3, 'c')", ""),
    ("INSERT INTO users (id) VALUES (4)", ""),
    ("UPDATE users SET mail = 'old' WHERE id = 1", ""),
    ("UPDATE users SET email = 'new' WHERE id = 3", ""),
    ("SELECT mail || email FROM users ORDER BY id", "oldold bb newnew nonenone"),
];

const BOTH_TYPES: Checks = &[
    ("UPDATE users SET doc = '[1]'", ""),
    ("INSERT INTO users (id, body) VALUES (2, '[2]')", ""),
    ("UPDATE users SET body = '[ 1]' WHERE id = 1", ""),
    ("SELECT doc::text || body FROM users ORDER BY id", "[ 1][ 1] [2][2]"),
];

const BOTH_TABLES: Checks = &[
    ("SET ROLE lint_reader; INSERT INTO users (id, mail) VALUES (2, 'b') RETURNING mail", "b"),
    ("SET ROLE lint_reader; UPDATE people SET mail = mail || '1'", ""),
    ("SET ROLE lint_reader; UPDATE users SET mail = mail || '2'", ""),
    ("SELECT mail FROM people ORDER BY id", "a12 b12"),
    ("INSERT INTO users VALUES (200)", ""),
    ("SET ROLE lint_reader; SELECT count(*) FROM users", "2"),
    (
        "SELECT string_agg((c.relacl::text = v.relacl::text)::text, ' ') FROM pg_class c, pg_class v WHERE c.relname = 'people' AND v.relname = 'users'",
        "true",
    ),
];

/// What a database looks like when files were run to a goal before a release.
fn go(database: &TestDb, files: &Files, goal: Goal) -> String {
    let before = PlanOptions { post_deploy: PostDeploy::Held, ..PlanOptions::default() };
    go_with(database, files, goal, &before)
}

fn go_with(database: &TestDb, files: &Files, goal: Goal, options: &PlanOptions) -> String {
    let set = load(&borrowed(files), dialect("postgres"));
    let open = rung_postgres::OpenOptions { schema: "rung".to_owned() };
    let mut driver = rung_postgres::open(&database.url(), &Environment::empty(), &open).expect("a connection");
    let planner = |history: &History| rung_engine::plan(&set, history, &goal, options, dialect("postgres"));
    rung_engine::run(&mut driver, None, &planner, &mut |_, _| Ok(true), &RunOptions::default(), &mut |_| {})
        .unwrap_or_else(|error| panic!("{error:?}\nin\n{files:#?}"));
    database.dump()
}

/// The lines that one dump has and the other has not.
fn differences<'a>(one: &'a str, other: &'a str) -> Vec<&'a str> {
    // What is detached concurrently keeps its bounds as a CHECK (documentation, ALTER TABLE).
    let is_known = |line: &str| line.starts_with("constraint part_2_k_check");
    let of = |one: &'a str, other: &'a str| {
        one.lines().filter(move |line| !is_known(line) && other.lines().all(|there| there != *line))
    };
    of(one, other).chain(of(other, one)).collect()
}

fn check(cases: &[Bad], is_runnable: bool) {
    for_each_major(|server| {
        std::thread::scope(|scope| {
            let workers: Vec<_> = cases
                .chunks(cases.len().div_ceil(8))
                .map(|cases| scope.spawn(move || cases.iter().for_each(|case| check_one(case, server, is_runnable))))
                .collect();
            for worker in workers {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
    });
}

fn check_one((rule, sql, becomes): &Bad, server: &testkit::Server, is_runnable: bool) {
    let options = options(server.major());
    let files: Files =
        vec![("001_before.sql".to_owned(), SCHEMA.to_owned()), ("002_bad.sql".to_owned(), (*sql).to_owned())];
    let before = found(&files, &options);
    let bad = before.iter().find(|finding| finding.rule == *rule);
    if *rule == "detach-nonconcurrent" && server.major() < 14 {
        assert!(bad.is_none(), "there is no other way yet");
        return;
    }
    let bad = bad.unwrap_or_else(|| panic!("{rule} does not fire on {sql}: {before:#?}"));
    let good = mended(files.clone(), &options);
    let shown: String = good[1..].iter().map(|(name, text)| format!("== {name}\n{text}\n")).collect();
    assert_eq!(good.len() - 1, *becomes, "{rule}: {sql}\nbecomes\n{shown}");
    assert_ne!(good, files, "{rule}: {sql}");
    for finding in found(&good, &options) {
        let is_new = before.iter().all(|other| other.rule != finding.rule);
        let is_as_bad = finding.diagnostic.level >= bad.diagnostic.level;
        assert!(finding.rule != *rule && !(is_new && is_as_bad), "{finding:#?}\nin\n{shown}");
    }
    let good = left(&good, server).unwrap_or_else(|error| panic!("{error}\nin\n{shown}"));
    if is_runnable {
        let bad = left(&files, server).unwrap_or_else(|error| panic!("{error}\nin\n{sql}"));
        assert_eq!(differences(&bad.0, &good.0), [""; 0], "{rule}: {shown}");
        assert_eq!(differences(&bad.1, &good.1), [""; 0], "the way down, {rule}: {shown}");
    }
}

/// What is not mended, and why: `None` where that is not known before the file is written anew.
#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str)] = &[
    ("unique-constraint", "ALTER TABLE t ADD UNIQUE (b, a) INCLUDE (c);", "it has no name"),
    ("unique-constraint", "CREATE TABLE t_b_key (id int);\nALTER TABLE t ADD UNIQUE (b);", "it has no name"),
    ("check-validated", "ALTER TABLE t ADD CHECK (a > 0), ADD CHECK (a < 100);", "it has no name"),
    ("check-validated", "ALTER TABLE t ADD CHECK (a > 0 OR c > 'c'), ADD CHECK (1 = 1);", "it has no name"),
    ("check-validated", "ALTER TABLE t ADD COLUMN made int CHECK (made > 0) CHECK (made < 9);", "it has no name"),
    ("foreign-key-validated", "ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p (id), ADD FOREIGN KEY (p_id) REFERENCES p (id);", "it has no name"),
    ("check-validated", "-- @up\nALTER TABLE t ADD CHECK (a > 0);\nALTER TABLE t ADD CHECK (a < 100);\n-- @down\nALTER TABLE t DROP CONSTRAINT t_a_check, DROP CONSTRAINT t_a_check1;", "what line 3 makes has no name"),
    ("type-change", "ALTER TABLE t ALTER COLUMN g DROP DEFAULT, ALTER COLUMN g TYPE text, ALTER COLUMN g SET DEFAULT 'q';", "the statement does more to the column"),
    ("unique-constraint", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (b) WITH (fillfactor = 70);", "it says more than an index"),
    ("primary-key", "ALTER TABLE bare ADD COLUMN made int PRIMARY KEY DEFAULT 1;", "a column that is the key"),
    ("volatile-default", "ALTER TABLE parts ADD COLUMN made uuid DEFAULT gen_random_uuid();", "a partitioned table is filled"),
    ("required-column", "ALTER TABLE t ADD COLUMN made int NOT NULL;", "which value the rows that are there"),
    ("index-nonconcurrent", "CREATE INDEX ON parts (k);", "which partitions there are"),
    ("drop-index-nonconcurrent", "DROP INDEX t_ix CASCADE;", "with CASCADE"),
    ("type-change", "ALTER TABLE t ALTER COLUMN a TYPE bigint;", "the constraint later may be about it"),
    ("type-change", "ALTER TABLE t ALTER COLUMN ix TYPE int USING 1;", "the index t_ix may be about it"),
    ("type-change", "ALTER TABLE p ALTER COLUMN name TYPE int USING 1;", "the view "),
    ("type-change", "ALTER TABLE passing_by ALTER COLUMN id TYPE bigint;", "it is published by heard"),
    ("type-change", "ALTER TABLE parts ALTER COLUMN id TYPE bigint;", "the tables that it is inherited by"),
    ("type-change", "ALTER TABLE above ALTER COLUMN id TYPE bigint;", "other tables inherit"),
    ("rename", "ALTER TABLE t RENAME COLUMN a TO made;", "the constraint later may be about it"),
    ("rename", "ALTER SCHEMA app RENAME TO made;", "what still uses the old name"),
    ("rename", "ALTER TABLE IF EXISTS loose RENAME TO made;", "with IF EXISTS"),
    ("rename", "-- @no-transaction\nALTER TABLE loose RENAME TO made;", "outside of a transaction"),
    ("rename", "ALTER TABLE loose RENAME COLUMN k TO made;\nALTER TABLE loose ADD COLUMN k text;", "another column is called k"),
    ("check-validated", "-- @up postgres\nCREATE TABLE made (id int);\nALTER TABLE t ADD CHECK (a > 0);", "it has to become several migrations, and it has sections for several databases"),
    ("check-validated", "CREATE TABLE made (id int);\n-- @expect rows(made) = 0\nALTER TABLE t ADD CHECK (a > 0);", "it has to become several migrations, and it has an `@expect`"),
    ("index-nonconcurrent", "-- @up\nCREATE INDEX made ON t (c);\nCREATE TABLE other (id int: DROP TABLE t;\nALTER TABLE t DROP COLUMN b;", "a statement of it can't be read"),
    ("index-nonconcurrent", "-- ROLLBACK: DROP INDEX made; DROP TABLE other;\nCREATE TABLE other (id int);\nCREATE INDEX made ON t (c);", "its way down is a comment"),
    ("index-nonconcurrent", "-- @up\nCREATE INDEX made ON t (c);\nUPDATE t SET d = 'x';\nALTER TABLE t ADD COLUMN n int;\n-- @down\nSELECT 1;", ""),
];

#[test]
fn what_is_not_mended_says_why() {
    let options = options(17);
    for (rule, sql, why) in REFUSED {
        let files =
            vec![("001_before.sql".to_owned(), SCHEMA.to_owned()), ("002_bad.sql".to_owned(), (*sql).to_owned())];
        let findings = found(&files, &options);
        let bad = findings
            .iter()
            .find(|finding| finding.rule == *rule)
            .unwrap_or_else(|| panic!("{rule}: {sql}: {findings:#?}"));
        let set = load(&borrowed(&files), dialect("postgres"));
        let migrations: Vec<Arc<Migration>> = set.iter().cloned().collect();
        let rewriter = Rewriter::new(&migrations, dialect("postgres"));
        let said = match (bad.left.clone(), rewriter.rewrite(migrations.len() - 1, &[bad])) {
            (Some(said), _) | (None, Err(said)) => said,
            (None, Ok(_)) => String::new(),
        };
        assert!(said.starts_with(why) && said.is_empty() == why.is_empty(), "{rule}: {sql}: {said:?}");
    }
}

#[test]
fn an_allow_that_nothing_is_found_for_goes_with_its_line() {
    let sql = "-- @up\n-- @allow drop-table: gone\nCREATE TABLE IF NOT EXISTS made (id int);\n";
    let files = vec![("001_before.sql".to_owned(), SCHEMA.to_owned()), ("002_allow.sql".to_owned(), sql.to_owned())];
    let good = mended(files, &options(17));
    assert_eq!(good[1].1, "-- @up\nCREATE TABLE IF NOT EXISTS made (id int);\n");
}

#[test]
fn a_fix_ends_in_the_same_schema() {
    check(BAD, true);
}

#[test]
fn what_can_not_run_runs_when_it_is_mended() {
    check(BROKEN, false);
}

/// The parts of a migration say themselves what they depend on, and what is left of them.
#[test]
fn what_moves_says_what_it_needs_and_what_stays() {
    let tables = "CREATE TABLE t (c int);\nCREATE TABLE log (n int);";
    let mood = "CREATE TYPE mood AS ENUM ('ok');";
    let bad = "-- @up\nCREATE TABLE made (id int);\nCREATE INDEX made_ix ON t (c);\nCOMMENT ON TYPE mood IS 'made';\n\
               INSERT INTO log VALUES (1);\n-- @down\nDROP INDEX made_ix;\nDROP TABLE made;";
    let before: Files = [("001_t.sql", tables), ("002_more.sql", mood), ("003_bad.sql", bad)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
    let good = mended(before, &options(18));
    let last = &good.last().expect("a part").1;
    assert!(good.len() > 3 && last.contains("COMMENT ON TYPE") && last.contains("INSERT INTO log"), "{good:#?}");
    assert!(last.lines().next().is_some_and(|line| line.contains("002_more")), "{last}");
    assert!(last.contains("leaves the rows as they are"), "{last}");
    let found = lint_after(3, &borrowed(&good), "postgres", &options(18)).findings;
    assert!(found.iter().all(|found| found.rule != "undeclared-dependency"), "{found:#?}\n{good:#?}");
}
