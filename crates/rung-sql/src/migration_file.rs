//! A migration file: header, directives and sections, read for one dialect.

use std::fmt;
use std::sync::Arc;

use crate::digest::{checksum, fingerprint_of};
use crate::directives::{Comparison, DIRECTIVES, Directives, Expect};
use crate::header::{CommentLine, Header, MigrationType, Spanned, looks_like_sql, read_header, rollback_of};
use crate::lexer::{Token, TokenKind, tokens};
use crate::script::{Reach, Script, Variables};
use crate::split::{SplitIssue, SplitIssueKind, split};
use crate::{Diagnostic, SourceFile, Span, Syntax, closest};

/// How to read files.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The dialect's name, as sections have it.
    pub dialect: &'a str,
    /// Its lexical rules.
    pub syntax: &'a Syntax,
    /// Values for `${name}`.
    pub variables: Variables<'a>,
}

/// What a check must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// One row with one true value.
    True,
    /// No rows.
    NoRows,
    /// Anything but an error.
    Success,
    /// One number that compares so: what `@expect rows(..)` asks for.
    Count(Comparison, u64),
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::True => f.write_str("one true value"),
            Self::NoRows => f.write_str("no rows"),
            Self::Success => f.write_str("no error"),
            Self::Count(op, count) => write!(f, "a number {op} {count}"),
        }
    }
}

/// A `@verify` section.
#[derive(Debug, Clone)]
pub struct Verify {
    /// Its statements.
    pub script: Script,
    /// What each must give.
    pub want: Want,
}

/// A migration file that was read.
#[derive(Debug, Clone)]
pub struct MigrationFile {
    /// The file.
    pub source: Arc<SourceFile>,
    /// Its header.
    pub header: Header,
    /// The type that the header says.
    pub declared_type: Option<MigrationType>,
    /// Its directives.
    pub directives: Directives,
    /// What it does.
    pub up: Script,
    /// What must be true afterwards.
    pub verify: Vec<Verify>,
    /// What undoes it, from a `@down` section.
    pub down: Option<Script>,
    /// Where the way up asks for no transaction: `@no-transaction`, or `@up no-transaction`.
    pub up_no_transaction: Option<Span>,
    /// Where the way down does: `@no-transaction`, or `@down no-transaction`.
    pub down_no_transaction: Option<Span>,
    /// What undoes it, from a `ROLLBACK:` comment.
    pub rollback: Option<Script>,
    /// SHA-256 of the file, line ends normalised.
    pub checksum: [u8; 32],
    /// SHA-256 of the tokens of what it does.
    pub fingerprint: [u8; 32],
    /// What should be seen and does not stop anything.
    pub warnings: Vec<Diagnostic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SectionKind {
    Up,
    Verify(Want),
    Down,
}

/// The names that a section may give a dialect, whose they are, and how it is read.
const DIALECTS: [(&str, &str, &Syntax); 6] = [
    ("postgres", "postgres", &Syntax::POSTGRES),
    ("postgresql", "postgres", &Syntax::POSTGRES),
    ("pg", "postgres", &Syntax::POSTGRES),
    ("pgsql", "postgres", &Syntax::POSTGRES),
    ("sqlite", "sqlite", &Syntax::SQLITE),
    ("sqlite3", "sqlite", &Syntax::SQLITE),
];

/// What the tokens of a file tell.
struct Scan<'a> {
    /// Comments that have their lines for themselves.
    lines: Vec<CommentLine<'a>>,
    /// Where the first SQL is.
    code: Option<usize>,
    /// Whether there is a token that can keep a section from being split.
    troubled: bool,
    /// A line such as `-- DOWN:` between SQL and SQL.
    bare_down: Option<Span>,
}

/// The words that begin a section.
const SECTIONS: [&str; 3] = ["up", "verify", "down"];

struct Section {
    kind: SectionKind,
    dialect: Option<&'static str>,
    /// The line that begins it, where that says `no-transaction`.
    outside: Option<Span>,
    span: Span,
}

