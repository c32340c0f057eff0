//! A look at the syntax tree by kinds of nodes: what is not there is `None`, since a tree with errors has holes.

use rung_sql::Span;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

use crate::types::{fold, postgres_type};
use crate::{DataType, Expression, Ident, Name};

use SyntaxKind as K;

/// A node.
#[derive(Debug, Clone)]
pub(super) struct Node(pub(super) SyntaxNode);

/// Functions that are words of the grammar.
const CALLED_WITHOUT_PARENTHESES: [&str; 5] = ["current_", "localtime", "session_user", "system_user", "user"];

fn is_trivia(token: &SyntaxToken) -> bool {
    matches!(token.kind(), K::WHITESPACE | K::COMMENT)
}

fn ident(text: &str, span: Span) -> Ident {
    Ident { name: fold(text), span }
}

impl Node {
    pub(super) fn kind(&self) -> SyntaxKind {
        self.0.kind()
    }

    pub(super) fn children(&self) -> impl Iterator<Item = Node> {
        self.0.children().map(Node)
    }

    pub(super) fn child(&self, kind: SyntaxKind) -> Option<Node> {
        self.children().find(|child| child.kind() == kind)
    }

    pub(super) fn all(&self, kind: SyntaxKind) -> impl Iterator<Item = Node> {
        self.children().filter(move |child| child.kind() == kind)
    }

    pub(super) fn first(&self, kinds: &[SyntaxKind]) -> Option<Node> {
        self.children().find(|child| kinds.contains(&child.kind()))
    }

    pub(super) fn descendants(&self) -> impl Iterator<Item = Node> {
        self.0.descendants().map(Node)
    }

    /// Whether a node or a token of this kind is right below.
    pub(super) fn has(&self, kind: SyntaxKind) -> bool {
        self.0.children_with_tokens().any(|element| element.kind() == kind)
    }

    /// The tokens below, blanks and comments left out.
    pub(super) fn tokens(&self) -> impl Iterator<Item = SyntaxToken> {
        self.0.descendants_with_tokens().filter_map(SyntaxElement::into_token).filter(|token| !is_trivia(token))
    }

    pub(super) fn span(&self) -> Span {
        let range = self.0.text_range();
        // A node may end in blanks.
        let start = self.tokens().next().map_or(range.start(), |token| token.text_range().start());
        let end = self.tokens().last().map_or(range.end(), |token| token.text_range().end());
        Span::new(start.into(), end.into())
    }

    pub(super) fn text(&self) -> String {
        self.0.text().to_string().trim().to_owned()
    }

    /// The words of it, in lower case and one blank apart.
    pub(super) fn words(&self) -> String {
        self.tokens().map(|token| token.text().to_lowercase()).collect::<Vec<_>>().join(" ")
    }

    /// The name that this node is.
    pub(super) fn as_name(&self) -> Option<Name> {
        let segments: Vec<Node> =
            self.descendants().filter(|node| matches!(node.kind(), K::PATH_SEGMENT | K::PATH_SEGMENT_REF)).collect();
        let parts: Vec<Ident> = if segments.is_empty() {
            self.as_ident().into_iter().collect()
        } else {
            segments.iter().filter_map(Node::as_ident).collect()
        };
        let (last, before) = parts.split_last()?;
        let schema = before.last();
        let start = parts.first().map_or(last.span.start, |first| first.span.start);
        Some(Name {
            schema: schema.map(|schema| schema.name.clone()),
            name: last.name.clone(),
            span: Span::new(start, last.span.end),
        })
    }

    /// The name that this node is, of one part.
    pub(super) fn as_ident(&self) -> Option<Ident> {
        let text = self.text();
        (!text.is_empty()).then(|| ident(&text, self.span()))
    }

    pub(super) fn name(&self, kind: SyntaxKind) -> Option<Name> {
        self.child(kind)?.as_name()
    }

    pub(super) fn names(&self, kind: SyntaxKind) -> Vec<Name> {
        self.all(kind).filter_map(|node| node.as_name()).collect()
    }

    pub(super) fn ident(&self, kind: SyntaxKind) -> Option<Ident> {
        self.child(kind)?.as_ident()
    }

    pub(super) fn idents(&self, kind: SyntaxKind) -> Vec<Ident> {
        self.all(kind).filter_map(|node| node.as_ident()).collect()
    }

    /// The text of a string below.
    pub(super) fn string(&self, kind: SyntaxKind) -> Option<String> {
        self.child(kind).map(|literal| unquoted(&literal.text()))
    }

