//! Other names, as users tell of them: `-- @renamed-from old` in a file that describes a schema, and `old=new`.

mod turn;
mod words;

use std::sync::Arc;

use rung_catalog::{Catalog, Key, Kind, Object, Rename};
use rung_sql::{Diagnostic, SourceFile, Span, Syntax, Token, TokenKind, split, tokens};

use turn::{Turn, turns};
use words::{Made, Part, Words};

/// The word of the directive.
const DIRECTIVE: &str = "@renamed-from";

/// What a file says of other names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidRenames {
    /// What has another name in the first schema.
    pub renames: Vec<Rename>,
    /// Directives that name what the first schema has not got, though what they stand with is new: likely misspelt.
    pub warnings: Vec<Diagnostic>,
}

/// Reads the `-- @renamed-from` of a file that makes the schema `to`: each stands above an object, a column, a
/// label or a constraint, or behind it on its line, and tells what that is called in `from`. One whose new name `from` has already
/// has been followed, and is passed over.
///
/// # Errors
/// A directive without a name, or one that stands with nothing that has one.
pub fn renames_of_file(
    source: &Arc<SourceFile>,
    syntax: &Syntax,
    from: &Catalog,
    to: &Catalog,
) -> Result<SaidRenames, Vec<Diagnostic>> {
    let reader = Reader { source, syntax };
    let mut errors = Vec::new();
    let mut found = Vec::new();
    for directive in reader.directives() {
        match reader.subject(&directive, to) {
            Ok(subject) => found.push((directive, subject)),
            Err(diagnostic) => errors.push(*diagnostic),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut said = SaidRenames::default();
    // Tables first: a column is looked for in the table as it was called.
    let (columns, objects): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, subject)| matches!(subject, Subject::Column(..)));
    for part in [objects, columns] {
        let mut renames = Vec::new();
        let mut places = Vec::new();
        for (directive, subject) in part {
            match subject.before(&directive.old, &said.renames, from) {
                (there, Some(rename)) => {
                    renames.push((rename, there));
                    places.push(directive.span);
                }
                (false, None) if !from.is_empty() => {
                    let message = format!("there is no {} that {} could have been", directive.old, subject.path());
                    said.warnings.push(
                        Diagnostic::warning("renamed-from", message)
                            .at(source, directive.span, "not in the first schema")
                            .help("name it as the first schema does, or take the directive out"),
                    );
                }
                (_, None) => {}
            }
        }
        let turns = turns(&renames, from, to, &|table| before(&said.renames, table, from));
        for ((turn, (rename, _)), place) in turns.into_iter().zip(renames).zip(places) {
            match turn {
                Turn::Now => said.renames.push(rename),
                Turn::Done => {}
                Turn::Unclear => said.warnings.push(
                    Diagnostic::warning("renamed-from", format!("it can't be told whether {rename} already"))
                        .at(source, place, "the two that change places are alike")
                        .help("say it with --rename if it is to be done; else take the directives out"),
                ),
            }
        }
    }
    Ok(said)
}

