//! `type-in-use`.

use super::prelude::*;
use crate::schema::Column;

pub(super) static RULE: Rule = Rule {
    name: "type-in-use",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A composite type or a domain is changed in a way that the server refuses while it is used as it is: another type \
           for an attribute of it while a column has values of it, any change of its attributes without CASCADE while a \
           table is made of it, a new check of a domain that is within an array or a composite type.",
    why: "The server can't go through values that are within other values, and refuses the statement, rows or no rows.",
    instead: "A new type beside the old one and a column of it, that takes the old column's place. CASCADE, where it is \
              tables of the type. A CHECK of the tables in place of the domain's.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t (v c);"),
        Case::silent("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t (v int);"),
        Case::fires("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint CASCADE;")
            .after("CREATE TYPE c AS (a int);\nCREATE TABLE t (v c[]);"),
        Case::fires("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;")
            .after("CREATE TYPE c AS (a int);\nCREATE TYPE d AS (c c);\nCREATE TABLE t (v d);"),
        Case::fires("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;")
            .after("CREATE TYPE c AS (a int);\nCREATE DOMAIN d AS c;\nCREATE TABLE t (v d);"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE b int, DROP ATTRIBUTE a;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t (v c);"),
        Case::silent("ALTER TYPE c RENAME ATTRIBUTE a TO b;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t (v c);"),
        Case::fires("ALTER TYPE c ADD ATTRIBUTE b int;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE b int CASCADE;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;"),
        Case::fires("ALTER TYPE c RENAME ATTRIBUTE a TO b;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;"),
        Case::fires("ALTER DOMAIN d ADD CHECK (VALUE > 0);").after("CREATE DOMAIN d AS int;\nCREATE TABLE t (v d[]);"),
        Case::fires("ALTER DOMAIN d SET NOT NULL;")
            .after("CREATE DOMAIN d AS int;\nCREATE TYPE c AS (a d);\nCREATE TABLE t (v c);"),
        Case::fires("ALTER DOMAIN d ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN d AS int;\nCREATE DOMAIN e AS d;\nCREATE TABLE t (v e[]);"),
        Case::silent("ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID;")
            .after("CREATE DOMAIN d AS int;\nCREATE TABLE t (v d[]);"),
        Case::silent("ALTER DOMAIN d ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN d AS int;\nCREATE DOMAIN e AS d;\nCREATE TABLE t (v e);"),
        Case::silent("ALTER DOMAIN d DROP CONSTRAINT d_check;")
            .after("CREATE DOMAIN d AS int CHECK (VALUE > 0);\nCREATE TABLE t (v d[]);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    match statement {
        Statement::AlterComposite { name, changes } => {
            let key = cx.schema.type_key(name);
            let table = cx.schema.tables_of_type(&key).min().cloned();
            let holder = holder(cx, &key, |_| true);
            for (change, span) in changes {
                let sets_type = matches!(change.kind, AttributeChangeKind::SetType { .. });
                if let Some(table) = table.as_ref().filter(|_| !change.cascade) {
                    cx.report(*span, format!("the server refuses this: {table} is made of {name}"))
                        .help("with CASCADE it is done to the tables of the type too");
                } else if let Some((table, column)) = holder.as_ref().filter(|_| sets_type) {
                    cx.report(*span, format!("the server refuses this: {column} of {table} has values of {name}"))
                        .help("make a new type, and a column of it that takes the old one's place");
                }
            }
        }
        Statement::AlterDomain { name, change } if cx.schema.checks_values(name, change) => {
            let key = cx.schema.type_key(name);
            // Where the column itself is of the domain its values are looked at.
            let within = holder(cx, &key, |column| !cx.schema.is_of_domain(column, &key));
            if let Some((table, column)) = within {
                let span = cx.whole();
                cx.report(span, format!("the server refuses this: {column} of {table} has values of {name} within others"))
                    .help("put a CHECK on the table instead");
            }
        }
        _ => {}
    }
}

/// The first column that has values of a type in it, and is such.
fn holder(cx: &Context<'_>, of: &Key, is_such: impl Fn(&Column) -> bool) -> Option<(Key, SmolStr)> {
    let holders = cx.schema.columns_with(of).filter(|(_, column)| is_such(column));
    holders.min_by_key(|(table, column)| (*table, &column.name)).map(|(table, column)| (table.clone(), column.name.clone()))
}
