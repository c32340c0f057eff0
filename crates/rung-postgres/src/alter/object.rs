//! What stays and is no table: how it is altered.

use rung_catalog::{
    Body, Catalog, Column, Fact, Firing, Grants, Key, Kind, Object, Policy, Sequence, Type, Validity, View,
};
use rung_engine::Cut;

use super::attribute::attributes;
use super::work::Phase;
use super::{Builder, steps, table, types};
use crate::name::{full, list, literal, parent, quoted};
use crate::render::object::phrase;
use crate::render::table::bare;

impl<'a> Builder<'_, 'a> {
    pub(super) fn alter(&mut self, from: &'a Object, to: &'a Object) {
        let key = &to.key;
        let mut sql = match (&from.body, &to.body) {
            (Body::Table(old), Body::Table(new)) => return self.table(from, to, old, new),
            (Body::Type(old), Body::Type(new)) => self.type_(to, old, new),
            (Body::Routine(_), Body::Routine(new)) if from.body != to.body || self.is_bound_anew(from) => {
                vec![new.definition.clone()]
            }
            (Body::Sequence(old), Body::Sequence(new)) => self.sequence(to, old, new),
            (Body::View(old), Body::View(new)) => self.view(from, to, old, new),
            (Body::Index(old), Body::Index(new)) => self.alter_index(key, old, new, false),
            (Body::Constraint(old), Body::Constraint(new)) => self.alter_constraint(to, old, new),
            (Body::Trigger(old), Body::Trigger(new)) => {
                let what = format!("TRIGGER {}", quoted(&key.name));
                firing(old.firing, new.firing, |mode| format!("ALTER TABLE {} {mode} {what}", parent(key)))
            }
            (Body::Policy(old), Body::Policy(new)) => policy(key, old, new),
            (Body::Extension(old), Body::Extension(new)) => {
                let what = format!("ALTER EXTENSION {}", quoted(&key.name));
                let mut sql = Vec::new();
                if old.schema != new.schema {
                    sql.push(format!("{what} SET SCHEMA {}", quoted(&new.schema)));
                }
                if old.version != new.version {
                    sql.push(format!("{what} UPDATE TO {}", literal(&new.version)));
                }
                if self.changes.options.compared.privileges {
                    sql.extend(member_grants(&old.grants, &new.grants));
                }
                sql
            }
            (Body::Other(old), Body::Other(new)) if key.kind == Kind::DefaultPrivileges => {
                if self.changes.options.compared.privileges {
                    let sql = default_privileges(key, &new.sql, &from.grants, &to.grants);
                    debug_assert_eq!(old.sql, new.sql);
                    self.works.add(Phase::Last, key, None, steps(sql));
                }
                return;
            }
            (Body::Other(old), Body::Other(new)) => {
                let mut sql = statements(key.kind, &old.sql, &new.sql);
                sql.extend(firing(old.firing, new.firing, |mode| match key.kind {
                    Kind::EventTrigger => {
                        format!("ALTER EVENT TRIGGER {} {}", quoted(&key.name), mode.replace(" EVENT", ""))
                    }
                    _ => format!("ALTER TABLE {} {mode} RULE {}", parent(key), quoted(&key.name)),
                }));
                sql
            }
            _ => Vec::new(),
        };
        sql.extend(attributes(from, to, &self.changes.options.compared));
        if sql.is_empty() {
            return;
        }
        let (mut needs, mut frees) = (self.needs(to), self.frees(from));
        let group = self.group(to);
        let is_reset = self.changes.reset.contains(&(&**key, ""));
        let is_on_columns = matches!(to.body, Body::Index(_) | Body::Constraint(_)) || key.kind == Kind::Statistics;
        if is_on_columns {
            // The server takes them along when a column gets another type.
            frees.retain(|fact| !needs.contains(fact));
        }
        if key.kind == Kind::Publication {
            // A table that is dropped goes from it by itself.
            frees.retain(|fact| fact.column.is_some());
        }
        if matches!(to.body, Body::Index(_) | Body::Constraint(_)) {
            let table = group.and_then(|table| self.changes.to.get(table));
            needs.extend(table.map(|table| super::index::attached(&table.key)));
        }
        let above = super::change::above(self.changes.new, to).and_then(|above| self.changes.to.get(above));
        let action = self.works.add(Phase::Make, key, group, steps(sql));
        action.makes = vec![Fact::object(key)];
        action.makes.extend(above.map(|above| super::index::parts(&above.key)));
        action.needs = needs;
        // A default that is taken off first has done that already.
        action.frees = if is_reset { Vec::new() } else { frees };
    }

    /// Whether a routine's text is the same and what it uses is not.
    fn is_bound_anew(&self, from: &'a Object) -> bool {
        from.depends_on.iter().any(|it| self.changes.is_dropped(&it.on))
    }

    fn type_(&mut self, to: &'a Object, old: &'a Type, new: &'a Type) -> Vec<String> {
        let key = &to.key;
        match (old, new) {
            (Type::Enum { labels: old }, Type::Enum { labels: new }) => {
                let sql = types::new_labels(key, old, new);
                if !sql.is_empty() {
                    let mut words = steps(sql);
                    words[0].note =
                        Some("in a transaction of its own: a new word may be used only when it is committed");
                    let action = self.works.add(Phase::Words, key, None, words);
                    action.makes = vec![Fact::object(key)];
                    action.what.cut = Cut::New;
                }
                Vec::new()
            }
            (Type::Composite { columns: old }, Type::Composite { columns: new }) => {
                self.attributes(to, old, new);
                Vec::new()
            }
            (
                Type::Domain { default: old_default, not_null: old_null, .. },
                Type::Domain { default: new_default, not_null: new_null, .. },
            ) => {
                let alter = format!("ALTER DOMAIN {}", full(key));
                let mut sql = Vec::new();
                if self.changes.reset.contains(&(&**key, "")) {
                    let from = self.changes.from.get(key).map(|from| self.frees(from)).unwrap_or_default();
                    let action = self.works.add(Phase::Make, key, None, steps([format!("{alter} DROP DEFAULT")]));
                    action.frees = from;
                    sql.extend(new_default.iter().map(|default| format!("{alter} SET DEFAULT {default}")));
                } else if old_default != new_default {
                    sql.push(match new_default {
                        Some(default) => format!("{alter} SET DEFAULT {default}"),
                        None => format!("{alter} DROP DEFAULT"),
                    });
                }
                match (old_null, new_null) {
                    (Some(_), None) => sql.push(format!("{alter} DROP NOT NULL")),
                    (None, Some(new)) => match &new.name {
                        Some(name) => sql.push(format!("{alter} ADD CONSTRAINT {} NOT NULL", quoted(name))),
                        None => sql.push(format!("{alter} SET NOT NULL")),
                    },
                    (Some(old), Some(new)) if old.name != new.name => {
                        let usual = format!("{}_not_null", key.name);
                        let of = |name: &Option<String>| quoted(name.as_ref().unwrap_or(&usual));
                        sql.push(format!("{alter} RENAME CONSTRAINT {} TO {}", of(&old.name), of(&new.name)));
                    }
                    _ => {}
                }
                if let (Some(old), Some(new)) = (old_null, new_null)
                    && (old.comment != new.comment || old.validity != new.validity && new.validity == Validity::Valid)
                {
                    let usual = format!("{}_not_null", key.name);
                    let name = quoted(new.name.as_ref().unwrap_or(&usual));
                    let text = literal(new.comment.as_deref().unwrap_or_default());
                    sql.push(format!("COMMENT ON CONSTRAINT {name} ON DOMAIN {} IS {text}", full(key)));
                }
                sql
            }
            _ => Vec::new(),
        }
    }

    /// The attributes of a composite type, and the columns of the tables of that type with them.
    fn attributes(&mut self, to: &'a Object, old: &'a [Column], new: &'a [Column]) {
        let key = &to.key;
        let mut steps = steps(types::attributes(key, old, new));
        let Some(step) = steps.first_mut() else { return };
        let (from, catalog) = (self.changes.from, self.changes.to);
        let is_in_use = types::has_values(from, key) || tables_of(from, key).next().is_some();
        let gone: Vec<&str> = names_but(old, new);
        if is_in_use && !gone.is_empty() {
            let lost: Vec<String> = gone.iter().map(|name| format!("{}.{name}", key.path())).collect();
            step.loses = Some(format!("the values of {}", lost.join(", ")));
        }
        let stays = |object: &&'a Object| from.get(&object.key).is_some() && !self.changes.is_made(&object.key);
        let is_retyped = |table: &Object, name: &str| self.changes.retyped.contains(&(&*table.key, name));
        let (mut makes, mut takes) = (vec![Fact::object(key)], Vec::new());
        for table in tables_of(catalog, key).filter(stays) {
            for column in new {
                let is_new = !old.iter().any(|it| it.name == column.name);
                if is_new || is_retyped(table, &column.name) {
                    makes.extend(self.with_heirs(&table.key, &column.name, true));
                }
            }
            let retyped = new.iter().map(|it| it.name.as_str()).filter(|name| is_retyped(table, name));
            for name in gone.iter().copied().chain(retyped) {
                takes.extend(self.with_heirs(&table.key, name, false));
            }
        }
        let (needs, frees) = (self.needs(to), from.get(key).map(|from| self.frees(from)).unwrap_or_default());
        let action = self.works.add(Phase::Make, key, None, steps);
        (action.makes, action.takes, action.needs, action.frees) = (makes, takes, needs, frees);
    }

    fn sequence(&mut self, to: &'a Object, old: &Sequence, new: &Sequence) -> Vec<String> {
        let key = &to.key;
        let mut sql = sequence(&full(key), old, new);
        if old.persistence != new.persistence {
            sql.push(format!("ALTER SEQUENCE {} SET {}", full(key), table::persistence(new.persistence)));
        }
        if old.owned_by != new.owned_by {
            let by = match &new.owned_by {
                Some((table, column)) => format!("{}.{}", full(table), quoted(column)),
                None => "NONE".to_owned(),
            };
            // A table that is made says so itself.
            let says = new.owned_by.as_ref().is_some_and(|(table, _)| self.changes.is_made(table));
            let alone = old.owned_by.is_some();
            let before = Fact::object(key);
            if !says || alone {
                let by = if says { "NONE".to_owned() } else { by };
                let action = self.works.add(
                    Phase::Make,
                    key,
                    None,
                    steps([format!("ALTER SEQUENCE {} OWNED BY {by}", full(key))]),
                );
                action.makes = vec![before];
                action.needs =
                    new.owned_by.iter().filter(|_| !says).map(|(table, column)| Fact::column(table, column)).collect();
                action.needs.extend(new.owned_by.iter().map(|(table, _)| super::table::owner(table)));
                action.frees = old.owned_by.iter().map(|(table, column)| Fact::column(table, column)).collect();
            }
        }
        sql
    }

    fn view(&self, from: &'a Object, to: &Object, old: &View, new: &View) -> Vec<String> {
        let key = &to.key;
        let alter = format!("ALTER {}", phrase(to));
        let mut sql = Vec::new();
        if !new.materialized
            && (old.query != new.query || old.columns.len() != new.columns.len() || self.is_bound_anew(from))
        {
            sql.push(crate::render::object::create_view(key, new, "OR REPLACE VIEW"));
        } else {
            sql.extend(table::options(&alter, &old.options, &new.options));
        }
        if old.tablespace != new.tablespace {
            sql.push(format!("{alter} SET TABLESPACE {}", quoted(new.tablespace.as_deref().unwrap_or("pg_default"))));
        }
        for column in &new.columns {
            let before = old.columns.iter().find(|it| it.name == column.name).cloned().unwrap_or_default();
            sql.extend(super::column::settings(&alter, &before, column, self.changes.major()));
            if before.value != column.value {
                let set = match &column.value {
                    rung_catalog::Value::Default(default) => format!("SET DEFAULT {default}"),
                    _ => "DROP DEFAULT".to_owned(),
                };
                sql.push(format!("{alter} ALTER COLUMN {} {set}", quoted(&column.name)));
            }
        }
        sql
    }
}