/// The rename that `old=new` means: names of objects, with their schema where there are several; `table.column=column`,
/// `enum.label=label`.
/// `said` are those that are known already.
///
/// # Errors
/// It is no pair; nothing, or more than one thing, is called so; the new name is there before, or the old one still.
pub fn rename_of(
    text: &str,
    syntax: &Syntax,
    from: &Catalog,
    to: &Catalog,
    said: &[Rename],
    all: &[String],
) -> Result<Rename, Diagnostic> {
    let wrong = |why: String| Diagnostic::error("rename", why);
    let no_pair = || {
        wrong(format!("`{text}` is no rename"))
            .help("write e.g. `--rename users=people` or `--rename users.mail=email`")
    };
    let (old, new) = text.split_once('=').ok_or_else(no_pair)?;
    let (old, new) = (parts(old, syntax).ok_or_else(no_pair)?, parts(new, syntax).ok_or_else(no_pair)?);
    // A name that another rename gives is not the old one's any more, and one that it takes is free.
    let others: Vec<(Vec<String>, Vec<String>)> = all
        .iter()
        .filter_map(|text| text.split_once('='))
        .filter_map(|(old, new)| Some((parts(old, syntax)?, parts(new, syntax)?)))
        .collect();
    let is_given = others.iter().any(|(_, given)| given.last() == old.last());
    let is_left = others.iter().any(|(left, _)| left.last() == new.last());
    let mut found: Vec<Rename> = Vec::new();
    let gone = from.iter().filter(|it| (is_given || to.get(&it.key).is_none()) && is_called(&it.key, &old));
    for object in gone {
        let fits = |it: &&Object| {
            let is_at_home = new.len() > 1 || it.key.schema == object.key.schema;
            let is_free = is_left || from.get(&it.key).is_none();
            is_free && it.key.kind == object.key.kind && is_called(&it.key, &new) && is_at_home
        };
        found.extend(
            to.iter()
                .filter(fits)
                .map(|new| Rename::Object { from: Arc::clone(&object.key), to: Arc::clone(&new.key) }),
        );
    }
    if let ([table @ .., old], Some(new)) = (old.as_slice(), new.last())
        && !table.is_empty()
    {
        for now in to.iter().filter(|it| it.members().iter().any(|column| is_name(column, new))) {
            let Some(was) = before(said, &now.key, from) else { continue };
            let column = |object: &Object, name: &str| {
                object.members().into_iter().find(|it| is_name(it, name)).map(str::to_owned)
            };
            let is_table = is_called(&was.key, table) || is_called(&now.key, table);
            let is_free = (is_left || column(was, new).is_none()) && (is_given || column(now, old).is_none());
            if let (true, true, Some(from), Some(to)) = (is_table, is_free, column(was, old), column(now, new)) {
                found.push(Rename::Column { table: Arc::clone(&now.key), from, to });
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(wrong(format!("`{text}` renames nothing"))
            .note("the old name must be gone from the second schema, and the new one must not be in the first")
            .help("`rung diff` without it shows what is gone and what is new")),
        _ => Err(wrong(format!("`{text}` may mean {}", list(&found))).help("put the schema in front")),
    }
}

/// Several renames, for people.
fn list(renames: &[Rename]) -> String {
    renames.iter().map(ToString::to_string).collect::<Vec<_>>().join(", or ")
}

/// The table of the first schema that is `table` in the second.
fn before<'a>(said: &[Rename], table: &Key, from: &'a Catalog) -> Option<&'a Object> {
    let renamed = said.iter().find_map(|rename| match rename {
        Rename::Object { from, to } if **to == *table => Some(from),
        _ => None,
    });
    from.get(renamed.map_or(table, |key| key))
}

fn is_name(name: &str, said: &str) -> bool {
    name.eq_ignore_ascii_case(said)
}

/// Whether a key is called so: by its name, or with its schema, or with its table.
fn is_called(key: &Key, said: &[String]) -> bool {
    let context: Vec<&str> = key.schema.iter().chain(&key.parent).map(String::as_str).collect();
    match said {
        [name] => is_name(&key.name, name),
        [before @ .., name] => {
            is_name(&key.name, name) && before.iter().all(|said| context.iter().any(|it| is_name(it, said)))
        }
        [] => false,
    }
}

/// The object of a key, letters large and small being the same where they have to be.
fn find<'a>(catalog: &'a Catalog, key: &Key) -> Option<&'a Object> {
    let alike = |it: &&Object| {
        it.key.kind == key.kind
            && it.key.schema == key.schema
            && it.key.parent == key.parent
            && is_name(&it.key.name, &key.name)
    };
    catalog.get(key).or_else(|| catalog.of_kind(key.kind).find(alike))
}

