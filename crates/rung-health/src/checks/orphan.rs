//! `orphan`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "orphan",
    level: Some(Level::Error),
    dialects: ALL,
    what: "Rows whose foreign key points at no row. On PostgreSQL those keys are looked at that it does not vouch for: not valid, not enforced, or with triggers that are switched off; `orphans = \"all\"` in rung.toml looks at all. On SQLite, which enforces none by itself, all are.",
    why: "Joins lose such rows, programs trip over them, and the constraint can't be validated.",
    instead: "Delete the rows, set their key to NULL, or put back what they point at; then validate the constraint.",
    find: Find::Asking(find),
    cases: &[
        Case::fires(
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int); INSERT INTO c VALUES (1, 7); \
             ALTER TABLE c ADD CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p NOT VALID;",
        ),
        Case::silent(
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int); INSERT INTO c VALUES (1, NULL); \
             ALTER TABLE c ADD CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p NOT VALID;",
        ),
        Case::fires(
            "CREATE TABLE p (a int, \"B\" int, PRIMARY KEY (a, \"B\")); \
             CREATE TABLE c (a int, b int, FOREIGN KEY (a, b) REFERENCES p); \
             ALTER TABLE c DISABLE TRIGGER ALL; INSERT INTO c VALUES (1, 2);",
        ),
        Case::fires(
            "CREATE TABLE p (id int PRIMARY KEY); \
             CREATE TABLE c (p int, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p NOT ENFORCED); INSERT INTO c VALUES (1);",
        )
        .from(18),
        Case::fires(
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id)); INSERT INTO c VALUES (1);",
        )
        .sqlite(),
        Case::silent(
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id)); INSERT INTO c VALUES (NULL);",
        )
        .sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER); CREATE TABLE c (p INTEGER REFERENCES p (id)); INSERT INTO c VALUES (1);")
            .sqlite(),
    ],
};

/// Foreign keys that have a trigger which does not fire.
const ASLEEP: Live = &[("postgres", "SELECT n.nspname, r.relname, k.conname FROM pg_catalog.pg_constraint k \
    JOIN pg_catalog.pg_class r ON r.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace \
    WHERE k.contype = 'f' AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled = 'D')")];

/// How many keys are shown.
const SAMPLES: usize = 3;

fn find(cx: &mut Examination<'_>) -> Result<(), DbError> {
    // A database that can't be asked vouches for nothing.
    let vouches = cx.word(ASLEEP);
    let asleep: Vec<Row> = vouches.map_or(Ok(Vec::new()), |question| cx.ask_one(question))?;
    let is_asleep = |object: &Object| {
        let key = &object.key;
        let names = [key.schema.as_ref(), key.parent.as_ref(), Some(&key.name)];
        asleep.iter().any(|row| row.iter().map(Option::as_ref).eq(names))
    };
    let all = vouches.is_none() || cx.options.orphans == Orphans::All;
    let suspects: Vec<_> = foreign_keys(cx.catalog)
        .filter(|(object, constraint, _)| all || constraint.validity != Validity::Valid || is_asleep(object))
        .collect();
    let questions: Vec<String> = suspects.iter().map(|(object, _, key)| question(cx, object, key)).collect();
    let answers = cx.ask(&questions)?;
    for ((object, constraint, key), answer) in suspects.into_iter().zip(answers) {
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) => {
                cx.cannot(Some(object.key.path()), error.message);
                continue;
            }
        };
        let Some(first) = rows.first() else { continue };
        let (count, keys) = (number(first, 0).unwrap_or(rows.len()), rows.iter().map(|row| text(row, 1)));
        let keys: Vec<String> = keys.map(|key| format!("({key})")).collect();
        let table = Key::new(Kind::Table, object.key.schema.as_deref(), object.key.parent.clone().unwrap_or_default());
        let (here, there) = (table.path(), &key.table);
        let (verb, noun) = if count == 1 { ("points", "row") } else { ("point", "rows") };
        let message = format!("{count} {noun} of {here} {verb} at no row of {} ({})", there.path(), key.columns.join(", "));
        let (table, name) = (cx.table_name(&object.key), cx.dialect.identifier(&object.key.name));
        let delete = format!("DELETE FROM {table} AS c WHERE {};", orphaned(cx, key));
        let finding = cx.report(Some(&object.key), message);
        finding.note(format!("e.g. {}", keys.join(", "))).mend(delete);
        if constraint.validity == Validity::NotValid {
            finding.mend(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"));
        }
        if is_asleep(object) {
            finding.note("its triggers are switched off").mend(format!("ALTER TABLE {table} ENABLE TRIGGER ALL;"));
        }
    }
    Ok(())
}

/// How many orphans there are, and the keys of the first.
fn question(cx: &Examination<'_>, object: &Object, key: &ForeignKey) -> String {
    let columns: Vec<String> = key.columns.iter().map(|name| format!("c.{}", cx.dialect.identifier(name))).collect();
    let shown: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS text)")).collect();
    let (columns, shown) = (columns.join(", "), shown.join(" || ', ' || "));
    format!(
        "SELECT sum(count(*)) OVER (), {shown} FROM {} AS c WHERE {} GROUP BY {columns} ORDER BY {columns} LIMIT {SAMPLES}",
        cx.table_name(&object.key),
        orphaned(cx, key),
    )
}

/// The condition on a row `c` to be one.
fn orphaned(cx: &Examination<'_>, key: &ForeignKey) -> String {
    let there = references(cx.catalog, key);
    let name = |name: &String| cx.dialect.identifier(name);
    let set: Vec<String> = key.columns.iter().map(|column| format!("c.{} IS NOT NULL", name(column))).collect();
    let (periods, pairs) = (key.period, key.columns.iter().zip(&there));
    let equal: Vec<String> = pairs
        .enumerate()
        .map(|(at, (here, there))| match periods && at + 1 == key.columns.len() {
            true => format!("p.{} && c.{}", name(there), name(here)),
            false => format!("p.{} = c.{}", name(there), name(here)),
        })
        .collect();
    format!(
        "{} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
        set.join(" AND "),
        cx.name(&key.table),
        equal.join(" AND ")
    )
}

/// The columns that a foreign key points at: those of the primary key where it names none.
fn references(catalog: &Catalog, key: &ForeignKey) -> Vec<String> {
    if !key.references.is_empty() {
        return key.references.clone();
    }
    primary_key(catalog, &key.table)
}
