//! Multiranges: types that come with a range, under names of their own. No object of a catalog is one.

use std::sync::Arc;

use rung_catalog::{Body, Catalog, Dependency, Key, Kind, Nature, Object, Rename, Type};
use rung_engine::{AlterStep, Cut};
use rung_sql::{Syntax, TokenKind, tokens};

use super::rename::Renamed;
use crate::name::{full, quoted};

/// What stands before the name in the definition of a range.
const SAID: &str = "MULTIRANGE_TYPE_NAME = ";

/// The multirange of a range, as SQL.
pub(super) fn of(object: &Object) -> Option<&str> {
    match &object.body {
        Body::Type(Type::Range(text)) => parts(text).map(|(_, name, _)| name),
        _ => None,
    }
}

/// A definition: what is before the name, the name, and the rest.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(SAID)? + SAID.len();
    let end = tokens(&text[start..], &Syntax::POSTGRES)
        .find(|it| it.kind == TokenKind::Whitespace || matches!(&text[start..][it.span.range()], "," | ")"))?;
    let end = start + end.span.range().start;
    Some((&text[..start], &text[start..end], &text[end..]))
}

/// Gives the multiranges of ranges that are the same otherwise the names that they have in the second schema. What makes
/// one of ranges is called as it is, and gets its name as well.
pub(super) fn rename(renamed: &mut Renamed, to: &Catalog) {
    let pairs: Vec<(Arc<Key>, Key, Key)> = renamed.catalog.of_kind(Kind::Type).filter_map(|it| pair(it, to)).collect();
    for (range, old, new) in pairs {
        let step = |sql| AlterStep { sql, key: Arc::clone(&range), cut: Cut::Joined, loses: None, note: None };
        if old.name != new.name {
            renamed.steps.push(step(format!("ALTER TYPE {} RENAME TO {}", full(&old), quoted(&new.name))));
            let (name, range) = (full(&old), full(&range));
            for arguments in [String::new(), range.clone(), format!("VARIADIC {range}[]")] {
                let sql = format!("ALTER FUNCTION {name}({arguments}) RENAME TO {}", quoted(&new.name));
                renamed.steps.push(step(sql));
            }
        }
        renamed.catalog = with_name(&renamed.catalog, &range, old, new);
    }
}

/// A range that differs in nothing but the name of its multirange, with that before and after.
fn pair(range: &Object, to: &Catalog) -> Option<(Arc<Key>, Key, Key)> {
    let (Body::Type(Type::Range(old)), Body::Type(Type::Range(new))) = (&range.body, &to.get(&range.key)?.body) else {
        return None;
    };
    let ((before, was, after), (before_new, is, after_new)) = (parts(old)?, parts(new)?);
    let (was, is) = (key(was)?, key(is)?);
    // Into another schema it is made anew with its range.
    let is_renamed = (before, after) == (before_new, after_new) && was.schema == is.schema && was.name != is.name;
    is_renamed.then(|| (Arc::clone(&range.key), was, is))
}

/// A catalog in which a multirange has another name: it is spoken of by what hangs on its range.
fn with_name(catalog: &Catalog, range: &Arc<Key>, old: Key, new: Key) -> Catalog {
    let (old, new) = (Arc::new(old), Arc::new(new));
    let mut all = catalog.clone();
    let speaks = |object: &&Object| object.key == *range || object.depends_on.iter().any(|it| it.on == *range);
    let own = Dependency { column: None, on: Arc::clone(&old), on_column: None, nature: Nature::Normal };
    let users: Vec<Object> = catalog.iter().filter(speaks).cloned().collect();
    for mut object in users {
        object.depends_on.push(own.clone());
        all.insert(object);
    }
    let mut all = all.renamed(&[Rename::Object { from: Arc::clone(&old), to: new }], &|name| quoted(name));
    let keys: Vec<Arc<Key>> = all.iter().map(|object| Arc::clone(&object.key)).collect();
    for object in keys {
        if let Some(object) = all.get_mut(&object) {
            object.depends_on.retain(|it| it.on != old);
        }
    }
    all
}

/// The key that a name in SQL says.
fn key(name: &str) -> Option<Key> {
    let name_of = |token: rung_sql::Token| {
        let text = &name[token.span.range()];
        match token.kind {
            TokenKind::Word => Some(text.to_owned()),
            TokenKind::QuotedIdent => Some(text.trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        }
    };
    let names: Vec<String> = tokens(name, &Syntax::POSTGRES).filter_map(name_of).collect();
    let [schema, name] = names.as_slice() else { return None };
    Some(Key::new(Kind::Type, Some(schema), name.clone()))
}
