//! `broken-routine`.

use std::fmt::Write as _;

use crate::{Static, statics};

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "broken-routine",
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A function or procedure in SQL or PL/pgSQL that names what is not there: a table, a column, a type, another function. With the extension plpgsql_check, whatever that calls an error.",
    why: "PostgreSQL looks at most bodies when they are run, and not when what they need is dropped or renamed: it shows when a user comes to it.",
    instead: "Mend the body with a migration, or drop the routine. Statements that are put together when they run (EXECUTE) are not looked at, nor are other languages.",
    find: Find::Asking(find),
    cases: &[
        Case::fires("CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'; DROP TABLE t;"),
        Case::fires(
            "CREATE TABLE t (a int, b int); CREATE FUNCTION f(x int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; \
             BEGIN SELECT b INTO n FROM t WHERE a = x; RETURN n; END $$; ALTER TABLE t DROP COLUMN b;",
        ),
        Case::silent(
            "CREATE TABLE t (a int, b int); CREATE FUNCTION f(x int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; \
             BEGIN SELECT b INTO n FROM t WHERE a = x AND b = f.x; RETURN n; END $$;",
        ),
        Case::fires(
            "CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO log VALUES (NEW.a); RETURN NEW; END $$; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Case::silent(
            "CREATE TABLE t (a int, b int); CREATE TABLE log (a int, op text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO log VALUES (NEW.a, TG_OP); RETURN NEW; EXCEPTION WHEN others THEN UPDATE log SET op = SQLERRM; RETURN NULL; END $$; \
             CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Case::silent(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE scratch (a int); \
             INSERT INTO scratch VALUES (1); EXECUTE 'DROP TABLE nowhere'; END $$;",
        ),
        Case::silent(
            "CREATE SCHEMA app; CREATE TABLE app.t (a int); \
             CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SET search_path = app AS 'SELECT count(*) FROM t';",
        ),
        Case::fires(
            "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE f() LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM g(); END $$; DROP FUNCTION g();",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f(VARIADIC names text[], OUT n bigint) LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN \
             FOR r IN SELECT a, $1 FROM t LOOP n := (SELECT count(*) FROM t WHERE a = r.a); END LOOP; END $$;",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM newt n JOIN oldt o USING (a)) \
             THEN RAISE 'x'; END IF; RETURN NULL; END $$; CREATE TRIGGER g AFTER UPDATE ON t REFERENCING NEW TABLE AS newt OLD TABLE AS oldt \
             FOR EACH STATEMENT EXECUTE FUNCTION f();",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; c CURSOR (k int) FOR SELECT a FROM t \
             WHERE a = k; BEGIN OPEN c(3); FETCH c INTO x; CLOSE c; RETURN x; END $$;",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE al ALIAS FOR $1; be ALIAS FOR n; BEGIN \
             UPDATE t SET a = al WHERE a = be; END $$;",
        ),
        Case::silent(
            "CREATE SCHEMA hid; CREATE TABLE hid.hidt (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN \
             CREATE TABLE IF NOT EXISTS hid.made (a int); INSERT INTO hid.made VALUES (1); END $$; \
             CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL search_path = hid; PERFORM * FROM hidt; END $$;",
        ),
        Case::fires(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.gone := 1; RETURN NEW; END $$; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := OLD.a + 1; RETURN NEW; END $$; \
             CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION f();",
        ),
        Case::silent(
            "CREATE TABLE t (a int); CREATE TABLE u (b int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_TABLE_NAME = 't' THEN NEW.a := 1; ELSE NEW.b := 1; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); \
             CREATE TRIGGER g BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Case::silent("CREATE FUNCTION f(x anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT x); END $$;"),
        Case::silent(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE SCHEMA hid; CREATE VIEW hid.vv AS SELECT 1 AS z; PERFORM z FROM hid.vv; END $$;",
        ),
        Case::silent(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE tt31 (LIKE p); ALTER TABLE tt31 RENAME TO tt32; ALTER TABLE tt32 RENAME COLUMN id TO no; PERFORM no FROM tt32; END $$;",
        ),
        Case::silent(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE p ADD COLUMN IF NOT EXISTS late int; PERFORM late FROM p; END $$;",
        ),
        Case::silent(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE n int; r p; a int[]; BEGIN n := n + 1; r.id := n; a[1] := r.id; IF NOT FOUND THEN RAISE 'x' USING ERRCODE = 'P0001', HINT = n::text; END IF; GET DIAGNOSTICS n = ROW_COUNT; SET LOCAL work_mem = kB; FOR i IN REVERSE 10..n BY 2 LOOP n := i; END LOOP; END $$;",
        ),
        Case::silent(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE c CURSOR FOR SELECT id FROM p; n int; BEGIN FOR r IN c LOOP n := r.id; END LOOP; DECLARE n record; BEGIN n := (SELECT p FROM p LIMIT 1); n.x := 1; END; END $$;",
        ),
        Case::silent(
            "CREATE PROCEDURE g(INOUT a int, b text DEFAULT 'x') LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$; CREATE PROCEDURE f() LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN CALL g(n); CALL public.g(a => n); END $$;",
        ),
        Case::silent(
            "CREATE FUNCTION f(x anyarray) RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN n := array_length(x, 1) + x[1] * 2; RETURN n; END $$;",
        ),
        Case::silent(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ <<b>> DECLARE r p; BEGIN b.r.id := 1; r.id := b.r.id; END $$;",
        ),
        Case::fires(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN x := y + 1; END $$;",
        ),
        Case::fires(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL noproc(); END $$;",
        ),
        Case::fires(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r p%ROWTYPE; BEGIN r.nope := 1; END $$;",
        ),
        Case::fires(
            "CREATE TABLE p (id int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..(SELECT nope FROM p) LOOP NULL; END LOOP; END $$;",
        ),
        Case::fires(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM maybe; BEGIN NULL; EXCEPTION WHEN undefined_table THEN NULL; END; END $$;",
        ),
    ],
};