/// The tables of a composite type.
fn tables_of<'a>(catalog: &'a Catalog, key: &'a Key) -> impl Iterator<Item = &'a Object> {
    let is_of = |object: &&Object| {
        super::change::is_typed(object) && object.depends_on.iter().any(|it| it.column.is_none() && *it.on == *key)
    };
    catalog.of_kind(Kind::Table).filter(is_of)
}

/// The names of columns that others have not.
fn names_but<'a>(columns: &'a [Column], others: &[Column]) -> Vec<&'a str> {
    let is_alone = |name: &&str| !others.iter().any(|it| it.name == **name);
    columns.iter().map(|it| it.name.as_str()).filter(is_alone).collect()
}

/// What of a sequence is not as it was.
pub(super) fn sequence_changes(old: &Sequence, new: &Sequence) -> String {
    let mut text = String::new();
    if old.data_type != new.data_type {
        text.push_str(&format!(" AS {}", new.data_type));
    }
    // With another type the bounds may have moved by themselves.
    let moved = old.data_type != new.data_type;
    for (word, before, after) in [
        ("INCREMENT BY", old.increment, new.increment),
        ("MINVALUE", old.min, new.min),
        ("MAXVALUE", old.max, new.max),
        ("START WITH", old.start, new.start),
        ("CACHE", old.cache, new.cache),
    ] {
        if before != after || moved && word.ends_with("VALUE") {
            text.push_str(&format!(" {word} {after}"));
        }
    }
    match (old.cycle, new.cycle) {
        (false, true) => text.push_str(" CYCLE"),
        (true, false) => text.push_str(" NO CYCLE"),
        _ => {}
    }
    text
}

