//! `primary-key`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "primary-key",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A primary key is added to a table in use: its index is built, or its columns are looked through for NULL.",
    why: "Both happen under an ACCESS EXCLUSIVE lock: nobody reads or writes the table meanwhile.",
    instead: "Make the columns NOT NULL (see `set-not-null`), `CREATE UNIQUE INDEX CONCURRENTLY`, and in a later migration \
              `ADD CONSTRAINT ... PRIMARY KEY USING INDEX`.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD PRIMARY KEY (a);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX i;")
            .after("CREATE TABLE t (a int NOT NULL);\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX i;")
            .after("CREATE TABLE t (a int);\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX i;").after(
            "CREATE TABLE t (a int, CONSTRAINT n CHECK (a IS NOT NULL));\nCREATE UNIQUE INDEX i ON t (a);",
        ),
        Case::fires("ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX i;"),
        Case::fires("CREATE INDEX CONCURRENTLY j ON t (a);\nALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX i;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD PRIMARY KEY (a);"),
        Case::fires("ALTER TABLE t ADD COLUMN id bigint PRIMARY KEY;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let constraints = match action {
        Action::AddConstraint(constraint) => std::slice::from_ref(constraint),
        Action::AddColumn { column, .. } => column.constraints.as_slice(),
        _ => return,
    };
    let is_key = constraints.iter().any(|c| matches!(c.kind, Demand::PrimaryKey { .. }));
    let table = cx.schema.key(&alter.name);
    if !is_key || cx.is_fresh_key(&table) {
        return;
    }
    let written = Altered::new(cx, alter);
    let steps = match action {
        Action::AddConstraint(constraint) => written.with_index(constraint, None),
        _ => Err("a column that is the key has to be filled by hand".to_owned()),
    };
    let work: Vec<(Work, Sure)> =
        cx.impact.tasks.iter().filter(|task| task.span == span).map(|task| (task.work, task.sure)).collect();
    if work.iter().any(|(work, _)| *work == Work::BuildIndex) {
        cx.report(span, format!("nobody can read or write {} while the index of its key is built", alter.name))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("first make the columns NOT NULL, and build a unique index with CONCURRENTLY")
            .help("then `ADD CONSTRAINT ... PRIMARY KEY USING INDEX ...`")
            .steps(span, steps);
    } else if let Some((_, sure)) = work.iter().find(|(work, _)| *work == Work::Scan) {
        let (unless, level) = match sure {
            Sure::Yes => ("", cx.level),
            Sure::Perhaps => (", unless they are NOT NULL already", cx.level.min(Level::Warning)),
        };
        let message = format!("nobody can read or write {} while its columns are checked for NULL{unless}", alter.name);
        cx.report(span, message)
            .level(level)
            .label("its columns may be NULL")
            .help("first add `CHECK (column IS NOT NULL) NOT VALID` and validate it: the key then takes its word");
    }
}
