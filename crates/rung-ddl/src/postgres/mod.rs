//! PostgreSQL's statements, lowered from the syntax tree of `squawk-syntax`.

mod checks;
mod gaps;
mod message;
mod object;
mod syntax;
mod table;
mod tree;

use std::collections::HashMap;

use rung_sql::{Span, Syntax, TransactionControl};
use squawk_parser::SyntaxKind;
use squawk_syntax::SourceFile;

use crate::depth::is_shallow;
use crate::{Ident, Kind, LONGEST_NAME, Name, Parsed, SmolStr, Statement, SyntaxError, Verb};
use checks::is_plain;
use message::readable;
use object::{alter, create, drop_of};
use syntax::Tree;
use tree::{Node, unquoted};

use SyntaxKind as K;

/// Reads one statement. Its text may end in `;`.
///
/// What can't be read is [`Statement::Other`] with an error, what is too deep says so; a text of several statements is
/// read as its first.
pub fn parse(text: &str) -> Parsed {
    if !is_shallow(text, &Syntax::POSTGRES) {
        return Parsed::too_deep();
    }
    let mut tree = Tree::of(text);
    let mut errors = Vec::new();
    if !tree.is_sound || !is_plain(Node::root(&tree)) {
        errors = refusals(text);
        let has_body = |root: Node| {
            root.descendants().any(|below| matches!(below.kind(), K::CREATE_FUNCTION | K::CREATE_PROCEDURE))
        };
        if (!tree.is_sound || has_body(Node::root(&tree)))
            && let Some(bridged) = gaps::bridged(text)
        {
            tree = Tree::of(&bridged).within(text);
            errors.clear();
        }
    }
    let root = Node::root(&tree);
    let Some(node) = root.children().find(|node| node.kind() != K::EMPTY_STMT) else {
        return Parsed { errors, ..Parsed::of(Statement::Other) };
    };
    let statement = if errors.is_empty() { lower(node).unwrap_or(Statement::Other) } else { Statement::Other };
    Parsed { errors, ..survey(node, statement) }
}

/// What the parser has against a text: where its grammar is left, and what it checks besides.
fn refusals(text: &str) -> Vec<SyntaxError> {
    let errors = SourceFile::parse(text).errors().into_iter();
    errors
        .map(|error| SyntaxError {
            message: readable(error.message()),
            span: Span::new(error.range().start().into(), error.range().end().into()),
        })
        .collect()
}

/// What is told of any statement: the tables and views at all places where the grammar has one, without the names of WITH;
/// functions and types; and the columns that stand twice where the server takes each once. In one walk: it is most of the
/// work.
fn survey(node: Node, statement: Statement) -> Parsed {
    let mut found = Parsed::of(statement);
    let mut with = Vec::new();
    for below in node.descendants() {
        match below.kind() {
            K::CTE_NAME => with.extend(below.as_ident().map(|ident| ident.name)),
            K::TABLE_NAME_REF | K::RELATION_NAME_REF | K::VIEW_REF => found.relations.extend(below.as_name()),
            K::CALL_EXPR => found.named.extend(below.as_call().map(|name| (Kind::Routine, name))),
            // A type that is a word of the grammar is built in.
            K::PATH_TYPE if below.is_identifier() => {
                found.named.extend(below.as_name().map(|name| (Kind::Type, name)));
            }
            _ => found.repeated.extend(repeats(named_once(below))),
        }
    }
    found.relations.retain(|name: &Name| name.schema.is_some() || !with.contains(&name.name));
    found
}

/// What a value is given to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Whole,
    /// `a.x`, `a[1]`: parts may be set one by one.
    Part,
}

