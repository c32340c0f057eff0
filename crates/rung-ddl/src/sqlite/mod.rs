//! SQLite's statements, lowered from the tree of `sqlite3-parser`.
//!
//! That tree has no places. They are found again among the tokens of the text, which come in the order in which the tree
//! is read.

mod copy;
mod place;
mod table;
mod walk;

use rung_sql::{Span, Syntax, TransactionControl};
use sqlite3_parser::ast::{Cmd, InsertBody, PragmaBody, Stmt};
use sqlite3_parser::lexer::sql::{Error, Parser};
use sqlite3_parser::{Bump, FallibleIterator};

use crate::depth::is_shallow;
use crate::{Kind, Name, Parsed, Statement, SyntaxError, Verb};
use place::Places;
use walk::{Node, relations};

/// Reads one statement. Its text may end in `;`.
///
/// What can't be read is [`Statement::Other`] with an error, what is too deep says so; a text of several statements is
/// read as its first.
pub fn parse(text: &str) -> Parsed {
    if !is_shallow(text, &Syntax::SQLITE) {
        return Parsed::too_deep();
    }
    let bump = Bump::new();
    let mut places = Places::new(text);
    match Parser::new(&bump, text.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(statement))) => {
            let relations = relations(&statement, text);
            let copied = copy::copied(&statement, &relations).map(Box::new);
            Parsed { relations, copied, ..Parsed::of(lower(&statement, &mut places)) }
        }
        Ok(_) => Parsed::of(Statement::Other),
        Err(error) => Parsed { errors: vec![refused(&error, text)], ..Parsed::of(Statement::Other) },
    }
}

fn refused(error: &Error, text: &str) -> SyntaxError {
    let shown = error.to_string();
    let (message, position) = match error {
        Error::ParserError(message, position) => (message.to_string(), position),
        Error::UnrecognizedToken(position)
        | Error::UnterminatedLiteral(position)
        | Error::UnterminatedBracket(position)
        | Error::UnterminatedBlockComment(position)
        | Error::BadVariableName(position)
        | Error::BadNumber(position)
        | Error::ExpectedEqualsSign(position)
        | Error::MalformedBlobLiteral(position)
        | Error::MalformedHexInteger(position) => (shown.split(" at ").next().unwrap_or_default().to_owned(), position),
        _ => (shown, &None),
    };
    let at = position.as_ref().map_or(text.len(), |position| {
        let line: usize = text.split_inclusive('\n').take(position.line.saturating_sub(1)).map(str::len).sum();
        text.floor_char_boundary(line + position.column.saturating_sub(1))
    });
    // A parser stands behind what it stumbled over.
    let named = message.strip_prefix("near \"").and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
    let start = text[..at].rfind(&named).filter(|_| !named.is_empty() && !text[at..].starts_with(&named)).unwrap_or(at);
    SyntaxError {
        message,
        span: Span::new(start, text.ceil_char_boundary((start + named.len().max(1)).min(text.len()))),
    }
}