/// What is read of each routine.
const ROUTINES: &str = "SET LOCAL search_path = ''; SELECT p.oid, n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), l.lanname, \
    p.prosrc, \
    (SELECT pg_catalog.string_agg(coalesce(nullif(p.proargnames[a.at], ''), 'rung_' || a.at) || E'\\x1f' || pg_catalog.format_type(a.type, NULL), E'\\x1e' ORDER BY a.at) \
     FROM pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a(type, at)), \
    (SELECT CASE WHEN pg_catalog.count(DISTINCT t.tgrelid) = 1 THEN pg_catalog.min(t.tgrelid)::pg_catalog.regclass::text END \
     FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid AND t.tgparentid = 0), \
    p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype, \
    (SELECT pg_catalog.substr(c, 13) FROM pg_catalog.unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%'), \
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(E'\\x1e', t.tgoldtable, t.tgnewtable), E'\\x1e') FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid) \
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
    WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND l.lanname NOT IN ('c', 'internal') AND p.prosrc <> '' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')";

/// Asks the language itself whether it takes a body, as it was asked when the routine was made. `$probe` is what does so.
/// What it says is kept for the query at the end.
const VALIDATE: &str = "SET LOCAL check_function_bodies = on; SET LOCAL client_min_messages = error; DO $rung$ \
    DECLARE r record; f record; found jsonb := '[]'; place text; kept text := current_setting('search_path'); BEGIN \
    FOR r IN SELECT p.oid, l.lanname, coalesce((SELECT pg_catalog.substr(c, 13) FROM pg_catalog.unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%'), kept) AS path, \
        CASE WHEN p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype THEN coalesce((SELECT t.tgrelid FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid ORDER BY t.oid LIMIT 1), 0::oid) END AS relation \
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
        WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') AND n.nspname !~ '^pg_' AND p.prosrc <> '' \
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e') \
    LOOP BEGIN PERFORM pg_catalog.set_config('search_path', r.path, true); \
      IF r.lanname = 'sql' THEN PERFORM pg_catalog.fmgr_sql_validator(r.oid); \
      ELSE PERFORM pg_catalog.plpgsql_validator(r.oid); $probe END IF; \
    EXCEPTION WHEN others THEN found := found || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(r.oid, SQLSTATE, SQLERRM)); END; END LOOP; \
    PERFORM pg_catalog.set_config('rung.found', found::text, true); END $rung$; \
    SELECT e ->> 0, e ->> 1, e ->> 2 FROM pg_catalog.jsonb_array_elements(pg_catalog.current_setting('rung.found')::jsonb) e";

