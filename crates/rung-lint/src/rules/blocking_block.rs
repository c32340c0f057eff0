//! `blocking-block`.

use super::prelude::*;
use crate::block;

pub(super) static RULE: Rule = Rule {
    name: "blocking-block",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A `DO` block, or a function of a migration's that is called, with a statement that works on a table in use under its lock, or that drops data.",
    why: "Within a block it takes the same locks for as long, and can't be one of the safe sequences: a block is one \
          transaction.",
    instead: "Plain statements: `ADD CONSTRAINT ... NOT VALID`, and VALIDATE in a later migration. What the block asks for \
              first, a migration knows: it runs once.",
    check: Check::Statement(check),
    cases: &[
        Case::fires(
            "DO $$ BEGIN\n    ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p) REFERENCES u (id);\n\
             EXCEPTION WHEN duplicate_object THEN null;\nEND $$;",
        ),
        Case::silent(
            "CREATE TABLE t (p int);\nDO $$ BEGIN\n    ALTER TABLE t ADD CONSTRAINT c CHECK (p > 0);\n\
             EXCEPTION WHEN duplicate_object THEN null;\nEND $$;",
        ),
        Case::silent("DO $$ BEGIN CREATE TYPE e AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;"),
        Case::silent("DO $$ BEGIN UPDATE t SET a = 1 WHERE a IS NULL; COMMIT; END $$;"),
        Case::fires("DO $$ BEGIN IF EXISTS (SELECT 1) THEN ALTER TABLE t DROP COLUMN a; END IF; END $$;"),
        Case::fires("DO $x$ BEGIN DROP TABLE t; END $x$;"),
        Case::silent("DO $$ BEGIN PERFORM 'DROP TABLE t;'; END $$;"),
        Case::fires("DO 'BEGIN ALTER TABLE t ALTER a SET NOT NULL; END';"),
        Case::fires("DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a SET NOT NULL'; END $$;"),
        Case::silent("DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a SET NOT NULL' || ''; END $$;"),
        Case::fires("SELECT mig();").after("CREATE FUNCTION mig() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$;"),
        Case::fires("DO $$ BEGIN PERFORM public.outer_mig(); END $$;").after(
            "CREATE FUNCTION mig() RETURNS void LANGUAGE sql AS 'ALTER TABLE t ALTER a SET NOT NULL';\n\
             CREATE FUNCTION outer_mig() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM mig(); END $$;",
        ),
        Case::fires("CALL mig();").after("CREATE PROCEDURE mig() LANGUAGE sql AS $$ DROP TABLE t $$;"),
        Case::silent("SELECT other();").after("CREATE FUNCTION mig() RETURNS void LANGUAGE sql AS 'DROP TABLE t';"),
        Case::silent("CREATE FUNCTION mig() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let inner = block::inner(statement, cx.text(cx.whole()), cx.schema);
    if inner.is_empty() {
        return;
    }
    let whose = |span: Span| {
        let of = inner.iter().find(|inner| inner.span == span).and_then(|inner| inner.of.as_ref());
        of.map_or_else(|| "within this block".to_owned(), |of| format!("within {of}()"))
    };
    let mut told: HashSet<Key> = HashSet::new();
    let tasks: Vec<_> = cx.impact.tasks.iter().filter(|task| !cx.is_fresh_key(&task.table)).cloned().collect();
    for task in tasks {
        let mode = cx.impact.lock_on(&task.table).filter(|mode| mode.blocks() > Blocks::Nothing);
        if let (Some(mode), true) = (mode, told.insert(task.table.clone())) {
            cx.report(task.span, format!("{} is locked while {}, {}", task.table, task.why, whose(task.span)))
                .label(format!("{mode} lock: blocks {}", mode.blocks().as_str()))
                .help("write it as a plain statement, for which there is a safe sequence");
        }
    }
    for inner in &inner {
        let lost = match &inner.parsed.statement {
            Statement::Drop { kind: Kind::Table, names, .. } | Statement::Truncate { tables: names, .. } => {
                names.iter().find(|name| !cx.is_fresh_table(name)).map(|name| format!("everything in the table {name}"))
            }
            Statement::AlterTable(alter) if !cx.is_fresh_table(&alter.name) => {
                alter.actions.iter().find_map(|(action, _)| match action {
                    Action::DropColumn { column, .. } => Some(format!("every value of {column} in {}", alter.name)),
                    _ => None,
                })
            }
            _ => None,
        };
        if let Some(lost) = lost {
            cx.report(inner.span, format!("{lost} is lost, {}", whose(inner.span))).help("write it as a plain statement");
        }
    }
}
