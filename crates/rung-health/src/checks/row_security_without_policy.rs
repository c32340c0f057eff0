//! `row-security-without-policy`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "row-security-without-policy",
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A table with row security and no policy.",
    why: "Nobody but its owner sees a row of it, and nobody is told why.",
    instead: "A policy for those who are to see something. Where nobody is, say so: name the table in `ignore`.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        Case::silent("CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id > 0);"),
        Case::silent("CREATE TABLE t (id int);"),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (object, table) in tables(cx.catalog) {
        let has_policy = cx.parts(&object.key).iter().any(|part| part.key.kind == Kind::Policy);
        if matches!(table.row_security, RowSecurity::On | RowSecurity::Forced) && !has_policy {
            let (sql, path) = (cx.name(&object.key), object.key.path());
            let name = cx.dialect.identifier(&format!("{}_read", object.key.name));
            cx.report(Some(&object.key), format!("{path} has row security and no policy: all but its owner see nothing"))
                .mend(format!("CREATE POLICY {name} ON {sql} FOR SELECT USING (<whose rows>);"));
        }
    }
}
