//! The syntax tree of a statement, flat: its nodes and tokens in the order of the text, each with the place behind all that
//! is below it. The parser's own tree is one allocation a node, twice; this is one a statement.

use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

use rung_sql::Span;

/// A statement as the parser reads it, without blanks and comments.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) text: &'a str,
    pub(super) elements: Vec<Element>,
    /// Whether the parser has come through without an error.
    pub(super) is_sound: bool,
}

/// A node or a token.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) kind: SyntaxKind,
    pub(super) form: Form,
    start: u32,
    end: u32,
    /// The number of the first element that is not below it.
    pub(super) behind: u32,
    /// The number of the node that it is right below; the root has its own.
    pub(super) parent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Node,
    Token,
}

impl Element {
    /// Its place, without blanks and comments at its ends.
    pub(super) fn span(&self) -> Span {
        Span::new(self.start as usize, self.end as usize)
    }
}

impl<'a> Tree<'a> {
    /// Parses a text of less than 4 GB.
    pub(super) fn of(text: &'a str) -> Self {
        let lexed = LexedStr::new(text);
        let parsed = EntryPoint::SourceFile.parse(&lexed.to_input());
        let mut tree = Growing { elements: Vec::with_capacity(text.len() / 2), open: Vec::new(), at: 0, end: 0 };
        let mut is_sound = lexed.errors().next().is_none();
        lexed.intersperse_trivia(&parsed, &mut |step| match step {
            StrStep::Enter { kind } => tree.enter(kind),
            StrStep::Token { kind, text } => tree.token(kind, text),
            StrStep::Exit => tree.exit(),
            StrStep::Error { .. } => is_sound = false,
        });
        Self { text, elements: tree.elements, is_sound }
    }

    /// As the tree of another text of the same length.
    pub(super) fn within(self, text: &str) -> Tree<'_> {
        Tree { text, elements: self.elements, is_sound: self.is_sound }
    }
}

/// A tree that is being made.
struct Growing {
    elements: Vec<Element>,
    /// The numbers of the nodes that are not closed yet.
    open: Vec<u32>,
    /// How far the text is read.
    at: u32,
    /// Where the last token ends.
    end: u32,
}

impl Growing {
    fn push(&mut self, kind: SyntaxKind, form: Form) -> u32 {
        let number = self.elements.len() as u32;
        let parent = self.open.last().copied().unwrap_or(number);
        self.elements.push(Element { kind, form, start: self.at, end: self.at, behind: number + 1, parent });
        number
    }

    fn enter(&mut self, kind: SyntaxKind) {
        let number = self.push(kind, Form::Node);
        self.open.push(number);
    }

    fn token(&mut self, kind: SyntaxKind, text: &str) {
        let end = self.at + text.len() as u32;
        if !matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT) {
            let number = self.push(kind, Form::Token);
            self.elements[number as usize].end = end;
            self.end = end;
        }
        self.at = end;
    }

    fn exit(&mut self) {
        let Some(number) = self.open.pop() else { return };
        let (behind, end) = (self.elements.len() as u32, self.end);
        // The outermost begins with the text, and that perhaps with a comment.
        let start = self.elements.get(number as usize + 1).map(|first| first.start);
        let node = &mut self.elements[number as usize];
        node.start = start.unwrap_or(node.start);
        (node.end, node.behind) = (end.max(node.start), behind);
    }
}
