//! `definer-search-path`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "definer-search-path",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A function with `SECURITY DEFINER` and without `SET search_path`.",
    why: "Whoever calls it chooses the `search_path`, and with it the tables and operators that it uses under the rights of its owner.",
    instead: "`SET search_path = ''` in the function, and names with their schema.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';"),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
        Case::fires("ALTER FUNCTION f() SECURITY DEFINER;"),
        Case::silent("ALTER FUNCTION f() SECURITY DEFINER SET search_path = '';"),
        Case::silent("ALTER FUNCTION f() SECURITY DEFINER;\nALTER FUNCTION f() SET search_path = '';"),
        Case::silent("ALTER FUNCTION f() SECURITY DEFINER;").after(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = '' AS 'SELECT 1';",
        ),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 -- SECURITY DEFINER';"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let (Statement::Create { kind: Kind::Routine, name: Some(name), .. }
    | Statement::Alter { kind: Kind::Routine, name: Some(name), .. }) = statement
    else {
        return;
    };
    let Some(span) = cx.words(&["security", "definer"]) else { return };
    let is_alter = matches!(statement, Statement::Alter { .. });
    let sets_later = || {
        cx.statements().skip(cx.at + 1).any(|(at, other)| {
            let up = cx.file.up.as_deref();
            matches!(other, Statement::Alter { kind: Kind::Routine, name: Some(same), .. } if same.name == name.name)
                && up.is_some_and(|up| up.text(at).to_ascii_lowercase().contains("search_path"))
        })
    };
    let is_set = cx.words(&["set", "search_path"]).is_some() || is_alter && cx.schema.sets_path(name) || sets_later();
    if !is_set {
        cx.report(span, format!("whoever calls {name} chooses what it does under its owner's rights"))
            .help("add `SET search_path = ''`, and write names in it with their schema");
    }
}
