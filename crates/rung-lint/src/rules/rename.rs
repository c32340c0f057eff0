//! `rename`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "rename",
    group: Group::Compatibility,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A table, a column, a view, a schema, a type, an attribute or an enum value is given another name.",
    why: "Programs that run while it does, and those of the old release, still use the old name, and fail.",
    instead: "Expand and contract: add the new name, let programs write both, move over, drop the old one. For a table, a view of the old name does.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t RENAME TO u;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t RENAME TO u;"),
        Case::fires("ALTER TABLE t RENAME COLUMN a TO b;"),
        Case::silent("ALTER TABLE t RENAME CONSTRAINT a TO b;"),
        Case::silent("ALTER INDEX i RENAME TO j;"),
        Case::fires("ALTER SCHEMA a RENAME TO b;"),
        Case::fires("ALTER TYPE e RENAME VALUE 'a' TO 'b';"),
        Case::fires("ALTER TYPE c RENAME ATTRIBUTE a TO b;").after("CREATE TYPE c AS (a int);"),
        Case::silent("CREATE TYPE c AS (a int);\nALTER TYPE c RENAME ATTRIBUTE a TO b;"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE b int;"),
        Case::fires("ALTER TABLE t SET SCHEMA app;"),
        Case::fires("ALTER VIEW v RENAME TO w;"),
        Case::silent("ALTER TABLE t RENAME TO old;\nCREATE VIEW t AS SELECT * FROM old;"),
        Case::silent("CREATE TABLE n (a int);\nALTER TABLE t RENAME TO old;\nALTER TABLE n RENAME TO t;"),
        Case::silent("ALTER TYPE e RENAME TO e_old;\nCREATE TYPE e AS ENUM ('a');"),
        Case::fires("ALTER TYPE e RENAME TO e_old;\nCREATE TYPE f AS ENUM ('a');"),
        Case::silent("ALTER TABLE t ADD COLUMN n int;\nALTER TABLE t RENAME COLUMN n TO m;"),
        Case::silent("ALTER TABLE t RENAME TO u;\nALTER TABLE u RENAME TO t;"),
        Case::fires("ALTER TABLE t RENAME TO u;\nALTER TABLE u RENAME TO v;"),
        Case::fires("ALTER TABLE t RENAME a TO b;").sqlite(),
        Case::silent("CREATE TABLE n (a);\nINSERT INTO n SELECT a FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;").after("CREATE TABLE t (a, b);").sqlite(),
    ],
};

const UNKNOWN: &str = "what still uses the old name is not in the migrations";

fn check(cx: &mut Context<'_>, statement: &Statement) {
    match statement {
        Statement::AlterTable(alter) if alter.kind != Kind::Index => {
            if cx.is_fresh_table(&alter.name) {
                return;
            }
            for (action, span) in &alter.actions {
                let altered = Altered::new(cx, alter);
                let (what, steps) = match action {
                    Action::RenameColumn { from, to } if !cx.is_own_column(&alter.name, &from.name) => {
                        (format!("column {from} of {}", alter.name), altered.renamed_column(from, to))
                    }
                    Action::Rename(_) if is_own_name(cx, &alter.name) => continue,
                    Action::Rename(_) | Action::SetSchema(_) if !is_stood_in_for(cx, &alter.name) => {
                        (format!("{} {}", alter.kind.as_str(), alter.name), altered.renamed_relation(action))
                    }
                    _ => continue,
                };
                let whole = cx.whole();
                report(cx, *span, &what).steps(whole, steps);
            }
        }
        Statement::Rename { kind: kind @ (Kind::Schema | Kind::Type | Kind::Domain | Kind::Routine), name, .. }
            if !cx.schema.born(*kind, name).is_some_and(|born| cx.is_fresh(born))
                && !is_replaced(cx, *kind, name) => {
                report(cx, name.span, &format!("{} {name}", kind.as_str())).left(UNKNOWN);
            }
        Statement::RenameEnumValue { name, from, .. }
            if !cx.schema.born(Kind::Type, name).is_some_and(|born| cx.is_fresh(born)) => {
                report(cx, name.span, &format!("value '{from}' of {name}")).left(UNKNOWN);
            }
        Statement::AlterComposite { name, changes }
            if !cx.schema.born(Kind::Type, name).is_some_and(|born| cx.is_fresh(born)) => {
                for (change, span) in changes {
                    if let AttributeChangeKind::Rename { from, .. } = &change.kind {
                        report(cx, *span, &format!("attribute {from} of {name}")).left(UNKNOWN);
                    }
                }
            }
        _ => {}
    }
}

/// Whether a statement before this one gave a table its name: no program has heard of it.
fn is_own_name(cx: &Context<'_>, name: &Name) -> bool {
    cx.before(Topic::Named(&name.name)).any(|(at, statement)| {
        let gives = matches!(statement, Statement::AlterTable(other) if other.actions.iter().any(
            |(action, _)| matches!(action, Action::Rename(to) if to.name == name.name)
        ));
        gives && cx.is_together(at)
    })
}

/// Whether a view or a table takes the old name in the same transaction.
fn is_stood_in_for(cx: &Context<'_>, name: &Name) -> bool {
    let key = cx.schema.key(name);
    cx.after(Topic::Named(&name.name)).any(|(at, statement)| {
        let takes = match statement {
            Statement::Create { kind: Kind::View, name: Some(view), .. } => cx.schema.made(view) == key,
            Statement::CreateTable(create) => cx.schema.made_table(create) == key,
            Statement::AlterTable(other) => {
                other.actions.iter().any(|(action, _)| matches!(action, Action::Rename(to) if to.name == key.name))
            }
            _ => false,
        };
        takes && cx.is_together(at)
    })
}

/// Whether another object of the kind takes the old name in the same transaction.
fn is_replaced(cx: &Context<'_>, kind: Kind, name: &Name) -> bool {
    cx.after(Topic::Named(&name.name)).any(|(at, statement)| {
        let takes = match statement {
            Statement::CreateEnum { name: made, .. }
            | Statement::CreateComposite { name: made, .. }
            | Statement::CreateDomain { name: made, .. } => {
                matches!(kind, Kind::Type | Kind::Domain) && cx.schema.made(made) == cx.schema.made(name)
            }
            Statement::Create { kind: other, name: Some(made), .. } => {
                *other == kind && cx.schema.made(made) == cx.schema.made(name)
            }
            Statement::Rename { kind: other, to: Some(to), .. } => *other == kind && to.name == name.name,
            _ => false,
        };
        takes && cx.is_together(at)
    })
}

fn report<'c>(cx: &'c mut Context<'_>, span: Span, what: &str) -> Reported<'c> {
    cx.report(span, format!("programs that use the {what} fail as soon as this is done"))
        .help("add the new name beside the old, move programs over, and drop the old one later")
}
