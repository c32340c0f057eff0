//! Reading the statements that SQLite keeps, by their tokens: what no pragma tells. They compiled once, so that what
//! can't be read here is no error; the statement itself is what a dump writes.

use std::sync::Arc;

use rung_catalog::{Constraint, ConstraintKind, ForeignKey, Key, Kind, Origin, Timing, Validity};
use rung_sql::{Syntax, Token, TokenKind, tokens};

/// What a `CREATE TABLE` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) columns: Vec<SaidColumn>,
    /// Those of columns too, each with its name, or with what it says where it has none.
    pub(super) constraints: Vec<(String, Constraint)>,
    /// `STRICT`, `WITHOUT ROWID`.
    pub(super) options: Vec<String>,
}

/// What of a column no pragma tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SaidColumn {
    pub(super) name: String,
    pub(super) collation: Option<String>,
    /// The expression of a generated column, without its parentheses.
    pub(super) generated: Option<String>,
}

impl Definition {
    /// Reads a `CREATE TABLE`.
    pub(super) fn of(sql: &str) -> Self {
        let mut all = Cursor::of(sql);
        let mut definition = Self::default();
        all.until(|cursor| cursor.is_punct("("));
        let Some(body) = all.parenthesised() else { return definition };
        for part in body.parts() {
            definition.part(part);
        }
        while let Some(word) = all.next_word() {
            match word.as_str() {
                "STRICT" => definition.options.push("STRICT".to_owned()),
                "WITHOUT" => definition.options.push("WITHOUT ROWID".to_owned()),
                _ => {}
            }
        }
        definition.options.sort();
        definition
    }

    fn part(&mut self, mut part: Cursor<'_>) {
        let is_table_constraint =
            matches!(part.word().as_deref(), Some("CONSTRAINT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN"));
        if is_table_constraint {
            return self.constraints_in(part, None);
        }
        let Some(name) = part.name() else { return };
        self.columns.push(SaidColumn { name: name.clone(), ..SaidColumn::default() });
        self.constraints_in(part, Some(&name));
    }

    /// Reads constraints one after the other, and what else is said of a column.
    fn constraints_in(&mut self, mut part: Cursor<'_>, column: Option<&str>) {
        let mut name: Option<String> = None;
        let here: Vec<String> = column.map(str::to_owned).into_iter().collect();
        while let Some(word) = part.step() {
            let listed = |part: &mut Cursor<'_>| {
                if column.is_some() { here.clone() } else { part.columns() }
            };
            let kind = match word.as_str() {
                "CONSTRAINT" => {
                    name = part.name();
                    continue;
                }
                "PRIMARY" => {
                    part.step();
                    ConstraintKind::PrimaryKey { columns: listed(&mut part), without_overlaps: false }
                }
                "UNIQUE" => ConstraintKind::Unique { columns: listed(&mut part), without_overlaps: false },
                "CHECK" => match part.parenthesised() {
                    Some(inner) => ConstraintKind::Check(inner.text()),
                    None => continue,
                },
                "FOREIGN" => {
                    part.step();
                    let columns = part.columns();
                    part.step();
                    ConstraintKind::Foreign(Box::new(part.foreign_key(columns)))
                }
                "REFERENCES" => ConstraintKind::Foreign(Box::new(part.foreign_key(here.clone()))),
                "COLLATE" => {
                    let collation = part.name();
                    self.last().collation = collation;
                    continue;
                }
                "AS" => {
                    self.last().generated = part.parenthesised().map(|inner| inner.text());
                    continue;
                }
                // Its expression is not ours to look into.
                "DEFAULT" => {
                    if part.is_punct("(") {
                        part.parenthesised();
                    }
                    continue;
                }
                _ => continue,
            };
            let timing = part.timing();
            let constraint = Constraint {
                kind,
                timing,
                validity: Validity::Valid,
                no_inherit: false,
                origin: Origin::Local,
                index: None,
                index_comment: None,
            };
            let name = name.take().unwrap_or_else(|| described(&constraint.kind));
            self.constraints.push((name, constraint));
        }
    }

    fn last(&mut self) -> &mut SaidColumn {
        if self.columns.is_empty() {
            self.columns.push(SaidColumn::default());
        }
        let last = self.columns.len() - 1;
        &mut self.columns[last]
    }
}