    /// The type right below.
    pub(super) fn data_type(&self) -> Option<DataType> {
        let node = self.children().find(|child| is_type(child.kind()))?;
        let (mut depth, mut bounds, mut array) = (0_usize, false, false);
        let (mut words, mut parts, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        for token in node.tokens() {
            match token.kind() {
                K::L_PAREN => depth += 1,
                K::R_PAREN => depth = depth.saturating_sub(1),
                // Bounds mean nothing to the server.
                K::L_BRACK => bounds = true,
                K::R_BRACK => bounds = false,
                _ if bounds => {}
                K::ARRAY_KW => array = true,
                K::SETOF_KW | K::COMMA => {}
                K::DOT => parts.extend(words.pop()),
                _ if depth > 0 => arguments.push(token.text().to_owned()),
                // `"char"` is another type than `char`.
                _ if token.text() == "\"char\"" => words.push("\"char\"".to_owned()),
                _ => words.push(fold(token.text())),
            }
            array |= token.kind() == K::L_BRACK;
        }
        Some(postgres_type(parts.pop(), &words.join(" "), arguments, array, node.span()))
    }

    /// The expression right below.
    pub(super) fn expression(&self) -> Option<Expression> {
        self.children().find(|child| is_expression(child.kind())).map(|node| node.as_expression())
    }

    pub(super) fn as_expression(&self) -> Expression {
        let mut found = Expression {
            span: self.span(),
            calls: Vec::new(),
            columns: Vec::new(),
            literal: true,
            null: self.kind() == K::LITERAL && self.has(K::NULL_KW),
        };
        for node in self.descendants() {
            match node.kind() {
                K::CALL_EXPR => {
                    found.literal = false;
                    found.calls.extend(node.as_call());
                }
                K::NAME_REF => {
                    found.literal = false;
                    if node.is_qualifier() || node.is_callee() {
                        continue;
                    }
                    let Some(name) = node.as_ident() else { continue };
                    let is_word = node.tokens().next().is_some_and(|token| token.kind() != K::IDENT);
                    if is_word && CALLED_WITHOUT_PARENTHESES.iter().any(|word| name.name.starts_with(word)) {
                        found.calls.push(Name { schema: None, name: name.name, span: name.span });
                    } else {
                        found.columns.push(name);
                    }
                }
                K::SELECT | K::PAREN_SELECT | K::COMPOUND_SELECT => found.literal = false,
                _ => {}
            }
        }
        found
    }

    /// Whether it stands before a dot.
    fn is_qualifier(&self) -> bool {
        self.0
            .parent()
            .is_some_and(|parent| parent.kind() == K::FIELD_EXPR && parent.last_child().as_ref() != Some(&self.0))
    }

    /// Whether it is what a call calls, or the end of it.
    fn is_callee(&self) -> bool {
        let mut node = self.0.clone();
        while let Some(parent) = node.parent() {
            match parent.kind() {
                K::CALL_EXPR => return parent.first_child().as_ref() == Some(&node),
                K::FIELD_EXPR => node = parent,
                _ => return false,
            }
        }
        false
    }

    /// The function that a call calls.
    pub(super) fn as_call(&self) -> Option<Name> {
        self.children().find(|child| child.kind() != K::ARG_LIST)?.as_callee()
    }

    /// Whether it begins with a name, and not with a word of the grammar.
    pub(super) fn is_identifier(&self) -> bool {
        self.0.first_token().is_some_and(|token| token.kind() == K::IDENT)
    }

    /// What is called: `f`, `s.f`, or a word with a grammar of its own (`EXTRACT`).
    fn as_callee(&self) -> Option<Name> {
        // Functions with a grammar of their own have only the ends of their names in common.
        if format!("{:?}", self.kind()).ends_with("_FN") {
            let word = self.tokens().next()?.text().to_lowercase();
            return Some(Name { schema: None, name: word, span: self.span() });
        }
        let text = self.text();
        let mut parts: Vec<String> = text.split('.').map(|part| fold(part.trim())).collect();
        let name = parts.pop()?;
        Some(Name { schema: parts.pop(), name, span: self.span() })
    }
}

fn is_type(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        K::ARRAY_TYPE
            | K::BIT_TYPE
            | K::BIT_VARYING_TYPE
            | K::CHARACTER_TYPE
            | K::DOUBLE_TYPE
            | K::INTERVAL_TYPE
            | K::PATH_TYPE
            | K::TIME_TYPE
            | K::TIMESTAMP_TYPE
            | K::VARCHAR_TYPE
    )
}

fn is_expression(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        K::ARRAY_EXPR
            | K::BETWEEN_EXPR
            | K::BIN_EXPR
            | K::CALL_EXPR
            | K::CASE_EXPR
            | K::CAST_EXPR
            | K::FIELD_EXPR
            | K::INDEX_EXPR
            | K::LITERAL
            | K::NAME_REF
            | K::PAREN_EXPR
            | K::POSTFIX_EXPR
            | K::PREFIX_EXPR
            | K::SLICE_EXPR
            | K::TUPLE_EXPR
    )
}

/// A string without its quotes; what is none stays as it is.
pub(super) fn unquoted(text: &str) -> String {
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(text) => text.replace("''", "'"),
        None => text.to_owned(),
    }
}