fn lower(statement: &Stmt<'_>, places: &mut Places<'_>) -> Statement {
    let drop_of = |places: &mut Places<'_>, kind, name, if_exists| Statement::Drop {
        kind,
        names: vec![places.name(name)],
        concurrently: false,
        if_exists,
        cascade: false,
        on: None,
    };
    let data = |verb, table: Option<Name>, filtered| Statement::Data { verb, table, filtered };
    match statement {
        Stmt::AlterTable(name, body) => table::alter_table(name, body, places),
        Stmt::CreateTable { temporary, if_not_exists, tbl_name, body } => {
            table::create_table(*temporary, *if_not_exists, tbl_name, body, places)
        }
        Stmt::CreateVirtualTable { if_not_exists, tbl_name, module_name, .. } => {
            table::create_virtual_table(*if_not_exists, tbl_name, module_name, places)
        }
        Stmt::CreateIndex { unique, if_not_exists, idx_name, tbl_name, columns, where_clause } => {
            let name = places.name(idx_name);
            let table = places.bare_name(tbl_name);
            Statement::CreateIndex(crate::CreateIndex {
                name: Some(name),
                table,
                unique: *unique,
                concurrently: false,
                if_not_exists: *if_not_exists,
                only: false,
                columns: columns.iter().map(|column| places.column(&column.expr)).collect(),
                within: columns
                    .iter()
                    .map(|column| &column.expr)
                    .filter(|expression| !places.is_column(expression))
                    .chain(where_clause)
                    .flat_map(|expression| places.expression(expression, places.rest()).columns)
                    .collect(),
                partial: where_clause.is_some(),
                method: None,
            })
        }
        Stmt::CreateTrigger { if_not_exists, trigger_name, tbl_name, .. } => Statement::Create {
            kind: Kind::Trigger,
            name: Some(places.name(trigger_name)),
            replace: false,
            if_not_exists: *if_not_exists,
            on: Some(places.name(tbl_name)),
        },
        Stmt::CreateView { if_not_exists, view_name, .. } => Statement::Create {
            kind: Kind::View,
            name: Some(places.name(view_name)),
            replace: false,
            if_not_exists: *if_not_exists,
            on: None,
        },
        Stmt::DropIndex { if_exists, idx_name } => drop_of(places, Kind::Index, idx_name, *if_exists),
        Stmt::DropTable { if_exists, tbl_name } => drop_of(places, Kind::Table, tbl_name, *if_exists),
        Stmt::DropTrigger { if_exists, trigger_name } => drop_of(places, Kind::Trigger, trigger_name, *if_exists),
        Stmt::DropView { if_exists, view_name } => drop_of(places, Kind::View, view_name, *if_exists),
        Stmt::Delete { tbl_name, where_clause, .. } => {
            data(Verb::Delete, Some(places.name(tbl_name)), where_clause.is_some())
        }
        Stmt::Insert { tbl_name, body, .. } => {
            let filtered = matches!(body, InsertBody::Select(select, _) if walk::is_filtered(Node::Select(select)));
            data(Verb::Insert, Some(places.name(tbl_name)), filtered)
        }
        Stmt::Update { tbl_name, where_clause, .. } => {
            data(Verb::Update, Some(places.name(tbl_name)), where_clause.is_some())
        }
        Stmt::Select(select) => data(Verb::Select, None, walk::is_filtered(Node::Select(select))),
        Stmt::Pragma(name, body) => {
            let values = body.as_ref().map(|body| {
                let (PragmaBody::Equals(value) | PragmaBody::Call(value)) = body;
                value.to_string().trim_matches(['\'', '"']).to_lowercase()
            });
            let name = places.name(name).name.into();
            Statement::Set { name, values: values.into_iter().collect(), local: false }
        }
        Stmt::Reindex { obj_name } => Statement::Reindex {
            kind: Kind::Other,
            name: obj_name.as_ref().map(|name| places.name(name)),
            concurrently: false,
        },
        Stmt::Analyze(name) => Statement::Vacuum {
            tables: name.iter().map(|name| places.name(name)).collect(),
            full: false,
            analyze_only: true,
        },
        Stmt::Vacuum(..) => Statement::Vacuum { tables: Vec::new(), full: true, analyze_only: false },
        Stmt::Begin(..) => Statement::Transaction(TransactionControl::Begin),
        Stmt::Commit(_) => Statement::Transaction(TransactionControl::Commit),
        Stmt::Rollback { savepoint_name: Some(_), .. } => Statement::Transaction(TransactionControl::RollbackTo),
        Stmt::Rollback { .. } => Statement::Transaction(TransactionControl::Rollback),
        Stmt::Savepoint(_) => Statement::Transaction(TransactionControl::Savepoint),
        Stmt::Release(_) => Statement::Transaction(TransactionControl::Release),
        Stmt::Attach { .. } | Stmt::Detach(_) => Statement::Other,
    }
}

#[cfg(test)]
mod tests;
