//! Objects that are kept as a definition in SQL: what leads from one to another, as far as its parts tell.

use rung_catalog::Kind;

/// Whether statements lead from one definition to another.
pub(super) fn is_alterable(kind: Kind, old: &str, new: &str) -> bool {
    old == new || !statements(kind, old, new).is_empty()
}

/// What leads from one definition to another, for kinds whose definition has parts. None where nothing does.
pub(super) fn statements(kind: Kind, old: &str, new: &str) -> Vec<String> {
    if old == new {
        return Vec::new();
    }
    let sql = match kind {
        Kind::Publication => publication(old, new),
        Kind::Subscription => subscription(old, new),
        Kind::Statistics => later(
            old,
            new,
            |sql| sql.rsplit_once(' ').map(|(head, _)| format!("{head} -1")),
            |sql| Some(sql.to_owned()),
        ),
        Kind::TextSearchConfiguration => later(
            old,
            new,
            |sql| sql.split(" WITH ").next().map(|head| head.replacen("ADD MAPPING", "DROP MAPPING", 1)),
            |sql| Some(sql.to_owned()),
        ),
        Kind::Server | Kind::ForeignDataWrapper | Kind::UserMapping => foreign(old, new),
        _ => None,
    };
    sql.unwrap_or_default()
}

/// Definitions of several statements of which the first is the same: each of the others is undone and done.
fn later(
    old: &str,
    new: &str,
    undo: impl Fn(&str) -> Option<String>,
    redo: impl Fn(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split(";\n").collect(), new.split(";\n").collect());
    if old.first() != new.first() {
        return None;
    }
    let mut sql: Vec<String> =
        old[1..].iter().filter(|it| !new.contains(it)).map(|it| undo(it)).collect::<Option<_>>()?;
    let added: Vec<String> =
        new[1..].iter().filter(|it| !old.contains(it)).map(|it| redo(it)).collect::<Option<_>>()?;
    sql.extend(added);
    Some(sql)
}

fn publication(old: &str, new: &str) -> Option<Vec<String>> {
    let parts = |sql: &str| -> Option<(String, String, String)> {
        let (head, with) = sql.rsplit_once("\n    WITH (")?;
        let (name, what) = match head.split_once("\n    FOR ") {
            Some((name, what)) => (name, what),
            None => match head.split_once(" FOR ALL TABLES") {
                Some((name, _)) => (name, "ALL TABLES"),
                None => (head, ""),
            },
        };
        Some((name.to_owned(), what.to_owned(), with.trim_end_matches(')').to_owned()))
    };
    let ((name, old_what, old_with), (_, new_what, new_with)) = (parts(old)?, parts(new)?);
    let alter = name.replacen("CREATE", "ALTER", 1);
    let mut sql = Vec::new();
    if old_what != new_what {
        if old_what == "ALL TABLES" || new_what == "ALL TABLES" || new_what.is_empty() {
            return None;
        }
        sql.push(format!("{alter} SET {new_what}"));
    }
    if old_with != new_with {
        let usual = [("publish_via_partition_root", "false"), ("publish_generated_columns", "none")];
        let mut with = new_with.clone();
        for (name, value) in usual {
            if old_with.contains(name) && !new_with.contains(name) {
                with.push_str(&format!(", {name} = {value}"));
            }
        }
        sql.push(format!("{alter} SET ({with})"));
    }
    Some(sql)
}

fn subscription(old: &str, new: &str) -> Option<Vec<String>> {
    let parts = |sql: &str| -> Option<(String, String, String, String)> {
        let (name, rest) = sql.split_once("\n    CONNECTION ")?;
        let (connection, rest) = rest.rsplit_once("\n    PUBLICATION ")?;
        let (publications, with) = rest.rsplit_once("\n    WITH (")?;
        let with = with.trim_end_matches(')').trim_start_matches("connect = false").trim_start_matches(", ");
        Some((name.to_owned(), connection.to_owned(), publications.to_owned(), with.to_owned()))
    };
    let ((name, old_connection, old_publications, old_with), (_, connection, publications, with)) =
        (parts(old)?, parts(new)?);
    let alter = name.replacen("CREATE", "ALTER", 1);
    let mut sql = Vec::new();
    if old_connection != connection {
        sql.push(format!("{alter} CONNECTION {connection}"));
    }
    if old_publications != publications {
        sql.push(format!("{alter} SET PUBLICATION {publications} WITH (refresh = false)"));
    }
    if old_with != with {
        let options = |text: &str| -> Vec<(String, String)> {
            text.split(", ").filter_map(|it| it.split_once(" = ")).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
        };
        let (before, after) = (options(&old_with), options(&with));
        let mut set: Vec<String> =
            after.iter().filter(|it| !before.contains(it)).map(|(name, value)| format!("{name} = {value}")).collect();
        for (name, _) in before.iter().filter(|(name, _)| !after.iter().any(|it| it.0 == *name)) {
            let usual = match name.as_str() {
                "binary" | "disable_on_error" | "run_as_owner" | "failover" => "false",
                "streaming" | "synchronous_commit" => "off",
                "password_required" => "true",
                "origin" => "any",
                _ => return None,
            };
            set.push(format!("{name} = {usual}"));
        }
        if set.iter().any(|it| it.starts_with("two_phase")) {
            return None;
        }
        sql.push(format!("{alter} SET ({})", set.join(", ")));
    }
    Some(sql)
}

