//! Part of a catalog.

use crate::key::{Key, Kind};
use crate::object::{Body, Catalog};

/// Which objects to keep. Each list that is empty keeps all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Schemas, as globs.
    pub schemas: Vec<String>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Names, as globs: of the object, `schema.name`, or of the table that it belongs to.
    pub names: Vec<String>,
}

impl Filter {
    /// Whether everything is kept.
    pub fn is_all(&self) -> bool {
        self.schemas.is_empty() && self.kinds.is_empty() && self.names.is_empty()
    }

    /// Keeps what the filter names. A table keeps what belongs to it, as long as kinds are not named.
    pub fn apply(&self, catalog: &mut Catalog) {
        if self.is_all() {
            return;
        }
        catalog.retain(|object| {
            let table = match &object.body {
                Body::Index(index) => index.table.as_ref().map(|table| table.name.as_str()),
                _ => object.key.parent.as_deref(),
            };
            self.keeps(&object.key, table)
        });
        if !self.names.is_empty() || !self.kinds.is_empty() {
            catalog.unknown.clear();
        }
    }

    fn keeps(&self, key: &Key, table: Option<&str>) -> bool {
        let own_schema = || (key.kind == Kind::Schema).then_some(key.name.as_str());
        let schema = key.schema.as_deref().or_else(own_schema);
        let named = |name: &str| {
            let full = schema.map(|schema| format!("{schema}.{name}"));
            self.names
                .iter()
                .any(|glob_of| glob(glob_of, name) || full.as_ref().is_some_and(|full| glob(glob_of, full)))
        };
        (self.schemas.is_empty() || schema.is_some_and(|schema| self.schemas.iter().any(|of| glob(of, schema))))
            && (self.kinds.is_empty() || self.kinds.contains(&key.kind))
            && (self.names.is_empty() || named(&key.name) || table.is_some_and(named))
    }
}

/// Whether a text is as a pattern says: `*` for any characters, `?` for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: one character later.
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                again = Some((of + 1, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => {
                of += 1;
                at += 1;
            }
            _ => match &mut again {
                Some((after, from)) => {
                    *from += 1;
                    (of, at) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Definition, Firing, Object};

    #[test]
    fn globs() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*_id*", "user_id"), ("a*b*c", "aXbYbZc")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a*c", "abd"), ("a?c", "ac"), ("user", "users"), ("a*b*c", "aXc")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_table_keeps_what_is_its_own() {
        let all = || {
            let mut catalog = Catalog::new();
            let body = || Body::Other(Definition { sql: String::new(), firing: Firing::Origin });
            for key in [
                Key::new(Kind::Schema, None, "app"),
                Key::new(Kind::Table, Some("app"), "users"),
                Key::new(Kind::Trigger, Some("app"), "touch").of("users"),
                Key::new(Kind::Table, Some("app"), "orders"),
                Key::new(Kind::Table, Some("public"), "users"),
            ] {
                catalog.insert(Object::new(key, body()));
            }
            catalog
        };
        let kept = |filter: Filter| {
            let mut catalog = all();
            filter.apply(&mut catalog);
            catalog.iter().map(|object| object.key.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(kept(Filter::default()).len(), 5);
        let names = Filter { names: vec!["app.user*".into()], ..Filter::default() };
        assert_eq!(kept(names), ["table app.users", "trigger touch on app.users"]);
        let kinds = Filter { kinds: vec![Kind::Table], schemas: vec!["pub*".into()], ..Filter::default() };
        assert_eq!(kept(kinds), ["table public.users"]);
        let schema = Filter { schemas: vec!["app".into()], ..Filter::default() };
        assert_eq!(kept(schema).len(), 4);
    }
}
