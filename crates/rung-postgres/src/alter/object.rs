//! What stays and is no table: how it is altered.

use rung_catalog::{
    Body, Catalog, Column, Fact, Firing, Grants, Key, Kind, Object, Origin, Policy, Sequence, Type, Validity, View,
};
use rung_engine::Cut;

use super::attribute::attributes;
use super::work::Phase;
use super::{Builder, definition, steps, table, types};
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
            (Body::Index(old), Body::Index(new)) => {
                if new.valid && !old.valid {
                    self.reindex(to, new);
                }
                self.alter_index(key, old, new, false)
            }
            (Body::Constraint(old), Body::Constraint(new)) => self.alter_constraint(to, old, new),
            (Body::Trigger(_), Body::Trigger(new)) if new.origin == Origin::Inherited => Vec::new(),
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
                let mut sql = definition::statements(key.kind, &old.sql, &new.sql);
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
        let above = super::uses::above(self.changes.new, to).and_then(|above| self.changes.to.get(above));
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
        if is_in_use {
            let of = |name: &str| format!("{}.{name}", key.path());
            let both = new.iter().filter_map(|new| Some((old.iter().find(|old| old.name == new.name)?, new)));
            let losses = both.filter(|(old, new)| old.data_type != new.data_type).filter_map(|(old, new)| {
                super::loss::loss((from, catalog), &of(&new.name), &old.data_type, &new.data_type)
            });
            let all: Vec<String> = step.loses.take().into_iter().chain(losses).collect();
            step.loses = Some(all.join("; ")).filter(|all| !all.is_empty());
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
            // A column that is new may count by it, and is there before it is its own.
            let is_new = new.owned_by.as_ref().is_some_and(|(table, column)| self.is_new_column(table, column));
            // What a new table says for itself comes when the old owner has let go.
            let before = (says || !is_new).then(|| Fact::object(key));
            if !says || alone {
                let by = if says { "NONE".to_owned() } else { by };
                let action = self.works.add(
                    Phase::Make,
                    key,
                    None,
                    steps([format!("ALTER SEQUENCE {} OWNED BY {by}", full(key))]),
                );
                action.makes.extend(before);
                action.needs =
                    new.owned_by.iter().filter(|_| !says).map(|(table, column)| Fact::column(table, column)).collect();
                action.needs.extend(new.owned_by.iter().filter(|_| !says).map(|(table, _)| super::table::owner(table)));
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
        super::uses::is_typed(object) && object.depends_on.iter().any(|it| it.column.is_none() && *it.on == *key)
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
