//! The statements of a body in PL/pgSQL that are written out in it, and what they may name (PostgreSQL, PL/pgSQL:
//! Declarations, Basic Statements, Control Structures).
//!
//! It reads tokens and knows the words that statements begin and end with; what it does not understand it leaves out.

use std::ops::Range;

use rung_sql::{Syntax, Token, TokenKind, tokens};

/// What a body has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Static {
    /// Variables with their types, as they are declared; without defaults.
    pub variables: Vec<(String, String)>,
    /// Queries: where each begins in the body, and its text without INTO.
    pub statements: Vec<(usize, String)>,
    /// Other names of variables and arguments, each with what it is one of: a name, or `$1`.
    pub aliases: Vec<(String, String)>,
    /// Names that only the body itself knows: labels, tables that it makes.
    pub own: Vec<String>,
    /// Whether it changes where names are looked for.
    pub sets_path: bool,
    /// How many statements are put together when they run.
    pub dynamic: usize,
    /// Blocks that handle errors: which of the statements they have, and the conditions that they handle, in lower case.
    pub handled: Vec<(Range<usize>, Vec<String>)>,
    /// Conditions that ask the catalog whether something is there: how many statements are before each, and its text.
    pub asked: Vec<(usize, String)>,
}

impl Static {
    /// Whether the body is ready for a statement that fails because of a name, by an SQLSTATE: it handles that error, or
    /// has asked whether there is such a thing.
    pub fn expects(&self, statement: usize, state: &str, name: &str) -> bool {
        let conditions = ["others", "syntax_error_or_access_rule_violation", condition_of(state), state];
        let handles =
            |words: &[String]| words.iter().any(|word| conditions.iter().any(|it| it.eq_ignore_ascii_case(word)));
        let last = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        self.handled.iter().any(|(range, words)| range.contains(&statement) && handles(words))
            || !last.is_empty() && self.asked.iter().any(|(before, text)| *before <= statement && text.contains(&last))
    }
}

/// What PL/pgSQL calls an error (PostgreSQL, appendix A).
fn condition_of(state: &str) -> &'static str {
    match state {
        "42P01" => "undefined_table",
        "42703" => "undefined_column",
        "42883" => "undefined_function",
        "42704" => "undefined_object",
        "3F000" => "invalid_schema_name",
        _ => "others",
    }
}

/// Words by which an expression looks into the catalog.
const CATALOG: [&str; 3] = ["to_reg", "pg_", "information_schema"];

/// Words that a query begins with.
const QUERIES: [&str; 7] = ["select", "with", "insert", "update", "delete", "merge", "values"];

/// Reads a body.
pub fn statics(body: &str) -> Static {
    let all: Vec<Token> = tokens(body, &Syntax::POSTGRES)
        .filter(|t| !matches!(t.kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment))
        .collect();
    let mut reader = Reader { body, tokens: all, at: 0, blocks: Vec::new(), found: Static::default() };
    reader.read();
    reader.found.sets_path = reader
        .tokens
        .iter()
        .any(|token| body[token.span.range()].trim_matches('\'').eq_ignore_ascii_case("search_path"));
    reader.found.own.extend(made(body));
    let twice = of_two_types(&reader.found.variables);
    reader.found.own.extend(twice);
    reader.found
}

/// Names of what a body makes and renames, whether in a statement or in a text that becomes one; with their schemas too.
fn made(body: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let words = body.split(|c: char| !is_part(c)).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let is_made = |at: usize| match words[at].as_str() {
        "table" => true,
        "view" | "type" | "domain" | "function" | "procedure" | "sequence" | "schema" => {
            words[at.saturating_sub(4)..at].iter().any(|word| word == "create")
        }
        // RENAME TO b, RENAME a TO b, RENAME COLUMN a TO b
        "to" => words[at.saturating_sub(3)..at].iter().any(|word| word == "rename"),
        "add" => true,
        _ => false,
    };
    let is_between = |word: &str| matches!(word, "if" | "not" | "exists" | "column");
    let after = (0..words.len()).filter(|at| is_made(*at));
    let names = after.filter_map(|at| words[at + 1..].iter().find(|word| !is_between(word)));
    names.flat_map(|name| [name.as_str(), name.rsplit('.').next().unwrap_or_default()]).map(str::to_owned).collect()
}

