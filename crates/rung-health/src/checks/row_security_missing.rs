//! `row-security-missing`.

use std::collections::HashSet;

use rung_catalog::glob;

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "row-security-missing",
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A table without row security in a schema where it is expected: one that `row_security` in rung.toml names; where nothing is said, one in which another table has it, and then it is a warning.",
    why: "Whoever has a privilege on the table sees and changes every row of it.",
    instead: "Switch it on, with a policy for those who are to see something.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE TABLE b (id int);"),
        Case::silent("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int);"),
        Case::silent("CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE SCHEMA s; CREATE TABLE s.b (id int);"),
    ],
};

fn find(cx: &mut Examination<'_>) {
    let named = &cx.options.row_security;
    let has = |table: &Table| matches!(table.row_security, RowSecurity::On | RowSecurity::Forced);
    let schema = |object: &Object| object.key.schema.clone().unwrap_or_default();
    let usual: HashSet<String> =
        tables(cx.catalog).filter(|(_, table)| has(table)).map(|(object, _)| schema(object)).collect();
    for (object, _) in tables(cx.catalog).filter(|(_, table)| !has(table)) {
        let schema = schema(object);
        let (expected, why) = match named.is_empty() {
            true => (usual.contains(&schema), format!("other tables of {schema} have it")),
            false => (named.iter().any(|pattern| glob(pattern, &schema)), format!("rung.toml expects it in {schema}")),
        };
        // One with policies has been told already, and worse.
        if expected && !cx.has_told(super::policy_without_row_security::CHECK.name, &object.key) {
            let sql = cx.name(&object.key);
            let most = if named.is_empty() { Level::Warning } else { Level::Error };
            cx.report(Some(&object.key), format!("{} has no row security", object.key.path()))
                .at_most(most)
                .note(why)
                .mend(format!("ALTER TABLE {sql} ENABLE ROW LEVEL SECURITY;"));
        }
    }
}