/// Reads a file whose id is `stem`.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read_file(
    source: &Arc<SourceFile>,
    stem: &str,
    reading: &Reading<'_>,
) -> Result<MigrationFile, Vec<Diagnostic>> {
    let mut reader = Reader { source, reading, errors: Vec::new(), warnings: Vec::new() };
    let file = reader.read(stem);
    match file {
        Some(file) if reader.errors.is_empty() => Ok(file),
        _ => Err(reader.errors),
    }
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    reading: &'a Reading<'a>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn error(&mut self, code: &'static str, message: String, span: Span, label: &str, help: Option<String>) {
        let diagnostic = Diagnostic::error(code, message).at(self.source, span, label);
        self.errors.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn read(&mut self, stem: &str) -> Option<MigrationFile> {
        let text = self.source.text();
        let Scan { lines, code, troubled, bare_down } = self.scan();
        let code = code.unwrap_or(text.len());
        let mut directives = Directives::default();
        let mut sections: Vec<Section> = Vec::new();
        let mut preamble = Span::new(0, text.len());
        for line in lines.iter().filter(|line| is_directive(line.content)) {
            if let Some(section) = self.section(line) {
                let before = sections.last_mut().map_or(&mut preamble, |last| &mut last.span);
                before.end = line_start(text, line.span.start);
                sections.extend(section);
            } else if let Err((message, help)) = directives.read(line) {
                self.error("directive", message, line.span, "", help);
            }
        }
        let header_lines: Vec<CommentLine<'_>> = header_block(text, &lines, code);
        let header = read_header(&header_lines);
        self.check_header(&header, stem);
        if code < preamble.end && !sections.is_empty() {
            self.preamble(preamble, code, &mut sections);
        }
        let rollback = self.rollback(&lines);
        let reach = if directives.expand_all { Reach::All } else { Reach::Code };
        let has_markers = !sections.is_empty();
        let whole = [Span::new(0, text.len())];
        let up_spans = if has_markers { self.spans(&sections, SectionKind::Up) } else { whole.to_vec() };
        let fingerprint = fingerprint_of(up_spans.iter().map(|span| &text[span.range()]), self.reading.syntax);
        let up = self.script(&up_spans, reach);
        let mut verify = Vec::new();
        for want in [Want::True, Want::NoRows, Want::Success] {
            for span in self.spans(&sections, SectionKind::Verify(want)) {
                verify.push(Verify { script: self.script(&[span], reach), want });
            }
        }
        let has_down = sections.iter().any(|section| section.kind == SectionKind::Down);
        if let Some(span) = bare_down.filter(|_| !has_down) {
            let message =
                format!("`{}` begins no section: what is below it would run on the way up", self.source.slice(span));
            let help = Some("write `-- @down` where the way down begins, or say more in the comment".to_owned());
            self.error("bare-down", message, span, "", help);
        }
        let down_spans = self.spans(&sections, SectionKind::Down);
        // A section that nobody has written anything in yet, not even that there is nothing to undo, undoes nothing.
        let is_written = down_spans.iter().any(|span| !text[span.range()].trim().is_empty());
        let down = (has_down && is_written).then(|| self.script(&down_spans, reach));
        if troubled {
            for script in std::iter::once(&up).chain(verify.iter().map(|verify| &verify.script)).chain(&down) {
                self.check_split(script);
            }
        }
        for expect in &mut directives.expects {
            if let Expect::Affected { at, .. } = &mut expect.value {
                *at = up.text_offset(expect.span.start);
            }
        }
        let outside =
            |kind| directives.no_transaction.or(self.ours(&sections, kind).find_map(|section| section.outside));
        let (up_no_transaction, down_no_transaction) = (outside(SectionKind::Up), outside(SectionKind::Down));
        let declared_type = header.kind.as_ref().and_then(|kind| MigrationType::parse(&kind.value));
        Some(MigrationFile {
            source: Arc::clone(self.source),
            checksum: checksum(text),
            fingerprint,
            header,
            declared_type,
            directives,
            up,
            verify,
            down,
            up_no_transaction,
            down_no_transaction,
            rollback,
            warnings: std::mem::take(&mut self.warnings),
        })
    }

    /// Reads all tokens, each section by the rules of its own dialect: what ends a string in one does not in the other,
    /// and the line that begins the next section must not be taken for a part of it.
    fn scan(&mut self) -> Scan<'a> {
        let text = self.source.text();
        let mut scan = Scan { lines: Vec::new(), code: None, troubled: false, bare_down: None };
        let mut heading: Option<Span> = None;
        let ours = (self.reading.dialect, self.reading.syntax);
        let (mut at, mut current) = (0, ours);
        while at < text.len() {
            let (dialect, syntax) = current;
            let from = std::mem::replace(&mut at, text.len());
            for token in tokens(&text[from..], syntax) {
                let token = Token { span: Span::new(from + token.span.start, from + token.span.end), ..token };
                match token.kind {
                    TokenKind::Whitespace => {}
                    TokenKind::BlockComment => self.check_misplaced(token),
                    TokenKind::LineComment => {
                        let line = alone(text, token);
                        if !line.is_some_and(|line| is_directive(line.content)) {
                            self.check_misplaced(token);
                        }
                        let Some(line) = line else { continue };
                        scan.lines.push(line);
                        // What is undone may be said in comments below a ROLLBACK; only SQL right below it is lost.
                        match undecorated(line.content).to_lowercase().as_str() {
                            "down" | "rollback" if scan.code.is_some() && !line.content.contains('@') => {
                                heading = Some(line.span)
                            }
                            _ => {
                                heading = heading.filter(|span| undecorated(&text[span.range()]).len() == "down".len())
                            }
                        }
                        if let Some(named) = section_dialect(line.content) {
                            (at, current) = (token.span.end, named.unwrap_or(ours));
                            break;
                        }
                    }
                    kind => {
                        scan.code.get_or_insert(token.span.start);
                        if let Some(heading) = heading.take() {
                            scan.bare_down.get_or_insert(heading);
                        }
                        scan.troubled |= matches!(kind, TokenKind::Unterminated | TokenKind::MetaCommand);
                        // The scripts that are read say so themselves.
                        if kind == TokenKind::Unterminated && dialect != self.reading.dialect {
                            let issue = SplitIssue { span: token.span, kind: SplitIssueKind::Unterminated };
                            self.errors.push(issue.diagnostic(self.source, token.span));
                        }
                    }
                }
            }
        }
        scan
    }

    /// Refuses a comment that means to be a directive and is none: to pass over `-- @down:`, or a `-- @down` behind a
    /// statement, would run the way down with the way up.
    fn check_misplaced(&mut self, comment: Token) {
        let text = &self.source.text()[comment.span.range()];
        let Some(word) = meant_directive(text, comment.kind) else { return };
        let message = format!("this is read as a comment, not as @{word}");
        let help = format!("write `-- @{word}` on a line of its own, or word the comment differently");
        self.error("directive", message, comment.span, "", Some(help));
    }

    /// A line that begins a section; `None` where the line is another directive.
    #[expect(clippy::option_option, reason = "a section's line may be wrong, and is then no other directive either")]
    fn section(&mut self, line: &CommentLine<'_>) -> Option<Option<Section>> {
        let mut words = line.content[1..].split_whitespace();
        let kind = match words.next()?.to_lowercase().as_str() {
            "up" => SectionKind::Up,
            "down" => SectionKind::Down,
            "verify" => SectionKind::Verify(Want::True),
            _ => return None,
        };
        let mut section = Section {
            kind,
            dialect: None,
            outside: None,
            span: Span::new(next_line(self.source.text(), line.span.end), self.source.text().len()),
        };
        for word in words {
            let lower = word.to_lowercase();
            if let Some((_, dialect, _)) = DIALECTS.iter().find(|(name, ..)| *name == lower) {
                section.dialect = Some(dialect);
            } else if lower == "no-rows" && matches!(kind, SectionKind::Verify(_)) {
                section.kind = SectionKind::Verify(Want::NoRows);
            } else if lower == "no-error" && matches!(kind, SectionKind::Verify(_)) {
                section.kind = SectionKind::Verify(Want::Success);
            } else if lower == "no-transaction" && !matches!(kind, SectionKind::Verify(_)) {
                section.outside = Some(line.span);
            } else {
                let words: &[&str] = match kind {
                    SectionKind::Verify(_) => &["no-rows", "no-error"],
                    SectionKind::Up | SectionKind::Down => &["no-transaction"],
                };
                let near = closest(&lower, DIALECTS.iter().map(|(name, ..)| *name).chain(words.iter().copied()));
                let help = near.map_or_else(
                    || {
                        "a section may name postgres or sqlite; @up and @down may say no-transaction, \
                         @verify no-rows or no-error"
                            .to_owned()
                    },
                    |near| format!("did you mean {near}?"),
                );
                let message = format!("there is no dialect {word}");
                self.error("section", message, line.span, "", Some(help));
                return Some(None);
            }
        }
        Some(Some(section))
    }

    /// The sections of a kind that are for this dialect.
    fn ours<'s>(&self, sections: &'s [Section], kind: SectionKind) -> impl Iterator<Item = &'s Section> {
        let own = self.reading.dialect;
        let is_ours = move |section: &&Section| section.dialect.is_none_or(|dialect| dialect == own);
        sections.iter().filter(move |section| section.kind == kind).filter(is_ours)
    }

    fn spans(&self, sections: &[Section], kind: SectionKind) -> Vec<Span> {
        self.ours(sections, kind).map(|section| section.span).collect()
    }

    fn script(&mut self, spans: &[Span], reach: Reach) -> Script {
        let script = if spans.is_empty() {
            Script::slice(Arc::clone(self.source), Span::default())
        } else {
            Script::joined(Arc::clone(self.source), spans)
        };
        let fallback = script.clone();
        match script.expand(&self.reading.variables, reach, self.reading.syntax) {
            Ok(script) => script,
            Err(errors) => {
                self.errors.extend(errors);
                fallback
            }
        }
    }

    /// What the splitter finds wrong is wrong whether or not the script will run.
    fn check_split(&mut self, script: &Script) {
        let (_, issues) = split(script.text(), self.reading.syntax);
        for issue in issues {
            let diagnostic = issue.diagnostic(self.source, script.source_span(issue.span));
            if issue.is_error() { &mut self.errors } else { &mut self.warnings }.push(diagnostic);
        }
    }

    fn check_header(&mut self, header: &Header, stem: &str) {
        if let Some(kind) = header.kind.as_ref().filter(|kind| MigrationType::parse(&kind.value).is_none()) {
            let names = MigrationType::ALL.map(MigrationType::as_str);
            let help = match closest(&kind.value, names) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the types are {}", names.join(", ")),
            };
            self.error("unknown-type", format!("there is no type {}", kind.value), kind.span, "", Some(help));
        }
        if let Some(named) = header.migration.as_ref().filter(|named| !names_stem(&named.value, stem)) {
            let message = format!("the header names another migration than the file: {}", named.value);
            let help = format!("write `-- Migration: {stem}`, or rename the file");
            self.error("other-id", message, named.span, "not the file's name", Some(help));
        }
    }

    /// SQL before the first section is what `@up` would hold, and is not there beside one.
    fn preamble(&mut self, span: Span, code: usize, sections: &mut Vec<Section>) {
        if sections.iter().all(|section| section.kind != SectionKind::Up) {
            sections.insert(0, Section { kind: SectionKind::Up, dialect: None, outside: None, span });
            return;
        }
        let line = self.source.text()[code..].lines().next().unwrap_or_default();
        let at = Span::new(code, code + line.len());
        let help = Some("move it below `-- @up`".to_owned());
        self.error("before-sections", "this SQL stands before the first section".to_owned(), at, "", help);
    }

    /// The SQL of a `ROLLBACK:` comment.
    fn rollback(&mut self, lines: &[CommentLine<'_>]) -> Option<Script> {
        let text = self.source.text();
        let at = lines.iter().position(|line| rollback_of(line).is_some())?;
        let first = rollback_of(&lines[at])?;
        let mut parts: Vec<Span> = Vec::new();
        if !first.content.is_empty() {
            parts.push(first.span);
        }
        let mut last = lines[at].span.end;
        for line in &lines[at + 1..] {
            let between = &text[last..line.span.start];
            let adjoining = between.matches('\n').count() == 1;
            if !adjoining || line.content.is_empty() || line.content.starts_with("==") || is_directive(line.content) {
                break;
            }
            parts.push(line.span);
            last = line.span.end;
        }
        let sql: Vec<&str> = parts.iter().map(|part| self.source.slice(*part)).collect();
        if !looks_like_sql(&sql.join("\n")) {
            return None;
        }
        let script = if parts.len() == 1 {
            Script::slice(Arc::clone(self.source), parts[0])
        } else {
            Script::joined(Arc::clone(self.source), &parts)
        };
        self.check_split(&script);
        script.expand(&self.reading.variables, Reach::Code, self.reading.syntax).ok()
    }
}

