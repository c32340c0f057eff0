//! `broken-view`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "broken-view",
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "A view or a trigger that names what is not there: a table, a column, a function.",
    why: "SQLite looks at it when it is used: until then nobody knows. A broken trigger keeps every write off its table, and a broken view can keep ALTER TABLE from working at all.",
    instead: "Make it anew with a migration, or drop it.",
    find: Find::Asking(find),
    cases: &[
        Case::fires("CREATE TABLE t (a INTEGER); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t;").sqlite(),
        Case::fires(
            "CREATE TABLE t (a INTEGER); CREATE TABLE log (a INTEGER); CREATE TRIGGER g AFTER UPDATE OF a ON t BEGIN \
             INSERT INTO log VALUES (NEW.a); END; DROP TABLE log;",
        )
        .sqlite(),
        Case::silent(
            "CREATE TABLE t (a INTEGER, b AS (a + 1)); CREATE VIEW v AS SELECT a FROM t; \
             CREATE TRIGGER g AFTER UPDATE ON t BEGIN DELETE FROM t WHERE a = NEW.b; END; \
             CREATE TRIGGER h INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.a); END;",
        )
        .sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) -> Result<(), DbError> {
    let mut asked: Vec<(&Object, String)> = Vec::new();
    for view in cx.catalog.of_kind(Kind::View) {
        asked.push((view, format!("EXPLAIN SELECT * FROM {}", cx.name(&view.key))));
    }
    for trigger in cx.catalog.of_kind(Kind::Trigger) {
        let (Some(table), Body::Trigger(body)) = (cx.catalog.parent(trigger), &trigger.body) else { continue };
        asked.extend(firing(cx, table, &body.definition).map(|question| (trigger, question)));
    }
    let questions: Vec<String> = asked.iter().map(|(_, question)| question.clone()).collect();
    for ((object, _), answer) in asked.into_iter().zip(cx.ask(&questions)?) {
        if let Err(error) = answer {
            let (name, new) = (cx.name(&object.key), object.key.name.to_lowercase());
            let what = if object.key.kind == Kind::View { "VIEW" } else { "TRIGGER" };
            cx.report(Some(&object.key), format!("{} does not compile: {}", object.key, error.message))
                .mend(format!("rung new mend_{new}"))
                .mend(format!("DROP {what} {name};"));
        }
    }
    Ok(())
}

/// A statement that fires the trigger, which is compiled with it. `None` where the table has nothing to set.
fn firing(cx: &Examination<'_>, table: &Object, definition: &str) -> Option<String> {
    let name = cx.name(&table.key);
    let columns = table.columns().iter().filter(|column| {
        !matches!(column.value, rung_catalog::Value::Stored(_) | rung_catalog::Value::Virtual(_))
    });
    let columns: Vec<String> = columns.map(|column| cx.dialect.identifier(&column.name)).collect();
    let words = definition.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_uppercase);
    let event = words.skip_while(|word| word != "TRIGGER").find(|word| matches!(word.as_str(), "INSERT" | "UPDATE" | "DELETE"))?;
    match event.as_str() {
        "DELETE" => Some(format!("EXPLAIN DELETE FROM {name}")),
        _ if columns.is_empty() => None,
        "INSERT" => {
            let nulls = vec!["NULL"; columns.len()].join(", ");
            Some(format!("EXPLAIN INSERT INTO {name} ({}) VALUES ({nulls})", columns.join(", ")))
        }
        _ => {
            let set: Vec<String> = columns.iter().map(|column| format!("{column} = NULL")).collect();
            Some(format!("EXPLAIN UPDATE {name} SET {}", set.join(", ")))
        }
    }
}