/// The statements that alter a sequence. One that has got to where it may not be begins again; where it is, only the
/// database knows.
pub(super) fn sequence(name: &str, old: &Sequence, new: &Sequence) -> Vec<String> {
    let text = sequence_changes(old, new);
    if text.is_empty() {
        return Vec::new();
    }
    let is_narrower = new.min > old.min || new.max < old.max;
    if !is_narrower {
        return vec![format!("ALTER SEQUENCE {name}{text}")];
    }
    if !(old.min..=old.max).contains(&new.start) {
        return vec![format!("ALTER SEQUENCE {name}{text} RESTART")];
    }
    let back = format!(
        "SELECT pg_catalog.setval({}, {}, false) FROM {name} WHERE last_value NOT BETWEEN {} AND {}",
        literal(name),
        new.start,
        new.min,
        new.max
    );
    vec![back, format!("ALTER SEQUENCE {name}{text}")]
}

fn firing(old: Firing, new: Firing, sql: impl Fn(&str) -> String) -> Vec<String> {
    if old == new {
        return Vec::new();
    }
    let mode = crate::render::object::firing(new).unwrap_or("ENABLE");
    vec![sql(mode)]
}

fn policy(key: &Key, old: &Policy, new: &Policy) -> Vec<String> {
    let mut text = String::new();
    if old.roles != new.roles {
        text.push_str(&format!(" TO {}", if new.roles.is_empty() { "PUBLIC".to_owned() } else { list(&new.roles) }));
    }
    if old.using != new.using {
        text.extend(new.using.iter().map(|using| format!(" USING ({})", bare(using))));
    }
    if old.check != new.check {
        text.extend(new.check.iter().map(|check| format!(" WITH CHECK ({})", bare(check))));
    }
    if text.is_empty() {
        Vec::new()
    } else {
        vec![format!("ALTER POLICY {} ON {}{text}", quoted(&key.name), parent(key))]
    }
}

