//! Statements for one object: what makes it, and what is said about it.

use rung_catalog::{
    Body, Firing, Grant, Grantee, Grants, Identity, Key, Kind, Nature, Object, Origin, Persistence, Policy,
    RoutineKind, Sequence, Type, Value, View,
};
use rung_engine::DumpOptions;

use super::plan::{Layout, Needs};
use super::table;
use crate::name::{full, list, literal, parent, quoted, within};

/// Writes statements.
pub(crate) struct Writer<'a> {
    pub(crate) options: &'a DumpOptions,
    pub(crate) needs: &'a Needs<'a>,
    pub(crate) layout: &'a Layout<'a>,
}

/// What announces an object before it can be made.
pub(crate) fn early(object: &Object) -> Vec<String> {
    match &object.body {
        Body::View(view) => {
            let column = |column: &rung_catalog::Column| {
                let collation = column.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
                format!("NULL::{}{collation} AS {}", column.data_type, quoted(&column.name))
            };
            let columns: Vec<String> = view.columns.iter().map(column).collect();
            vec![format!("CREATE VIEW {} AS\nSELECT {}", full(&object.key), columns.join(",\n    "))]
        }
        _ => vec![format!("CREATE TYPE {}", full(&object.key))],
    }
}

impl Writer<'_> {
    /// All statements of an object.
    pub(crate) fn object(&self, object: &Object) -> Vec<String> {
        let key = &*object.key;
        let mut sql = match &object.body {
            Body::Schema if key.name == "public" => Vec::new(),
            // Where rung has been before, it is there for the history's sake.
            Body::Schema if self.needs.catalog.history_schema.as_ref() == Some(&key.name) => {
                vec![format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(&key.name))]
            }
            Body::Schema => vec![format!("CREATE SCHEMA {}", quoted(&key.name))],
            Body::Extension(extension) => {
                let mut sql = vec![format!(
                    "CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}",
                    quoted(&key.name),
                    quoted(&extension.schema)
                )];
                if self.options.versions {
                    sql[0].push_str(&format!(" VERSION {}", literal(&extension.version)));
                }
                if self.options.privileges {
                    let each = extension.grants.iter();
                    sql.extend(
                        each.flat_map(|(target, of)| grants(of, |privileges| format!("{privileges} ON {target}"))),
                    );
                }
                sql
            }
            Body::Type(of) => self.type_(object, of),
            Body::Routine(routine) => vec![routine.definition.clone()],
            Body::Sequence(sequence) => vec![sequence_(key, sequence)],
            Body::Table(of) => self.table(object, of),
            Body::View(of) => self.view(key, of),
            Body::Index(of) => table::index(self.needs, key, of),
            Body::Constraint(of) => self.constraint_apart(object, of),
            // The whole has made it.
            Body::Trigger(trigger) if trigger.origin == Origin::Inherited => Vec::new(),
            Body::Trigger(trigger) => {
                let mut sql = vec![trigger.definition.clone()];
                let what = format!("TRIGGER {}", quoted(&key.name));
                sql.extend(firing(trigger.firing).map(|mode| format!("ALTER TABLE {} {mode} {what}", parent(key))));
                sql
            }
            Body::Policy(of) => vec![policy(key, of)],
            Body::Other(definition) if key.kind == Kind::DefaultPrivileges => {
                return if self.options.privileges {
                    default_privileges(key, &definition.sql, &object.grants)
                } else {
                    Vec::new()
                };
            }
            Body::Other(definition) => {
                let mut sql = vec![definition.sql.clone()];
                sql.extend(firing(definition.firing).map(|mode| match key.kind {
                    Kind::EventTrigger => format!("ALTER EVENT TRIGGER {} {}", quoted(&key.name), mode.trim()),
                    _ => format!("ALTER TABLE {} {mode} RULE {}", parent(key), quoted(&key.name)),
                }));
                sql
            }
        };
        self.attributes(object, &mut sql);
        if let Body::Table(_) = object.body {
            sql.extend(self.owned_sequences(key));
        }
        sql
    }

    /// Owner, comment, privileges and labels.
    pub(crate) fn attributes(&self, object: &Object, sql: &mut Vec<String>) {
        let what = phrase(object);
        if let Some(owner) = object.owner.as_ref().filter(|_| self.options.owners) {
            sql.push(format!("ALTER {what} OWNER TO {}", quoted(owner)));
        }
        let extensions = object.depends_on.iter().filter(|dependency| dependency.nature == Nature::Extension);
        sql.extend(extensions.map(|it| format!("ALTER {what} DEPENDS ON EXTENSION {}", quoted(&it.on.name))));
        match &object.body {
            // What its control file says of it was taken away.
            Body::Extension(_) if object.comment.is_none() => sql.push(format!("COMMENT ON {what} IS NULL")),
            _ => sql.extend(comment(&what, object.comment.as_deref())),
        }
        sql.extend(labels(&what, &object.labels));
        for column in object.columns() {
            let name = format!("COLUMN {}.{}", full(&object.key), quoted(&column.name));
            sql.extend(comment(&name, column.comment.as_deref()));
            sql.extend(labels(&name, &column.labels));
            let not_null = column.not_null.as_ref().and_then(|it| Some((it.comment.as_deref()?, it)));
            if let Some((text, not_null)) = not_null {
                let usual = || format!("{}_{}_not_null", object.key.name, column.name);
                let name = not_null.name.clone().unwrap_or_else(usual);
                sql.extend(comment(&format!("CONSTRAINT {} ON {}", quoted(&name), full(&object.key)), Some(text)));
            }
            if let Value::Identity(identity) = &column.value {
                sql.extend(comment(&sequence_of(object, identity), identity.comment.as_deref()));
            }
        }
        if self.options.privileges {
            let target = grant_target(object);
            sql.extend(grants(&object.grants, |privileges| format!("{privileges} ON {target}")));
            for column in object.columns() {
                sql.extend(grants(&column.grants, |privileges| on_column(object, column, privileges)));
                if let Value::Identity(identity) = &column.value {
                    let on = sequence_of(object, identity);
                    sql.extend(grants(&identity.grants, |privileges| format!("{privileges} ON {on}")));
                }
            }
        }
    }

    fn type_(&self, object: &Object, of: &Type) -> Vec<String> {
        let name = full(&object.key);
        let mut sql = match of {
            Type::Enum { labels } => {
                let labels: Vec<String> = labels.iter().map(|label| format!("\n    {}", literal(label))).collect();
                vec![format!("CREATE TYPE {name} AS ENUM ({}\n)", labels.join(","))]
            }
            Type::Composite { columns } => {
                let attribute = |column: &rung_catalog::Column| {
                    let collation =
                        column.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
                    format!("\n    {} {}{collation}", quoted(&column.name), column.data_type)
                };
                let columns: Vec<String> = columns.iter().map(attribute).collect();
                vec![format!("CREATE TYPE {name} AS ({}\n)", columns.join(","))]
            }
            Type::Range(definition) => vec![format!("CREATE TYPE {name} AS RANGE {definition}")],
            Type::Base(definition) => vec![format!("CREATE TYPE {name} {definition}")],
            Type::Shell => vec![format!("CREATE TYPE {name}")],
            Type::Domain { base, collation, default, not_null } => {
                let mut text = format!("CREATE DOMAIN {name} AS {base}");
                text.extend(collation.iter().map(|collation| format!(" COLLATE {collation}")));
                text.extend(default.iter().map(|default| format!(" DEFAULT {default}")));
                if let Some(not_null) = not_null {
                    text.extend(not_null.name.iter().map(|name| format!("\n    CONSTRAINT {}", quoted(name))));
                    text.push_str(" NOT NULL");
                }
                for part in self.inlined_parts(&object.key) {
                    if let Body::Constraint(constraint) = &part.body {
                        text.push_str(&format!("\n    {}", table::constraint(&part.key, constraint)));
                    }
                }
                vec![text]
            }
        };
        if let Type::Domain { not_null: Some(not_null), .. } = of {
            let usual = format!("{}_not_null", object.key.name);
            let constraint = quoted(not_null.name.as_ref().unwrap_or(&usual));
            sql.extend(comment(&format!("CONSTRAINT {constraint} ON DOMAIN {name}"), not_null.comment.as_deref()));
        }
        for part in self.inlined_parts(&object.key) {
            self.attributes(part, &mut sql);
        }
        sql
    }

    /// Constraints that are written within a table or domain, by name.
    pub(crate) fn inlined_parts<'b>(&'b self, key: &Key) -> impl Iterator<Item = &'b Object> + use<'b> {
        let parts = self.needs.parts(key).iter().copied();
        parts.filter(|part| self.layout.inlined.contains(&*part.key))
    }

    fn view(&self, key: &Key, view: &View) -> Vec<String> {
        let name = full(key);
        let kind = match (view.materialized, self.layout.early.contains_key(key)) {
            (true, _) => "MATERIALIZED VIEW",
            (false, false) => "VIEW",
            (false, true) => "OR REPLACE VIEW",
        };
        let mut sql = vec![create_view(key, view, kind)];
        let alter = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        for column in &view.columns {
            let before = format!("ALTER {alter} {name} ALTER COLUMN {}", quoted(&column.name));
            if let Value::Default(default) = &column.value {
                sql.push(format!("{before} SET DEFAULT {default}"));
            }
            sql.extend(table::column_settings(column).into_iter().map(|set| format!("{before} {set}")));
        }
        sql
    }
}

