//! `drop-cascade`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-cascade",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DROP ... CASCADE` of what is no table: a type, a function, an extension, a view, a constraint, a column that views may read; `DROP OWNED`.",
    why: "Whatever depends on it goes too, columns with all that is in them, and the statement does not say what that is.",
    instead: "`DROP` each by its name; without CASCADE the server says what is missing.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TYPE mood CASCADE;"),
        Case::silent("DROP TYPE mood;"),
        Case::fires("DROP EXTENSION hstore CASCADE;"),
        Case::silent("CREATE TYPE mood AS ENUM ('a');\nDROP TYPE mood CASCADE;"),
        Case::fires("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE;"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT c CASCADE;")
            .after("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));"),
        Case::fires("DROP OWNED BY joe;"),
        Case::fires("ALTER TABLE t DROP COLUMN a CASCADE;").after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a FROM t;"),
        Case::silent("ALTER TABLE t DROP COLUMN a;").after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a FROM t;"),
        Case::silent("ALTER TABLE t DROP COLUMN a CASCADE;").after("CREATE TABLE t (a int, b int);"),
        Case::silent("DROP INDEX i CASCADE;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    match statement {
        // What hangs on a trigger, a policy or a rule is nothing.
        Statement::Drop {
            kind: Kind::Table | Kind::Schema | Kind::Database | Kind::Index | Kind::Trigger | Kind::Policy | Kind::Rule,
            ..
        } => {}
        Statement::Drop { kind: Kind::Other, names, .. } if names.is_empty() || cx.words(&["drop", "owned"]).is_some() => {
            if let Some(span) = cx.words(&["drop", "owned"]) {
                cx.report(span, "everything that the role owns here is lost, tables with all that is in them")
                    .help("drop each by its name");
            }
        }
        Statement::Drop { kind, names, cascade: true, if_exists, .. } => {
            for name in names {
                // A file that may be run again drops what it makes first.
                if *if_exists && cx.schema.born(*kind, name).is_none() && cx.is_named_after(&name.name) {
                    continue;
                }
                let is_nowhere = *if_exists && cx.is_nowhere(*kind, name);
                if !cx.schema.born(*kind, name).is_some_and(|born| cx.is_fresh(born)) {
                    report(cx, name.span, &format!("the {} {name}", kind.as_str())).nowhere(is_nowhere);
                }
            }
        }
        Statement::AlterTable(alter) if !cx.is_fresh_table(&alter.name) => {
            for (action, span) in &alter.actions {
                if let Action::DropColumn { column, cascade: true, .. } = action {
                    let key = cx.schema.key(&alter.name);
                    // Which columns a view reads, and a key leads to, is not kept.
                    let others = cx.schema.inbound(&key).map(|(other, _)| other.clone());
                    let around: Vec<String> =
                        cx.schema.views_of(&key).into_iter().chain(others).map(|key| key.to_string()).collect();
                    if !around.is_empty() && !cx.is_own_column(&alter.name, &column.name) {
                        report(cx, *span, &format!("the column {column}"))
                            .note(format!("{} may be among it", around.join(", ")));
                    }
                    continue;
                }
                let Action::DropConstraint { name, cascade: true, .. } = action else { continue };
                let known = cx.table(&alter.name).and_then(|table| table.constraint(&name.name)).map(|c| &c.kind);
                // Only keys have something that depends on them: foreign keys.
                let is_key =
                    known.is_none_or(|kind| matches!(kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)));
                let key = cx.schema.key(&alter.name);
                let is_alone = cx.table(&alter.name).is_some_and(|table| table.complete)
                    && cx.schema.inbound(&key).next().is_none();
                if is_key && !is_alone {
                    report(cx, *span, &format!("the constraint {name}"));
                }
            }
        }
        _ => {}
    }
}

fn report<'a>(cx: &'a mut Context<'_>, span: Span, what: &str) -> Reported<'a> {
    cx.report(span, format!("whatever depends on {what} is lost too, and the statement does not say what that is"))
        .help("drop what depends on it by its name; without CASCADE the server says what is missing")
}