/// As the extension sees it.
const CHECKED: &str = "IF r.relation IS DISTINCT FROM 0::oid THEN FOR f IN SELECT * FROM $schema.plpgsql_check_function_tb(r.oid, coalesce(r.relation, 0::oid)) LOOP \
    IF f.level = 'error' THEN found := found || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(r.oid, f.sqlstate, f.message || coalesce(', in line ' || f.lineno, ''))); END IF; END LOOP; END IF;";

/// SQLSTATEs of what is named and is not there: tables, columns, functions, types, schemas.
const ABSENT: [&str; 5] = ["42P01", "42703", "42883", "42704", "3F000"];

/// A routine, as it is asked about.
struct Asked {
    oid: String,
    key: Arc<Key>,
    language: String,
    body: String,
    /// Names and types.
    arguments: Vec<(String, String)>,
    /// The table of its triggers, where they are all on one: the rows that it gets have the columns of several otherwise.
    relation: String,
    is_trigger: bool,
    path: Option<String>,
    /// What its triggers call the rows that were and are.
    transitions: Vec<String>,
}

impl Asked {
    fn of(row: &Row) -> Self {
        let pairs = text(row, 6).split('\u{1e}').filter_map(|pair| pair.split_once('\u{1f}'));
        let key = Key::new(Kind::Routine, Some(text(row, 1)), text(row, 2)).with_arguments(text(row, 3));
        Self {
            oid: text(row, 0).to_owned(),
            key: Arc::new(key),
            language: text(row, 4).to_owned(),
            body: text(row, 5).to_owned(),
            arguments: pairs.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect(),
            relation: text(row, 7).to_owned(),
            is_trigger: text(row, 8) == "t",
            path: row.get(9).cloned().flatten(),
            transitions: text(row, 10).split('\u{1e}').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        }
    }
}

fn find(cx: &mut Examination<'_>) -> Result<(), DbError> {
    let extension = cx.catalog.get(&Key::new(Kind::Extension, None, "plpgsql_check"));
    let checked = extension.and_then(|object| match &object.body {
        Body::Extension(extension) => Some(CHECKED.replace("$schema", &cx.dialect.identifier(&extension.schema))),
        _ => None,
    });
    let is_checked = checked.is_some();
    let validate = VALIDATE.replace("$probe", &checked.unwrap_or_default());
    let mut answers = cx.ask(&[ROUTINES.to_owned(), validate])?.into_iter();
    let (Some(routines), Some(refused)) = (answers.next(), answers.next()) else { return Ok(()) };
    let own = cx.own_schema();
    let routines: Vec<Asked> =
        routines?.iter().map(Asked::of).filter(|asked| asked.key.schema.as_deref() != Some(&own)).collect();
    let refused = refused?;
    let mut others = 0;
    let mut planned: Vec<(&Asked, Static)> = Vec::new();
    for asked in &routines {
        let said: Vec<&Row> = refused.iter().filter(|row| text(row, 0) == asked.oid).collect();
        let mut found = statics(&asked.body);
        found.own.extend(asked.transitions.iter().cloned());
        let certain = said.iter().filter(|row| !is_own(&found.own, text(row, 2)));
        for row in certain.clone() {
            broken(cx, asked, (text(row, 1), text(row, 2)), None, Outcome::Fails);
        }
        match asked.language.as_str() {
            "plpgsql" if found.sets_path && !is_checked => {
                cx.cannot(Some(asked.key.path()), "it sets its search_path when it runs");
            }
            "plpgsql" if said.is_empty() && !is_checked => planned.push((asked, found)),
            "plpgsql" | "sql" => {}
            _ => others += 1,
        }
    }
    plan(cx, &planned)?;
    let dynamic: usize = planned.iter().map(|(_, found)| found.dynamic).sum();
    if dynamic > 0 {
        let why = format!("{dynamic} of their statements are put together when they run (EXECUTE)");
        cx.cannot(Some("routines in plpgsql".to_owned()), why);
    }
    if others > 0 {
        cx.cannot(Some(format!("{others} routines in other languages")), "rung can't tell whether they compile");
    }
    Ok(())
}

