//! `down-not-inverse`.

use super::prelude::*;
use std::collections::BTreeMap;

use crate::objects::Objects;
use crate::schema::{Column, Constraint, Schema};
use crate::{Born, ScriptLines};

pub(super) static RULE: Rule = Rule {
    name: "down-not-inverse",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A down that does not undo what its up does: something that it made is left, or what it dropped does not come back.",
    why: "After `rung down` the schema is another than before, and the next `rung up` fails, or goes on from something that no \
          file describes.",
    instead: "The opposite of each statement, last first.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("-- @up\nCREATE TABLE t (a int);\nCREATE TABLE u (a int);\n-- @down\nDROP TABLE t;"),
        Case::silent("-- @up\nCREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\n-- @down\nDROP TABLE t;"),
        Case::fires("-- @up\nALTER TABLE t ADD COLUMN a int;\n-- @down\nALTER TABLE t DROP COLUMN b;"),
        Case::silent("-- @up\nALTER TABLE t ADD COLUMN a int;\n-- @down\nALTER TABLE t DROP COLUMN a;"),
        Case::fires("-- @up\nDROP TABLE t;\n-- @down\nSELECT 1;").after("CREATE TABLE t (a int);"),
        Case::silent("-- @up\nDROP TABLE t;\n-- @down\nCREATE TABLE t (a int);").after("CREATE TABLE t (a int);"),
        Case::fires("-- @up\nDROP TABLE t;\n-- @down\nCREATE TABLE t (a int);").after("CREATE TABLE t (a int, b int);"),
        Case::fires("-- @up\nDROP TABLE t;\n-- @down\nCREATE TABLE t (a int);").after("CREATE TABLE t (a text);"),
        Case::silent("-- @up\nDROP TABLE t;\n-- @down\nCREATE TABLE t (a integer);\nALTER TABLE t ADD COLUMN b int;")
            .after("CREATE TABLE t (a int, b int);"),
        Case::silent("-- @up\nDROP TABLE t;\n-- @down\nCREATE TABLE t AS SELECT 1 AS a;").after("CREATE TABLE t (a int, b int);"),
        Case::fires("-- @up\nALTER TABLE t ALTER COLUMN a TYPE text;\n-- @down\nSELECT 1;")
            .after("CREATE TABLE t (a varchar(20));"),
        Case::fires("-- @up\nCREATE TYPE e AS ENUM ('a');\n-- @down\nSELECT 1;"),
        Case::silent("-- @up\nDROP TABLE t;\n-- @down\n-- nothing: it was empty"),
        Case::silent(
            "-- @up\nCREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             -- @down\nDROP TABLE p;",
        ),
        Case::fires(
            "-- @up\nCREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             -- @down\nALTER TABLE p DETACH PARTITION p1;\nDROP TABLE p;",
        ),
        Case::silent("-- @up\nCREATE TABLE i () INHERITS (t);\nCREATE TABLE j () INHERITS (i);\n-- @down\nDROP TABLE i CASCADE;")
            .after("CREATE TABLE t (a int);"),
        Case::silent(
            "-- @up\nCREATE TYPE e AS ENUM ('a');\nALTER TABLE t ADD COLUMN b e;\n-- @down\nDROP TYPE e CASCADE;",
        )
        .after("CREATE TABLE t (a int);"),
        Case::silent(
            "-- @up\nCREATE TYPE c AS (a int);\nCREATE TABLE typed OF c;\n-- @down\nDROP TYPE c CASCADE;",
        ),
        Case::silent(
            "-- @up\nCREATE SCHEMA s;\nCREATE TYPE s.e AS ENUM ('a');\nCREATE VIEW s.v AS SELECT 1;\n-- @down\nDROP SCHEMA s CASCADE;",
        ),
        Case::silent("-- @up\nCREATE TEMP TABLE n (a int);\nCREATE INDEX i ON n (a);\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nALTER TABLE t ADD CHECK (a > 0);\n-- @down\nSELECT 1;"),
        Case::silent("-- @up\nALTER TABLE t ADD CHECK (a > 0);\n-- @down\nALTER TABLE t DROP CONSTRAINT t_a_check;"),
        Case::silent("-- @up\nALTER TABLE t ADD CHECK (a > 0);\n-- @down\nALTER TABLE t DROP CONSTRAINT t_a_check1;"),
        Case::fires("-- @up\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);\n-- @down\nSELECT 1;")
            .after("CREATE TABLE t (a int);"),
        Case::fires("-- @up\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a);\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE VIEW v AS SELECT 1;\n-- @down\nSELECT 1;"),
        Case::silent("-- @up\nCREATE VIEW v AS SELECT 1;\n-- @down\nDROP VIEW v;"),
        Case::silent("-- @up\nDROP VIEW v;\nCREATE VIEW v AS SELECT 1;\n-- @down\nCREATE OR REPLACE VIEW v AS SELECT 2;"),
        Case::silent("-- @up\nCREATE OR REPLACE VIEW v AS SELECT 1;\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE MATERIALIZED VIEW v AS SELECT 1;\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();\n-- @down\nSELECT 1;"),
        Case::silent(
            "-- @up\nCREATE TABLE t (a int);\nCREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();\n-- @down\nDROP TABLE t;",
        ),
        Case::fires("-- @up\nCREATE SEQUENCE s;\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE SCHEMA s;\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nCREATE EXTENSION citext;\n-- @down\nSELECT 1;"),
        Case::silent("-- @up\nCREATE EXTENSION IF NOT EXISTS citext;\n-- @down\nSELECT 1;"),
        Case::fires("-- @up\nALTER TABLE t ALTER COLUMN a SET DEFAULT 5;\n-- @down\nSELECT 1;")
            .after("CREATE TABLE t (a int);"),
        Case::silent("-- @up\nALTER TABLE t ALTER COLUMN a DROP DEFAULT;\n-- @down\nALTER TABLE t ALTER COLUMN a SET DEFAULT 5;")
            .after("CREATE TABLE t (a int DEFAULT (5));"),
        Case::fires(
            "-- @up\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (true);\n-- @down\nDROP POLICY p ON t;",
        ),
        Case::fires("-- @up\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;\n-- @down\nSELECT 1;").sqlite(),
        Case::silent(
            "-- @up\nDROP TRIGGER g;\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;\n-- @down\nSELECT 1;",
        )
        .sqlite(),
        Case::silent(
            "-- @up\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;\n-- @down\nCREATE TABLE n (a CHECK (a > 0));\nDROP TABLE t;\n\
             ALTER TABLE n RENAME TO t;",
        )
        .sqlite()
        .after("CREATE TABLE t (a CHECK (a > 0));"),
        Case::fires("-- @up\nCREATE INDEX i ON t (a);\n-- @down\nSELECT 1;").sqlite(),
        Case::silent("-- @up\nCREATE INDEX i ON t (a);\n-- @down\nDROP INDEX i;").sqlite(),
        Case::silent(
            "-- @up\nALTER TABLE t RENAME COLUMN a TO b;\n-- @down\nALTER TABLE t RENAME COLUMN b TO a;",
        )
        .sqlite()
        .after("CREATE TABLE t (a);"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let (Some(up), Some(down)) = (&cx.file.up, &cx.file.down) else { return };
    let is_clear = |script: &ScriptLines| {
        script.lines.iter().all(|line| {
            line.parsed.errors.is_empty() && !matches!(line.parsed.statement, Statement::Opaque { .. })
        })
    };
    // One that says there is nothing to undo is taken at its word; what can't be seen through, too.
    if down.lines.is_empty() || !is_clear(up) || !is_clear(down) {
        return;
    }
    let before = cx.start;
    let mut after = before.clone();
    carry_out(&mut after, up);
    let changed = after.clone();
    carry_out(&mut after, down);
    let mut found = differences(before, &changed, &after, &Fates::of(down, &changed));
    found.extend(Objects::left(up, down, &changed, &after));
    for finding in found {
        let at = down.lines.first().map(|line| line.span).unwrap_or_default();
        let source = Arc::clone(down.script.source());
        let end = down.script.text()[at.range()].find('\n').map_or(at.end, |line| at.start + line);
        let span = down.script.source_span(Span::new(at.start, end));
        cx.report_at(source, span, None, format!("after this down, {finding}"));
    }
}

fn carry_out(schema: &mut Schema, script: &ScriptLines) {
    for (at, line) in script.lines.iter().enumerate() {
        schema.apply(&line.parsed, script.text(at), Born::Before);
    }
    schema.reset_search_path();
}

/// What a down takes away besides what it names.
#[derive(Default)]
struct Fates {
    /// Types that go with all that is of them.
    types: HashSet<SmolStr>,
    /// Schemas that go with all that is in them.
    schemas: HashSet<SmolStr>,
    /// Tables that lose a constraint of which the up's statements do not tell the name.
    guessed: HashSet<Key>,
}

impl Fates {
    fn of(down: &ScriptLines, changed: &Schema) -> Self {
        let mut fates = Self::default();
        for line in &down.lines {
            match &line.parsed.statement {
                Statement::Drop { kind: Kind::Type | Kind::Domain, names, cascade: true, .. } => {
                    fates.types.extend(names.iter().map(|name| name.name.clone()));
                }
                Statement::Drop { kind: Kind::Schema, names, .. } => {
                    fates.schemas.extend(names.iter().map(|name| name.name.clone()));
                }
                Statement::AlterTable(alter) => {
                    let key = changed.key(&alter.name);
                    let is_known = |name: &Ident| {
                        changed.table_at(&key).is_some_and(|table| table.constraint(&name.name).is_some())
                    };
                    let mut drops = alter.actions.iter();
                    if drops.any(|(action, _)| matches!(action, Action::DropConstraint { name, .. } if !is_known(name))) {
                        fates.guessed.insert(key);
                    }
                }
                _ => {}
            }
        }
        fates
    }
}

/// What the up changed and the down did not change back.
fn differences(before: &Schema, changed: &Schema, after: &Schema, fates: &Fates) -> Vec<String> {
    let mut found = Vec::new();
    let mut keys: Vec<&Key> = before.tables().chain(changed.tables()).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    let goes = |key: &Key| goes_along(key, changed, after, fates);
    for key in keys {
        // A table of which the first that is known is that it is changed was there before.
        let was = before.table_at(key).is_some() || changed.table_at(key).is_some_and(|table| !table.complete);
        let is = after.table_at(key).is_some();
        let up = changed.table_at(key).is_some();
        match (was, up, is) {
            (false, true, true) if !goes(key) => found.push(format!("the table {key} is left")),
            (true, false, false) => {
                let gone = before.table_at(key);
                found.extend(gone.map(|table| format!("the {} {key} is not back", table.kind.as_str())));
            }
            (true, false, true) => remade(key, before, after, &mut found),
            (_, true, true) if !goes(key) => kept(key, before, changed, after, fates, &mut found),
            _ => {}
        }
    }
    let mut indexes: Vec<(&Key, &Key)> =
        changed.indexes().filter(|(key, _)| before.index_at(key).is_none()).map(|(key, index)| (key, &index.table)).collect();
    indexes.sort_unstable();
    for (key, table) in indexes {
        let made_with_table = before.table_at(table).is_none() && changed.table_at(table).is_some_and(|table| table.complete);
        // What a constraint has made goes with the constraint, whatever its name became when its table was rebuilt.
        let of_constraint =
            after.table_at(table).is_some_and(|table| table.constraints.iter().any(|there| there.name == key.name));
        if after.index_at(key).is_some() && !made_with_table && !of_constraint && !goes(table) {
            found.push(format!("the index {key} is left"));
        }
    }
    let mut types: Vec<&Key> = changed.types().filter(|key| !before.has_type(key) && after.has_type(key)).collect();
    types.retain(|key| !fates.schemas.contains(&key.schema));
    types.sort_unstable();
    found.extend(types.into_iter().map(|key| format!("the type {key} is left")));
    found
}

/// Whether a table goes though nobody names it: with the session, with what it is a part of or inherits from, or with its
/// type.
fn goes_along(key: &Key, changed: &Schema, after: &Schema, fates: &Fates) -> bool {
    let Some(table) = after.table_at(key) else { return changed.table_at(key).is_some() };
    let is_gone = |parent: &Key| {
        parent != key && changed.table_at(parent).is_some() && goes_along(parent, changed, after, fates)
    };
    table.persistence == Persistence::Temporary
        || table.partition_of.iter().chain(&table.inherits).any(is_gone)
        || table.of_type.as_ref().is_some_and(|of| fates.types.contains(&of.name))
}

/// What a table that was dropped lacks when it is back.
fn remade(key: &Key, before: &Schema, after: &Schema, found: &mut Vec<String>) {
    let (Some(was), Some(is)) = (before.table_at(key), after.table_at(key)) else { return };
    if was.kind != Kind::Table || !is.complete {
        return;
    }
    for column in &was.columns {
        match is.column(&column.name) {
            None => found.push(format!("the column {} of {key} is not back", column.name)),
            Some(again) => {
                if let (Some(was), Some(is)) = (&column.data_type, &again.data_type)
                    && !was.same(is)
                {
                    found.push(format!("the column {} of {key} is {is}, and was {was}", column.name));
                }
            }
        }
    }
}

/// What is left of the changes of a table that stays.
fn kept(key: &Key, before: &Schema, changed: &Schema, after: &Schema, fates: &Fates, found: &mut Vec<String>) {
    if before.table_at(key) == after.table_at(key) {
        return;
    }
    let mut all: BTreeMap<&str, [Option<&Column>; 3]> = BTreeMap::new();
    for (at, schema) in [before, changed, after].into_iter().enumerate() {
        for column in schema.table_at(key).into_iter().flat_map(|table| &table.columns) {
            all.entry(&column.name).or_default()[at] = Some(column);
        }
    }
    let type_of = |column: &Column| column.data_type.as_ref().map(ToString::to_string);
    let goes = |column: &Column| column.data_type.as_ref().is_some_and(|of| fates.types.contains(&of.name));
    for (name, [was, up, is]) in all {
        match (was, up, is) {
            (None, Some(_), Some(is)) if !goes(is) => found.push(format!("the column {name} of {key} is left")),
            (Some(_), None, None) => found.push(format!("the column {name} of {key} is not back")),
            (Some(was), Some(up), Some(is)) => {
                if let (Some(was), Some(up), Some(is)) = (type_of(was), type_of(up), type_of(is))
                    && was != up
                    && is != was
                {
                    found.push(format!("the column {name} of {key} is {is}, and was {was}"));
                } else if was.not_null != up.not_null && is.not_null != was.not_null {
                    let what = if is.not_null { "NOT NULL still" } else { "not NOT NULL any more" };
                    found.push(format!("the column {name} of {key} is {what}"));
                }
                // One default can be written in many ways: it is another where nobody has touched it.
                let default = |column: &Column| (column.default, column.default_text.clone());
                if default(was) != default(up) && default(is) == default(up) {
                    let what = if is.default { "the default that it got" } else { "no default any more" };
                    found.push(format!("the column {name} of {key} has {what}"));
                }
            }
            _ => {}
        }
    }
    let constraints = |schema: &Schema| -> Vec<Constraint> {
        schema.table_at(key).map(|table| table.constraints.clone()).unwrap_or_default()
    };
    let [was, up, is] = [before, changed, after].map(constraints);
    // Where a table is rebuilt its constraints have other names, and demand the same.
    let count = |list: &[Constraint], kind: &ConstraintKind| list.iter().filter(|there| there.kind == *kind).count();
    let is_left = |added: &&Constraint| {
        let by_name = |list: &[Constraint]| list.iter().any(|there| there.name == added.name);
        !by_name(&was) && by_name(&is) && count(&is, &added.kind) > count(&was, &added.kind)
    };
    // A NOT NULL is its column's; what an EXCLUDE is about is not known.
    let is_told = |added: &&Constraint| !matches!(added.kind, ConstraintKind::NotNull(_) | ConstraintKind::Exclude);
    if !fates.guessed.contains(key) {
        let left = up.iter().filter(is_told).filter(is_left);
        found.extend(left.map(|added| format!("the constraint {} of {key} is left", added.name)));
    }
    let is_secured = |schema: &Schema| schema.table_at(key).is_some_and(|table| table.row_security);
    match [before, changed, after].map(is_secured) {
        [false, true, true] => found.push(format!("row level security of {key} is still on")),
        [true, false, false] => found.push(format!("row level security of {key} is still off")),
        _ => {}
    }
}
