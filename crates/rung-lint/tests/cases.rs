//! The cases of every rule, which are its documentation too.

mod common;

use common::{lint_all, lint_last};
use rung_engine::Timeouts;
use rung_lint::{Case, Finding, Fix, Options, RULES, Runner, Server};
use rung_sql::Level;

/// What is found in the file, with every rule on.
fn findings(sql: &str, case: &Case) -> Vec<Finding> {
    let off = RULES.iter().filter(|rule| rule.level.is_none());
    let options = Options {
        server: case.major.map_or_else(Server::default, Server::major),
        levels: off.map(|rule| (rule.name.to_owned(), Some(Level::Warning))).collect(),
        timeouts: Timeouts::default(),
        ..Options::default()
    };
    lint_last(&[("001_before.sql", case.before), ("002_case.sql", sql)], case.dialect, &options).findings
}

#[test]
fn every_case_fires_or_not() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for case in rule.cases {
            let found = findings(case.sql, case);
            if found.iter().any(|finding| finding.rule == rule.name) != case.fires {
                let found: Vec<String> = found.iter().map(|f| format!("{}: {}", f.rule, f.diagnostic)).collect();
                let should = if case.fires { "fire on" } else { "be silent on" };
                wrong.push(format!(
                    "{} should {should}\n{}\n-- after\n{}\n{found:#?}",
                    rule.name, case.sql, case.before
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n\n"), wrong.len());
}

#[test]
fn a_file_in_no_project_is_told_once_that_it_sets_no_lock_timeout() {
    let notes = |sql: &str, runner| {
        let options = Options { runner, ..Options::default() };
        let found = lint_last(&[("001_case.sql", sql)], "postgres", &options).findings;
        found.iter().filter(|finding| finding.rule == "lock-timeout").count()
    };
    let two = "ALTER TABLE t ADD COLUMN a int;\nALTER TABLE t ADD COLUMN b int;";
    assert_eq!(notes(two, Runner::Anyone), 1);
    assert_eq!(notes(two, Runner::Rung), 0);
    assert_eq!(notes(&format!("SET lock_timeout = '2s';\n{two}"), Runner::Anyone), 0);
    assert_eq!(notes("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int;", Runner::Anyone), 0);
}

#[test]
fn a_foreign_key_that_a_later_migration_indexes_is_none_to_find() {
    let key = ("001_key.sql", "CREATE TABLE t (id bigint PRIMARY KEY, p bigint REFERENCES u (id));");
    let found = |files: &[(&str, &str)]| {
        let findings = lint_all(files, "postgres", &Options::default()).findings;
        findings.iter().filter(|finding| finding.rule == "foreign-key-index").count()
    };
    assert_eq!(found(&[key]), 1);
    assert_eq!(found(&[key, ("002_index.sql", "CREATE INDEX CONCURRENTLY i ON t (p);")]), 0);
    assert_eq!(found(&[key, ("002_index.sql", "CREATE INDEX CONCURRENTLY i ON t (id, p);")]), 1);
}

#[test]
fn what_is_not_there_as_far_as_migrations_tell_is_a_note() {
    let first = "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nCREATE VIEW v AS SELECT a FROM t;\nCREATE TYPE e AS ENUM ('a');\n\
                 CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();";
    let gone = "DROP TRIGGER g ON t;\nDROP VIEW v;\nDROP INDEX i;\nDROP TYPE e;";
    let levels = |files: &[(&str, &str)]| -> Vec<Level> {
        let findings = lint_last(files, "postgres", &Options::default()).findings;
        let is_of_drop = |rule: &str| rule.starts_with("drop-") || rule == "trigger-dropped";
        findings.iter().filter(|found| is_of_drop(found.rule)).map(|found| found.diagnostic.level).collect()
    };
    for drop in [
        "DROP TABLE IF EXISTS u;",
        "DROP TRIGGER IF EXISTS g ON t;",
        "DROP VIEW IF EXISTS v;",
        "DROP INDEX IF EXISTS i;",
        "DROP TYPE IF EXISTS e CASCADE;",
    ] {
        assert_eq!(levels(&[("001_a.sql", first), ("002_b.sql", gone), ("003_c.sql", drop)]), [Level::Note], "{drop}");
        // Alone, a file says nothing of what is there.
        assert!(levels(&[("003_c.sql", drop)]).iter().all(|level| *level > Level::Note), "{drop}");
        let plain = drop.replace("IF EXISTS ", "");
        assert!(
            levels(&[("001_a.sql", first), ("003_c.sql", &plain)]).iter().all(|level| *level > Level::Note),
            "{plain}"
        );
    }
}

#[test]
fn what_only_a_schema_could_refute_is_said_with_that() {
    let said = |files: &[(&str, &str)], rule: &str| -> String {
        let findings = lint_last(files, "postgres", &Options::default()).findings;
        findings.iter().filter(|found| found.rule == rule).map(|found| found.diagnostic.message.clone()).collect()
    };
    for (rule, before, sql) in [
        ("set-not-null", "CREATE TABLE t (a int);", "ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
        ("table-rewrite", "CREATE UNLOGGED TABLE t (a int);", "ALTER TABLE t SET LOGGED;"),
    ] {
        assert!(said(&[("001_a.sql", sql)], rule).contains("unless"), "{sql}");
        let known = said(&[("001_a.sql", before), ("002_b.sql", sql)], rule);
        assert!(!known.is_empty() && !known.contains("unless"), "{sql}: {known}");
    }
}

#[test]
fn what_else_is_locked_when_a_partition_goes_is_said() {
    let made = "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE q (id int PRIMARY KEY);\n\
                CREATE TABLE w (id int, k int, p int REFERENCES p (id)) PARTITION BY LIST (k);\n\
                CREATE TABLE w1 PARTITION OF w FOR VALUES IN (1);\n\
                ALTER TABLE w1 ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES q (id);";
    for (sql, rule, notes) in [
        ("DROP TABLE w1;", "drop-table", "ACCESS EXCLUSIVE on q"),
        ("DROP TABLE w;", "drop-table", "ACCESS EXCLUSIVE on p and ACCESS EXCLUSIVE on q"),
        ("TRUNCATE p, w1;", "truncate", ""),
        ("TRUNCATE p CASCADE;", "truncate", "ACCESS EXCLUSIVE on w and ACCESS EXCLUSIVE on w1"),
        ("ALTER TABLE w DETACH PARTITION w1;", "detach-nonconcurrent", "SHARE ROW EXCLUSIVE on p"),
    ] {
        let options = Options { server: Server::major(15), ..Options::default() };
        let findings = lint_last(&[("001_a.sql", made), ("002_b.sql", sql)], "postgres", &options).findings;
        let found = findings.iter().find(|found| found.rule == rule).expect("a finding");
        let said: Vec<&String> = found.diagnostic.notes.iter().filter(|note| note.ends_with(" too")).collect();
        assert_eq!(said.len(), usize::from(!notes.is_empty()), "{sql}: {said:?}");
        assert!(said.iter().all(|note| note.contains(&format!("takes {notes} too"))), "{sql}: {said:?}");
    }
}

#[test]
fn every_rule_has_a_case_that_fires_and_one_that_does_not() {
    for rule in RULES {
        for fires in [true, false] {
            assert!(rule.cases.iter().any(|case| case.fires == fires), "{}: no case with {fires}", rule.name);
        }
        assert!(rule.cases.iter().all(|case| rule.is_for(case.dialect)), "{}: a case of another database", rule.name);
    }
}

fn mended(sql: &str, fix: &Fix) -> String {
    let mut text = sql.to_owned();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    edits.iter().for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
    text
}

#[test]
fn a_fix_can_be_read_and_silences_its_finding() {
    let mut fixes = 0;
    for rule in RULES {
        for case in rule.cases.iter().filter(|case| case.fires) {
            let before = findings(case.sql, case);
            let of_rule = |found: &[Finding]| found.iter().filter(|finding| finding.rule == rule.name).count();
            for fix in before.iter().filter(|f| f.rule == rule.name).filter_map(|finding| finding.fix.as_ref()) {
                let text = mended(case.sql, fix);
                let after = findings(&text, case);
                assert!(of_rule(&after) < of_rule(&before), "{} is found still in\n{text}", rule.name);
                assert!(after.iter().all(|finding| finding.rule != "syntax"), "{after:#?} in\n{text}");
                fixes += 1;
            }
        }
    }
    assert!(fixes > 5, "only {fixes} fixes");
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    for (at, rule) in RULES.iter().enumerate() {
        assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.name);
        assert!(RULES[at + 1..].iter().all(|other| other.name != rule.name), "{} is there twice", rule.name);
    }
}

#[test]
fn what_a_constraint_that_is_validated_finds_can_be_asked_before() {
    let asked = |before: &str| {
        let files = [("001_a.sql", before), ("002_b.sql", "ALTER TABLE t VALIDATE CONSTRAINT c;")];
        let found = lint_last(&files, "postgres", &Options::default()).findings;
        let found = found.into_iter().find(|found| found.rule == "data-dependent").expect("a finding");
        found.diagnostic.helps.join("\n")
    };
    let made = "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE t (a int, p int);\nALTER TABLE t ADD CONSTRAINT c";
    assert!(asked(&format!("{made} CHECK (a > 0) NOT VALID;")).contains("`SELECT 1 FROM t WHERE NOT (a > 0) LIMIT 1`"));
    assert!(asked(&format!("{made} NOT NULL a NOT VALID;")).contains("`SELECT 1 FROM t WHERE a IS NULL LIMIT 1`"));
    let orphans = "WHERE t.p IS NOT NULL AND NOT EXISTS (SELECT FROM p r WHERE r.id = t.p) LIMIT 1`";
    assert!(asked(&format!("{made} FOREIGN KEY (p) REFERENCES p (id) NOT VALID;")).contains(orphans));
}
