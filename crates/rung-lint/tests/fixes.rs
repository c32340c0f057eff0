//! A mended migration ends in the schema that the migration as it was written ends in, on a server with rows.

mod common;

use common::lint_last;
use rung_lint::Options;
use testkit::TestDb;

const SCHEMA: &str = include_str!("truth/schema.sql");
const ROWS: &str = include_str!("truth/rows.sql");

const BAD: [(&str, &str); 6] = [
    ("index-nonconcurrent", "CREATE INDEX made ON t (c);"),
    ("drop-index-nonconcurrent", "DROP INDEX t_ix;"),
    ("invalid-index-hidden", "CREATE INDEX CONCURRENTLY IF NOT EXISTS made ON t (c, d);"),
    ("check-validated", "ALTER TABLE t\n    ADD CONSTRAINT made CHECK (a > 0);"),
    ("foreign-key-validated", "ALTER TABLE \"t\" ADD CONSTRAINT \"Made\" FOREIGN KEY (p_id) REFERENCES p (id);"),
    ("if-exists", "CREATE TABLE made (id int);"),
];

#[test]
fn a_fix_ends_in_the_same_schema() {
    for (rule, sql) in BAD {
        let mut options = Options::default();
        options.levels.insert("if-exists".to_owned(), Some(rung_sql::Level::Warning));
        let found = lint_last(&[("001_before.sql", SCHEMA), ("002_bad.sql", sql)], "postgres", &options).findings;
        let fix = found.iter().find(|finding| finding.rule == rule).and_then(|finding| finding.fix.as_ref());
        let fix = fix.unwrap_or_else(|| panic!("{rule} has no fix for {sql}: {found:#?}"));
        let mut mended = sql.to_owned();
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        edits.iter().for_each(|edit| mended.replace_range(edit.span.range(), &edit.text));
        assert_ne!(mended, sql, "{rule}");
        let after = |statements: &[&str]| {
            let database = TestDb::new();
            let mut client = database.client();
            for statement in [SCHEMA, ROWS].iter().chain(statements) {
                client.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
            database.dump()
        };
        let follow = fix.follow.as_ref().map(|follow| follow.up.as_str());
        let (bad, good) =
            (after(&[sql]), after(&[Some(mended.as_str()), follow].into_iter().flatten().collect::<Vec<_>>()));
        assert_eq!(bad, good, "{rule}: {mended}");
    }
}