/// The statement that makes a view: `kind` is `VIEW`, `MATERIALIZED VIEW` or `OR REPLACE VIEW`.
pub(crate) fn create_view(key: &Key, view: &View, kind: &str) -> String {
    let mut text = format!("CREATE {kind} {}", full(key));
    text.extend(view.access_method.iter().map(|method| format!(" USING {}", quoted(method))));
    text.push_str(&table::with(&view.options));
    text.extend(view.tablespace.iter().map(|name| format!(" TABLESPACE {}", quoted(name))));
    text.push_str(&format!(" AS\n{}", view.query));
    if view.materialized {
        // Its rows are data.
        text.push_str("\n  WITH NO DATA");
    }
    text
}

fn sequence_(key: &Key, sequence: &Sequence) -> String {
    let unlogged = if sequence.persistence == Persistence::Unlogged { "UNLOGGED " } else { "" };
    format!("CREATE {unlogged}SEQUENCE {}{}", full(key), sequence_options(sequence))
}

/// What of a sequence is not as it would be by itself, each with a blank in front.
pub(crate) fn sequence_options(sequence: &Sequence) -> String {
    let (least, greatest) = match sequence.data_type.as_str() {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (min, max) = if sequence.increment > 0 { (1, greatest) } else { (least, -1) };
    let start = if sequence.increment > 0 { sequence.min } else { sequence.max };
    let mut text = String::new();
    if sequence.data_type != "bigint" {
        text.push_str(&format!(" AS {}", sequence.data_type));
    }
    for (word, value, usual) in [
        ("START WITH", sequence.start, start),
        ("INCREMENT BY", sequence.increment, 1),
        ("MINVALUE", sequence.min, min),
        ("MAXVALUE", sequence.max, max),
        ("CACHE", sequence.cache, 1),
    ] {
        if value != usual {
            text.push_str(&format!(" {word} {value}"));
        }
    }
    if sequence.cycle {
        text.push_str(" CYCLE");
    }
    text
}

pub(crate) fn policy(key: &Key, policy: &Policy) -> String {
    let mut text = format!("CREATE POLICY {} ON {}", quoted(&key.name), parent(key));
    if !policy.permissive {
        text.push_str(" AS RESTRICTIVE");
    }
    if policy.command != "ALL" {
        text.push_str(&format!(" FOR {}", policy.command));
    }
    if !policy.roles.is_empty() {
        text.push_str(&format!(" TO {}", list(&policy.roles)));
    }
    text.extend(policy.using.iter().map(|using| format!(" USING ({})", table::bare(using))));
    text.extend(policy.check.iter().map(|check| format!(" WITH CHECK ({})", table::bare(check))));
    text
}

/// The words that put a trigger or rule into a state that it is not made in.
pub(crate) fn firing(firing: Firing) -> Option<&'static str> {
    match firing {
        Firing::Origin => None,
        Firing::Always => Some("ENABLE ALWAYS"),
        Firing::Replica => Some("ENABLE REPLICA"),
        Firing::Disabled => Some("DISABLE"),
    }
}

