//! Everything below a node, without recursion: an expression may be as deep as its text is long.

use rung_sql::Span;
use sqlite3_parser::ast::{
    Expr, FromClause, InsertBody, JoinConstraint, OneSelect, QualifiedName, ResultColumn, Select, SelectTable, Stmt,
    With,
};

use super::place::folded;
use crate::{Name, SmolStr};

/// What has parts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'a> {
    Expr(&'a Expr<'a>),
    Select(&'a Select<'a>),
}

/// A node and all below it, in no particular order.
pub(super) fn nodes<'a>(root: Node<'a>) -> Vec<Node<'a>> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(node) = all.get(next).copied() {
        next += 1;
        match node {
            Node::Expr(expression) => below_expression(expression, &mut all),
            Node::Select(select) => below_select(select, &mut all),
        }
    }
    all
}

fn below_expression<'a>(expression: &'a Expr<'a>, all: &mut Vec<Node<'a>>) {
    let mut add = |expression: &'a Expr<'a>| all.push(Node::Expr(expression));
    match expression {
        Expr::Between { lhs, start, end, .. } => [lhs, start, end].into_iter().for_each(|part| add(part)),
        Expr::Binary(left, _, right) => [left, right].into_iter().for_each(|part| add(part)),
        Expr::Case { base, when_then_pairs, else_expr } => {
            base.iter().chain(else_expr).for_each(|part| add(part));
            when_then_pairs.iter().for_each(|(when, then)| {
                add(when);
                add(then);
            });
        }
        Expr::Cast { expr, .. }
        | Expr::Collate(expr, _)
        | Expr::IsNull(expr)
        | Expr::NotNull(expr)
        | Expr::Unary(_, expr) => add(expr),
        Expr::FunctionCall { args, .. } => args.iter().flat_map(|args| args.iter()).for_each(add),
        Expr::InList { lhs, rhs, .. } => {
            add(lhs);
            rhs.iter().flat_map(|list| list.iter()).for_each(add);
        }
        Expr::InTable { lhs, .. } => add(lhs),
        Expr::Like { lhs, rhs, escape, .. } => {
            [lhs, rhs].into_iter().chain(escape).for_each(|part| add(part));
        }
        Expr::Parenthesized(inner) => inner.iter().for_each(add),
        Expr::InSelect { lhs, rhs, .. } => {
            add(lhs);
            all.push(Node::Select(rhs));
        }
        Expr::Exists(select) | Expr::Subquery(select) => all.push(Node::Select(select)),
        Expr::DoublyQualified(..)
        | Expr::FunctionCallStar { .. }
        | Expr::Id(_)
        | Expr::Literal(_)
        | Expr::Name(_)
        | Expr::Qualified(..)
        | Expr::Raise(..)
        | Expr::Variable(_) => {}
    }
}

fn parts<'a>(select: &'a Select<'a>) -> impl Iterator<Item = &'a OneSelect<'a>> {
    let compounds = select.body.compounds.iter().flatten().map(|compound| &compound.select);
    std::iter::once(&select.body.select).chain(compounds)
}

fn below_select<'a>(select: &'a Select<'a>, all: &mut Vec<Node<'a>>) {
    below_with(select.with.as_ref(), all);
    for part in parts(select) {
        match part {
            OneSelect::Values(rows) => all.extend(rows.iter().flatten().map(Node::Expr)),
            OneSelect::Select { columns, from, where_clause, having, .. } => {
                all.extend(columns.iter().filter_map(|column| match column {
                    ResultColumn::Expr(expression, _) => Some(Node::Expr(expression)),
                    ResultColumn::Star | ResultColumn::TableStar(_) => None,
                }));
                all.extend(where_clause.iter().chain(having).map(|part| Node::Expr(part)));
                from.iter().for_each(|from| below_from(from, all));
            }
        }
    }
}

fn below_with<'a>(with: Option<&'a With<'a>>, all: &mut Vec<Node<'a>>) {
    all.extend(with.iter().flat_map(|with| with.ctes).map(|cte| Node::Select(cte.select)));
}

