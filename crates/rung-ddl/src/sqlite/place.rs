//! Where names of the tree stand in the text.

use rung_sql::{Span, Syntax, TokenKind, tokens};
use smol_str::StrExt;
use sqlite3_parser::ast::{Expr, Name as Written, QualifiedName};

use super::walk::{Node, nodes};
use crate::{Expression, Ident, Name, SmolStr};

/// The tokens of a statement, read from left to right as the tree is.
pub(super) struct Places<'a> {
    text: &'a str,
    tokens: Vec<Span>,
    at: usize,
}

/// A name as the catalog has it: SQLite compares names without regard to case, quoted or not.
pub(super) fn folded(written: &str) -> SmolStr {
    crate::fold(written).trim_matches('\'').to_ascii_lowercase_smolstr()
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let tokens = tokens(text, &Syntax::SQLITE)
            .filter(|token| !token.kind.is_trivia() && token.kind != TokenKind::Semicolon)
            .map(|token| token.span)
            .collect();
        Self { text, tokens, at: 0 }
    }

    fn token(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |span| &self.text[span.range()])
    }

    /// The next token that is written so, and past it.
    pub(super) fn word(&mut self, word: &str) -> Span {
        match (self.at..self.tokens.len()).find(|at| self.token(*at).eq_ignore_ascii_case(word)) {
            Some(at) => {
                self.at = at + 1;
                self.tokens[at]
            }
            None => self.rest(),
        }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> Span {
        let end = self.tokens.last().map_or(0, |span| span.end);
        Span::new(self.tokens.get(self.at).map_or(end, |span| span.start), end)
    }

    /// The end of what was read.
    pub(super) fn end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |at| self.tokens[at].end)
    }

    /// Past a balanced pair of parentheses that begins here, if one does.
    pub(super) fn pass_parentheses(&mut self) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match self.token(self.at) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 && self.token(self.at) != ")" {
                return;
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// What follows: in parentheses, or one value with its sign.
    pub(super) fn operand(&mut self) -> Span {
        let start = self.rest().start;
        if self.token(self.at) == "(" {
            self.pass_parentheses();
        } else {
            self.at += usize::from(matches!(self.token(self.at), "+" | "-"));
            self.at = (self.at + 1).min(self.tokens.len());
        }
        Span::new(start, self.end())
    }

    pub(super) fn ident(&mut self, written: &Written<'_>) -> Ident {
        Ident { span: self.word(written.0), name: folded(written.0) }
    }

    pub(super) fn bare_name(&mut self, written: &Written<'_>) -> Name {
        let Ident { name, span } = self.ident(written);
        Name { schema: None, name, span }
    }

    pub(super) fn name(&mut self, written: &QualifiedName<'_>) -> Name {
        let schema = written.db_name.as_ref().map(|schema| self.ident(schema));
        let Ident { name, span } = self.ident(&written.name);
        let start = schema.as_ref().map_or(span.start, |schema| schema.span.start);
        // `main` is where everything is.
        let schema = schema.map(|schema| schema.name).filter(|schema| schema != "main");
        Name { schema, name, span: Span::new(start, span.end) }
    }

    /// Whether what an index has is a column, and no expression.
    pub(super) fn is_column(&self, expression: &Expr<'_>) -> bool {
        match expression {
            Expr::Id(_) | Expr::Name(_) | Expr::Literal(sqlite3_parser::ast::Literal::String(_)) => true,
            Expr::Collate(inner, _) => self.is_column(inner),
            _ => false,
        }
    }

    /// A column of an index or a key; `None` for an expression.
    pub(super) fn column(&mut self, expression: &Expr<'_>) -> Option<Ident> {
        match expression {
            Expr::Id(id) => Some(Ident { span: self.word(id.0), name: folded(id.0) }),
            Expr::Name(name) => Some(self.ident(name)),
            Expr::Collate(inner, _) => self.column(inner),
            Expr::Literal(sqlite3_parser::ast::Literal::String(name)) => {
                Some(Ident { span: self.word(name), name: folded(name) })
            }
            _ => None,
        }
    }

    /// What an expression calls and names. It stands at `span`.
    pub(super) fn expression(&self, written: &Expr<'_>, span: Span) -> Expression {
        let mut found =
            Expression { span, calls: Vec::new(), columns: Vec::new(), literal: true, null: is_null(written) };
        let call = |name: &str| Name { schema: None, name: folded(name), span };
        for node in nodes(Node::Expr(written)) {
            match node {
                Node::Expr(Expr::FunctionCall { name, .. } | Expr::FunctionCallStar { name, .. }) => {
                    found.calls.push(call(name.0));
                }
                Node::Expr(Expr::Id(name)) => found.columns.push(Ident { name: folded(name.0), span }),
                Node::Expr(Expr::Name(name) | Expr::Qualified(_, name) | Expr::DoublyQualified(_, _, name)) => {
                    found.columns.push(Ident { name: folded(name.0), span });
                }
                Node::Expr(Expr::Literal(literal)) => {
                    use sqlite3_parser::ast::Literal::{CurrentDate, CurrentTime, CurrentTimestamp};
                    if matches!(literal, CurrentDate | CurrentTime | CurrentTimestamp) {
                        found.calls.push(call(&written.to_string().to_lowercase()));
                    }
                }
                Node::Expr(_) => {}
                Node::Select(_) => found.literal = false,
            }
        }
        found.literal &= found.calls.is_empty() && found.columns.is_empty();
        found
    }
}

fn is_null(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::Literal(literal) => *literal == sqlite3_parser::ast::Literal::Null,
        Expr::Parenthesized(inner) => matches!(inner.as_slice(), [one] if is_null(one)),
        _ => false,
    }
}
