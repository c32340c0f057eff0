//! Much of everything: memory is bounded by what the largest file takes, and does not grow with the number of files.

use std::fmt::Write as _;
use std::fs;

use testkit::Run;

use crate::{migrations, on_both, rung, up};

const MEGABYTE: u64 = 1 << 20;

#[track_caller]
fn needs_at_most(run: &Run, megabytes: u64) {
    let peak = run.peak_memory / MEGABYTE;
    assert!((1..=megabytes).contains(&peak), "{peak} MB at the most, and not {megabytes}\n{run}");
}

/// A tenth of 10,000, as tests are built without optimisation. (10,000 take 40 MB, with the history.)
#[test]
fn thousands_of_migrations_take_no_more_memory_than_a_few() {
    const COUNT: usize = 1_000;
    on_both(|db| {
        let dir = tempfile::tempdir().unwrap();
        for at in 1..=COUNT {
            fs::write(dir.path().join(format!("{at:05}_m.sql")), format!("CREATE TABLE t{at} (x int);")).unwrap();
        }
        let run = up(&db.url(), dir.path()).run().succeeds();
        needs_at_most(&run, 24);
        assert_eq!(db.completed(), COUNT);
        let status = rung(&db.url(), dir.path(), &["status", "--json"]).run().succeeds();
        needs_at_most(&status, 24);
        let nothing = up(&db.url(), dir.path()).run().succeeds();
        needs_at_most(&nothing, 24);
    });
}

#[test]
fn a_large_file_takes_little_more_than_its_size() {
    let mut text = "CREATE TABLE big (id int, t text);\n".to_owned();
    let mut id = 0;
    while text.len() < 20_000_000 {
        text.push_str("INSERT INTO big VALUES ");
        for at in 0..200 {
            let comma = if at == 0 { "" } else { "," };
            let _ =
                write!(text, "{comma}({id}, 'a row that is as long as a row of a table is most of the time: {id}')");
            id += 1;
        }
        text.push_str(";\n");
    }
    on_both(|db| {
        let dir = migrations(&[("001_big.sql", &text)]);
        let run = up(&db.url(), dir.path()).run().succeeds();
        needs_at_most(&run, 45);
        assert_eq!(db.query("SELECT count(*) FROM big"), id.to_string());
    });
}

#[test]
fn a_statement_of_10_megabytes_runs() {
    let text = format!("CREATE TABLE big (t text);\nINSERT INTO big VALUES ('{}');\n", "x".repeat(10_000_000));
    on_both(|db| {
        let dir = migrations(&[("001_big.sql", &text)]);
        let run = up(&db.url(), dir.path()).run().succeeds();
        needs_at_most(&run, 90);
        assert_eq!(db.query("SELECT length(t) FROM big"), "10000000");
    });
}

#[test]
fn what_a_script_selects_and_says_is_not_kept() {
    on_both(|db| {
        let rows = match db {
            crate::Db::Postgres(_) => {
                "SELECT g, repeat('x', 1000) FROM generate_series(1, 100000) g;\n\
                 DO $$ BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE 'notice %', i; END LOOP; END $$;"
            }
            crate::Db::Sqlite(_) => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, zeroblob(1000) FROM n;"
            }
        };
        let dir = migrations(&[("001_rows.sql", rows)]);
        let run = up(&db.url(), dir.path()).run().succeeds();
        needs_at_most(&run, 32);
    });
}