/// Has the server plan every query of the bodies, within a block that declares what the body does.
fn plan(cx: &mut Examination<'_>, planned: &[(&Asked, Static)]) -> Result<(), DbError> {
    let with_queries = || planned.iter().filter(|(_, found)| !found.statements.is_empty());
    let questions: Vec<String> = with_queries().map(|(asked, found)| question(cx, asked, found)).collect();
    let answers = cx.ask(&questions)?;
    for ((asked, found), answer) in with_queries().zip(answers) {
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) if error.code.as_deref().is_some_and(|code| ABSENT.contains(&code)) => {
                broken(cx, asked, ("", &error.message), None, Outcome::Fails);
                continue;
            }
            Err(error) => {
                cx.cannot(Some(asked.key.path()), error.message);
                continue;
            }
        };
        for row in rows.iter().filter(|row| !is_own(&found.own, text(row, 2))) {
            let (state, message) = (text(row, 1), text(row, 2));
            // A function that is not there for a text may be there for what a caller has.
            if state == "42883" && asked.arguments.iter().any(|(_, kind)| kind.starts_with("any")) {
                continue;
            }
            let at = number::<usize>(row, 0);
            let statement = at.and_then(|at| found.statements.get(at));
            if statement.is_some_and(|(_, query)| found.own.iter().any(|own| is_qualified_by(query, own))) {
                continue;
            }
            let start = statement.map(|(start, _)| *start);
            let line = start.map(|start| asked.body[..start].lines().count().max(1));
            let name = message.split('"').nth(1).unwrap_or_default();
            let outcome = match at.is_some_and(|at| found.expects(at, state, name)) {
                true => Outcome::Expected,
                false => Outcome::Fails,
            };
            broken(cx, asked, (state, message), line, outcome);
        }
        let denied = "permission denied";
        if let Some(row) = rows.iter().find(|row| text(row, 2).starts_with(denied)) {
            cx.cannot(Some(asked.key.path()), text(row, 2).to_owned());
        }
    }
    Ok(())
}

/// A block of the routine's name, its arguments and variables in it, and EXPLAIN of each of its queries.
fn question(cx: &Examination<'_>, asked: &Asked, found: &Static) -> String {
    let mut declared = String::new();
    let name = |name: &str| cx.dialect.identifier(name);
    for (argument, kind) in &asked.arguments {
        let _ = write!(declared, "{} {}; ", name(argument), concrete(kind));
    }
    for given in ["sqlerrm text", "sqlstate text", "tg_event text", "tg_tag text", "rung_row record"] {
        let _ = write!(declared, "{given}; ");
    }
    if asked.is_trigger {
        let row = if asked.relation.is_empty() { "record".to_owned() } else { format!("{}%ROWTYPE", asked.relation) };
        let _ = write!(
            declared,
            "new {row}; old {row}; tg_name name; tg_when text; tg_level text; tg_op text; tg_relid oid; tg_relname name; \
             tg_table_name name; tg_table_schema name; tg_nargs integer; tg_argv text[]; "
        );
    }
    let mut known: Vec<&str> = Vec::new();
    for (variable, kind) in &found.variables {
        if !known.iter().any(|other| other.eq_ignore_ascii_case(variable)) {
            let _ = write!(declared, "{variable} {kind}; ");
            known.push(variable);
        }
    }
    // An alias of an argument or a variable has its type; of a row, its columns.
    let mut aliases: Vec<(&str, &str)> = Vec::new();
    for (alias, of) in &found.aliases {
        let of = aliases.iter().find(|(name, _)| name.eq_ignore_ascii_case(of)).map_or(of.as_str(), |(_, of)| *of);
        aliases.push((alias, of));
        let number = of.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let argument = number.and_then(|number| asked.arguments.get(number.checked_sub(1)?));
        let all = asked.arguments.iter().chain(&found.variables);
        let kind = argument.or_else(|| all.clone().find(|(name, _)| name.eq_ignore_ascii_case(of))).map(|(_, kind)| kind);
        let row = format!("{}%ROWTYPE", asked.relation);
        let is_row = asked.is_trigger && !asked.relation.is_empty() && ["new", "old"].iter().any(|it| of.eq_ignore_ascii_case(it));
        let kind = kind.map(String::as_str).or(is_row.then_some(row.as_str())).unwrap_or("record");
        let _ = write!(declared, "{alias} {}; ", concrete(kind));
    }
    let mut block = String::new();
    for (at, (_, query)) in found.statements.iter().enumerate() {
        let query = positional(query, &asked.arguments, &name);
        let _ = write!(
            block,
            "BEGIN FOR rung_row IN EXPLAIN {query} LOOP END LOOP; EXCEPTION WHEN others THEN \
             PERFORM pg_catalog.set_config('rung.found', (pg_catalog.current_setting('rung.found')::jsonb || \
             pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array({at}, SQLSTATE, SQLERRM)))::text, true); END; "
        );
    }
    let path = asked.path.as_ref().map_or_else(String::new, |path| format!("SET LOCAL search_path = {path}; "));
    let body = format!("<<{}>> DECLARE {declared} BEGIN {block} END", name(&asked.key.name));
    let states = ABSENT.map(|state| format!("'{state}'")).join(", ");
    format!(
        "SET LOCAL client_min_messages = error; {path}SET LOCAL rung.found = '[]'; DO {}; \
         SELECT e ->> 0, e ->> 1, e ->> 2 FROM pg_catalog.jsonb_array_elements(pg_catalog.current_setting('rung.found')::jsonb) e \
         WHERE e ->> 1 IN ({states}, '42501')",
        cx.dialect.quote_literal(&body)
    )
}

