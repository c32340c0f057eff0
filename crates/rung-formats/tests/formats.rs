//! Which format a directory is taken for, and what readers make of files.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::collections::BTreeMap;
use std::fs;

use rung_engine::{Body, Down, Migration, MigrationSet, Order, Runs, Version};
use rung_formats::{Choice, LoadOptions, Names, load};
use rung_sql::Diagnostic;
use rung_sqlite::SQLITE;

/// Reads files as if they stood in the folder `migrations` of a project; those of `../` stand beside it.
fn read(format: Choice, files: &[(&str, &str)]) -> Result<MigrationSet, Vec<Diagnostic>> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let migrations = dir.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    for (name, text) in files {
        let path = migrations.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let nothing = BTreeMap::new();
    let environment = BTreeMap::from([("OWNER".to_owned(), "anna".to_owned())]);
    let names = Names::default();
    let options =
        LoadOptions { format, dialect: &SQLITE, variables: &nothing, environment: &environment, names: &names };
    load(&[migrations], &options)
}

/// Under which name the files are read; of several, the names; of an error, its code.
fn recognised(format: Choice, files: &[(&str, &str)]) -> String {
    match read(format, files) {
        Ok(set) => set.format.unwrap_or("native").to_owned(),
        Err(errors) => match errors[0].code {
            "ambiguous-format" => {
                let names: Vec<&str> =
                    errors[0].notes.iter().filter_map(|note| note.split_once(':')).map(|(name, _)| name).collect();
                names.join(" ")
            }
            code => code.to_owned(),
        },
    }
}

