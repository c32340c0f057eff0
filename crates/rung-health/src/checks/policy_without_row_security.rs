//! `policy-without-row-security`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "policy-without-row-security",
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A table that has policies, and row security switched off.",
    why: "The policies are not asked: everybody sees all rows, and the schema looks as if they did not.",
    instead: "Switch row security on, or drop the policies.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (id int); CREATE POLICY p ON t USING (id > 0);"),
        Case::silent("CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id > 0);"),
        Case::silent("CREATE TABLE t (id int);"),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (object, table) in tables(cx.catalog) {
        let policies = cx.parts(&object.key).into_iter().filter(|part| part.key.kind == Kind::Policy);
        let names: Vec<&str> = policies.map(|policy| policy.key.name.as_str()).collect();
        if matches!(table.row_security, RowSecurity::Off | RowSecurity::OffAndForced) && !names.is_empty() {
            let sql = cx.name(&object.key);
            let message = format!("{} has policies that nobody asks: row security is off", object.key.path());
            cx.report(Some(&object.key), message)
                .note(names.join(", "))
                .mend(format!("ALTER TABLE {sql} ENABLE ROW LEVEL SECURITY;"));
        }
    }
}
