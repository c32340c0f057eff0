//! Much of everything: memory is bounded by what the largest file takes, and does not grow with the number of files.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use testkit::{Program, Run};

use crate::{migrations, on_both, rung, write};

const MEGABYTE: u64 = 1 << 20;

/// `rung up`, with time for much on a busy machine.
fn up(url: &str, dir: &Path) -> Program {
    crate::up(url, dir).limit(Duration::from_secs(240))
}

#[track_caller]
fn needs_at_most(run: &Run, megabytes: u64) {
    let peak = run.peak_memory / MEGABYTE;
    assert!((1..=megabytes).contains(&peak), "{peak} MB at the most, and not {megabytes}\n{run}");
}

#[test]
fn ten_thousand_migrations_take_little_for_each() {
    const COUNT: usize = 10_000;
    on_both(|db| {
        let dir = migrations(&[("00000_t.sql", "CREATE TABLE t (x int);")]);
        for at in 1..COUNT {
            write(dir.path(), &format!("{at:05}_m.sql"), &format!("INSERT INTO t VALUES ({at});"));
        }
        let applied = up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.completed(), COUNT);
        assert_eq!(db.query("SELECT count(*) FROM t"), (COUNT - 1).to_string());
        let nothing = up(&db.url(), dir.path()).run().succeeds();
        let status = rung(&db.url(), dir.path(), &["status", "--json"]).run().succeeds();
        for run in [applied, nothing, status] {
            needs_at_most(&run, 64);
        }
    });
}

#[test]
fn a_file_of_50_megabytes_takes_little_more_than_its_size() {
    let mut text = "CREATE TABLE big (id int, t text);\n".to_owned();
    let mut id = 0;
    while text.len() < 50_000_000 {
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
        needs_at_most(&run, 80);
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
