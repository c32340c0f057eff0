//! `sqlite-cascading-drop`.

use rung_ddl::OnDelete;
use rung_sql::Syntax;

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-cascading-drop",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: SQLITE,
    what: "`DROP TABLE` of a table that others reference with `ON DELETE CASCADE`, `SET NULL` or `SET DEFAULT`.",
    why: "Where foreign keys are enforced, dropping a table first deletes its rows, and with them those that reference it, or their values: a rebuild of a table empties its children.",
    instead: "`PRAGMA foreign_keys = OFF` before a BEGIN, and COMMIT behind the rebuild of the table.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
        Case::fires("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE SET NULL);").sqlite(),
        Case::fires("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p, FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET DEFAULT);").sqlite(),
        Case::silent("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON UPDATE SET NULL);").sqlite(),
        Case::silent("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));").sqlite(),
        Case::fires("-- @up\nCREATE TABLE n (id INTEGER PRIMARY KEY);\nINSERT INTO n SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE n RENAME TO p").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
        Case::fires("BEGIN;\nCREATE TABLE n (id INTEGER PRIMARY KEY);\nINSERT INTO n SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE n RENAME TO p;\nCOMMIT;\n-- @down\nSELECT 1;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
        Case::silent("-- @no-transaction\nPRAGMA foreign_keys = OFF;\nDROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Table, names, .. } = statement else { return };
    let off = cx.before(Topic::Set("foreign_keys")).any(|(at, statement)| {
        matches!(statement, Statement::Set { values, .. } if values.iter().any(|value| matches!(value.as_str(), "off" | "0" | "false" | "no")))
            && cx.file.lines()[at].transaction.is_none()
    });
    for name in names {
        let key = cx.schema.key(name);
        let mut inbound = cx.schema.inbound(&key);
        let lost = inbound.find_map(|(child, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey { on_delete: OnDelete::Cascade, .. } => Some((format!("the rows of {child} go"), "CASCADE")),
            ConstraintKind::ForeignKey { on_delete: OnDelete::Set, columns, .. } => {
                Some((format!("the values of {} in {child} go", columns.join(", ")), "SET NULL or SET DEFAULT"))
            }
            _ => None,
        });
        let Some((lost, how)) = lost.filter(|_| !off) else { continue };
        let is_rebuilt = cx.is_copied(name);
        let edits = is_rebuilt.then(|| without_foreign_keys(cx)).flatten();
        let found = cx
            .report(name.span, format!("where foreign keys are enforced, {lost} with the rows of {name}"))
            .label(format!("ON DELETE {how} leads here"))
            .help("switch them off before: `PRAGMA foreign_keys = OFF;` first, then BEGIN, and COMMIT at the end");
        match edits {
            Some(edits) => {
                found.edits("rebuild it without foreign keys", edits);
            }
            None if is_rebuilt => {
                found.left("its format runs it in a transaction, in which foreign keys can't be switched off");
            }
            None => {
                found.left("whether those rows are to go too is not in the file");
            }
        }
    }
}

/// What runs the file as SQLite has it for the rebuild of a table: foreign keys off, and all of it in one transaction
/// (<https://sqlite.org/lang_altertable.html#otheralter>).
fn without_foreign_keys(cx: &Context<'_>) -> Option<Vec<Edit>> {
    let up = cx.file.up.as_ref().filter(|up| !up.own_transactions && cx.file.migration.hints == Hints::NATIVE)?;
    let statements = up.script.statements(&Syntax::SQLITE).ok()?;
    let (first, last) = (statements.first()?.span, statements.last()?.span);
    // A BEGIN and COMMIT around it all stay.
    let is_wrapped = up.lines.iter().all(|line| line.span != first);
    let source = up.script.source();
    let start = up.script.source_span(first).start;
    let end = up.script.source_span(last).end;
    let rest = &source.text()[end..];
    let is_closed = rest.trim_start().starts_with(';');
    let at = if is_closed { end + rest.find(';')? + 1 } else { end };
    let (begin, close) = match (is_wrapped, is_closed) {
        (true, _) => ("", ""),
        (false, true) => ("BEGIN;\n", "\nCOMMIT;"),
        (false, false) => ("BEGIN;\n", ";\nCOMMIT;"),
    };
    let off = Edit { span: Span::new(start, start), text: format!("PRAGMA foreign_keys = OFF;\n{begin}") };
    let on = Edit { span: Span::new(at, at), text: close.to_owned() };
    Some(if is_wrapped { vec![off] } else { vec![off, on] })
}
