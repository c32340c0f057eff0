//! `disabled-trigger`.

use rung_catalog::Firing;

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "disabled-trigger",
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A trigger or rule that is switched off, or an enforced foreign key whose triggers are.",
    why: "What it was to do or to check has not been done since. Most often somebody loaded data and forgot.",
    instead: "Switch it on again; with a foreign key, look for orphans first.",
    find: Find::Live(
        &[(
            "postgres",
            "SELECT DISTINCT n.nspname, c.relname, k.conname FROM pg_catalog.pg_trigger t \
             JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint AND k.contype = 'f' \
             JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE t.tgenabled = 'D'",
        )],
        find,
    ),
    cases: &[
        Case::fires(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g;",
        ),
        Case::fires("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p); ALTER TABLE t DISABLE TRIGGER ALL;"),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        ),
    ],
};

fn find(cx: &mut Examination<'_>, keys: &[Row]) {
    for object in cx.catalog {
        let (firing, what) = match &object.body {
            Body::Trigger(trigger) => (trigger.firing, "TRIGGER"),
            Body::Other(definition) if object.key.kind == Kind::Rule => (definition.firing, "RULE"),
            _ => continue,
        };
        if firing == Firing::Disabled {
            let (table, name) = (cx.table_name(&object.key), cx.dialect.identifier(&object.key.name));
            cx.report(Some(&object.key), format!("{} is switched off", object.key))
                .mend(format!("ALTER TABLE {table} ENABLE {what} {name};"));
        }
    }
    for row in keys {
        let key = Key::new(Kind::Constraint, Some(text(row, 0)), text(row, 2)).of(text(row, 1));
        let Some(object) = cx.catalog.get(&key) else { continue };
        let table = cx.table_name(&key);
        cx.report(Some(&object.key), format!("{} does not hold: its triggers are switched off", object.key.path()))
            .mend("rung health --check orphan")
            .mend(format!("ALTER TABLE {table} ENABLE TRIGGER ALL;"));
    }
}