/// The tables of a FROM, subqueries in it left out.
fn tables<'a>(from: &'a FromClause<'a>) -> Vec<&'a SelectTable<'a>> {
    let direct = |from: &'a FromClause<'a>| {
        let joined = from.joins.iter().flatten().map(|join| &join.table);
        from.select.into_iter().chain(joined)
    };
    let mut found: Vec<&SelectTable<'_>> = direct(from).collect();
    let mut next = 0;
    while let Some(table) = found.get(next).copied() {
        next += 1;
        if let SelectTable::Sub(inner, _) = table {
            found.extend(direct(inner));
        }
    }
    found
}

fn below_from<'a>(from: &'a FromClause<'a>, all: &mut Vec<Node<'a>>) {
    for table in tables(from) {
        if let SelectTable::Select(select, _) = table {
            all.push(Node::Select(select));
        }
    }
    for join in from.joins.iter().flatten() {
        if let Some(JoinConstraint::On(condition)) = &join.constraint {
            all.push(Node::Expr(condition));
        }
    }
}

/// Whether there is a WHERE.
pub(super) fn is_filtered(node: Node<'_>) -> bool {
    nodes(node).iter().any(|node| match node {
        Node::Select(select) => {
            parts(select).any(|part| matches!(part, OneSelect::Select { where_clause: Some(_), .. }))
        }
        Node::Expr(_) => false,
    })
}

/// Every table or view that a statement reads or writes rows of, the names of WITH left out.
pub(super) fn relations(statement: &Stmt<'_>, text: &str) -> Vec<Name> {
    let mut all = Vec::new();
    let mut named: Vec<&QualifiedName<'_>> = Vec::new();
    let mut from_clauses: Vec<&FromClause<'_>> = Vec::new();
    let mut ctes: Vec<&With<'_>> = Vec::new();
    match statement {
        Stmt::Select(select) | Stmt::CreateView { select, .. } => all.push(Node::Select(select)),
        Stmt::CreateTable { body: sqlite3_parser::ast::CreateTableBody::AsSelect(select), .. } => {
            all.push(Node::Select(select));
        }
        Stmt::Insert { with, tbl_name, body, .. } => {
            named.push(tbl_name);
            ctes.extend(with);
            if let InsertBody::Select(select, _) = body {
                all.push(Node::Select(select));
            }
        }
        Stmt::Update { with, tbl_name, sets, from, where_clause, .. } => {
            named.push(tbl_name);
            ctes.extend(with);
            from_clauses.extend(from);
            all.extend(sets.iter().map(|set| Node::Expr(&set.expr)).chain(where_clause.iter().map(Node::Expr)));
        }
        Stmt::Delete { with, tbl_name, where_clause, .. } => {
            named.push(tbl_name);
            ctes.extend(with);
            all.extend(where_clause.iter().map(Node::Expr));
        }
        _ => {}
    }
    for with in &ctes {
        below_with(Some(with), &mut all);
    }
    for from in &from_clauses {
        below_from(from, &mut all);
    }
    for node in all.iter().flat_map(|root| nodes(*root)) {
        match node {
            Node::Select(select) => {
                ctes.extend(&select.with);
                from_clauses.extend(parts(select).filter_map(|part| match part {
                    OneSelect::Select { from, .. } => from.as_ref(),
                    OneSelect::Values(_) => None,
                }));
            }
            Node::Expr(Expr::InTable { rhs, .. }) => named.push(rhs),
            Node::Expr(_) => {}
        }
    }
    named.extend(from_clauses.iter().flat_map(|from| tables(from)).filter_map(|table| match table {
        SelectTable::Table(name, ..) => Some(name),
        _ => None,
    }));
    let with: Vec<SmolStr> = ctes.iter().flat_map(|with| with.ctes).map(|cte| folded(cte.tbl_name.0)).collect();
    let whole = Span::new(0, text.len());
    named
        .into_iter()
        .map(|name| Name {
            schema: name.db_name.as_ref().map(|schema| folded(schema.0)).filter(|schema| schema != "main"),
            name: folded(name.name.0),
            span: text.find(name.name.0).map_or(whole, |at| Span::new(at, at + name.name.0.len())),
        })
        .filter(|name| name.schema.is_some() || !with.contains(&name.name))
        .collect()
}