/// What a constraint without a name is called.
fn described(kind: &ConstraintKind) -> String {
    match kind {
        ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY".to_owned(),
        ConstraintKind::Unique { columns, .. } => format!("UNIQUE ({})", columns.join(", ")),
        ConstraintKind::Check(condition) => {
            format!("CHECK ({})", condition.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        ConstraintKind::Exclude(of) => of.clone(),
        ConstraintKind::Foreign(foreign) => {
            format!("FOREIGN KEY ({}) REFERENCES {}", foreign.columns.join(", "), foreign.table.name)
        }
    }
}

/// The module of a `CREATE VIRTUAL TABLE`.
pub(super) fn module(sql: &str) -> Option<String> {
    let mut cursor = Cursor::of(sql);
    cursor.until(|cursor| cursor.word().as_deref() == Some("USING"));
    cursor.step();
    cursor.name()
}

/// The terms of a `CREATE INDEX` as they were typed, and its condition.
pub(super) fn index(sql: &str) -> (Vec<String>, Option<String>) {
    let mut cursor = Cursor::of(sql);
    cursor.until(|cursor| cursor.word().as_deref() == Some("ON"));
    cursor.until(|cursor| cursor.is_punct("("));
    let terms = cursor.parenthesised().map(|body| body.parts().map(|part| part.text()).collect());
    let is_partial = cursor.step().as_deref() == Some("WHERE");
    (terms.unwrap_or_default(), is_partial.then(|| cursor.text()))
}

/// Every word and quoted name of a text.
pub(super) fn names(text: &str) -> impl Iterator<Item = String> + use<'_> {
    tokens(text, &Syntax::SQLITE)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| unquoted(&text[token.span.range()]))
}

fn unquoted(text: &str) -> String {
    let inner = |close: char| {
        text[1..].strip_suffix(close).unwrap_or(&text[1..]).replace(&format!("{close}{close}"), &close.to_string())
    };
    match text.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => inner(quote),
        Some('[') => text[1..].strip_suffix(']').unwrap_or(&text[1..]).to_owned(),
        _ => text.to_owned(),
    }
}

