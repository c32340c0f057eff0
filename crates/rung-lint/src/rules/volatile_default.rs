//! `volatile-default`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "volatile-default",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A column with a volatile default, its own or its domain's, is added to a table in use.",
    why: "The value is computed for each row, and the table written anew under an ACCESS EXCLUSIVE lock. A constant or a \
          stable default (`now()`) is stored once.",
    instead: "Add the column without the default, `SET DEFAULT`, and fill the rows that are there in batches.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid();"),
        Case::silent("ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now();"),
        Case::fires("ALTER TABLE t ADD COLUMN a double precision DEFAULT 1 + random();"),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT -1;"),
        Case::silent("ALTER TABLE t ADD COLUMN a bytea DEFAULT decode('00', 'hex');"),
        Case::silent("ALTER TABLE t ADD COLUMN a text DEFAULT 'random()';"),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT app.f(1);"),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT app.f(1);")
            .after("CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"),
        Case::silent("CREATE TABLE t (b int);\nALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid();"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET DEFAULT gen_random_uuid();"),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT pg_backend_pid();"),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT f(1);").after(
            "CREATE FUNCTION f(n int, m text DEFAULT '') RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';\n\
             ALTER FUNCTION f(int, text) IMMUTABLE;",
        ),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT f(1);").after(
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';\n\
             ALTER FUNCTION f(text) IMMUTABLE;",
        ),
        Case::fires("ALTER TABLE t ADD COLUMN a moment;")
            .after("CREATE DOMAIN moment AS timestamptz DEFAULT clock_timestamp();"),
        Case::silent("ALTER TABLE t ADD COLUMN a moment DEFAULT NULL;")
            .after("CREATE DOMAIN moment AS timestamptz DEFAULT clock_timestamp();"),
        Case::silent("ALTER TABLE t ADD COLUMN a moment;").after("CREATE DOMAIN moment AS timestamptz DEFAULT now();"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddColumn { column, .. } = action else { return };
    let of_domain = || column.data_type.as_ref().and_then(|domain| cx.schema.default_of(domain));
    let (text, volatility) = match (column.default(), of_domain()) {
        (Some(default), _) => (cx.text(default.span), cx.schema.volatility(default)),
        (None, Some((text, volatility))) => (text.as_str(), *volatility),
        (None, None) => return,
    };
    if volatility == Volatility::Steady || cx.is_fresh_table(&alter.name) {
        return;
    }
    let message = match volatility {
        Volatility::Volatile => format!("{} is written anew, with a value of {text} for each row", alter.name),
        _ => format!("{} is written anew if {text} is volatile, as functions are by themselves", alter.name),
    };
    let own = column.default().is_some();
    let steps = match own {
        true => Altered::new(cx, alter).column(column, span),
        false => Err("the default is its domain's".to_owned()),
    };
    // The domain's default is that of a column that has none.
    let without = if own { "without a default" } else { "with `DEFAULT NULL`" };
    let found = cx
        .report(span, message)
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help(format!("add the column {without}, then `ALTER COLUMN {} SET DEFAULT {text}`", column.name))
        .help("fill the rows that are there in batches, in migrations of their own")
        .steps(span, steps);
    if volatility == Volatility::Unknown {
        found.level(Level::Warning);
    }
}