/// A name with what stands before its dots; None where it is something else.
fn parts(text: &str, syntax: &Syntax) -> Option<Vec<String>> {
    let tokens: Vec<Token> = tokens(text, syntax).filter(|token| !token.kind.is_trivia()).collect();
    let mut words = Words { text, tokens: &tokens, at: 0 };
    let parts = words.path();
    (words.at == tokens.len() && !parts.is_empty()).then_some(parts)
}

/// A directive.
struct Directive {
    span: Span,
    old: Old,
}

/// A name as the directive has it.
struct Old {
    schema: Option<String>,
    name: String,
}

impl std::fmt::Display for Old {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What a directive stands with.
enum Subject {
    Object(Arc<Key>),
    Column(Arc<Key>, String),
}

impl Subject {
    fn path(&self) -> String {
        match self {
            Self::Object(key) => key.to_string(),
            Self::Column(table, column) => format!("{column} of {}", table.path()),
        }
    }

    /// Whether the first schema has something of this name, and what it means that it was called otherwise there, if anything
    /// was.
    fn before(&self, called: &Old, said: &[Rename], from: &Catalog) -> (bool, Option<Rename>) {
        match self {
            Self::Object(key) => {
                let schema = called.schema.clone().or_else(|| key.schema.clone());
                let old = find(from, &Key { name: called.name.clone(), schema, ..(**key).clone() });
                let rename = |old: &Object| Rename::Object { from: Arc::clone(&old.key), to: Arc::clone(key) };
                (from.get(key).is_some(), old.map(rename))
            }
            Self::Column(table, column) => {
                let members = before(said, table, from).map(Object::members).unwrap_or_default();
                let has = |name: &str| {
                    let exactly = members.iter().find(|it| **it == name);
                    exactly.or_else(|| members.iter().find(|it| is_name(it, name)))
                };
                let rename = |old: &&str| {
                    let (table, from, to) = (Arc::clone(table), (*old).to_owned(), column.clone());
                    Rename::Column { table, from, to }
                };
                (has(column).is_some(), has(&called.name).map(rename))
            }
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    syntax: &'a Syntax,
}

type Found<T> = Result<T, Box<Diagnostic>>;

impl Reader<'_> {
    /// Every comment that is a directive; one without a name has an empty one.
    fn directives(&self) -> Vec<Directive> {
        let text = self.source.text();
        let comments = tokens(text, self.syntax).filter(|token| token.kind == TokenKind::LineComment);
        let read = |token: Token| {
            let said = text[token.span.range()].trim_start_matches('-').trim();
            let name =
                said.strip_prefix(DIRECTIVE).filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', ':']))?;
            let mut parts = parts(name.trim_start_matches(':'), self.syntax).unwrap_or_default();
            let old = Old { name: parts.pop().unwrap_or_default(), schema: parts.pop() };
            Some(Directive { span: token.span, old })
        };
        comments.filter_map(read).collect()
    }

    fn error(&self, span: Span, message: &str, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("renamed-from", message).at(self.source, span, "").help(help))
    }

