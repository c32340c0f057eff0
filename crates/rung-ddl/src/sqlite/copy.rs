//! Rows that are copied from one table to another, as when a table is rebuilt.

use sqlite3_parser::ast::{
    Expr, InsertBody, Literal, OneSelect, Operator, ResolveType, ResultColumn, SelectTable, Stmt,
};

use super::place::folded;
use crate::{Copied, Name, SmolStr};

/// What `INSERT INTO a (x) SELECT y FROM b` copies as it is, where it is one table's rows that are copied.
pub(super) fn copied(statement: &Stmt<'_>, relations: &[Name]) -> Option<Copied> {
    let Stmt::Insert { or_conflict, columns, body: InsertBody::Select(select, _), .. } = statement else { return None };
    // What can't be copied is left out, or takes the default.
    if matches!(or_conflict, Some(ResolveType::Ignore | ResolveType::Replace)) || select.body.compounds.is_some() {
        return None;
    }
    let OneSelect::Select { columns: selected, from: Some(from), where_clause, .. } = &select.body.select else {
        return None;
    };
    let (Some(SelectTable::Table(table, ..)), None) = (from.select, &from.joins) else { return None };
    let name = folded(table.name.0);
    let from = relations.iter().skip(1).find(|relation| relation.name == name)?.clone();
    let mut never_null = Vec::new();
    where_clause.iter().for_each(|condition| not_null_by(condition, &mut never_null));
    Some(Copied {
        from,
        into: columns.as_ref().map(|columns| columns.iter().map(|name| folded(name.0)).collect()),
        // All columns, or each by itself: what stands beside a star moves the rest.
        values: match &selected[..] {
            [ResultColumn::Star | ResultColumn::TableStar(_)] => None,
            columns => {
                let value = |column: &ResultColumn<'_>| match column {
                    ResultColumn::Expr(expression, _) => Some(column_of(expression)),
                    ResultColumn::Star | ResultColumn::TableStar(_) => None,
                };
                Some(columns.iter().map(value).collect::<Option<_>>()?)
            }
        },
        never_null,
    })
}

/// The column that an expression is and nothing else.
fn column_of(expression: &Expr<'_>) -> Option<SmolStr> {
    match expression {
        Expr::Id(id) => Some(folded(id.0)),
        Expr::Name(name) | Expr::Qualified(_, name) | Expr::DoublyQualified(_, _, name) => Some(folded(name.0)),
        Expr::Parenthesized(inner) => match &inner[..] {
            [one] => column_of(one),
            _ => None,
        },
        // A cast of NULL is NULL.
        Expr::Cast { expr, .. } | Expr::Collate(expr, _) => column_of(expr),
        _ => None,
    }
}

/// The columns that are not NULL in a row that a condition holds for.
fn not_null_by(condition: &Expr<'_>, found: &mut Vec<SmolStr>) {
    use Operator::{And, Equals, Greater, GreaterEquals, IsNot, Less, LessEquals, NotEquals};
    // A file may hold a condition of any length; what is deep in it is not looked at.
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        match condition {
            Expr::Binary(left, And, right) => open.extend([*left, *right]),
            Expr::Parenthesized(inner) if inner.len() == 1 => open.extend(inner.iter()),
            Expr::NotNull(tested) => found.extend(column_of(tested)),
            Expr::Binary(tested, IsNot, Expr::Literal(Literal::Null)) => {
                found.extend(column_of(tested));
            }
            // Nothing is equal to NULL, or less than it.
            Expr::Binary(left, Equals | NotEquals | Less | LessEquals | Greater | GreaterEquals, right) => {
                found.extend([left, right].into_iter().filter_map(|side| column_of(side)));
            }
            Expr::Between { lhs, .. }
            | Expr::InList { lhs, .. }
            | Expr::InSelect { lhs, .. }
            | Expr::Like { lhs, .. } => {
                found.extend(column_of(lhs));
            }
            _ => {}
        }
    }
}
