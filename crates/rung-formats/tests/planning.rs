//! The planner on sets of files: order, dependencies, targets, and everything that it refuses.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::collections::BTreeMap;
use std::fs;

use rung_engine::{
    Applied, Goal, History, MigrationSet, Order, PlanErrors, PlanOptions, PostDeploy, Status, Tag, Target, plan,
};
use rung_formats::{Choice, LoadOptions, Names, load};
use rung_sql::Diagnostic;
use rung_sqlite::SQLITE;

/// Reads files as if they stood in a directory.
fn read(files: &[(&str, &str)]) -> Result<MigrationSet, Vec<Diagnostic>> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let variables = BTreeMap::from([("schema".to_owned(), "app".to_owned())]);
    load(&[dir.path().to_owned()], &options(&variables))
}

static NAMES: Names = Names { database: None, user: None };

fn options(variables: &BTreeMap<String, String>) -> LoadOptions<'_> {
    LoadOptions { format: Choice::Unsaid, dialect: &SQLITE, variables, environment: variables, names: &NAMES }
}

fn set(files: &[(&str, &str)]) -> MigrationSet {
    read(files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// A history in which these are applied, in this order.
fn history(set: &MigrationSet, ids: &[&str]) -> History {
    let rows = ids.iter().enumerate().map(|(at, id)| {
        let migration = set.get(id).unwrap_or_else(|| panic!("no file {id}"));
        Applied {
            id: (*id).to_owned(),
            status: Status::Completed,
            checksum: migration.checksum,
            fingerprint: migration.fingerprint,
            depends_on: migration.depends_on.iter().flatten().map(|d| d.value.clone()).collect(),
            applied_at: "2026-11-20T10:14:00Z".to_owned(),
            execution_time_ms: Some(1),
            has_down: migration.down.is_some(),
            sequence: i64::try_from(at).unwrap() + 1,
            error: None,
        }
    });
    History::new(rows.collect())
}

fn ids(set: &MigrationSet, done: &[&str], goal: &Goal) -> Vec<String> {
    match plan(set, &history(set, done), goal, &PlanOptions::default(), &SQLITE) {
        Ok(plan) => plan.steps.into_iter().map(|step| step.id).collect(),
        Err(errors) => panic!("{errors}"),
    }
}

fn codes(errors: &PlanErrors) -> Vec<&'static str> {
    errors.0.iter().map(|error| error.diagnostic.code).collect()
}

fn refused(set: &MigrationSet, done: &[&str], goal: &Goal) -> PlanErrors {
    plan(set, &history(set, done), goal, &PlanOptions::default(), &SQLITE).expect_err("refused")
}

const THREE: &[(&str, &str)] = &[
    ("001_a.sql", "-- @up\ncreate table a (x int);\n-- @down\ndrop table a;\n"),
    ("002_b.sql", "-- Depends on: [001_a]\n-- @up\ncreate table b (x int);\n-- @down\ndrop table b;\n"),
    ("010_c.sql", "-- @up\ncreate table c (x int);\n-- @down\ndrop table c;\n"),
];

#[test]
fn numbers_order_by_value_and_dependencies_come_first() {
    assert_eq!(ids(&set(THREE), &[], &Goal::Latest), ["001_a", "002_b", "010_c"]);
    let crossed = set(&[
        ("1_late.sql", "-- Depends on: 2\n-- @up\nselect 1;"),
        ("2_early.sql", "select 1;"),
        ("10_last.sql", "select 1;"),
        ("R__views.sql", "select 1;"),
    ]);
    assert_eq!(ids(&crossed, &[], &Goal::Latest), ["2_early", "1_late", "10_last", "R__views"]);
}

#[test]
fn targets_say_how_far() {
    let set = set(THREE);
    let up = |target| ids(&set, &["001_a"], &Goal::Up(target));
    assert_eq!(up(Target::Forward(1)), ["002_b"]);
    assert_eq!(up(Target::Id("002_b".to_owned())), ["002_b"]);
    assert_eq!(up(Target::Id("010_c".to_owned())), ["002_b", "010_c"]);
    assert_eq!(up(Target::Head), ["002_b", "010_c"]);
    let all = ["001_a", "002_b", "010_c"];
    let down = |target| ids(&set, &all, &Goal::Down(target));
    assert_eq!(down(Target::Back(2)), ["010_c", "002_b"]);
    assert_eq!(down(Target::Zero), ["010_c", "002_b", "001_a"]);
    assert_eq!(down(Target::Id("001_a".to_owned())), ["010_c", "002_b"]);
    assert_eq!(ids(&set, &all, &Goal::Redo(1)), ["010_c", "010_c"]);
}

#[test]
fn targets_are_read_as_people_type_them() {
    let set = set(THREE);
    let done = history(&set, &["001_a"]);
    let tag = Tag { name: "v1".to_owned(), migration_id: "002_b".to_owned(), tagged_at: String::new() };
    let parse = |text: &str| Target::parse(text, &set, &done, std::slice::from_ref(&tag));
    for text in ["2", "002", "002_b", "002_b.sql", "002_", "v1"] {
        assert_eq!(parse(text).unwrap(), Target::Id("002_b".to_owned()), "{text}");
    }
    for text in ["0", "000", "base", "zero"] {
        assert_eq!(parse(text).unwrap(), Target::Zero, "{text}");
    }
    assert_eq!(parse("head").unwrap(), Target::Head);
    assert_eq!(parse("+2").unwrap(), Target::Forward(2));
    assert_eq!(parse("-1").unwrap(), Target::Back(1));
    assert_eq!(parse("002_c").unwrap_err().diagnostic.helps, ["did you mean 002_b?"]);
    assert!(parse("0").is_ok() && parse("00").is_ok());
    assert_eq!(parse("5").unwrap_err().diagnostic.code, "unknown-target");
}

#[test]
fn only_brings_what_it_depends_on() {
    let set = set(THREE);
    assert_eq!(ids(&set, &[], &Goal::UpOnly(vec!["002_b".to_owned()])), ["001_a", "002_b"]);
    assert_eq!(ids(&set, &["001_a"], &Goal::UpOnly(vec!["002_b".to_owned()])), ["002_b"]);
    let errors = refused(&set, &["001_a", "002_b"], &Goal::DownOnly(vec!["001_a".to_owned()]));
    assert!(errors.to_string().contains("002_b depends on it"), "{errors}");
    let both = Goal::DownOnly(vec!["001_a".to_owned(), "002_b".to_owned()]);
    assert_eq!(ids(&set, &["001_a", "002_b"], &both), ["002_b", "001_a"]);
}

#[test]
fn what_is_wrong_with_the_files_is_told_all_at_once() {
    let set = set(&[
        ("001_a.sql", "-- Depends on: [002_b]\n-- @up\nselect 1;"),
        ("002_b.sql", "-- Depends on: [001_a]\n-- @up\nselect 1;"),
        ("003_c.sql", "-- Depends on: [001_aa]\n-- @up\nselect 1;"),
    ]);
    let errors = refused(&set, &[], &Goal::Latest);
    assert_eq!(codes(&errors), ["missing-dependency", "cycle"]);
    assert!(errors.to_string().contains("001_a -> 002_b -> 001_a"), "{errors}");
    assert!(errors.to_string().contains("did you mean 001_a?"), "{errors}");
}

#[test]
fn order_and_numbers_are_kept_unless_told_otherwise() {
    let set = set(&[
        ("001_a.sql", "select 1;"),
        ("002_b.sql", "select 1;"),
        ("002_c.sql", "select 1;"),
        ("003_d.sql", "select 1;"),
    ]);
    let errors = refused(&set, &["003_d"], &Goal::Latest);
    assert_eq!(codes(&errors), ["out-of-order", "out-of-order", "out-of-order", "duplicate-version"]);
    let any = PlanOptions { order: Some(Order::Any), ..PlanOptions::default() };
    let errors = plan(&set, &history(&set, &["003_d"]), &Goal::Latest, &any, &SQLITE).expect_err("a shared number");
    assert_eq!(codes(&errors), ["duplicate-version"]);
}

#[test]
fn changed_and_missing_files_stop_everything_that_goes_up() {
    let before = set(THREE);
    let done = history(&before, &["001_a", "002_b"]);
    let now = set(&[
        ("001_a.sql", "-- @up\ncreate table a (y int);\n"),
        ("010_c.sql", "-- a comment\nCREATE TABLE c (x INT)"),
    ]);
    let errors = plan(&now, &done, &Goal::Latest, &PlanOptions::default(), &SQLITE).expect_err("drift");
    assert_eq!(codes(&errors), ["changed", "missing"]);
    assert_eq!(errors.kind(), rung_engine::PlanErrorKind::Drift);
    // A reformatted file, or one whose comments were edited, is the same migration.
    let reformatted = set(&[
        ("001_a.sql", "-- why it is there\n-- @up\nCREATE  TABLE a\n(x INT)\n-- @down\ndrop table if exists a;\n"),
        THREE[1],
        THREE[2],
    ]);
    assert_eq!(plan(&reformatted, &done, &Goal::Latest, &PlanOptions::default(), &SQLITE).unwrap().steps.len(), 1);
}

#[test]
fn environments_keep_migrations_apart() {
    let set = set(&[
        ("001_a.sql", "select 1;"),
        ("002_b.sql", "-- @only production\nselect 1;"),
        ("003_c.sql", "-- Environment: staging\nselect 1;"),
    ]);
    let of = |name: Option<&str>| {
        let options = PlanOptions { environment: name.map(str::to_owned), ..PlanOptions::default() };
        let plan = plan(&set, &History::default(), &Goal::Latest, &options, &SQLITE).unwrap();
        plan.steps.into_iter().map(|step| step.id).collect::<Vec<_>>()
    };
    assert_eq!(of(None), ["001_a"]);
    assert_eq!(of(Some("production")), ["001_a", "002_b"]);
    assert_eq!(of(Some("staging")), ["001_a", "003_c"]);
}

#[test]
fn what_waits_for_a_release_is_held_with_what_depends_on_it_and_may_be_overtaken() {
    let set = set(&[
        ("001_a.sql", "select 1;"),
        ("002_b.sql", "-- @post-deploy\nselect 1;"),
        ("003_c.sql", "-- Depends on: 002_b\nselect 1;"),
        ("004_d.sql", "select 1;"),
        ("R__e.sql", "-- @post-deploy\nselect 1;"),
    ]);
    let of = |done: &[&str], goal: &Goal, post_deploy: PostDeploy| {
        let options = PlanOptions { post_deploy, order: Some(Order::Strict), ..PlanOptions::default() };
        let plan = plan(&set, &history(&set, done), goal, &options, &SQLITE)?;
        let steps: Vec<_> = plan.steps.into_iter().map(|step| step.id).collect();
        Ok::<_, PlanErrors>((steps.join(" "), plan.held.join(" ")))
    };
    let is = |steps: &str, held: &str| (steps.to_owned(), held.to_owned());
    let (all, held) = (PostDeploy::Along, PostDeploy::Held);
    let to = |id: &str| Goal::Up(Target::Id(id.to_owned()));
    assert_eq!(of(&[], &Goal::Latest, held).unwrap(), is("001_a 004_d", "002_b 003_c R__e"));
    assert_eq!(of(&[], &Goal::Latest, all).unwrap(), is("001_a 002_b 003_c 004_d R__e", ""));
    assert_eq!(of(&["001_a", "004_d"], &Goal::Latest, all).unwrap(), is("002_b 003_c R__e", ""));
    assert_eq!(of(&["001_a", "004_d"], &Goal::Latest, held).unwrap(), is("", "002_b 003_c R__e"));
    assert_eq!(of(&["001_a"], &Goal::UpOnly(vec!["003_c".to_owned()]), held).unwrap(), is("002_b 003_c", ""));
    assert_eq!(of(&[], &Goal::Up(Target::Forward(2)), held).unwrap().0, "001_a 004_d");
    assert_eq!(of(&[], &to("004_d"), held).unwrap().0, "001_a 004_d");
    let refusal = of(&[], &to("003_c"), held).expect_err("it depends on one that waits").to_string();
    assert!(refusal.contains("003_c waits until the release is out") && refusal.contains("--post-deploy"), "{refusal}");
    // Without it, the same is out of order.
    let errors = plan_strictly(&["001_a", "004_d"]);
    assert_eq!(codes(&errors), ["out-of-order"]);
}

fn plan_strictly(done: &[&str]) -> PlanErrors {
    let set = set(&[("001_a.sql", "select 1;"), ("002_b.sql", "select 1;"), ("004_d.sql", "select 1;")]);
    refused(&set, done, &Goal::Latest)
}

#[test]
fn transactions_are_recognised() {
    use rung_engine::{JournalReason, Mode};
    let mode = |text: &str| -> Result<Mode, Vec<&'static str>> {
        let set = set(&[("001_a.sql", text)]);
        let plan = plan(&set, &History::default(), &Goal::Latest, &PlanOptions::default(), &SQLITE);
        match plan.map_err(|errors| codes(&errors))?.steps.remove(0).action {
            rung_engine::Action::Script(script) => Ok(script.mode),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(mode("begin; create table a (x); commit;"), Ok(Mode::Transaction));
    assert_eq!(mode("create table a (x);"), Ok(Mode::Transaction));
    assert_eq!(mode("begin; create table a (x);"), Err(vec!["open-transaction"]));
    for (refused, code) in [
        ("create table a (x); rollback;", "rolled-back"),
        ("begin; create table a (x); rollback;", "rolled-back"),
        ("begin; create table a (x); commit; begin; drop table a; abort;", "rolled-back"),
        ("begin; begin; create table a (x); commit;", "nested-transaction"),
        ("begin; create table a (x); commit; commit;", "stray-commit"),
        ("create table a (x); commit; create table b (x); commit;", "stray-commit"),
    ] {
        assert_eq!(mode(refused), Err(vec![code]), "{refused}");
    }
    assert_eq!(mode("create table a (x); savepoint s; drop table a; rollback to s;"), Ok(Mode::Transaction));
    assert_eq!(
        mode("commit; pragma foreign_keys=off; begin; select 1;"),
        Ok(Mode::Journal(JournalReason::OwnTransactions))
    );
    assert_eq!(
        mode("begin; select 1; commit; begin; select 2; commit;"),
        Ok(Mode::Journal(JournalReason::OwnTransactions))
    );
    for own in ["begin; set transaction isolation level serializable;", "begin isolation level serializable;"] {
        let own = format!("{own} select 1; commit;");
        assert_eq!(mode(&own), Ok(Mode::Journal(JournalReason::OwnTransactions)), "{own}");
    }
    assert_eq!(mode("-- @no-transaction\nselect 1;"), Ok(Mode::Journal(JournalReason::Asked)));
    assert!(matches!(mode("vacuum;"), Ok(Mode::Journal(JournalReason::Statement(_)))));
    assert_eq!(mode("create table a (x); vacuum;"), Err(vec!["mixed-transaction"]));
    assert_eq!(mode("-- @no-transaction\ncreate table a (x); vacuum;"), Ok(Mode::Journal(JournalReason::Asked)));
}

#[test]
fn downs_come_from_where_they_stand_first_match_wins() {
    let set = set(&[
        ("001_a.sql", "-- @up\nselect 1;\n-- @down\nselect 'section';\n-- ROLLBACK: SELECT 'comment';"),
        ("001_a.down.sql", "select 'file';"),
        ("002_b.sql", "select 1;\n-- ROLLBACK: SELECT 'comment';"),
        ("rollback-002.sql", "select 'companion';"),
        ("003_c.sql", "select 1;\n-- ROLLBACK: DROP TABLE a;"),
        ("004_d.sql", "select 1;\n-- ROLLBACK:\n-- DROP TABLE a;\n-- DROP TABLE b;\n"),
        ("005_e.sql", "select 1;"),
        ("006_f/up.sql", "select 1;"),
        ("006_f/down.sql", "select 'folder';"),
    ]);
    let down = |id: &str| match &set.get(id).unwrap().down {
        Some(rung_engine::Down::Sql(script)) => Some(script.text().trim().to_owned()),
        _ => None,
    };
    assert_eq!(down("001_a").unwrap(), "select 'section';\n-- ROLLBACK: SELECT 'comment';");
    assert_eq!(down("002_b").unwrap(), "select 'companion';");
    assert_eq!(down("003_c").unwrap(), "DROP TABLE a;");
    assert_eq!(down("004_d").unwrap(), "DROP TABLE a;\nDROP TABLE b;");
    assert_eq!(down("005_e"), None);
    assert_eq!(down("006_f").unwrap(), "select 'folder';");
    let errors = refused(&set, &["005_e"], &Goal::Down(Target::Back(1)));
    assert_eq!(codes(&errors), ["no-down"]);
}

#[test]
fn all_errors_of_all_files_are_told_with_their_places() {
    let errors = read(&[
        ("001_a.sql", "-- Type: creat_table\n-- @up\nselect 1;\n-- @dwon\n"),
        ("002_b.sql", "-- Migration: 003_x\nselect 'a;\n"),
        ("003_c.sql", "select ${schemas};"),
    ])
    .expect_err("errors");
    let found: Vec<(&str, usize)> = errors
        .iter()
        .map(|error| (error.code, error.labels[0].source.line_column(error.labels[0].span.start).line))
        .collect();
    assert_eq!(
        found,
        [("unknown-type", 1), ("directive", 4), ("other-id", 1), ("unterminated", 2), ("unknown-variable", 1)]
    );
    assert_eq!(errors[4].helps, ["did you mean ${schema}?"]);
    let bytes = tempfile::tempdir().unwrap();
    fs::write(bytes.path().join("001_a.sql"), b"select 1;\nselect '\xe9';").unwrap();
    let variables = BTreeMap::new();
    let errors = load(&[bytes.path().to_owned()], &options(&variables));
    assert!(errors.unwrap_err()[0].message.contains("offset 18 (line 2)"));
}

#[test]
fn variables_and_dialects_make_one_file_serve_both() {
    let set = set(&[(
        "001_a.sql",
        "-- @up\ncreate table ${schema}_a (id ${uuid}, note text default '${schema}');\n-- @up postgres\nselect pg;\n-- @up sqlite\nselect 'lite';\n-- @down\ndrop table ${schema}_a;\n",
    )]);
    let rung_engine::Body::Sql(body) = &set.get("001_a").unwrap().body else { panic!("no SQL") };
    assert_eq!(
        body.up.text().lines().collect::<Vec<_>>(),
        ["create table app_a (id TEXT, note text default '${schema}');", "", "select 'lite';", ""]
    );
    let at = body.up.text().find("note").unwrap();
    let source = body.up.source();
    assert!(source.text()[body.up.source_offset(at)..].starts_with("note text"));
}

/// Flyway's names: what runs once, again, always, and instead of others.
const BASED: &[(&str, &str)] = &[
    ("V1__a.sql", "create table a (x int);"),
    ("V2__b.sql", "create table b (x int);"),
    ("B2__all.sql", "create table a (x int); create table b (x int);"),
    ("V3__c.sql", "create table c (x int);"),
    ("U3__c.sql", "drop table c;"),
    ("R__view.sql", "select 1;"),
    ("beforeMigrate.sql", "select 0;"),
    ("afterMigrate.sql", "select 2;"),
];

#[test]
fn a_checkpoint_runs_where_nothing_is_applied_instead_of_all_before_it() {
    let set = set(BASED);
    let all = ["beforeMigrate", "B2__all", "V3__c", "R__view", "afterMigrate"];
    assert_eq!(ids(&set, &[], &Goal::Latest), all);
    assert_eq!(ids(&set, &["beforeMigrate"], &Goal::Latest), all, "what runs in every run counts for nothing");
    let to = |id: &str| Goal::Up(Target::Id(id.to_owned()));
    assert_eq!(ids(&set, &[], &to("V1__a")), ["beforeMigrate", "V1__a"], "the checkpoint is above");
    assert_eq!(ids(&set, &[], &to("V2__b")), ["beforeMigrate", "V1__a", "V2__b"]);
    let last = ["beforeMigrate", "V2__b", "V3__c", "R__view", "afterMigrate"];
    assert_eq!(ids(&set, &["V1__a"], &Goal::Latest), last, "whoever began without it goes on without it");
    let done = ["beforeMigrate", "B2__all", "V3__c", "R__view", "afterMigrate"];
    assert_eq!(ids(&set, &done, &Goal::Latest), ["beforeMigrate", "afterMigrate"]);
    assert_eq!(
        refused(&set, &done, &to("V1__a")).0[0].diagnostic.message,
        "V1__a does not run here: a checkpoint stands for it"
    );
}

#[test]
fn what_runs_again_goes_with_what_is_below_it() {
    let set = set(BASED);
    let done = ["beforeMigrate", "V1__a", "V2__b", "V3__c", "R__view", "afterMigrate"];
    assert_eq!(ids(&set, &done, &Goal::Down(Target::Back(1))), ["afterMigrate", "R__view", "V3__c"]);
    let again = ["afterMigrate", "R__view", "V3__c", "V3__c", "R__view", "afterMigrate"];
    assert_eq!(ids(&set, &done, &Goal::Redo(1)), again);
    assert_eq!(codes(&refused(&set, &done, &Goal::Down(Target::Back(2)))), ["no-down"]);
}