    /// What a directive stands with, as the second schema has it.
    fn subject(&self, directive: &Directive, to: &Catalog) -> Found<Subject> {
        let Directive { span, old } = directive;
        if old.name.is_empty() {
            return Err(self.error(
                *span,
                "@renamed-from is followed by a name",
                "write e.g. `-- @renamed-from users`",
            ));
        }
        let nothing = || {
            let help = "put it on the line above an object, a column or a constraint, or behind it";
            self.error(*span, "@renamed-from stands with nothing that has a name", help)
        };
        let text = self.source.text();
        let (statements, _) = split(text, self.syntax);
        let inside = statements.iter().find(|it| it.span.range().contains(&span.start));
        let behind = || {
            let last = statements.iter().rfind(|it| it.span.end <= span.start)?;
            (!text[last.span.end..span.start].contains('\n')).then_some(last)
        };
        let next = || statements.iter().find(|it| it.span.start > span.start);
        let statement = inside.or_else(behind).or_else(next).ok_or_else(nothing)?;
        let body = &text[statement.span.range()];
        let tokens: Vec<Token> = tokens(body, self.syntax).filter(|token| !token.kind.is_trivia()).collect();
        let words = Words { text: body, tokens: &tokens, at: 0 };
        let made = words.made().ok_or_else(nothing)?;
        let at = inside.map(|_| span.start - statement.span.start);
        let part = at.and_then(|at| words.part_at(at));
        let found = match (made, part) {
            (Made { kind, path, parent }, None) => {
                object(to, kind, &path, parent.as_deref()).map(|it| Subject::Object(Arc::clone(&it.key)))
            }
            (Made { kind: Kind::Constraint, .. }, Some(_)) => None,
            (Made { kind, path, .. }, Some(part)) => {
                let table = object(to, kind, &path, None);
                table.and_then(|table| match part {
                    Part::Column(name) => {
                        let column = table.members().into_iter().find(|it| is_name(it, &name))?;
                        Some(Subject::Column(Arc::clone(&table.key), column.to_owned()))
                    }
                    Part::Constraint(name) => {
                        let is_it = |it: &&Object| {
                            is_name(&it.key.name, &name) && to.parent(it).is_some_and(|of| of.key == table.key)
                        };
                        to.of_kind(Kind::Constraint).find(is_it).map(|it| Subject::Object(Arc::clone(&it.key)))
                    }
                    Part::Nameless => None,
                })
            }
        };
        found.ok_or_else(nothing)
    }
}

/// The object of a statement in the catalog that the statement made.
fn object<'a>(catalog: &'a Catalog, kind: Kind, path: &[String], parent: Option<&[String]>) -> Option<&'a Object> {
    let of_parent = |it: &&Object| match (parent.and_then(<[String]>::last), &it.key.parent) {
        (Some(said), Some(parent)) => is_name(parent, said),
        _ => true,
    };
    let mut found: Vec<&Object> =
        catalog.of_kind(kind).filter(|it| is_called(&it.key, path)).filter(of_parent).collect();
    if found.len() > 1 {
        // Without a schema it is that of every session.
        found.retain(|it| it.key.schema.as_deref() == Some("public"));
    }
    (found.len() == 1).then(|| found[0])
}

#[cfg(test)]
mod tests {
    use rung_catalog::{Body, Column, Definition, Firing, Table};

    use super::*;

    fn catalog(tables: &[(&str, &str, &[&str])]) -> Catalog {
        let mut catalog = Catalog::new();
        for (schema, name, columns) in tables {
            let columns = columns.iter().map(|name| Column { name: (*name).to_owned(), ..Column::default() }).collect();
            let table = Table { columns, ..Table::default() };
            catalog.insert(Object::new(Key::new(Kind::Table, Some(schema), *name), Body::Table(Box::new(table))));
        }
        catalog
    }

    fn other(catalog: &mut Catalog, key: Key) {
        let body = Body::Other(Definition { sql: String::new(), firing: Firing::Origin });
        catalog.insert(Object::new(key, body));
    }

