//! A look at the syntax tree by kinds of nodes: what is not there is `None`, since a tree with errors has holes.

use std::iter::from_fn;

use rung_sql::Span;
use smol_str::StrExt;
use squawk_parser::SyntaxKind;

use super::syntax::{Element, Form, Tree};
use crate::types::{fold, postgres_type};
use crate::{DataType, Expression, Ident, Name, SmolStr};

use SyntaxKind as K;

/// A node of a tree, or a token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    at: u32,
}

/// Functions that are words of the grammar.
const CALLED_WITHOUT_PARENTHESES: [&str; 5] = ["current_", "localtime", "session_user", "system_user", "user"];

fn ident(text: &str, span: Span) -> Ident {
    Ident { name: fold(text), span }
}

impl<'t> Node<'t> {
    /// The outermost node.
    pub(super) fn root(tree: &'t Tree<'t>) -> Self {
        Self { tree, at: 0 }
    }

    fn element(self) -> &'t Element {
        &self.tree.elements[self.at as usize]
    }

    fn is_node(self) -> bool {
        self.element().form == Form::Node
    }

    pub(super) fn kind(self) -> SyntaxKind {
        self.element().kind
    }

    /// The node that it is right below.
    pub(super) fn parent(self) -> Option<Self> {
        let at = self.element().parent;
        (at != self.at).then_some(Self { at, ..self })
    }

    /// The nodes and tokens right below.
    fn elements(self) -> impl Iterator<Item = Self> {
        let (mut at, behind) = (self.at + 1, self.element().behind);
        from_fn(move || {
            let element = (at < behind).then_some(Self { at, ..self })?;
            at = element.element().behind;
            Some(element)
        })
    }

    /// Itself, and all nodes and tokens below, in the order of the text.
    pub(super) fn elements_below(self) -> impl Iterator<Item = Self> {
        (self.at..self.element().behind).map(move |at| Self { at, ..self })
    }

    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        self.elements().filter(|element| element.is_node())
    }

    pub(super) fn child(self, kind: SyntaxKind) -> Option<Self> {
        self.children().find(|child| child.kind() == kind)
    }

    pub(super) fn all(self, kind: SyntaxKind) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.kind() == kind)
    }

    pub(super) fn first(self, kinds: &[SyntaxKind]) -> Option<Self> {
        self.children().find(|child| kinds.contains(&child.kind()))
    }

    /// Itself, and all nodes below.
    pub(super) fn descendants(self) -> impl Iterator<Item = Self> {
        self.elements_below().filter(|element| element.is_node())
    }

    /// Whether a node or a token of this kind is right below.
    pub(super) fn has(self, kind: SyntaxKind) -> bool {
        self.elements().any(|element| element.kind() == kind)
    }

    /// The tokens below; a token is its own.
    pub(super) fn tokens(self) -> impl Iterator<Item = Self> {
        self.elements_below().filter(|element| !element.is_node())
    }

    pub(super) fn span(self) -> Span {
        self.element().span()
    }

    pub(super) fn text(self) -> &'t str {
        &self.tree.text[self.span().range()]
    }

    /// The words of it, in lower case and one blank apart.
    pub(super) fn words(self) -> String {
        self.tokens().map(|token| token.text().to_lowercase()).collect::<Vec<_>>().join(" ")
    }

    /// The name that this node is.
    pub(super) fn as_name(self) -> Option<Name> {
        let is_segment = |node: &Self| matches!(node.kind(), K::PATH_SEGMENT | K::PATH_SEGMENT_REF);
        let mut segments = self.descendants().filter(is_segment).filter_map(Self::as_ident).peekable();
        let start = segments.peek().map(|first| first.span.start);
        let (mut schema, mut last) = (None, None);
        for segment in segments {
            schema = last.replace(segment);
        }
        let last = last.or_else(|| self.as_ident())?;
        let span = Span::new(start.unwrap_or(last.span.start), last.span.end);
        Some(Name { schema: schema.map(|schema| schema.name), name: last.name, span })
    }

    /// The name that this node is, of one part.
    pub(super) fn as_ident(self) -> Option<Ident> {
        let text = self.text();
        (!text.is_empty()).then(|| ident(text, self.span()))
    }

    pub(super) fn name(self, kind: SyntaxKind) -> Option<Name> {
        self.child(kind)?.as_name()
    }

    pub(super) fn names(self, kind: SyntaxKind) -> Vec<Name> {
        self.all(kind).filter_map(|node| node.as_name()).collect()
    }

    pub(super) fn ident(self, kind: SyntaxKind) -> Option<Ident> {
        self.child(kind)?.as_ident()
    }

    pub(super) fn idents(self, kind: SyntaxKind) -> Vec<Ident> {
        self.all(kind).filter_map(|node| node.as_ident()).collect()
    }

    /// The text of a string below.
    pub(super) fn string(self, kind: SyntaxKind) -> Option<String> {
        self.child(kind).map(|literal| unquoted(literal.text()))
    }

    /// The type right below.
    pub(super) fn data_type(self) -> Option<DataType> {
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
                _ if depth > 0 => arguments.push(token.text().into()),
                // `"char"` is another type than `char`.
                _ if token.text() == "\"char\"" => words.push(SmolStr::new_static("\"char\"")),
                _ => words.push(fold(token.text())),
            }
            array |= token.kind() == K::L_BRACK;
        }
        Some(postgres_type(parts.pop(), &words.join(" "), arguments, array, node.span()))
    }

    /// The expression right below.
    pub(super) fn expression(self) -> Option<Expression> {
        self.children().find(|child| is_expression(child.kind())).map(|node| node.as_expression())
    }

    pub(super) fn as_expression(self) -> Expression {
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
    fn is_qualifier(self) -> bool {
        let is_before = |field: Self| field.children().last().is_some_and(|last| last.at != self.at);
        self.parent().is_some_and(|parent| parent.kind() == K::FIELD_EXPR && is_before(parent))
    }

    /// Whether it is what a call calls, or the end of it.
    fn is_callee(self) -> bool {
        let mut node = self;
        while let Some(parent) = node.parent() {
            match parent.kind() {
                K::CALL_EXPR => return parent.children().next().is_some_and(|first| first.at == node.at),
                K::FIELD_EXPR => node = parent,
                _ => return false,
            }
        }
        false
    }

    /// The function that a call calls.
    pub(super) fn as_call(self) -> Option<Name> {
        self.children().find(|child| child.kind() != K::ARG_LIST)?.as_callee()
    }

    /// Whether it begins with a name, and not with a word of the grammar.
    pub(super) fn is_identifier(self) -> bool {
        self.tokens().next().is_some_and(|token| token.kind() == K::IDENT)
    }

    /// What is called: `f`, `s.f`, or a word with a grammar of its own (`EXTRACT`).
    fn as_callee(self) -> Option<Name> {
        // Functions with a grammar of their own have only the ends of their names in common.
        let has_own_name = matches!(self.kind(), K::NAME_REF | K::FIELD_EXPR);
        if !has_own_name && format!("{:?}", self.kind()).ends_with("_FN") {
            let word = self.tokens().next()?.text().to_lowercase_smolstr();
            return Some(Name { schema: None, name: word, span: self.span() });
        }
        let text = self.text();
        let mut parts: Vec<SmolStr> = text.split('.').map(|part| fold(part.trim())).collect();
        let name = parts.pop()?;
        Some(Name { schema: parts.pop(), name, span: self.span() })
    }
}

pub(super) fn is_type(kind: SyntaxKind) -> bool {
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