pub(crate) fn comment(what: &str, text: Option<&str>) -> Option<String> {
    text.map(|text| format!("COMMENT ON {what} IS {}", literal(text)))
}

pub(crate) fn labels<'a>(what: &'a str, labels: &'a [(String, String)]) -> impl Iterator<Item = String> + use<'a> {
    let label = move |(provider, label): &(String, String)| {
        format!("SECURITY LABEL FOR {} ON {what} IS {}", quoted(provider), literal(label))
    };
    labels.iter().map(label)
}

/// An object as `ALTER`, `COMMENT ON` and `DROP` call it.
pub(crate) fn phrase(object: &Object) -> String {
    let key = &*object.key;
    let name = || full(key);
    let on = |word: &str| format!("{word} {} ON {}", quoted(&key.name), parent(key));
    match (&object.body, key.kind) {
        (Body::Table(table), _) if table.server.is_some() => format!("FOREIGN TABLE {}", name()),
        (Body::View(view), _) if view.materialized => format!("MATERIALIZED VIEW {}", name()),
        (Body::Type(Type::Domain { .. }), _) => format!("DOMAIN {}", name()),
        (Body::Routine(routine), _) => {
            let arguments = key.arguments.as_deref().unwrap_or_default();
            let is_star = routine.kind == RoutineKind::Aggregate && arguments.is_empty();
            format!("{} {}({})", routine.kind.as_str(), name(), if is_star { "*" } else { arguments })
        }
        (Body::Constraint(constraint), _) => {
            let is_domain = constraint.index.is_none() && is_of_domain(object);
            if is_domain {
                format!("CONSTRAINT {} ON DOMAIN {}", quoted(&key.name), parent(key))
            } else {
                on("CONSTRAINT")
            }
        }
        (_, Kind::Rule) => on("RULE"),
        (_, Kind::Trigger) => on("TRIGGER"),
        (_, Kind::Policy) => on("POLICY"),
        (_, Kind::Operator) => {
            let schema = key.schema.as_deref().map_or_else(String::new, |schema| format!("{}.", quoted(schema)));
            format!("OPERATOR {schema}{} ({})", key.name, key.arguments.as_deref().unwrap_or_default())
        }
        (_, Kind::OperatorClass | Kind::OperatorFamily) => {
            format!(
                "{} {} USING {}",
                key.kind.as_str().to_uppercase(),
                name(),
                quoted(key.parent.as_deref().unwrap_or_default())
            )
        }
        (_, Kind::Cast) => format!("CAST {}", key.name),
        (_, Kind::Transform) => format!("TRANSFORM {}", key.name),
        (_, Kind::ForeignDataWrapper) => format!("FOREIGN DATA WRAPPER {}", name()),
        (_, kind) => format!("{} {}", kind.as_str().to_uppercase(), name()),
    }
}