    fn said(text: &str, from: &Catalog, to: &Catalog) -> Result<Vec<String>, Vec<String>> {
        let source = Arc::new(SourceFile::new("schema.sql", text));
        match renames_of_file(&source, &Syntax::POSTGRES, from, to) {
            Ok(said) => Ok(said
                .renames
                .iter()
                .map(ToString::to_string)
                .chain(said.warnings.iter().map(ToString::to_string))
                .collect()),
            Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn directives_stand_above_or_behind() {
        let to = catalog(&[("public", "people", &["id", "e mail", "x", "y"]), ("app", "people", &["id"])]);
        let from = catalog(&[("public", "users", &["nr", "mail", "a", "b"]), ("old", "folk", &["id"])]);
        let text = "-- @renamed-from users\nCREATE TABLE people (\n  -- the number\n  -- @renamed-from nr\n  id int,\n  \
             \"e mail\" text DEFAULT ')', -- @renamed-from: mail\n  x numeric(10, 2), -- @renamed-from a\n  y int -- @renamed-from \"b\"\n);\n\
             CREATE TABLE app.people (id int); -- @renamed-from old.folk\n";
        let expected = [
            "table public.users is now public.people",
            "table old.folk is now app.people",
            "column nr of public.people is now id",
            "column mail of public.people is now e mail",
            "column a of public.people is now x",
            "column b of public.people is now y",
        ];
        assert_eq!(said(text, &from, &to).unwrap(), expected);
        // Once it is done, nothing is left to do.
        assert_eq!(said(text, &to, &to).unwrap(), [""; 0]);
        assert_eq!(said(text, &Catalog::new(), &to).unwrap(), [""; 0]);
    }

    #[test]
    fn names_are_handed_on_and_exchanged() {
        let tables = |of: &[(&str, &str)]| {
            let of: Vec<_> = of.iter().map(|(name, column)| ("public", *name, [*column])).collect();
            let of: Vec<_> = of.iter().map(|(schema, name, columns)| (*schema, *name, &columns[..])).collect();
            catalog(&of)
        };
        // One after the other: b becomes c, and a becomes b.
        let (from, to) = (tables(&[("a", "x"), ("b", "y")]), tables(&[("b", "x"), ("c", "y")]));
        let text = "CREATE TABLE b (x int); -- @renamed-from a\nCREATE TABLE c (y int); -- @renamed-from b\n";
        assert_eq!(
            said(text, &from, &to).unwrap(),
            ["table public.a is now public.b", "table public.b is now public.c"]
        );
        assert_eq!(said(text, &to, &to).unwrap(), [""; 0], "it is done");
        // They change places, which shows by what is in them.
        let (from, to) = (tables(&[("a", "x"), ("b", "y")]), tables(&[("a", "y"), ("b", "x")]));
        let text = "CREATE TABLE a (y int); -- @renamed-from b\nCREATE TABLE b (x int); -- @renamed-from a\n";
        assert_eq!(
            said(text, &from, &to).unwrap(),
            ["table public.b is now public.a", "table public.a is now public.b"]
        );
        assert_eq!(said(text, &to, &to).unwrap(), [""; 0], "it is done");
        let alike = tables(&[("a", "x"), ("b", "x")]);
        let warned = said(text, &alike, &alike).unwrap();
        assert!(warned.iter().all(|it| it.contains("can't be told")) && warned.len() == 2, "{warned:?}");
        // Columns do the same.
        let typed = |one: &str, two: &str| {
            let mut made = catalog(&[("public", "t", &["a", "b"])]);
            let key = Key::new(Kind::Table, Some("public"), "t");
            let columns = made.get_mut(&key).unwrap().columns_mut();
            (columns[0].data_type, columns[1].data_type) = (one.to_owned(), two.to_owned());
            made
        };
        let (from, to) = (typed("int", "text"), typed("text", "int"));
        let text = "CREATE TABLE t (a text, -- @renamed-from b\n b int -- @renamed-from a\n);";
        assert_eq!(said(text, &from, &to).unwrap(), ["column b of public.t is now a", "column a of public.t is now b"]);
        assert_eq!(said(text, &to, &to).unwrap(), [""; 0], "it is done");
    }

    #[test]
    fn kinds_of_every_sort() {
        let (mut from, mut to) = (catalog(&[("public", "t", &["a"])]), catalog(&[("public", "t", &["a"])]));
        for (kind, parent) in [
            (Kind::Type, None),
            (Kind::Index, None),
            (Kind::Trigger, Some("t")),
            (Kind::Policy, Some("t")),
            (Kind::Constraint, Some("t")),
            (Kind::TextSearchConfiguration, None),
        ] {
            for (catalog, name) in [(&mut from, "old"), (&mut to, "new")] {
                let key = Key::new(kind, Some("public"), name);
                other(
                    catalog,
                    match parent {
                        Some(parent) => key.of(parent),
                        None => key,
                    },
                );
            }
        }
        for text in [
            "CREATE DOMAIN new AS text; -- @renamed-from old",
            "-- @renamed-from old\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS new ON t (a);",
            "-- @renamed-from old\nCREATE CONSTRAINT TRIGGER new AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION f();",
            "-- @renamed-from old\nCREATE POLICY new ON t;",
            "-- @renamed-from old\nALTER TABLE ONLY t ADD CONSTRAINT new UNIQUE (a);",
            "CREATE TABLE t (a int,\n CONSTRAINT new UNIQUE (a) -- @renamed-from old\n);",
            "-- @renamed-from old\nCREATE TEXT SEARCH CONFIGURATION new (COPY = simple);",
        ] {
            assert_eq!(said(text, &from, &to).map(|it| it.len()), Ok(1), "{text}");
        }
    }

    #[test]
    fn what_stands_with_nothing_is_an_error() {
        let to = catalog(&[("public", "t", &["a"])]);
        for text in [
            "CREATE TABLE t (a int);\n-- @renamed-from x\n",
            "-- @renamed-from\nCREATE TABLE t (a int);",
            "SELECT 1; -- @renamed-from x",
            "CREATE TABLE t (a int,\n UNIQUE (a) -- @renamed-from b\n)",
        ] {
            assert_eq!(said(text, &to, &to).map_err(|it| it.len()), Err(1), "{text}");
        }
        let from = catalog(&[("public", "users", &["a"])]);
        let text = "-- @renamed-from user\nCREATE TABLE t (a int);";
        assert_eq!(
            said(text, &from, &to).unwrap(),
            [
                "schema.sql:1:1: there is no user that table public.t could have been; name it as the first schema does, or take the directive out"
            ]
        );
    }

    #[test]
    fn pairs_are_found_by_their_names() {
        let from = catalog(&[("public", "users", &["mail", "id"]), ("app", "t", &["a"]), ("public", "t", &["a"])]);
        let to = catalog(&[("public", "people", &["email", "id"]), ("app", "t", &["b"]), ("public", "t", &["b"])]);
        let meant = |text: &str, said: &[Rename]| {
            rename_of(text, &Syntax::POSTGRES, &from, &to, said, &[]).map(|it| it.to_string()).map_err(|it| it.message)
        };
        let table = rename_of("users=people", &Syntax::POSTGRES, &from, &to, &[], &[]).unwrap();
        assert_eq!(table.to_string(), "table public.users is now public.people");
        for text in ["users.mail=email", "public.people.mail=people.email", "users.mail = people.\"email\""] {
            assert_eq!(
                meant(text, std::slice::from_ref(&table)).unwrap(),
                "column mail of public.people is now email",
                "{text}"
            );
        }
        assert_eq!(meant("app.t.a=b", &[]).unwrap(), "column a of app.t is now b");
        assert!(
            meant("t.a=b", &[]).unwrap_err().contains("may mean column a of app.t is now b, or column a of public.t")
        );
        assert!(meant("users", &[]).unwrap_err().contains("is no rename"));
        assert!(meant("users=t", &[]).unwrap_err().contains("renames nothing"));
        let both = catalog(&[("public", "a", &["x", "y"]), ("public", "b", &["x"])]);
        let swapped = |text: &str, all: &[&str]| {
            let all: Vec<String> = all.iter().map(|it| (*it).to_owned()).collect();
            rename_of(text, &Syntax::POSTGRES, &both, &both, &[], &all).map(|it| it.to_string()).is_ok()
        };
        assert!(swapped("a=b", &["a=b", "b=a"]) && swapped("a.x=y", &["a.x=y", "a.y=x"]));
        assert!(!swapped("a=b", &["a=b"]) && !swapped("a.x=y", &["a.x=y"]));
    }
}