/// Privileges on the members of an extension.
fn member_grants(old: &[(String, Grants)], new: &[(String, Grants)]) -> Vec<String> {
    let targets: std::collections::BTreeSet<&String> = old.iter().chain(new).map(|(target, _)| target).collect();
    let of = |list: &[(String, Grants)], target: &String| {
        list.iter().find(|(it, _)| it == target).map(|(_, grants)| grants.clone()).unwrap_or_default()
    };
    let each = targets.into_iter().flat_map(|target| {
        super::attribute::grants(&of(old, target), &of(new, target), |privileges| format!("{privileges} ON {target}"))
    });
    each.collect()
}

/// Privileges that new objects will have.
pub(super) fn default_privileges(key: &Key, prefix: &str, from: &Grants, to: &Grants) -> Vec<String> {
    let sql = super::attribute::grants(from, to, |privileges| format!("{privileges} ON {}", key.name));
    sql.into_iter().map(|statement| format!("{prefix} {statement}")).collect()
}

/// Whether statements lead from one definition to another.
pub(super) fn is_alterable(kind: Kind, old: &str, new: &str) -> bool {
    old == new || !statements(kind, old, new).is_empty()
}

/// What leads from one definition to another, for kinds whose definition has parts. None where nothing does.
fn statements(kind: Kind, old: &str, new: &str) -> Vec<String> {
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