/// The columns of a list in which each may be named once.
fn named_once(list: Node) -> Vec<(Ident, Target)> {
    let target = |target: Node| {
        let mut parts = target.children();
        let name = parts.next()?.as_ident()?;
        Some((name, if parts.next().is_none() { Target::Whole } else { Target::Part }))
    };
    let whole = |ident: Ident| (ident, Target::Whole);
    match list.kind() {
        K::SET_COLUMN_LIST => list
            .children()
            .flat_map(|set| match set.kind() {
                K::SET_MULTIPLE_COLUMNS => set.child(K::COLUMN_TARGET_LIST).map(named_once),
                _ => set.child(K::COLUMN_TARGET).and_then(target).map(|name| vec![name]),
            })
            .flatten()
            .collect(),
        K::COLUMN_TARGET_LIST => list.all(K::COLUMN_TARGET).filter_map(target).collect(),
        // Of a primary key, or of UNIQUE.
        K::INDEX_PARAMETERS => {
            let columns = list.child(K::CONSTRAINT_COLUMN_REF_LIST).map(|list| list.idents(K::COLUMN_NAME_REF));
            columns.into_iter().flatten().map(whole).collect()
        }
        K::TABLE_ARG_LIST => list.all(K::COLUMN).filter_map(|column| column.ident(K::COLUMN_NAME)).map(whole).collect(),
        K::CREATE_VIEW | K::CREATE_MATERIALIZED_VIEW | K::CREATE_TABLE_AS | K::SELECT_INTO => {
            made_of_query(list).into_iter().map(whole).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of what a query makes columns of, as far as they are written; a value without one is `?column?` to the server.
fn made_of_query(node: Node) -> Vec<Ident> {
    let given = |target: Node| match target.child(K::AS_NAME) {
        Some(alias) => alias.ident(K::COLUMN_NAME),
        None if target.has(K::LITERAL) => Some(Ident { name: SmolStr::new_static("?column?"), span: target.span() }),
        None => target.ident(K::NAME_REF),
    };
    if let Some(list) = node.child(K::COLUMN_LIST) {
        return list.idents(K::COLUMN_NAME);
    }
    let query = if node.kind() == K::SELECT_INTO { Some(node) } else { node.child(K::SELECT) };
    let targets = query.and_then(|query| query.child(K::SELECT_CLAUSE)).and_then(|select| select.child(K::TARGET_LIST));
    targets.map(|list| list.all(K::TARGET).filter_map(given).collect()).unwrap_or_default()
}

/// Each name that another before it is the same as, to as many bytes as the server keeps.
fn repeats(names: Vec<(Ident, Target)>) -> Vec<Ident> {
    if names.len() < 2 {
        return Vec::new();
    }
    let kept = |ident: &Ident| ident.name[..ident.name.floor_char_boundary(LONGEST_NAME)].to_owned();
    let mut seen: HashMap<String, Target> = HashMap::new();
    let mut again = |(ident, target): &(Ident, Target)| {
        seen.insert(kept(ident), *target).is_some_and(|before| before == Target::Whole || *target == Target::Whole)
    };
    names.into_iter().filter(|name| again(name)).map(|(ident, _)| ident).collect()
}

fn lower(node: Node) -> Option<Statement> {
    let data = |verb, table: Option<Name>| Statement::Data { verb, table, filtered: node.has(K::WHERE_CLAUSE) };
    Some(match node.kind() {
        K::CREATE_TABLE | K::CREATE_FOREIGN_TABLE | K::CREATE_TABLE_AS => {
            Statement::CreateTable(table::create_table(node)?)
        }
        K::SELECT_INTO => Statement::CreateTable(table::select_into(node)?),
        K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE | K::ALTER_VIEW | K::ALTER_MATERIALIZED_VIEW | K::ALTER_INDEX => {
            Statement::AlterTable(table::alter_table(node)?)
        }
        K::CREATE_INDEX => Statement::CreateIndex(table::create_index(node)?),
        K::INSERT => data(Verb::Insert, node.name(K::RELATION_NAME_REF)),
        K::UPDATE => data(Verb::Update, node.name(K::RELATION_NAME)),
        K::DELETE => data(Verb::Delete, node.name(K::RELATION_NAME)),
        K::MERGE => data(Verb::Merge, node.name(K::TABLE_RELATION_NAME)),
        K::COPY if node.has(K::COPY_FROM) => data(Verb::CopyIn, node.child(K::COPY_TABLE)?.as_name()),
        K::COPY => data(Verb::Select, None),
        K::SELECT | K::COMPOUND_SELECT | K::PAREN_SELECT | K::VALUES | K::TABLE => {
            set_config(node).unwrap_or_else(|| select(node))
        }
        K::TRUNCATE => Statement::Truncate {
            tables: node.child(K::TABLE_LIST)?.names(K::TABLE_RELATION_NAME),
            cascade: node.has(K::CASCADE),
        },
        K::REINDEX => reindex(node),
        K::REFRESH => Statement::Refresh {
            name: node.name(K::VIEW_REF)?,
            concurrently: node.has(K::CONCURRENTLY_KW),
            with_data: !node.has(K::WITH_NO_DATA),
        },
        K::VACUUM | K::ANALYZE => vacuum(node),
        K::CLUSTER => Statement::Cluster { table: cluster(node) },
        K::LOCK => Statement::Lock {
            tables: node.child(K::RELATION_LIST)?.names(K::RELATION_NAME),
            mode: node.child(K::LOCK_MODE_CLAUSE).map_or_else(
                || "ACCESS EXCLUSIVE".to_owned(),
                |mode| mode.words().to_uppercase().trim_start_matches("IN ").trim_end_matches(" MODE").to_owned(),
            ),
        },
        K::COMMENT_ON => comment(node),
        K::GRANT | K::REVOKE => Statement::Grant {
            tables: node
                .descendants()
                .filter(|below| below.kind() == K::RELATION_NAME_REF)
                .filter_map(|below| below.as_name())
                .collect(),
        },
        K::SET => set(node)?,
        K::RESET => {
            let name = node.tokens().nth(1).map(|token| token.text().to_lowercase())?;
            Statement::Set { name, values: Vec::new(), local: false }
        }
        // It runs what it explains.
        K::EXPLAIN if explain_runs(node) => node.children().find_map(lower)?,
        K::DO => Statement::Opaque { body: node.child(K::LITERAL).map(|body| body.span()) },
        K::CALL | K::EXECUTE => Statement::Opaque { body: None },
        K::BEGIN => Statement::Transaction(TransactionControl::Begin),
        K::COMMIT_TRANSACTION | K::PREPARE_TRANSACTION => Statement::Transaction(TransactionControl::Commit),
        K::ROLLBACK_TRANSACTION => Statement::Transaction(TransactionControl::Rollback),
        K::SAVEPOINT_CREATE => Statement::Transaction(TransactionControl::Savepoint),
        K::RELEASE_SAVEPOINT => Statement::Transaction(TransactionControl::Release),
        K::ROLLBACK_TO_SAVEPOINT => Statement::Transaction(TransactionControl::RollbackTo),
        other => {
            let other = format!("{other:?}");
            let (verb, what) = other.split_once('_')?;
            match verb {
                "CREATE" => create(node, kind_of(what))?,
                "DROP" => drop_of(node, kind_of(what)),
                "ALTER" => alter(node, kind_of(what)),
                _ => return None,
            }
        }
    })
}

/// A kind from the part of a node's name after its verb.
fn kind_of(what: &str) -> Kind {
    match what {
        "TABLE" => Kind::Table,
        "FOREIGN_TABLE" => Kind::ForeignTable,
        "INDEX" => Kind::Index,
        "VIEW" => Kind::View,
        "MATERIALIZED_VIEW" => Kind::MaterializedView,
        "SEQUENCE" => Kind::Sequence,
        "SCHEMA" => Kind::Schema,
        "TYPE" => Kind::Type,
        "DOMAIN" => Kind::Domain,
        "FUNCTION" | "PROCEDURE" | "ROUTINE" | "AGGREGATE" => Kind::Routine,
        "TRIGGER" => Kind::Trigger,
        "POLICY" => Kind::Policy,
        "RULE" => Kind::Rule,
        "EXTENSION" => Kind::Extension,
        "STATISTICS" => Kind::Statistics,
        "DATABASE" => Kind::Database,
        "ROLE" | "USER" | "GROUP" => Kind::Role,
        "PUBLICATION" => Kind::Publication,
        _ => Kind::Other,
    }
}

fn select(node: Node) -> Statement {
    // Whatever stands at the top, what changes rows within WITH decides.
    let writes = node.descendants().find_map(|below| match below.kind() {
        K::INSERT => Some((Verb::Insert, below.name(K::RELATION_NAME_REF))),
        K::UPDATE => Some((Verb::Update, below.name(K::RELATION_NAME))),
        K::DELETE => Some((Verb::Delete, below.name(K::RELATION_NAME))),
        _ => None,
    });
    let locks = node.descendants().any(|below| below.kind() == K::LOCKING_CLAUSE);
    let (verb, table) = match writes {
        Some((verb, table)) => (verb, table),
        None if locks => (Verb::SelectForUpdate, None),
        None => (Verb::Select, None),
    };
    Statement::Data { verb, table, filtered: node.descendants().any(|below| below.kind() == K::WHERE_CLAUSE) }
}

fn reindex(node: Node) -> Statement {
    const TARGETS: [(SyntaxKind, Kind); 5] = [
        (K::REINDEX_TARGET_INDEX, Kind::Index),
        (K::REINDEX_TARGET_TABLE, Kind::Table),
        (K::REINDEX_TARGET_SCHEMA, Kind::Schema),
        (K::REINDEX_TARGET_DATABASE, Kind::Database),
        (K::REINDEX_TARGET_SYSTEM, Kind::Other),
    ];
    let target = node.children().find_map(|child| {
        let (_, kind) = TARGETS.iter().find(|(target, _)| *target == child.kind())?;
        Some((*kind, child))
    });
    let option =
        node.child(K::REINDEX_OPTION_LIST).and_then(|list| list.all(K::REINDEX_OPTION_CONCURRENTLY).map(is_on).last());
    let written = target.as_ref().is_some_and(|(_, target)| target.has(K::CONCURRENTLY_KW));
    Statement::Reindex {
        kind: target.as_ref().map_or(Kind::Other, |(kind, _)| *kind),
        name: target.and_then(|(_, child)| child.children().find_map(|below| below.as_name())),
        concurrently: option.unwrap_or(written),
    }
}

/// Whether an option is on: with no value, or with one that the server takes for true.
fn is_on(option: Node) -> bool {
    let words = option.words();
    let value = words.split_once(' ').map_or("true", |(_, value)| value);
    matches!(value.trim_matches('\''), "true" | "on" | "yes" | "1" | "t" | "y")
}

fn vacuum(node: Node) -> Statement {
    let tables = node
        .child(K::TABLE_AND_COLUMNS_LIST)
        .map(|list| {
            list.all(K::TABLE_AND_COLUMNS)
                .filter_map(|table| table.child(K::TABLE_RELATION_NAME)?.as_name())
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    let full = node.has(K::FULL_KW)
        || node.child(K::VACUUM_OPTION_LIST).is_some_and(|list| {
            list.all(K::VACUUM_OPTION).any(|option| option.words().starts_with("full") && is_on(option))
        });
    Statement::Vacuum { tables, full, analyze_only: node.kind() == K::ANALYZE }
}

fn cluster(node: Node) -> Option<Name> {
    node.name(K::TABLE_NAME_REF).or_else(|| node.child(K::CLUSTER_LEGACY)?.name(K::TABLE_NAME_REF))
}

fn comment(node: Node) -> Statement {
    let Some(object) = node.children().find(|child| format!("{:?}", child.kind()).starts_with("OBJECT_")) else {
        return Statement::Other;
    };
    let text = node.string(K::LITERAL);
    let what = format!("{:?}", object.kind());
    let what = what.trim_start_matches("OBJECT_");
    if what == "COLUMN" {
        // `s.t.c`: the table is what stands before the last dot.
        let parts: Vec<_> = object
            .descendants()
            .filter(|below| below.kind() == K::PATH_SEGMENT_REF)
            .filter_map(|below| below.as_ident())
            .collect();
        let table = parts.len().checked_sub(2).map(|at| Name {
            schema: at.checked_sub(1).map(|schema| parts[schema].name.clone()),
            name: parts[at].name.clone(),
            span: object.span(),
        });
        return Statement::Comment { kind: Kind::Table, name: table, column: parts.last().cloned(), text };
    }
    let on = object.children().filter_map(|below| below.as_name()).last();
    Statement::Comment { kind: kind_of(what), name: on, column: None, text }
}

/// Whether an EXPLAIN runs its statement: `ANALYZE`, by itself or among the options and not switched off.
fn explain_runs(node: Node) -> bool {
    let Some(options) = node.child(K::EXPLAIN_OPTION_LIST) else { return node.child(K::EXPLAIN_ANALYZE).is_some() };
    let words = options.words().to_lowercase();
    words.trim_matches(['(', ')', ' ']).split(',').any(|option| {
        let mut words = option.split_whitespace();
        words.next().is_some_and(|name| matches!(name, "analyze" | "analyse"))
            && !words.next().is_some_and(|value| matches!(value, "off" | "false" | "0"))
    })
}

fn set(node: Node) -> Option<Statement> {
    let local = node.has(K::LOCAL_SCOPE);
    if let Some(zone) = node.child(K::SET_TIME_ZONE) {
        let values = zone.all(K::LITERAL).map(|value| unquoted(value.text())).collect();
        return Some(Statement::Set { name: "timezone".to_owned(), values, local });
    }
    let Some(config) = node.child(K::SET_CONFIG) else {
        // SET SCHEMA 'x' is another spelling of SET search_path.
        let schema = node.child(K::SET_SCHEMA_VALUE)?;
        let values = schema.all(K::LITERAL).map(|value| unquoted(value.text())).collect();
        return Some(Statement::Set { name: "search_path".to_owned(), values, local });
    };
    let name = config.name(K::CONFIG_PARAMETER_REF)?;
    let values = config.child(K::TO_CONFIG_VALUE).map(|value| {
        value
            .children()
            .map(|value| match value.kind() {
                K::CONFIG_VALUE_NAME => crate::fold(value.text()).into(),
                _ => unquoted(value.text()),
            })
            .collect()
    });
    Some(Statement::Set { name: name.to_string(), values: values.unwrap_or_default(), local })
}

/// `SELECT set_config('name', 'value', is_local)` and nothing else: another spelling of SET.
fn set_config(node: Node) -> Option<Statement> {
    let mut clauses = node.children();
    let targets = clauses.next().filter(|clause| clause.kind() == K::SELECT_CLAUSE)?.child(K::TARGET_LIST)?;
    let mut targets = targets.all(K::TARGET);
    let call = targets.next()?.child(K::CALL_EXPR)?;
    let called = call.as_call()?;
    let is_built_in = called.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    if called.name != "set_config" || !is_built_in || targets.next().is_some() || clauses.next().is_some() {
        return None;
    }
    let arguments: Option<Vec<String>> = call
        .child(K::ARG_LIST)?
        .all(K::ARG)
        .map(|argument| argument.child(K::LITERAL).map(|literal| unquoted(literal.text())))
        .collect();
    let [name, value, local] = <[String; 3]>::try_from(arguments?).ok()?;
    let name = name.to_lowercase();
    let values = match name.as_str() {
        "search_path" => value.split(',').map(|schema| crate::fold(schema.trim()).into()).collect(),
        _ => vec![value],
    };
    // As the server reads a boolean: by how it begins.
    let is_local = ["t", "y", "on", "1"].iter().any(|yes| local.to_lowercase().starts_with(yes));
    Some(Statement::Set { name, values, local: is_local })
}

#[cfg(test)]
mod tests;