/// Variables that blocks declare with different types: which of them is meant is not told.
fn of_two_types(variables: &[(String, String)]) -> Vec<String> {
    let is_other = |(name, kind): &(String, String)| {
        variables.iter().any(|(other, of)| other.eq_ignore_ascii_case(name) && !of.eq_ignore_ascii_case(kind))
    };
    variables.iter().filter(|variable| is_other(variable)).map(|(name, _)| name.clone()).collect()
}

/// The fields of a trigger's rows are looked at wherever they stand.
const ROWS: [&str; 2] = ["new", "old"];

struct Reader<'a> {
    body: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Blocks that are open.
    blocks: Vec<Block>,
    found: Static,
}

/// A block, by the number of statements before it; and where its errors are handled, once they are.
struct Block {
    first: usize,
    handler: Option<usize>,
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.body[token.span.range()])
    }

    fn word(&self, at: usize) -> String {
        match self.tokens.get(at).map(|token| token.kind) {
            Some(TokenKind::Word) => self.text(at).to_lowercase(),
            _ => String::new(),
        }
    }

    fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The place of the first of these words that belongs to the statement itself, or of its semicolon.
    fn until(&self, from: usize, words: &[&str]) -> usize {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for at in from..self.tokens.len() {
            let word = self.word(at);
            match self.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                ";" if depth == 0 => return at,
                _ if depth > 0 => {}
                _ if cases == 0 && words.contains(&word.as_str()) => return at,
                _ if word == "case" => cases += 1,
                _ if word == "end" => cases = cases.saturating_sub(1),
                _ => {}
            }
        }
        self.tokens.len()
    }

    fn read(&mut self) {
        while !self.is_end() {
            let word = self.word(self.at);
            match word.as_str() {
                "declare" => self.declarations(),
                "begin" => self.begin(),
                "exception" => self.handlers(),
                "end" => self.end(),
                "else" | "loop" => self.at += 1,
                "if" | "elsif" | "elseif" | "case" => self.condition(&["then"]),
                "when" => self.when(),
                "while" => self.condition(&["loop"]),
                "for" => self.for_loop(),
                "foreach" => self.at = self.until(self.at, &["loop"]) + 1,
                "perform" => self.query(self.at + 1, "SELECT ", &[]),
                "execute" => self.dynamic(),
                "call" => self.call(),
                "return" => self.returned(),
                _ if QUERIES.contains(&word.as_str()) => self.query(self.at, "", &[]),
                _ if self.text(self.at) == "<" => self.label(),
                _ => self.other(),
            }
        }
    }

    fn begin(&mut self) {
        self.blocks.push(Block { first: self.found.statements.len(), handler: None });
        self.at += 1;
    }

    fn handlers(&mut self) {
        if let Some(block) = self.blocks.last_mut() {
            block.handler = Some(self.found.handled.len());
            self.found.handled.push((block.first..self.found.statements.len(), Vec::new()));
        }
        self.at += 1;
    }

    /// `END`, unless it is that of something else.
    fn end(&mut self) {
        if !matches!(self.word(self.at + 1).as_str(), "if" | "loop" | "case") {
            self.blocks.pop();
        }
        self.at = self.until(self.at, &[]) + 1;
    }

    /// What a handler is for, or a branch of CASE.
    fn when(&mut self) {
        let end = self.until(self.at + 1, &["then"]);
        if let Some(handler) = self.blocks.last().and_then(|block| block.handler) {
            let words = (self.at + 1..end).map(|at| self.text(at).trim_matches('\'').to_lowercase());
            let words: Vec<String> = words.collect();
            self.found.handled[handler].1.extend(words);
        }
        self.condition(&["then"]);
    }

    /// A procedure is looked up by its name: what it gives back is among its arguments, so that no function is like it.
    fn call(&mut self) {
        let end = self.until(self.at, &[]);
        let open = (self.at..end).find(|at| self.text(*at) == "(").unwrap_or(end);
        let name = self.slice(self.at + 1, open);
        if let Some(first) = self.tokens.get(self.at + 1).filter(|_| !name.is_empty()) {
            let text = format!("SELECT '{}'::pg_catalog.regproc", name.replace('\'', "''"));
            self.found.statements.push((first.span.start, text));
        }
        self.at = end + 1;
    }

    fn label(&mut self) {
        while !self.is_end() && self.text(self.at) != ">" {
            self.at += 1;
            let name = self.word(self.at);
            self.found.own.extend(Some(name).filter(|name| !name.is_empty()));
        }
        self.at += 2;
    }

    /// `name type [NOT NULL] [:= expression];` until the block begins.
    fn declarations(&mut self) {
        self.at += 1;
        while !self.is_end() && self.word(self.at) != "begin" {
            let end = self.until(self.at, &[]);
            let name = self.text(self.at).to_owned();
            let from = self.at + 1 + usize::from(self.word(self.at + 1) == "constant");
            let kind = self.word(from);
            let is_cursor = (from..end).any(|at| self.word(at) == "cursor");
            if kind == "alias" {
                self.found.aliases.push((name, self.slice(from + 2, end)));
            } else if is_cursor {
                self.found.variables.push((name, "refcursor".to_owned()));
                self.cursor_arguments(from, end);
                if let Some(at) = (from..end).find(|at| QUERIES.contains(&self.word(*at).as_str())) {
                    self.push(at, end, "");
                }
            } else if !kind.is_empty() || self.tokens.get(from).is_some_and(|t| t.kind == TokenKind::QuotedIdent) {
                let stop = (from..end).find(|at| {
                    let ends = matches!(self.word(*at).as_str(), "default" | "not" | "collate");
                    ends || self.text(*at) == "=" || self.text(*at) == ":"
                });
                let kind = self.slice(from, stop.unwrap_or(end));
                self.found.variables.push((name, kind));
            }
            self.at = end + 1;
        }
    }

    /// `name CURSOR (key int, other text) FOR ...`.
    fn cursor_arguments(&mut self, from: usize, end: usize) {
        let Some(open) = (from..end).find(|at| self.word(*at) == "cursor").map(|at| at + 1) else { return };
        if self.text(open) != "(" {
            return;
        }
        let mut first = open + 1;
        let mut depth = 0_usize;
        for at in open + 1..end {
            match self.text(at) {
                "(" => depth += 1,
                ")" if depth > 0 => depth -= 1,
                "," | ")" if depth == 0 => {
                    let argument = (self.text(first).to_owned(), self.slice(first + 1, at));
                    self.found.variables.push(argument);
                    if self.text(at) == ")" {
                        return;
                    }
                    first = at + 1;
                }
                _ => {}
            }
        }
    }

    /// A condition, which may ask something of a table.
    fn condition(&mut self, ends: &[&str]) {
        let end = self.until(self.at + 1, ends);
        let text = self.slice(self.at + 1, end).to_lowercase();
        if CATALOG.iter().any(|word| text.contains(word)) {
            self.found.asked.push((self.found.statements.len(), text));
        }
        self.expression(self.at + 1, end);
        self.at = end + 1;
    }

    /// Whatever an expression asks of a table, or of a trigger's row.
    fn expression(&mut self, from: usize, end: usize) {
        let is_field = |at: usize| ROWS.contains(&self.word(at).as_str()) && self.text(at + 1) == ".";
        let asks = |at: usize| self.word(at) == "select" || is_field(at);
        if (from..end).any(asks) && self.word(from) != "others" {
            self.value(from, end);
        }
    }

    /// An expression, whatever it names, if it names anything.
    fn value(&mut self, from: usize, end: usize) {
        let text = self.slice(from, end);
        let names = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent);
        let is_asked = self.tokens.get(from..end).is_some_and(|all| all.iter().any(names));
        if let Some(first) = self.tokens.get(from).filter(|_| is_asked) {
            self.found.statements.push((first.span.start, format!("SELECT ({text})")));
        }
    }

    fn for_loop(&mut self) {
        let inside = self.until(self.at, &["in"]);
        let end = self.until(inside, &["loop"]);
        let first = self.word(inside + 1);
        if QUERIES.contains(&first.as_str()) || self.text(inside + 1) == "(" {
            self.push(inside + 1, end, "");
        } else if first == "execute" {
            self.found.dynamic += 1;
        } else if self.slice(inside + 1, end).contains("..") {
            let name = self.text(self.at + 1).to_owned();
            self.found.variables.push((name, "integer".to_owned()));
            self.bounds(inside + 1 + usize::from(first == "reverse"), end);
        } else if inside < end {
            // Over a cursor that has its query: the row has no other declaration.
            let name = self.text(self.at + 1).to_owned();
            self.found.variables.push((name, "record".to_owned()));
        }
        self.at = end + 1;
    }

    /// `1..10 BY 2`: the dots may be read as part of a number.
    fn bounds(&mut self, from: usize, end: usize) {
        let stop = self.until(from, &["by"]).min(end);
        let (Some(first), Some(last)) = (self.tokens.get(from), self.tokens.get(stop.wrapping_sub(1))) else { return };
        let (start, text) = (first.span.start, &self.body[first.span.start..last.span.end.max(first.span.start)]);
        let Some((low, high)) = text.split_once("..") else { return };
        let high_at = start + low.len() + 2;
        let bounds = [(start, low), (high_at, high)];
        let queries = bounds.map(|(at, bound)| (at, format!("SELECT ({})", bound.trim())));
        self.found.statements.extend(queries.into_iter().filter(|(_, query)| query != "SELECT ()"));
    }

    fn returned(&mut self) {
        match (self.word(self.at + 1).as_str(), self.word(self.at + 2).as_str()) {
            ("query", "execute") => self.dynamic(),
            ("query", _) => self.query(self.at + 2, "", &[]),
            _ => {
                let end = self.until(self.at, &[]);
                self.expression(self.at + 1, end);
                self.at = end + 1;
            }
        }
    }

    fn dynamic(&mut self) {
        self.found.dynamic += 1;
        self.at = self.until(self.at, &[]) + 1;
    }

    /// An assignment, or a statement that no query is in.
    fn other(&mut self) {
        let end = self.until(self.at, &[]);
        if let Some((target, value)) = self.assignment(end) {
            // A field may not be there; a variable was looked for when the routine was made.
            if (self.at..target).any(|at| self.text(at) == ".") {
                self.value(self.at, target);
            }
            self.value(value, end);
            self.at = end + 1;
            return;
        }
        let sign = (self.at..end).find(|at| self.text(*at) == "=");
        let is_open = self.word(self.at) == "open";
        if let Some(sign) = sign.filter(|_| !is_open) {
            self.expression(sign + 1, end);
        }
        if is_open {
            match (self.at..end).find(|at| self.word(*at) == "for") {
                Some(at) if self.word(at + 1) == "execute" => self.found.dynamic += 1,
                Some(at) => self.push(at + 1, end, ""),
                None => {}
            }
        }
        self.at = end + 1;
    }

    /// Where the target of `name[.name][[1]] := value` ends, and where the value begins.
    fn assignment(&self, end: usize) -> Option<(usize, usize)> {
        let is_name = matches!(self.tokens.get(self.at)?.kind, TokenKind::Word | TokenKind::QuotedIdent);
        let mut at = self.at + 1;
        while is_name && at < end {
            match self.text(at) {
                "." => at += 2,
                "[" => at = self.closing(at)? + 1,
                ":=" | "=" => return Some((at, at + 1)),
                ":" if self.text(at + 1) == "=" => return Some((at, at + 2)),
                _ => return None,
            }
        }
        None
    }

    /// The bracket that closes one.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.tokens.len()).find(|at| {
            match self.text(*at) {
                "[" => depth += 1,
                "]" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }

    fn query(&mut self, from: usize, before: &str, ends: &[&str]) {
        let end = self.until(from, ends);
        self.push(from, end, before);
        self.at = end + 1;
    }

    fn push(&mut self, from: usize, end: usize, before: &str) {
        if from >= end {
            return;
        }
        let start = self.tokens[from].span.start;
        let text = format!("{before}{}", self.without_into(from, end));
        self.found.statements.push((start, text));
    }

    fn slice(&self, from: usize, end: usize) -> String {
        match (self.tokens.get(from), end.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if from < end => self.body[first.span.start..last.span.end].to_owned(),
            _ => String::new(),
        }
    }

    /// A query without the list of variables that its row goes into.
    fn without_into(&self, from: usize, end: usize) -> String {
        let mut depth = 0_usize;
        let into = (from..end).find(|at| {
            match self.text(*at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let before = if *at > from { self.word(at - 1) } else { String::new() };
            depth == 0 && self.word(*at) == "into" && !matches!(before.as_str(), "insert" | "merge")
        });
        let Some(into) = into else { return self.slice(from, end) };
        let mut after = into + 1 + usize::from(self.word(into + 1) == "strict");
        // name[.name] {, name[.name]}
        loop {
            after += 1;
            match self.text(after) {
                "." | "," if after < end => after += 1,
                _ => break,
            }
        }
        format!("{} {}", self.slice(from, into), self.slice(after, end)).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn queries(body: &str, expected: &[&str]) {
        let found: Vec<String> = statics(body).statements.into_iter().map(|(_, text)| text).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn queries_are_found_wherever_they_stand() {
        queries("BEGIN INSERT INTO t VALUES (1); RETURN NEW; END", &["INSERT INTO t VALUES (1)"]);
        queries("BEGIN PERFORM f(1) FROM t; END", &["SELECT f(1) FROM t"]);
        queries(
            "BEGIN IF EXISTS (SELECT 1 FROM t) THEN DELETE FROM u; END IF; END",
            &["SELECT (EXISTS (SELECT 1 FROM t))", "DELETE FROM u"],
        );
        queries(
            "BEGIN IF CASE WHEN a THEN b END THEN UPDATE t SET a = 1; ELSE DELETE FROM t; END IF; END",
            &["UPDATE t SET a = 1", "DELETE FROM t"],
        );
        queries(
            "BEGIN FOR r IN SELECT a FROM t LOOP x := x + 1; END LOOP; END",
            &["SELECT a FROM t", "SELECT (x + 1)"],
        );
        queries("BEGIN RETURN QUERY SELECT 1 FROM t; END", &["SELECT 1 FROM t"]);
        queries(
            "BEGIN x := (SELECT max(a) FROM t); RETURN (SELECT 2); END",
            &["SELECT ((SELECT max(a) FROM t))", "SELECT ((SELECT 2))"],
        );
        queries(
            "BEGIN NULL; EXCEPTION WHEN others THEN INSERT INTO log VALUES ('x; y'); END",
            &["INSERT INTO log VALUES ('x; y')"],
        );
        queries(
            "DECLARE c CURSOR FOR SELECT a FROM t; BEGIN OPEN d FOR SELECT 2; END",
            &["SELECT a FROM t", "SELECT 2"],
        );
    }

    #[test]
    fn what_a_row_goes_into_is_left_out() {
        queries("BEGIN SELECT a, b INTO STRICT x, r.y FROM t WHERE c; END", &["SELECT a, b FROM t WHERE c"]);
        queries(
            "BEGIN INSERT INTO t (a) VALUES (1) RETURNING id INTO x; END",
            &["INSERT INTO t (a) VALUES (1) RETURNING id"],
        );
        queries("BEGIN SELECT count(*) FROM t INTO n; END", &["SELECT count(*) FROM t"]);
    }

    #[test]
    fn what_it_declares_and_makes_is_its_own() {
        let body = "<<outer>> DECLARE a int := 1; b CONSTANT text NOT NULL DEFAULT 'x'; r t%ROWTYPE; n numeric(10, 2); \
            BEGIN FOR i IN 1..10 LOOP EXECUTE 'CREATE TEMP TABLE IF NOT EXISTS scratch (a int)'; END LOOP; END";
        let found = statics(body);
        let variables: Vec<(&str, &str)> =
            found.variables.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
        assert_eq!(
            variables,
            [("a", "int"), ("b", "text"), ("r", "t%ROWTYPE"), ("n", "numeric(10, 2)"), ("i", "integer")]
        );
        assert_eq!(found.own, ["outer", "scratch", "scratch"]);
        assert_eq!(found.dynamic, 1);
    }

    #[test]
    fn other_names_arguments_of_cursors_and_fields_of_rows_are_read() {
        let found = statics(
            "DECLARE al ALIAS FOR $1; other ALIAS FOR al; c CURSOR (k int, n numeric(3, 1)) FOR SELECT 1 WHERE k = 1; \
             BEGIN CREATE TABLE hid.made (a int); NEW.gone := 1; IF old.gone > 1 THEN NULL; END IF; \
             PERFORM set_config('search_path', 'x', true); END",
        );
        let pairs = |all: &[(String, String)]| all.iter().map(|(name, of)| format!("{name} {of}")).collect::<Vec<_>>();
        assert_eq!(pairs(&found.aliases), ["al $1", "other al"]);
        assert_eq!(pairs(&found.variables), ["c refcursor", "k int", "n numeric(3, 1)"]);
        assert_eq!(found.own, ["hid.made", "made"]);
        assert!(found.sets_path);
        let texts: Vec<&str> = found.statements.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts[1..3], ["SELECT (NEW.gone)", "SELECT (old.gone > 1)"]);
    }

    #[test]
    fn any_text_is_read() {
        for body in [
            "",
            ";",
            "DECLARE",
            "FOR",
            "BEGIN SELECT INTO",
            "<<",
            "IF",
            "RETURN QUERY",
            "x :=",
            "OPEN c FOR",
            "SELECT a INTO",
        ] {
            let _ = statics(body);
        }
    }
}
