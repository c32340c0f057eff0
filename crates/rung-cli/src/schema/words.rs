//! What is said of an object beside its kind and name, in a line.

use rung::catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, Firing, ForeignKey, Index, Kind, Object, Policy, Timing, Type,
    Validity, Value,
};
use rung::sql::{Syntax, Token, TokenKind, tokens};

use super::{seen_from, short};

/// What is said of an object that stands for itself, without its comment.
pub(crate) fn about(object: &Object) -> Vec<String> {
    let mut about: Vec<String> = Vec::new();
    match &object.body {
        Body::Table(table) => {
            match (&table.bound, &table.inherits[..]) {
                (Some(bound), [parent, ..]) => about.push(format!("of {} {}", short(parent), lower(bound))),
                (None, parents @ [_, ..]) => {
                    let parents: Vec<String> = parents.iter().map(|it| short(it)).collect();
                    about.push(format!("inherits {}", parents.join(", ")));
                }
                _ => {}
            }
            about.extend(table.partition_by.iter().map(|by| format!("by {}", lower(by))));
            about.extend(table.of_type.iter().map(|of| format!("of {of}")));
            about.extend(table.server.iter().map(|server| format!("on {server}")));
            about.extend(table.access_method.iter().map(|method| format!("using {method}")));
        }
        Body::Extension(extension) => about.push(extension.version.clone()),
        Body::Type(Type::Enum { labels }) => {
            about.push(labels.iter().map(|label| apart(label)).collect::<Vec<_>>().join(", "));
        }
        Body::Type(Type::Domain { base, .. }) => about.push(base.clone()),
        Body::Type(Type::Composite { columns }) => {
            let each = columns.iter().map(|column| format!("{} {}", column.name, column.data_type));
            about.push(each.collect::<Vec<_>>().join(", "));
        }
        Body::Routine(routine) => {
            about.extend(routine.result.iter().map(|result| format!("→ {}", line(result))));
            about.push(routine.language.clone());
        }
        Body::Sequence(sequence) => {
            about.extend(sequence.owned_by.iter().map(|(table, column)| format!("of {}.{column}", short(table))));
        }
        Body::Other(it) if object.key.kind == Kind::Statistics => about.push(definition(object, &it.sql, it.firing)),
        _ => {}
    }
    about
}

/// What is said of an object that belongs to a table: what a constraint holds, when a trigger fires and what it runs.
pub(crate) fn about_part(part: &Object, catalog: &Catalog) -> String {
    match &part.body {
        Body::Constraint(it) => constraint(it, part.key.schema.as_deref(), catalog),
        Body::Index(it) => index(it),
        Body::Policy(it) => policy(it),
        Body::Trigger(it) => definition(part, &it.definition, it.firing),
        Body::Other(it) => definition(part, &it.sql, it.firing),
        _ => String::new(),
    }
}

/// What is said of a column beside its name and type.
pub(crate) fn traits_of(column: &Column) -> Vec<String> {
    let mut traits = Vec::new();
    if column.not_null.is_some() {
        traits.push("not null".to_owned());
    }
    match &column.value {
        Value::None => {}
        Value::Default(default) => traits.push(format!("default {}", line(default))),
        Value::Stored(expression) => traits.push(format!("= {}, stored", line(expression))),
        Value::Virtual(expression) => traits.push(format!("= {}", line(expression))),
        Value::Identity(_) => traits.push("identity".to_owned()),
    }
    traits.extend(column.collation.iter().map(|name| format!("collate {name}")));
    traits
}

fn constraint(constraint: &Constraint, schema: Option<&str>, catalog: &Catalog) -> String {
    let mut text = match &constraint.kind {
        ConstraintKind::PrimaryKey { columns, .. } => format!("primary key ({})", columns.join(", ")),
        ConstraintKind::Unique { columns, .. } => format!("unique ({})", columns.join(", ")),
        ConstraintKind::Check(condition) => format!("check {}", in_parentheses(condition)),
        ConstraintKind::Exclude(definition) => format!("exclude {}", line(definition)),
        ConstraintKind::Foreign(foreign) => foreign_key(foreign, schema, catalog),
    };
    match constraint.timing {
        Timing::NotDeferrable => {}
        Timing::Deferrable => text.push_str(", deferrable"),
        Timing::Deferred => text.push_str(", deferred"),
    }
    match constraint.validity {
        Validity::Valid => {}
        Validity::NotValid => text.push_str(", not valid"),
        Validity::NotEnforced => text.push_str(", not enforced"),
    }
    text
}