/// A list of tokens, and a place in it.
struct Cursor<'a> {
    text: &'a str,
    tokens: Arc<[Token]>,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn of(text: &'a str) -> Self {
        let tokens: Arc<[Token]> = tokens(text, &Syntax::SQLITE).filter(|token| !token.kind.is_trivia()).collect();
        Self { text, at: 0, end: tokens.len(), tokens }
    }

    fn peek(&self) -> Option<(TokenKind, &'a str)> {
        let token = self.tokens[..self.end].get(self.at)?;
        Some((token.kind, &self.text[token.span.range()]))
    }

    /// The word that comes next, in upper case.
    fn word(&self) -> Option<String> {
        self.peek().filter(|(kind, _)| *kind == TokenKind::Word).map(|(_, text)| text.to_uppercase())
    }

    fn is_punct(&self, punct: &str) -> bool {
        self.peek().is_some_and(|(kind, text)| kind == TokenKind::Punct && text == punct)
    }

    /// Goes on by one token; what it was, in upper case where it was a word. What is in parentheses is one.
    fn step(&mut self) -> Option<String> {
        let (kind, text) = self.peek()?;
        if self.is_punct("(") {
            self.parenthesised();
            return Some(String::new());
        }
        self.at += 1;
        Some(if kind == TokenKind::Word { text.to_uppercase() } else { String::new() })
    }

    /// The next word outside of parentheses.
    fn next_word(&mut self) -> Option<String> {
        loop {
            let word = self.step()?;
            if !word.is_empty() {
                return Some(word);
            }
        }
    }

    fn until(&mut self, is_there: impl Fn(&Self) -> bool) {
        while self.at < self.end && !is_there(self) {
            self.at += 1;
        }
    }

    /// A name, however it is quoted.
    fn name(&mut self) -> Option<String> {
        let (kind, text) = self.peek()?;
        let is_name = matches!(kind, TokenKind::Word | TokenKind::QuotedIdent | TokenKind::String);
        is_name.then(|| {
            self.at += 1;
            unquoted(text)
        })
    }

    /// What is between the parentheses that open here.
    fn parenthesised(&mut self) -> Option<Cursor<'a>> {
        if !self.is_punct("(") {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some((kind, text)) = self.peek() {
            self.at += 1;
            match (kind, text) {
                (TokenKind::Punct, "(") => depth += 1,
                (TokenKind::Punct, ")") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Some(Cursor { text: self.text, tokens: Arc::clone(&self.tokens), at: start, end: self.at - 1 })
    }

    /// What commas separate.
    fn parts(mut self) -> impl Iterator<Item = Cursor<'a>> {
        std::iter::from_fn(move || {
            if self.at >= self.end {
                return None;
            }
            let start = self.at;
            while self.at < self.end && !self.is_punct(",") {
                self.step();
            }
            let part = Cursor { text: self.text, tokens: Arc::clone(&self.tokens), at: start, end: self.at };
            self.at += 1;
            Some(part)
        })
    }

    /// All that is left, as it was typed.
    fn text(&self) -> String {
        match (self.tokens[..self.end].get(self.at), self.tokens[..self.end].last()) {
            (Some(first), Some(last)) => self.text[first.span.start..last.span.end].to_owned(),
            _ => String::new(),
        }
    }

    /// The names in parentheses, without what is said of them.
    fn columns(&mut self) -> Vec<String> {
        let list = self.parenthesised();
        list.into_iter().flat_map(Cursor::parts).filter_map(|mut part| part.name()).collect()
    }

    /// What follows `REFERENCES`.
    fn foreign_key(&mut self, columns: Vec<String>) -> ForeignKey {
        let table = Arc::new(Key::new(Kind::Table, None, self.name().unwrap_or_default()));
        let references = self.columns();
        let mut foreign =
            ForeignKey { columns, table, references, period: false, matching: None, on_update: None, on_delete: None };
        loop {
            match self.word().as_deref() {
                Some("ON") => {
                    self.step();
                    let which = self.step();
                    let first = self.step().unwrap_or_default();
                    let action = match first.as_str() {
                        "SET" | "NO" => format!("{first} {}", self.step().unwrap_or_default()),
                        _ => first,
                    };
                    let action = Some(action).filter(|action| action != "NO ACTION");
                    if which.as_deref() == Some("DELETE") {
                        foreign.on_delete = action
                    } else {
                        foreign.on_update = action
                    }
                }
                Some("MATCH") => {
                    self.step();
                    foreign.matching = self.step().filter(|matching| matching != "SIMPLE");
                }
                _ => return foreign,
            }
        }
    }

    /// `[NOT] DEFERRABLE [INITIALLY DEFERRED|IMMEDIATE]`, where that comes next.
    fn timing(&mut self) -> Timing {
        let before = self.at;
        let is_not = self.word().as_deref() == Some("NOT");
        if is_not {
            self.step();
        }
        if self.word().as_deref() != Some("DEFERRABLE") {
            self.at = before;
            return Timing::NotDeferrable;
        }
        self.step();
        let mut is_deferred = false;
        if self.word().as_deref() == Some("INITIALLY") {
            self.step();
            is_deferred = self.step().as_deref() == Some("DEFERRED");
        }
        match (is_not, is_deferred) {
            (true, _) => Timing::NotDeferrable,
            (false, false) => Timing::Deferrable,
            (false, true) => Timing::Deferred,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_tokens() {
        let definition = Definition::of(
            "CREATE TABLE [od(d] (id INTEGER PRIMARY KEY AUTOINCREMENT, \"na,me\" TEXT COLLATE NOCASE NOT NULL DEFAULT (upper('a,b')) \
             CONSTRAINT named CHECK (length(\"na,me\") > 0) UNIQUE, up TEXT GENERATED ALWAYS AS (upper('(' || id)) STORED, \
             org REFERENCES orgs (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, \
             b INT /* ) */ NOT NULL, -- ,\n UNIQUE (id, b DESC), FOREIGN KEY (b, id) REFERENCES other MATCH FULL) STRICT, WITHOUT ROWID",
        );
        let names: Vec<&str> = definition.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "na,me", "up", "org", "b"]);
        assert_eq!(definition.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(definition.columns[2].generated.as_deref(), Some("upper('(' || id)"));
        let constraints: Vec<&str> = definition.constraints.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "PRIMARY KEY",
            "named",
            "UNIQUE (na,me)",
            "FOREIGN KEY (org) REFERENCES orgs",
            "UNIQUE (id, b)",
            "FOREIGN KEY (b, id) REFERENCES other",
        ];
        assert_eq!(constraints, expected);
        let (_, foreign) = &definition.constraints[3];
        assert_eq!(foreign.timing, Timing::Deferred);
        let ConstraintKind::Foreign(key) = &foreign.kind else { panic!("{foreign:?}") };
        assert_eq!((key.on_delete.as_deref(), key.on_update.as_deref()), (Some("SET NULL"), Some("CASCADE")));
        assert_eq!(definition.options, ["STRICT", "WITHOUT ROWID"]);
    }

    #[test]
    fn indexes_and_modules() {
        let (terms, predicate) =
            index("CREATE UNIQUE INDEX \"on\" ON t(lower(a), b COLLATE NOCASE DESC) WHERE a > (1)");
        assert_eq!(terms, ["lower(a)", "b COLLATE NOCASE DESC"]);
        assert_eq!(predicate.as_deref(), Some("a > (1)"));
        assert_eq!(index("CREATE INDEX i ON t(a)").1, None);
        assert_eq!(module("CREATE VIRTUAL TABLE docs USING fts5(title, body)").as_deref(), Some("fts5"));
    }
}