/// Servers, wrappers and user mappings whose options differ, and nothing else; a server's version may, too.
fn foreign(old: &str, new: &str) -> Option<Vec<String>> {
    let parts = |sql: &str| -> (String, Vec<(String, String)>) {
        match sql.split_once(" OPTIONS (") {
            Some((head, rest)) => (head.to_owned(), options(rest.strip_suffix(')').unwrap_or(rest))),
            None => (sql.to_owned(), Vec::new()),
        }
    };
    let ((old_head, old_options), (new_head, new_options)) = (parts(old), parts(new));
    if old_head != new_head {
        return None;
    }
    // `ALTER SERVER name`, and not what stands behind the name.
    let head = new_head.replacen("CREATE", "ALTER", 1);
    let head = match head.strip_prefix("ALTER SERVER ") {
        Some(rest) => format!("ALTER SERVER {}", name_at_start(rest)),
        None => match head.strip_prefix("ALTER FOREIGN DATA WRAPPER ") {
            Some(rest) => format!("ALTER FOREIGN DATA WRAPPER {}", name_at_start(rest)),
            None => head,
        },
    };
    Some(vec![format!("{head} OPTIONS ({})", option_changes(&old_options, &new_options).join(", "))])
}

fn name_at_start(text: &str) -> &str {
    let end = match text.strip_prefix('"') {
        Some(rest) => rest.find("\" ").map_or(text.len(), |at| at + 2),
        None => text.find(' ').unwrap_or(text.len()),
    };
    &text[..end]
}

/// `ADD a 'x', SET b 'y', DROP c`.
pub(super) fn option_changes(old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let find = |of: &[(String, String)], name: &str| of.iter().find(|it| it.0 == name).map(|it| it.1.clone());
    let gone = old.iter().filter(|(name, _)| find(new, name).is_none()).map(|(name, _)| format!("DROP {name}"));
    let rest = new.iter().filter_map(|(name, value)| match find(old, name) {
        None => Some(format!("ADD {name} {value}")),
        Some(before) if before != *value => Some(format!("SET {name} {value}")),
        Some(_) => None,
    });
    gone.chain(rest).collect()
}

/// `name 'value', "Other" 'it''s'`, each as it is written.
fn options(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let name = name_at_start(rest);
        let value = rest[name.len()..].trim_start();
        let end =
            rung_sql::tokens(value, &rung_sql::Syntax::POSTGRES).next().map_or(value.len(), |token| token.span.end);
        found.push((name.to_owned(), value[..end].to_owned()));
        rest = value[end..].trim_start_matches(", ");
    }
    found
}

/// What takes back what was added to an operator family.
pub(super) fn drop_from_family(sql: &str) -> String {
    let (head, items) = sql.split_once(" ADD\n").unwrap_or((sql, ""));
    let item = |item: &str| {
        let item = item.trim();
        let (kind, rest) = item.split_once(' ').unwrap_or((item, ""));
        let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        // Its types: behind the operator, or in front of the function.
        let types = rest.find('(').and_then(|open| rest[open..].find(')').map(|close| &rest[open..=open + close]));
        format!("{kind} {number} {}", types.unwrap_or_default())
    };
    let items: Vec<String> = items.split(",\n").map(item).collect();
    format!("{head} DROP\n    {}", items.join(",\n    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_added_set_and_dropped() {
        let sql = foreign(
            "CREATE SERVER far TYPE 'x' FOREIGN DATA WRAPPER w OPTIONS (\"Odd\" 'o', host 'it''s, here', port '1')",
            "CREATE SERVER far TYPE 'x' FOREIGN DATA WRAPPER w OPTIONS (host 'h', name 'n', port '1')",
        );
        assert_eq!(sql.unwrap(), ["ALTER SERVER far OPTIONS (DROP \"Odd\", SET host 'h', ADD name 'n')"]);
        assert_eq!(
            foreign("CREATE SERVER far FOREIGN DATA WRAPPER w", "CREATE SERVER far FOREIGN DATA WRAPPER v"),
            None
        );
    }

    #[test]
    fn what_was_added_to_a_family_is_taken_back() {
        let sql = drop_from_family(
            "ALTER OPERATOR FAMILY app.f USING btree ADD\n    OPERATOR 1 app.<<<(app.pair,integer),\n    \
             FUNCTION 1 (app.pair, integer) app.cmp(app.pair,integer)",
        );
        assert_eq!(
            sql,
            "ALTER OPERATOR FAMILY app.f USING btree DROP\n    OPERATOR 1 (app.pair,integer),\n    FUNCTION 1 (app.pair, integer)"
        );
    }

    #[test]
    fn publications_and_mappings_are_altered_in_parts() {
        let old = "CREATE PUBLICATION p\n    FOR TABLE app.a\n    WITH (publish = 'insert', publish_via_partition_root = true)";
        let new = "CREATE PUBLICATION p\n    FOR TABLE app.a, app.b\n    WITH (publish = 'insert, update')";
        assert_eq!(
            publication(old, new).unwrap(),
            [
                "ALTER PUBLICATION p SET TABLE app.a, app.b",
                "ALTER PUBLICATION p SET (publish = 'insert, update', publish_via_partition_root = false)"
            ]
        );
        assert_eq!(publication("CREATE PUBLICATION p FOR ALL TABLES\n    WITH (publish = 'insert')", new), None);
        let old =
            "CREATE C;\nALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH a;\nX ADD MAPPING FOR email WITH b";
        let new =
            "CREATE C;\nALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH b;\nX ADD MAPPING FOR email WITH b";
        assert_eq!(
            statements(Kind::TextSearchConfiguration, old, new),
            [
                "ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word",
                "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH b"
            ]
        );
    }
}