/// Whether a constraint is a domain's: those have nothing but a condition, and no column that it speaks of.
pub(crate) fn is_of_domain(object: &Object) -> bool {
    object.depends_on.iter().any(|it| {
        it.on.kind == Kind::Type && Some(&it.on.name) == object.key.parent.as_ref() && it.on.schema == object.key.schema
    })
}

/// What a privilege is on.
pub(crate) fn grant_target(object: &Object) -> String {
    let key = &*object.key;
    match (&object.body, key.kind) {
        (Body::Routine(_), _) => phrase(object).replacen("AGGREGATE", "FUNCTION", 1).replace("(*)", "()"),
        (_, Kind::Table | Kind::View) => format!("TABLE {}", full(key)),
        (_, Kind::Type) => format!("TYPE {}", full(key)),
        (_, Kind::Server) => format!("FOREIGN SERVER {}", full(key)),
        _ => phrase(object),
    }
}

/// The sequence of an identity column, as statements call it.
pub(crate) fn sequence_of(table: &Object, identity: &Identity) -> String {
    format!("SEQUENCE {}", within(&table.key, &identity.name))
}

/// Privileges on a column: `SELECT (a), INSERT (a) ON TABLE t`.
pub(crate) fn on_column(object: &Object, column: &rung_catalog::Column, privileges: &str) -> String {
    let name = quoted(&column.name);
    let each: Vec<String> = privileges.split(", ").map(|one| format!("{one} ({name})")).collect();
    format!("{} ON TABLE {}", each.join(", "), full(&object.key))
}

/// What takes privileges away and gives others; `on` puts the object to them.
pub(crate) fn grants(grants: &Grants, on: impl Fn(&str) -> String) -> Vec<String> {
    let mut sql = Vec::new();
    let mut add = |grant: &Grant, statement: String| {
        // Who gave it can only be who says it.
        let by = grant.by.as_ref().map(|by| literal(by));
        sql.extend(by.iter().map(|by| format!("SET SESSION AUTHORIZATION {by}")));
        sql.push(statement);
        sql.extend(by.iter().map(|_| "RESET SESSION AUTHORIZATION".to_owned()));
    };
    for grant in &grants.revoked {
        let statement = format!("REVOKE {} FROM {}", on(&grant.privileges.join(", ")), grantee(&grant.to));
        add(grant, statement);
    }
    for grant in &grants.granted {
        let option = if grant.with_option { " WITH GRANT OPTION" } else { "" };
        let statement = format!("GRANT {} TO {}{option}", on(&grant.privileges.join(", ")), grantee(&grant.to));
        add(grant, statement);
    }
    sql
}

pub(crate) fn grantee(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Public => "PUBLIC".to_owned(),
        Grantee::Role(role) => quoted(role),
    }
}

fn default_privileges(key: &Key, prefix: &str, of: &Grants) -> Vec<String> {
    let on = |privileges: &str| format!("{privileges} ON {}", key.name);
    grants(of, on).into_iter().map(|statement| format!("{prefix} {statement}")).collect()
}

/// The name of an index of a constraint.
pub(crate) fn index_name(key: &Key) -> String {
    within(key, &key.name)
}

/// The comment on an index of a constraint.
pub(crate) fn index_comment(key: &Key, text: Option<&str>) -> Option<String> {
    comment(&format!("INDEX {}", index_name(key)), text)
}
