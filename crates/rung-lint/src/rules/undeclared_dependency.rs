//! `undeclared-dependency`.

use std::collections::BTreeMap;

use rung_engine::{Migration, Named};

use super::prelude::*;
use crate::Born;

pub(super) static RULE: Rule = Rule {
    name: "undeclared-dependency",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A migration that says what it depends on uses something that yet another one creates: a table, a view, a function, a type, a schema.",
    why: "`Depends on` decides the order: the migration may run before the other, or be run without it by `--only`.",
    instead: "The other migration's id in `Depends on`.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("-- Depends on: []\nALTER TABLE t ADD COLUMN b int;").after("CREATE TABLE t (a int);"),
        Case::silent("-- Depends on: [001_before]\nALTER TABLE t ADD COLUMN b int;").after("CREATE TABLE t (a int);"),
        Case::silent("ALTER TABLE t ADD COLUMN b int;").after("CREATE TABLE t (a int);"),
        Case::silent("-- Depends on: []\nALTER TABLE u ADD COLUMN b int;").after("CREATE TABLE t (a int);"),
        Case::fires("-- Depends on: []\nCREATE TABLE u (a int REFERENCES t (a));").after("CREATE TABLE t (a int);"),
        Case::fires("-- Depends on: []\nINSERT INTO u SELECT * FROM t;").after("CREATE TABLE t (a);").sqlite(),
        Case::fires("-- Depends on: []\nCREATE TABLE t (a mood);").after("CREATE TYPE mood AS ENUM ('ok');"),
        Case::fires("-- Depends on: []\nCREATE TABLE t (a app.part[]);").after("CREATE TYPE app.part AS (a int);"),
        Case::fires("-- Depends on: []\nCREATE TABLE app.t (a int);").after("CREATE SCHEMA app;"),
        Case::fires("-- Depends on: []\nCREATE TABLE t (a citext);").after("CREATE EXTENSION citext;"),
        Case::fires("-- Depends on: []\nCREATE POLICY p ON t USING (f());")
            .after("CREATE FUNCTION f() RETURNS bool LANGUAGE sql AS 'SELECT true';"),
        Case::fires("-- Depends on: []\nCREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();")
            .after("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"),
        Case::silent("-- Depends on: []\nCREATE TABLE t (a int DEFAULT f());")
            .after("CREATE FUNCTION other.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let migration = cx.file.migration;
    if migration.depends_on.is_none() {
        return;
    }
    // The first use of what each other migration made.
    let mut used: BTreeMap<usize, (usize, Name)> = BTreeMap::new();
    for (at, line) in cx.file.lines().iter().enumerate() {
        for (maker, _, name) in cx.schema.uses(&line.parsed) {
            if !cx.is_own(Born::In(maker)) {
                used.entry(maker).or_insert((at, name));
            }
        }
    }
    let mut missing: Vec<(usize, usize, &Name, &MigrationId)> = used
        .iter()
        .filter_map(|(maker, (at, name))| Some((*maker, *at, name, cx.maker(Born::In(*maker))?)))
        .collect();
    // Everything that is surely before this one; of what was before all that is looked for, nothing more is asked.
    let mut before: HashSet<usize> = HashSet::new();
    let mut open: Vec<&Migration> = if missing.is_empty() { Vec::new() } else { vec![migration] };
    while let Some(migration) = open.pop() {
        for id in migration.depends_on.iter().flatten() {
            if let Named::One(number) = cx.named(&id.value, migration)
                && before.insert(number)
                && used.range(..number).next().is_some()
            {
                open.push(cx.migration(number));
            }
        }
    }
    missing.retain(|(number, ..)| !before.contains(number));
    missing.sort_by_key(|(_, at, name, _)| (*at, name.span.start));
    for (_, at, name, maker) in missing {
        cx.report_line(at, name.span, format!("{name} is made by {maker}, which this does not depend on"))
            .help(format!("add {maker} to `Depends on`"));
    }
}