/// Whether what a header calls the migration is the file's name: its stem, or its number and any title.
fn names_stem(named: &str, stem: &str) -> bool {
    let named = named.trim().trim_matches('`');
    let named = named.strip_suffix(".sql").unwrap_or(named);
    if named == stem {
        return true;
    }
    let digits = named.find(|c: char| !c.is_ascii_digit()).unwrap_or(named.len());
    let (number, title) = named.split_at(digits);
    if number.is_empty() {
        // A title in words names no id; what looks like one does.
        return named.contains(char::is_whitespace) || !named.contains('_') || stem.ends_with(named);
    }
    let own = stem.split('_').next().unwrap_or_default();
    let same_number = number.trim_start_matches('0') == own.trim_start_matches('0');
    same_number && !title.starts_with('_')
}

/// A comment that has its line for itself.
fn alone(text: &str, token: Token) -> Option<CommentLine<'_>> {
    let line = line_start(text, token.span.start);
    if !text[line..token.span.start].trim().is_empty() {
        return None;
    }
    let comment = &text[token.span.range()];
    let inner = &comment[2..];
    let content = inner.trim();
    let start = token.span.start + 2 + (inner.len() - inner.trim_start().len());
    Some(CommentLine { content, span: Span::new(start, start + content.len()) })
}