fn set(format: &'static str, files: &[(&str, &str)]) -> MigrationSet {
    read(Choice::Named(format), files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn ids(set: &MigrationSet) -> Vec<&str> {
    set.iter().map(|migration| migration.id.as_str()).collect()
}

fn up(migration: &Migration) -> &str {
    match &migration.body {
        Body::Sql(body) => body.up.text().trim(),
        other => panic!("{other:?}"),
    }
}

fn down(migration: &Migration) -> &str {
    match &migration.down {
        Some(Down::Sql(script)) => script.text().trim(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_format_is_recognised_by_what_only_it_has() {
    let plain = ("001_a.sql", "select 1;");
    for (files, format) in [
        (&[plain][..], "native"),
        (&[], "native"),
        (&[("1_a.sql", "-- migrate:up\n-- migrate:down\n")], "dbmate"),
        (&[("1_a.sql", "--migrate:up transaction:false\n--migrate:down\n")], "dbmate"),
        (&[("1_a.sql", "-- migrate:upwards\n")], "native"),
        (&[("1_a.sql", "-- Migration: 1_a\n\n-- @up\n-- hasura:no-transaction\n")], "native"),
        (&[("1_a.sql", "-- Migration: 1_a\n\n-- @up\n-- +goose Up\n"), ("2_b.sql", "-- +goose Up\n")], "native goose"),
        (&[("1_a.sql", "-- Up Migration\n-- Down Migration\n"), plain], "node-pg-migrate"),
        (&[("1_a.sql", "-- Up Migration\n-- Down Migration\n"), plain, ("2_c.sql", "-- @up\n")], "native"),
        (&[("1_a.sql", "-- +goose Up\n")], "goose"),
        (&[("1_a.sql", "-- +goose up\n"), ("2_b.sql", "select 1; -- migrate:up\n")], "goose"),
        (&[("1_a.sql", "-- +goose Up\n"), ("2_b.sql", "-- migrate:up\n")], "dbmate goose"),
        (&[("1_a.sql", "-- +goose Up\n"), ("2_b.sql", "-- @up\n")], "native goose"),
        (&[("2020-01-01-000000_a/up.sql", ""), ("2020-01-01-000000_a/metadata.toml", "")], "diesel"),
        (&[("00000000000000_diesel_initial_setup/up.sql", "")], "diesel"),
        (&[("00000000000000_a/up.sql", ""), ("2024-01-01-000000_b/up.sql", "")], "diesel"),
        (&[("1_a/up.sql", ""), ("2-b/up.sql", "")], "diesel hasura"),
        (&[("1_a/up.sql", "-- @up\n"), ("2-b/up.sql", "")], "native"),
        (&[("1_a/up.sql", ""), ("b/up.sql", "")], "native"),
        (&[("1_a/up.sql", "")], "native"),
        (&[("1_a/up.sql", "  -- hasura:no-transaction\n")], "hasura"),
        (&[("default/1_a/up.sql", "")], "hasura"),
        (&[("001_a.sql", "select 1;\n---- create above / drop below ----\n")], "tern"),
        (&[("001_a.sql", "---- tern: disable-tx ----\nselect 1;")], "tern"),
        (&[("1-a.sql", "-- postgres-migrations disable-transaction\n")], "postgres-migrations"),
        (&[("1_a.up.sql", ""), ("1_a.down.sql", "")], "native"),
        (&[("001_a.up.sql", "create table /* TEMPLATE: schema */a (x int);"), ("001_a.down.sql", "")], "river"),
        (&[("main/001_create_river_migration.up.sql", ""), ("main/001_create_river_migration.down.sql", "")], "river"),
        (&[("1_a.sql", "-- Up Migration\n-- down migration\n")], "node-pg-migrate"),
        (&[("1_a.sql", "-- Up Migration\n")], "native"),
        (&[("1_a.pg.up.sql", "")], "pop"),
        (&[("1_a.up.fizz", "")], "fizz-migration"),
        (&[("1_a.autocommit.up.sql", "")], "pop"),
        (&[("V1__a.sql", "")], "refinery flyway"),
        (&[("V1__a.sql", ""), ("U1__a.sql", "")], "flyway"),
        (&[("V1_2__a.sql", "")], "flyway"),
        (&[("V1__a.sql", ""), ("R__b.sql", "")], "flyway"),
        (&[("V1__a.sql", ""), ("afterMigrate.sql", "")], "flyway"),
        (&[("sub/B1__a.sql", "")], "flyway"),
        (&[("1_a/migration.sql", "")], "prisma"),
        (&[("1_a/migration.sql", ""), ("migration_lock.toml", "provider = \"sqlite\"")], "prisma"),
        (&[("1_a/migration.sql", ""), ("1_a/snapshot.json", "{}")], "drizzle"),
        (&[("a/sqitch.plan", "%project=a"), ("a/deploy/a.sql", "")], "sqitch"),
        (&[("1_a.sql", ""), ("atlas.sum", SUM_OF_1_A)], "atlas"),
        (&[("1_a.sql", "-- atlas:txmode none\n\n")], "atlas"),
        (&[("1_a.up.sql", ""), ("atlas.sum", SUM_OF_1_A)], "native"),
        (&[("committed/000001.sql", COMMITTED)], "graphile-migrate"),
        (&[("a.sql", "\n-- Liquibase  formatted sql\n--changeset a:1\n")], "liquibase"),
        (&[("db.changelog-master.json", "{\"databaseChangeLog\": []}")], "liquibase"),
        (&[("versions/a.py", "revision = 'a'\ndown_revision = None\n")], "alembic"),
        (&[("structure.sql", "CREATE TABLE ar_internal_metadata (x int);")], "rails"),
        (&[("0_a.sql", ""), ("meta/_journal.json", "{\"entries\":[]}")], "drizzle"),
    ] {
        assert_eq!(recognised(Choice::Unsaid, files), format, "{files:?}");
    }
    // The sign may be in any of the last files, too.
    let names: Vec<String> = (1..=20).map(|number| format!("{number:03}_x.sql")).collect();
    let mut many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "-- nothing")).collect();
    many[19].1 = "-- +goose Up\n";
    assert_eq!(recognised(Choice::Auto, &many), "goose");
}

#[test]
fn what_native_has_no_name_for_may_be_of_another_format() {
    assert_eq!(recognised(Choice::Unsaid, &[("V1__a.sql", "")]), "refinery flyway");
    assert_eq!(recognised(Choice::Unsaid, &[("U1__a.sql", ""), ("readme.sql", "")]), "refinery");
    assert_eq!(recognised(Choice::Unsaid, &[("V1__a.sql", ""), ("../pom.xml", "flyway-core")]), "flyway");
    assert_eq!(recognised(Choice::Unsaid, &[("readme.sql", "")]), "unknown-format");
    assert_eq!(recognised(Choice::Unsaid, &[("readme.md", "")]), "native");
    let pair = [("1_a.up.sql", ""), ("1_a.down.sql", "")];
    assert_eq!(
        recognised(Choice::Auto, &pair),
        "native golang-migrate sqlx tern postgres-migrations hasura pop node-pg-migrate"
    );
}

#[test]
fn what_is_nearby_makes_a_format_likelier() {
    let (go, rust) = (("../go.mod", "golang-migrate/migrate/v4 v4.1.0"), ("../Cargo.toml", "sqlx = \"1\""));
    let file = ("1_a.up.sql", "select 1;");
    assert_eq!(recognised(Choice::Auto, &[go, file]), "golang-migrate");
    assert_eq!(recognised(Choice::Auto, &[rust, file]), "sqlx");
    assert_eq!(recognised(Choice::Auto, &[go, rust, file]), "golang-migrate sqlx");
    let both = "golang-migrate/migrate/v4 v4.1.0\ngithub.com/ory/pop/v6 v6.2.0 // indirect\n";
    assert_eq!(recognised(Choice::Auto, &[("../go.mod", both), file]), "golang-migrate");
    assert_eq!(recognised(Choice::Unsaid, &[go, file]), "native");
    assert_eq!(recognised(Choice::Auto, &[("../database.yml", "dialect: sqlite3"), file]), "pop");
    assert_eq!(
        recognised(Choice::Auto, &[("../package.json", "{\"postgres-migrations\": 1}"), file]),
        "postgres-migrations"
    );
    assert_eq!(recognised(Choice::Auto, &[("../package.json", "{\"node-pg-migrate\": 1}"), file]), "node-pg-migrate");
    assert_eq!(recognised(Choice::Auto, &[("../tern.conf", ""), file]), "tern");
    assert_eq!(recognised(Choice::Auto, &[("../refinery.toml", ""), ("V1__a.sql", "")]), "refinery");
    assert_eq!(recognised(Choice::Auto, &[("../diesel.toml", ""), ("1_a/up.sql", "")]), "diesel");
    assert_eq!(recognised(Choice::Auto, &[("../config.yaml", "metadata_directory: x"), ("1_a/up.sql", "")]), "hasura");
}

#[test]
fn what_does_nothing_in_a_transaction_is_left_out_of_one() {
    let text = "PRAGMA foreign_keys = OFF;\nCREATE TABLE a (x int);\nPRAGMA foreign_keys = ON";
    let own = "PRAGMA foreign_keys = OFF;\nBEGIN;\nSELECT 1;\nCOMMIT;";
    let outside = "-- no-transaction\nPRAGMA foreign_keys = OFF;\nSELECT 1";
    let set = set("sqlx", &[("1_a.sql", text), ("2_b.sql", own), ("3_c.sql", outside)]);
    let ups: Vec<&str> = set.iter().map(|migration| up(migration)).collect();
    assert_eq!(ups, [";\nCREATE TABLE a (x int);", own, outside]);
    let warnings: Vec<usize> = set.warnings.iter().map(|warning| warning.labels[0].span.start).collect();
    assert_eq!(warnings, [0, 51]);
}

#[test]
fn what_dbmate_reads() {
    let set = set(
        "dbmate",
        &[
            ("10_b.sql", "-- migrate:up transaction:false\nselect 2;\n-- migrate:down\nselect 3;\n"),
            ("9-a.sql", "-- note\n\n--migrate:up\r\nselect 1;\r\n-- migrate:down transaction:false \r\nselect 4;\r\n"),
            ("folder/1_c.sql", "never read"),
        ],
    );
    assert_eq!(ids(&set), ["10_b", "9-a"], "by name, as text");
    let [b, a] = [0, 1].map(|at| set.iter().nth(at).unwrap());
    assert_eq!((up(b), down(b), up(a), down(a)), ("select 2;", "select 3;", "select 1;", "select 4;"));
    assert!(b.no_transaction.is_some() && b.down_no_transaction.is_none());
    assert!(a.no_transaction.is_none() && a.down_no_transaction.is_some());
    assert!(a.version.is_typed("9") && a.version.number() == Some(9));
    let loose = self::set("dbmate", &[("1_a.sql", "-- migrate:up\n -- Migrate:Down\n-- migrate:down\n")]);
    assert_eq!(loose.warnings[0].code, "dbmate", "a mark that is none");
}

#[test]
fn what_goose_reads() {
    let text = "-- +goose ENVSUB ON\n-- +goose UP\nselect '$OWNER', '${X:-y}';\n-- +goose Down\nselect '${OWNER}';\n";
    let set = set("goose", &[("10_b.sql", text), ("9_a.sql", "-- +goose Up\nselect '$OWNER'\n"), ("0_x.sql", "")]);
    assert_eq!(ids(&set), ["9_a", "10_b"], "by number");
    let [a, b] = [0, 1].map(|at| set.iter().nth(at).unwrap());
    assert_eq!((up(a), up(b), down(b)), ("select '$OWNER'", "select 'anna', 'y';", "select 'anna';"));
    // Without a way back it is taken back, and nothing else.
    assert_eq!(down(a), "");
    assert_eq!(set.warnings[0].code, "stray-file");
}

#[test]
fn what_flyway_reads() {
    let files = [
        ("../flyway.toml", "[flyway]\noutOfOrder = true\n[flyway.placeholders]\nowner = \"bert\"\n"),
        ("B2__base.sql", "select 'base';"),
        ("deep/V2.0__b.sql", "select '${Owner}';"),
        ("V1_1__a.sql", "select '${env}';"),
        ("V1_1__a.sql.conf", "placeholderReplacement=false"),
        ("U1.1__undo.sql", "select 'undone';"),
        ("R__r.sql", "select '${flyway:timestamp}';"),
        ("beforeMigrate.sql", "select 'before';"),
        ("afterEachMigrate__x.sql", "select 'after'"),
    ];
    let set = set("flyway", &files);
    assert_eq!(ids(&set), ["beforeMigrate", "V1_1__a", "V2.0__b", "B2__base", "R__r"]);
    let runs: Vec<Runs> = set.iter().map(|migration| migration.runs).collect();
    assert_eq!(runs, [Runs::Always, Runs::Once, Runs::Once, Runs::Checkpoint, Runs::Always]);
    let a = set.get("V1_1__a").unwrap();
    assert_eq!((up(a), down(a)), ("select '${env}';\n;\nselect 'after'\n;", "select 'undone';"));
    assert!(up(set.get("V2.0__b").unwrap()).starts_with("select 'bert';"));
    assert!(set.iter().all(|migration| migration.order == Order::Any));
    let dotted = Version::dotted("1.1.0").unwrap();
    assert_eq!(a.version, dotted);
}

/// The codes and messages of all errors, each on a line.
fn errors(format: &'static str, files: &[(&str, &str)]) -> String {
    let errors = read(Choice::Named(format), files).err().unwrap_or_default();
    let shown: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.code, error.message)).collect();
    shown.join("\n").replace("\\", "/")
}

#[test]
fn what_flyway_can_t_be_read_from() {
    let files = [
        ("V1__a.sql", "select '${nobody}';\nselect '${open';"),
        ("V2__b.java", ""),
        ("V3__c.sh", ""),
        ("V4__d.sql", ""),
        ("V4__d.sql.conf", "executeInTransaction=maybe\nshouldExecute=${env}==test\nencodng=x"),
        ("afterMigrateApplied.sql", ""),
        ("V99999999999999999999__e.sql", ""),
    ];
    let found = errors("flyway", &files);
    for expected in [
        "unknown-placeholder: the placeholder nobody has no value",
        "flyway: this placeholder is never closed",
        "V2__b.java is a migration that is a program",
        "V3__c.sh is a migration that is a program",
        "executeInTransaction is true or false, not \"maybe\"",
        "V4__d.sql runs is for Flyway to work out",
        "the .conf of a migration has no key encodng",
        "afterMigrateApplied.sql is a callback that can't be run",
        "has a version that is none: 99999999999999999999",
    ] {
        assert!(found.contains(expected), "{expected} in\n{found}");
    }
}

#[test]
fn what_drizzle_reads() {
    let journal = r#"{"dialect": "sqlite", "entries": [{"tag": "0001_b", "when": 1}, {"tag": "0000_a", "when": 2}]}"#;
    let set = set(
        "drizzle",
        &[("meta/_journal.json", journal), ("0000_a.sql", "select 1"), ("0001_b.sql", "a--> statement-breakpoint\nb")],
    );
    assert_eq!(ids(&set), ["0001_b", "0000_a"], "as the journal has them");
    assert_eq!(up(set.get("0001_b").unwrap()), "a\n;\n--> statement-breakpoint\nb");
    assert!(set.warnings.is_empty());
    let other = errors("drizzle", &[("meta/_journal.json", r#"{"dialect": "postgresql", "entries": []}"#)]);
    assert!(other.contains("these migrations are for postgresql"), "{other}");
}

const SUM_OF_1_A: &str =
    "h1:J2mQwjKOHIv7nqql31DylgLifkHfC5IIP2KCaCgt6DM=\n1_a.sql h1:dLLyhFZAItHQEY+VjtN6DLc7uBMUZv8aFLe0FRITlnk=\n";

const COMMITTED: &str = "--! Previous: -\n--! Hash: sha1:005c6eb7364156e6b0d158d8b2767a24f1ce6611\n\nselect 1;\n";

#[test]
fn what_atlas_reads() {
    let archive = "-- atlas:txtar\n-- atlas:txmode none\n\n-- migration.sql --\nselect 1;\n-- down.sql --\nselect 2;\n";
    let set = set(
        "atlas",
        &[
            ("2_b.sql", archive),
            ("10_a.sql", "-- atlas:delimiter \\n--\n\nselect 1\n--\nselect 2\n--\n"),
            ("3_c.sql", "-- atlas:checkpoint v1\n\nselect 3;"),
            ("4_d.sql", "-- atlas:txmode none\nselect 4;"),
        ],
    );
    assert_eq!(ids(&set), ["10_a", "2_b", "3_c", "4_d"], "by name, as text");
    let b = set.get("2_b").unwrap();
    assert_eq!((up(b), down(b)), ("select 1;", "select 2;"));
    assert!(b.no_transaction.is_some() && set.get("4_d").unwrap().no_transaction.is_none(), "only above an empty line");
    assert_eq!(set.get("3_c").unwrap().runs, Runs::Checkpoint);
    assert!(up(set.get("10_a").unwrap()).contains("select 1\n;\n\nselect 2\n;"));
    let wrong = errors(
        "atlas",
        &[
            ("1_a.sql", "-- atlas:txmode all\n\n"),
            ("2_b.sql", "-- atlas:txtar\n\n-- checks.sql --\nselect true;\n-- migration.sql --\n"),
            ("atlas.sum", "h1:x\n1_a.sql h1:y\n3_c.sql h1:z\n"),
        ],
    );
    for expected in [
        "no txmode \"all\"",
        "the section checks.sql",
        "the hash of the lines",
        "no file 3_c.sql",
        "2_b.sql is not in atlas.sum",
    ] {
        assert!(wrong.contains(expected), "{expected} in\n{wrong}");
    }
}

#[test]
fn what_sqitch_knows_changes_by() {
    // As sqitch 1.3 shows them: `sqitch plan --format format:%H`.
    let plan = "%syntax-version=1.0.0\n%project=app\n%uri=https://example.org/app/\n\n\
        schema 2024-01-01T10:00:00Z Anna A <a@example.org> # the first\n\
        rows [schema] 2024-01-02T10:00:00Z Anna A <a@example.org> # two\\nlines\n\
        @v1.0.0 2024-01-03T10:00:00Z Anna A <a@example.org> # a release\n\n\
        deep/index [rows other:thing] 2024-01-04T10:00:00Z Bert B <b@example.org>\n\
        rows [rows@v1.0.0 !gone] 2024-01-05T10:00:00Z Bert B <b@example.org> # again\n";
    let source = std::sync::Arc::new(rung_sql::SourceFile::new("sqitch.plan", plan));
    let ids = rung_formats::sqitch_change_ids(&source).unwrap();
    let shown: Vec<String> = ids.iter().map(|(id, change)| format!("{id} {change}")).collect();
    assert_eq!(shown, SQITCH_IDS);
}

const SQITCH_IDS: [&str; 4] = [
    "schema a7f6b4f13d7e716781039cd4741c6ef6674b06bd",
    "rows 09c254f2ba44b23ab87aa42d14fe0930cf93a869",
    "deep/index aab7bd8e6bceb7eb92e13041dcec14303a49431a",
    "rows#2 6c8dd128c48562b3e583901b11093c8f6a77cc94",
];

#[test]
fn what_liquibase_can_t_be_read_from() {
    let file = "--liquibase formatted sql\n\
        --changeset a:1 failOnError:false\nselect 1;\n\
        --changeset a:2 endDelimiter:[;/]\nselect 2;\n\
        --changeset a:3 context:\"(a\"\nselect 3;\n\
        --changeset a:4\n--preconditions onFail:CONTINUE\n--precondition-sql-check expectedResult:0 SELECT 1\nselect 4;\n\
        --changeset a:5 runAlways:perhaps\nselect 5;\n\
        --changeset a:6\n--rollback changesetId:7 changesetAuthor:a\nselect 6;\n";
    let found = errors("liquibase", &[("a.sql", file), ("../liquibase.properties", "contexts=x")]);
    for expected in [
        "rung goes on after no error",
        "the delimiter [;/] is a pattern",
        "a `)` is missing in an expression",
        "rung can't go on with onFail:CONTINUE",
        "runalways is true or false, not perhaps",
        "there is no change set a:7",
    ] {
        assert!(found.contains(expected), "{expected} in\n{found}");
    }
    let before = errors("liquibase", &[("a.sql", "--liquibase formatted sql\nselect 1;\n")]);
    assert!(before.contains("this stands before all change sets"), "{before}");
    let two = [("a.yaml", "databaseChangeLog:\n"), ("b.xml", "<databaseChangeLog/>")];
    assert!(errors("liquibase", &two).contains("which changelog is the first?"));
}

#[test]
fn tools_order_what_they_read_each_in_its_way() {
    let header = COMMITTED.split("select").next().unwrap();
    for (format, files, order) in [
        // `_` is a blank, and so comes before what it is no part of.
        (
            "flyway",
            &[("R__1_x.sql", "select 1;"), ("R__10_x.sql", "select 2;"), ("R__9.sql", "")][..],
            "R__1_x R__10_x R__9",
        ),
        (
            "flyway",
            &[("beforeMigrate__10.sql", ""), ("beforeMigrate__1_a.sql", "")],
            "beforeMigrate__1_a beforeMigrate__10",
        ),
        // By the folder, without what is in it.
        ("prisma", &[("1_a-b/migration.sql", ""), ("1_a/migration.sql", "")], "1_a 1_a-b"),
        ("drizzle", &[("1_a-b/migration.sql", ""), ("1_a/migration.sql", ""), ("1_a/snapshot.json", "")], "1_a 1_a-b"),
        // By number, in both folders.
        (
            "graphile-migrate",
            &[("committed/000001.sql", COMMITTED), ("current/10-b.sql", header), ("current/9-a.sql", "")],
            "000001 current/9-a current/10-b",
        ),
        ("refinery", &[("V10__b.sql", ""), ("a/V9__a.sql", ""), ("V1.2.3__c.sql", "")], "V9__a V10__b"),
    ] {
        assert_eq!(ids(&set(format, files)).join(" "), order, "{format}");
    }
}

#[test]
fn a_delimiter_of_atlas_counts_in_the_first_line_alone() {
    let first = ("1_a.sql", "-- atlas:delimiter -- end\nselect 1\n-- end\nselect 2\n-- end\n");
    let second = ("2_b.sql", "-- atlas:nolint\n-- atlas:delimiter -- end\n\nselect 1\n-- end\n");
    let set = set("atlas", &[first, second]);
    assert_eq!(up(set.get("1_a").unwrap()).matches("\n;\n").count(), 1, "and the end of the file");
    assert!(!up(set.get("2_b").unwrap()).contains(';'));
}

#[test]
fn tern_fills_in_what_its_own_configuration_gives() {
    let conf = "[database]\nhost = x\n[data]\n# who\nowner = {{env \"X\"}}\nreader = anna\n\n[ssh-tunnel]\nuser = y\n";
    let set = set("tern", &[("../tern.conf", conf), ("1_a.sql", "select '{{.reader}}';")]);
    assert_eq!(up(set.get("1_a").unwrap()), "select 'anna';");
    let wrong = errors("tern", &[("../tern.conf", conf), ("1_a.sql", "select '{{.owner}}{{.user}}';")]);
    assert_eq!(wrong.lines().count(), 2, "{wrong}");
}

#[test]
fn sqitch_looks_for_scripts_where_it_is_configured_to() {
    let plan = "%project=app # mine\n\na 2024-01-01T10:00:00Z A <a@b.c>\n@v1 2024-01-01T10:00:00Z A <a@b.c>\n\
        a [a@v1] 2024-01-02T10:00:00Z A <a@b.c>\n";
    let conf = "[core]\nengine = pg\ntop_dir = migrations/pg\n[engine \"sqlite\"]\n\ttop_dir = migrations/db\n\
        \treworked_dir = migrations/old\n\trevert_dir = migrations/back\n";
    let files = [
        ("../sqitch.conf", conf),
        ("db/sqitch.plan", plan),
        ("pg/sqitch.plan", ""),
        ("old/deploy/a@v1.sql", "select 1;"),
        ("db/deploy/a.sql", "select 2;"),
        ("db/deploy/b.sql", ""),
        ("back/a.sql", "select 3;"),
    ];
    let set = set("sqitch", &files);
    assert_eq!(ids(&set), ["a", "a#2"]);
    let [first, second] = [0, 1].map(|at| set.iter().nth(at).unwrap());
    assert_eq!((up(first), up(second), down(second)), ("select 1;", "select 2;", "select 3;"));
    assert_eq!(set.warnings.len(), 1, "{:?}", set.warnings);
}

#[test]
fn what_atlas_writes_to_change_a_table_is_run_with_foreign_keys_off() {
    let change = "-- Disable\nPRAGMA foreign_keys = off;\nDROP TABLE `a`;\nPRAGMA foreign_keys = on;\n";
    let set = set("atlas", &[("1_a.sql", change), ("2_b.sql", "-- atlas:nolint\n\nDROP TABLE `b`;\n")]);
    let outside: Vec<bool> = set.iter().map(|migration| migration.no_transaction.is_some()).collect();
    assert_eq!(outside, [true, false]);
}
