//! `attach-unchecked`.

use super::prelude::*;
use crate::schema::Proof;

pub(super) static RULE: Rule = Rule {
    name: "attach-unchecked",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`ATTACH PARTITION` of a table that was there before and has no CHECK that says what the bounds say, NOT NULL with it, or lacks an index; or to a table that has a \
           default partition.",
    why: "Every row of it is held against the bounds, the index is built, and the rows of the default partition are looked \
          through, while nobody can use these tables.",
    instead: "Add a CHECK that says what the bounds say and that the column IS NOT NULL, with NOT VALID; validate it; attach; drop the CHECK. For the \
              default partition, a CHECK that says the opposite. Indexes first, with CONCURRENTLY.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("CREATE TABLE p1 (a int);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));"),
        Case::silent("ALTER INDEX i ATTACH PARTITION j;"),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 (a int, CHECK (a = 1));"),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1, 2);")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 (a int NOT NULL, CHECK (a = 1));"),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 (a int NOT NULL, CHECK (a = 1));\n\
             ALTER TABLE p RENAME COLUMN a TO b;\nALTER TABLE p1 RENAME COLUMN a TO b;",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (10) TO (20);").after(
            "CREATE TABLE p (a int) PARTITION BY RANGE (a);\n\
             CREATE TABLE p1 (a int NOT NULL, CHECK (a >= 5 AND a < 20));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');").after(
            "CREATE TABLE p (a date) PARTITION BY RANGE (a);\n\
             CREATE TABLE p1 (a date NOT NULL, CHECK (a >= '2026-01-01'::date AND a < DATE '2026-06-01'));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\n\
             CREATE TABLE p1 (a int NOT NULL, b int, CHECK (b = 1));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX ON p (a);\n\
             CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX ON p (a);\n\
             CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));\nCREATE INDEX ON p1 (a);",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE o (id int PRIMARY KEY);\nCREATE TABLE p (a int, b int REFERENCES o (id)) PARTITION BY LIST (a);\n\
             CREATE TABLE p1 (a int NOT NULL, b int, CHECK (a = 1));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE o (id int PRIMARY KEY);\nCREATE TABLE p (a int, b int REFERENCES o (id)) PARTITION BY LIST (a);\n\
             CREATE TABLE p1 (a int NOT NULL, b int REFERENCES o (id), CHECK (a = 1));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE o (id int PRIMARY KEY);\nCREATE TABLE p (a int, b int REFERENCES o (id)) PARTITION BY LIST (a);\n\
             CREATE TABLE p1 (a int NOT NULL, b int, CHECK (a = 1));\n\
             ALTER TABLE p1 ADD FOREIGN KEY (b) REFERENCES o (id) NOT VALID;",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a <> 1);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a <> 2);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1, 2);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a NOT IN (1, 2));\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1, 2)));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a IN (5, 6));\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (NOT (a IN (1, 2)));\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a > 5 AND b = 1);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (b = 5);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a IN (1)));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a >= 4000);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a > 3999);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a < 3000);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a <= 3000);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a < 3000 OR a >= 4000);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a IS NULL OR a < 3000 OR a >= 4000);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (NOT (a >= 3000 AND a < 4000));\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (NOT (a > 3000 AND a < 4000));\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (3000) TO (4000);").after(
            "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;\n\
             ALTER TABLE p0 ADD CHECK (a < 3000 OR b > 1);\nCREATE TABLE p1 (a int NOT NULL, b int, CHECK (a >= 3000 AND a < 4000));",
        ),
        Case::fires("CREATE TABLE p1 (a int);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Attach { partition, .. } = action else { return };
    if alter.kind != Kind::Table {
        return;
    }
    let proof = cx.schema.keeps_to(&cx.schema.key(&alter.name), &cx.schema.key(partition), cx.text(span));
    let checked = proof != Proof::Lacks && cx.table(partition).is_some_and(|table| {
        table.constraints.iter().any(|c| c.valid && matches!(c.kind, ConstraintKind::Check { .. }))
    });
    let key = cx.schema.key(partition);
    let tasks = || cx.impact.tasks.iter().filter(|task| task.span == span && !cx.is_fresh_key(&task.table));
    let built = tasks().any(|task| task.table == key && task.work == Work::BuildIndex);
    let default = tasks().find(|task| task.table != key).map(|task| task.table.clone());
    if !checked && !cx.is_fresh_key(&key) {
        cx.report(span, format!("nobody can use {partition} while each of its rows is held against the bounds"))
            .label(format!("ACCESS EXCLUSIVE lock on {partition}"))
            .help("first add a CHECK of the same bounds, and IS NOT NULL, with NOT VALID, and validate it");
    }
    if built {
        cx.report(span, format!("nobody can use {partition} while an index that {} has is built for it", alter.name))
            .label(format!("ACCESS EXCLUSIVE lock on {partition}"))
            .help("first build the same index on it with CONCURRENTLY: it is taken over");
    }
    let unkept = cx.schema.foreign_keys_for(&cx.schema.key(&alter.name), &key).into_iter().find(|(_, is_kept)| !is_kept);
    if let Some((to, _)) = unkept.filter(|_| !cx.is_fresh_key(&key)) {
        cx.report(span, format!("nobody can use {partition} or write to {to} while each row is looked up in {to}"))
            .label(format!("a foreign key of {} is checked", alter.name))
            .help(format!("first add the same key to {partition} with NOT VALID, and validate it: it is taken over"));
    }
    if let Some(default) = default {
        cx.report(span, format!("nobody can use {default} while rows of the new partition are looked for in it"))
            .label(format!("ACCESS EXCLUSIVE lock on {default}"))
            .help(format!("first add a CHECK to {default} that rules them out, with NOT VALID, and validate it"));
    }
}