/// `$1` is the first argument, which has a name in the block.
fn positional(query: &str, arguments: &[(String, String)], name: &dyn Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(query.len());
    for token in rung_sql::tokens(query, &rung_sql::Syntax::POSTGRES) {
        let word = &query[token.span.range()];
        let number = word.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        match number.and_then(|number| arguments.get(number.checked_sub(1)?)) {
            Some((argument, _)) if token.kind == rung_sql::TokenKind::Parameter => text.push_str(&name(argument)),
            _ => text.push_str(word),
        }
    }
    text
}

/// Whether a message is of something that only the body knows of.
fn is_own(own: &[String], message: &str) -> bool {
    let mut quoted = message.split('"').skip(1).step_by(2);
    message.starts_with("permission denied") || quoted.any(|name| own.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// A type that an argument of a polymorphic one may have.
fn concrete(kind: &str) -> &str {
    match kind {
        "anyarray" | "anycompatiblearray" => "text[]",
        "anyrange" | "anycompatiblerange" => "pg_catalog.numrange",
        kind if kind.starts_with("any") => "text",
        kind => kind,
    }
}

/// What comes of what is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fails,
    /// The body handles the error, or has asked before.
    Expected,
}

/// Whether a query has a name behind `own.`, such as `block.variable.field`, which means nothing outside of the body.
fn is_qualified_by(query: &str, own: &str) -> bool {
    let (query, prefix) = (query.to_lowercase(), format!("{}.", own.to_lowercase()));
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"');
    query.match_indices(&prefix).any(|(at, _)| !query[..at].ends_with(is_part))
}

fn broken(
    cx: &mut Examination<'_>,
    asked: &Asked,
    (state, message): (&str, &str),
    line: Option<usize>,
    outcome: Outcome,
) {
    let routine = if asked.is_trigger { "trigger function" } else { "routine" };
    let place = line.map(|line| format!(" (line {line} of its body)")).unwrap_or_default();
    let finding = cx.report(Some(&asked.key), format!("{}: {message}{place}", asked.key.path()));
    match outcome {
        Outcome::Fails => finding.note(format!("the {routine} fails when it is run")),
        Outcome::Expected => finding
            .at_most(Level::Warning)
            .note(format!("the {routine} goes on: it handles the error, or asks before whether it is there")),
    };
    if state == "42703" || state == "42P01" {
        finding.note("what it names was dropped or renamed, or is not in its search_path");
    }
    finding.mend(format!("rung new mend_{}", asked.key.name.to_lowercase()));
}