fn foreign_key(foreign: &ForeignKey, schema: Option<&str>, catalog: &Catalog) -> String {
    let mut text = format!("{} → {}", foreign.columns.join(", "), seen_from(schema, &foreign.table, catalog));
    if !foreign.references.is_empty() {
        text.push_str(&format!(" ({})", foreign.references.join(", ")));
    }
    text.extend(foreign.on_delete.iter().map(|action| format!(", on delete {}", action.to_lowercase())));
    text.extend(foreign.on_update.iter().map(|action| format!(", on update {}", action.to_lowercase())));
    text
}

pub(crate) fn index(index: &Index) -> String {
    let keys: Vec<String> = index.keys.iter().map(|key| line(&key.sql)).collect();
    let mut text = if index.unique { "unique ".to_owned() } else { String::new() };
    if !index.method.is_empty() && index.method != "btree" {
        text.push_str(&format!("{} ", index.method));
    }
    text.push_str(&format!("({})", keys.join(", ")));
    if !index.include.is_empty() {
        text.push_str(&format!(" include ({})", index.include.join(", ")));
    }
    text.extend(index.predicate.iter().map(|condition| format!(" where {}", line(condition))));
    if !index.valid && !index.on_only {
        text.push_str(", invalid");
    }
    text
}

fn policy(policy: &Policy) -> String {
    let mut text = if policy.permissive { String::new() } else { "restrictive, ".to_owned() };
    text.push_str(&format!("for {}", policy.command.to_lowercase()));
    match &policy.roles[..] {
        [] => {}
        roles => text.push_str(&format!(" to {}", roles.join(", "))),
    }
    text.extend(policy.using.iter().map(|condition| format!(" using {}", in_parentheses(condition))));
    text.extend(policy.check.iter().map(|condition| format!(" with check {}", in_parentheses(condition))));
    text
}

/// The statement that makes an object, from behind the object's name: `BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()`.
/// What a trigger of SQLite does, between BEGIN and END, is left out.
fn definition(part: &Object, sql: &str, firing: Firing) -> String {
    // Names within brackets are SQLite's, which has no schemas.
    let syntax = if part.key.schema.is_none() { &Syntax::SQLITE } else { &Syntax::POSTGRES };
    let mut words = tokens(sql, syntax).filter(|token| !token.kind.is_trivia()).peekable();
    let is = |token: &Token, keywords: &[&str]| {
        token.kind == TokenKind::Word && keywords.iter().any(|it| sql[token.span.range()].eq_ignore_ascii_case(it))
    };
    let _kind = words.find(|token| is(token, &["TRIGGER", "RULE", "STATISTICS"]));
    while words.next_if(|token| is(token, &["IF", "NOT", "EXISTS"])).is_some() {}
    let _name = words.next();
    while words.next_if(|token| &sql[token.span.range()] == ".").is_some() {
        words.next();
    }
    let start = words.peek().map_or(sql.len(), |token| token.span.start);
    let end = words.find(|token| token.kind == TokenKind::Semicolon || is(token, &["BEGIN"]));
    let mut text = line(&sql[start..end.map_or(sql.len(), |token| token.span.start)]);
    match firing {
        Firing::Origin => {}
        Firing::Always => text.push_str(", always"),
        Firing::Replica => text.push_str(", in replicas"),
        Firing::Disabled => text.push_str(", disabled"),
    }
    text
}

/// A word in a list of words: within quotes where it would not be seen where it begins and ends.
fn apart(label: &str) -> String {
    let is_seen = !label.is_empty() && label.trim() == label && !label.contains([',', '\'', '\n']);
    if is_seen { label.to_owned() } else { format!("'{}'", label.replace('\'', "''")) }
}

/// With the keywords in lower case, and names and strings as they are.
fn lower(sql: &str) -> String {
    let each = tokens(sql, &Syntax::POSTGRES).map(|token| match token.kind {
        TokenKind::Word => sql[token.span.range()].to_lowercase(),
        _ => sql[token.span.range()].to_owned(),
    });
    each.collect()
}

fn in_parentheses(text: &str) -> String {
    let text = line(text);
    if text.starts_with('(') && text.ends_with(')') { text } else { format!("({text})") }
}

/// A text on one line.
pub(crate) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