/// `@word`: a letter follows, and nothing that makes it an address.
fn is_directive(content: &str) -> bool {
    let Some(rest) = content.strip_prefix('@') else { return false };
    let word = rest.split_whitespace().next().unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A comment without what people draw around words.
fn undecorated(comment: &str) -> &str {
    comment.trim_matches(|c: char| !c.is_alphanumeric())
}

/// The directive that a comment begins with, whatever is drawn around it; of a block, only where it says nothing else.
fn meant_directive(comment: &str, kind: TokenKind) -> Option<&'static str> {
    let content = comment.trim_matches(|c: char| !c.is_alphanumeric() && c != '@').strip_prefix('@')?;
    let word = content.split_whitespace().next()?;
    let says_more = undecorated(content) != undecorated(word);
    let word = undecorated(word);
    let known = DIRECTIVES.iter().find(|known| known.eq_ignore_ascii_case(word))?;
    (kind == TokenKind::LineComment || !says_more).then_some(known)
}

/// The dialect that a line gives the section that it begins, and how that is read; `None` where it begins none.
fn section_dialect(content: &str) -> Option<Option<(&'static str, &'static Syntax)>> {
    let mut words = content.strip_prefix('@')?.split_whitespace();
    SECTIONS.contains(&words.next()?.to_lowercase().as_str()).then(|| {
        words.find_map(|word| {
            let (_, dialect, syntax) = DIALECTS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(word))?;
            Some((*dialect, *syntax))
        })
    })
}

/// The comment lines before the first SQL, up to the first section.
fn header_block<'a>(text: &str, lines: &[CommentLine<'a>], top: usize) -> Vec<CommentLine<'a>> {
    let mut block = Vec::new();
    let mut last = 0;
    for line in lines.iter().take_while(|line| line.span.start < top) {
        if section_dialect(line.content).is_some() {
            break;
        }
        // An empty line ends a wrapped value, as a comment line without content does.
        if text[last..line.span.start].matches('\n').count() > 1 {
            block.push(CommentLine { content: "", span: Span::new(line.span.start, line.span.start) });
        }
        block.push(*line);
        last = line.span.end;
    }
    block
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// A dependency, an environment or a tag of a header, by its text.
pub fn values(items: &[Spanned<String>]) -> Vec<String> {
    items.iter().map(|item| item.value.clone()).collect()
}
