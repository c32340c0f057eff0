//! `set-not-null`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "set-not-null",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`SET NOT NULL` on a column of a table in use, with nothing that proves that there is no NULL.",
    why: "Every row is looked at under an ACCESS EXCLUSIVE lock: nobody reads or writes the table meanwhile.",
    instead: "`ADD CONSTRAINT c CHECK (column IS NOT NULL) NOT VALID`; `VALIDATE CONSTRAINT c` in a later migration; then \
              `SET NOT NULL`, which takes the constraint's word for it, and `DROP CONSTRAINT c`. PostgreSQL 18 has \
              `ADD CONSTRAINT c NOT NULL column NOT VALID`.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::fires("ALTER TABLE app.t ALTER COLUMN a SET NOT NULL;")
            .after("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, b int CHECK (b > 0), CHECK ((a IS NOT NULL) AND a BETWEEN 1 AND 9));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after("CREATE TABLE t (a int, CHECK (a IS NOT NULL OR a > 0));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after("CREATE TABLE t (a int NOT NULL);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after("CREATE TABLE t (a int, CHECK (NOT (a IS NULL)));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, b int, CHECK (NOT (a IS NULL AND b IS NULL)));"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, CHECK (a IS NOT NULL) NO INHERIT);\nCREATE TABLE u () INHERITS (t);"),
        Case::silent("ALTER TABLE ONLY t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, CHECK (a IS NOT NULL) NO INHERIT);\nCREATE TABLE u () INHERITS (t);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, CHECK (a IS NOT NULL) NO INHERIT);\nCREATE TABLE u (CHECK (a IS NOT NULL)) INHERITS (t);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;")
            .after("CREATE TABLE t (a int, CHECK (a IS NOT NULL));\nCREATE TABLE u () INHERITS (t);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::SetNotNull(column) = action else { return };
    let scan = cx.impact.tasks.iter().find(|task| task.span == span);
    let Some(sure) = scan.map(|task| task.sure).filter(|_| !cx.is_fresh_table(&alter.name)) else { return };
    let table = &alter.name;
    let name = quoted(&format!("{}_{column}_is_not_null", table.name));
    let newest = cx.server().has(18);
    let (written, column_written) = (cx.text(table.span), cx.text(column.span));
    let add = if newest {
        format!("ALTER TABLE {written} ADD CONSTRAINT {name} NOT NULL {column_written} NOT VALID")
    } else {
        format!("ALTER TABLE {written} ADD CONSTRAINT {name} CHECK ({column_written} IS NOT NULL) NOT VALID")
    };
    // Of what a file by itself does not tell, a CHECK may be.
    let unless = if sure == Sure::Yes { "" } else { ", unless a valid CHECK says that there is none" };
    let validated = validated_before(cx, alter);
    let steps = Altered::new(cx, alter).not_null(cx.text(column.span));
    let found = cx
        .report(span, format!("nobody can read or write {table} while every row is checked for NULL{unless}"))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help(format!("first `{add}`"))
        .help(format!("in a later migration `ALTER TABLE {written} VALIDATE CONSTRAINT {name}`"));
    let found = match newest {
        true => found,
        false => found.help("then SET NOT NULL, which takes the constraint's word, and drop the constraint"),
    };
    match validated {
        Some(name) => {
            let unless = format!("unless {name}, which is validated above, is CHECK ({column} IS NOT NULL)");
            // By its name it is, most of the time.
            let says_so = name.contains("null") && name.contains(column.name.as_str());
            found.note(unless).level(if says_so { Level::Note } else { Level::Warning });
        }
        None => {
            found.steps(span, Ok(steps));
        }
    }
}

/// The constraint of the table that an earlier statement validates and of which nothing is known: it may prove it.
fn validated_before(cx: &Context<'_>, alter: &AlterTable) -> Option<SmolStr> {
    let key = cx.schema.key(&alter.name);
    cx.before(Topic::Validate(&alter.name.name)).find_map(|(_, statement)| {
        let Statement::AlterTable(other) = statement else { return None };
        let of_same = cx.schema.key(&other.name) == key;
        other.actions.iter().filter(|_| of_same).find_map(|(action, _)| match action {
            Action::ValidateConstraint(name) => {
                let known = cx.schema.table_at(&key).and_then(|table| table.constraint(&name.name));
                known.is_none().then(|| name.name.clone())
            }
            _ => None,
        })
    })
}
