//! `down-not-inverse`.

use super::prelude::*;
use std::collections::BTreeMap;

use crate::schema::Schema;
use crate::{Born, Key, ScriptLines};

pub(super) static RULE: Rule = Rule {
    name: "down-not-inverse",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A down that does not undo what its up does: a table, a column, an index or a type is left, or does not come back.",
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
        Case::fires("-- @up\nALTER TABLE t ALTER COLUMN a TYPE text;\n-- @down\nSELECT 1;")
            .after("CREATE TABLE t (a varchar(20));"),
        Case::fires("-- @up\nCREATE TYPE e AS ENUM ('a');\n-- @down\nSELECT 1;"),
        Case::silent("-- @up\nDROP TABLE t;\n-- @down\n-- nothing: it was empty"),
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
    for finding in differences(before, &changed, &after) {
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

/// What the up changed and the down did not change back.
fn differences(before: &Schema, changed: &Schema, after: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    let mut keys: Vec<&Key> = before.tables().chain(changed.tables()).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        // A table of which the first that is known is that it is changed was there before.
        let was = before.table_at(key).is_some() || changed.table_at(key).is_some_and(|table| !table.complete);
        let is = after.table_at(key).is_some();
        let up = changed.table_at(key).is_some();
        match (was, up, is) {
            (false, true, true) => found.push(format!("the table {key} is left")),
            (true, false, false) if before.table_at(key).is_some() => {
                found.push(format!("the table {key} is not back"));
            }
            (_, true, true) => columns(key, before, changed, after, &mut found),
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
        if after.index_at(key).is_some() && !made_with_table && !of_constraint {
            found.push(format!("the index {key} is left"));
        }
    }
    let mut types: Vec<&Key> = changed.types().filter(|key| !before.has_type(key) && after.has_type(key)).collect();
    types.sort_unstable();
    found.extend(types.into_iter().map(|key| format!("the type {key} is left")));
    found
}

fn columns(key: &Key, before: &Schema, changed: &Schema, after: &Schema, found: &mut Vec<String>) {
    if before.table_at(key) == after.table_at(key) {
        return;
    }
    type Known = (Option<String>, bool);
    let mut all: BTreeMap<&str, [Option<Known>; 3]> = BTreeMap::new();
    for (at, schema) in [before, changed, after].into_iter().enumerate() {
        for column in schema.table_at(key).into_iter().flat_map(|table| &table.columns) {
            let data_type = column.data_type.as_ref().map(ToString::to_string);
            all.entry(&column.name).or_default()[at] = Some((data_type, column.not_null));
        }
    }
    for (name, [was, up, is]) in all {
        match (was, up, is) {
            (None, Some(_), Some(_)) => found.push(format!("the column {name} of {key} is left")),
            (Some(_), None, None) => found.push(format!("the column {name} of {key} is not back")),
            (Some((Some(was), _)), Some((Some(up), _)), Some((Some(is), _))) if was != up && is != was => {
                found.push(format!("the column {name} of {key} is {is}, and was {was}"));
            }
            (Some((_, was)), Some((_, up)), Some((_, is))) if was != up && is != was => {
                let what = if is { "NOT NULL still" } else { "not NOT NULL any more" };
                found.push(format!("the column {name} of {key} is {what}"));
            }
            _ => {}
        }
    }
}
