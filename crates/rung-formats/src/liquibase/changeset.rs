//! Change sets in SQL: `--changeset author:id`, and what stands below it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rung_sql::{Diagnostic, SourceFile, Span, closest};

use crate::migration::{lines, next_line};

/// A change set.
#[derive(Debug)]
pub(super) struct ChangeSet {
    pub(super) source: Arc<SourceFile>,
    pub(super) author: String,
    pub(super) id: String,
    /// Its `--changeset` line.
    pub(super) span: Span,
    pub(super) attributes: Attributes,
    /// Its statements; what speaks to Liquibase among them is comments.
    pub(super) up: Vec<Span>,
    /// Those lines that Liquibase takes for SQL, and so for its checksum.
    pub(super) sql: Vec<Span>,
    /// Its checksum, where Liquibase has told it.
    pub(super) checksum: Option<String>,
    /// `--validCheckSum X`: what its checksum may be besides.
    pub(super) valid_checksums: Vec<String>,
    /// What undoes it, where that is said.
    pub(super) rollback: Option<Vec<Span>>,
    /// Where that is.
    pub(super) rollback_source: Arc<SourceFile>,
    pub(super) comment: Option<String>,
    /// `onFail` and `onError`.
    pub(super) preconditions: Attributes,
    pub(super) checks: Vec<Check>,
}

impl ChangeSet {
    /// A change set of which nothing is known but its statements.
    pub(super) fn new(source: &Arc<SourceFile>, author: String, id: String, up: Vec<Span>) -> Self {
        Self {
            source: source.clone(),
            author,
            id,
            span: Span::default(),
            attributes: Attributes::new(),
            up,
            sql: Vec::new(),
            checksum: None,
            valid_checksums: Vec::new(),
            rollback: None,
            rollback_source: source.clone(),
            comment: None,
            preconditions: Attributes::new(),
            checks: Vec::new(),
        }
    }
}

/// `--precondition-sql-check expectedResult:X QUERY`.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) span: Span,
    pub(super) expected: String,
    pub(super) query: String,
}

/// `key:value`s, by the key in lower case, each with its place.
pub(super) type Attributes = BTreeMap<String, (String, Span)>;

/// A file of change sets.
#[derive(Debug, Default)]
pub(super) struct Formatted {
    pub(super) changesets: Vec<ChangeSet>,
    pub(super) properties: Vec<Property>,
    pub(super) logical_path: Option<String>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// A parameter, and where it holds.
#[derive(Debug, Default)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) dbms: String,
    pub(super) context: String,
}

/// What follows `--` and blanks, if that begins with a word, whatever its case.
fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let text = line.trim_start().strip_prefix("--")?.trim_start();
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

pub(super) fn is_first_line(line: &str) -> bool {
    directive(line, "liquibase").is_some_and(|rest| rest.trim_start().to_lowercase().starts_with("formatted"))
}

/// What only the paid edition reads in such a file; the other refuses the file.
const PAID: [&str; 4] = ["rollbackSqlFile ", "tagDatabase:", "include file:", "includeAll "];

const KEYS: [&str; 19] = [
    "splitstatements",
    "stripcomments",
    "enddelimiter",
    "rollbacksplitstatements",
    "rollbackenddelimiter",
    "runonchange",
    "runalways",
    "runintransaction",
    "context",
    "contextfilter",
    "labels",
    "dbms",
    "logicalfilepath",
    "failonerror",
    "ignore",
    "runwith",
    "runwithspoolfile",
    "runorder",
    "created",
];

impl Formatted {
    /// Reads a file.
    ///
    /// # Errors
    /// Every line that is meant for Liquibase and is none that it knows.
    pub(super) fn parse(source: &Arc<SourceFile>) -> Result<Self, Vec<Diagnostic>> {
        let text = source.text();
        let mut file = Self::default();
        let mut errors: Vec<Diagnostic> = Vec::new();
        let mut ignored: Option<Option<usize>> = None;
        let (mut in_rollback, mut in_remark) = (false, false);
        for (span, line) in lines(text) {
            let mut wrong = |message: String, help: &str| {
                errors.push(Diagnostic::error("liquibase", message).at(source, span, "").help(help));
            };
            if let Some(rest) = directive(line, "ignoreLines:") {
                let word = rest.split_whitespace().next().unwrap_or_default();
                match (word, word.parse()) {
                    ("end", _) => ignored = None,
                    ("start", _) => ignored = Some(None),
                    (_, Ok(count)) => ignored = Some(Some(count)),
                    _ => wrong(format!("ignoreLines is start, end or a number, not {word}"), "write one of these"),
                }
                file.cut(span, next_line(text, span.end));
                continue;
            }
            if let Some(left) = ignored {
                file.cut(span, next_line(text, span.end));
                ignored = match left {
                    Some(1) => None,
                    Some(count) => Some(Some(count - 1)),
                    None => Some(None),
                };
                continue;
            }
            if let Some(rest) = directive(line, "changeset") {
                match header(rest, line, span) {
                    Some((author, id, attributes)) => {
                        for (key, (_, span)) in attributes.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
                            let message = format!("Liquibase passes over this: a change set has no attribute {key}");
                            let warning = Diagnostic::warning("liquibase", message).at(source, *span, "");
                            let help = closest(key, KEYS)
                                .map_or_else(|| "take it out".to_owned(), |near| format!("did you mean {near}?"));
                            file.warnings.push(warning.help(help));
                        }
                        let up = vec![Span::new(next_line(text, span.end), text.len())];
                        file.close(span.start);
                        file.changesets.push(ChangeSet { span, attributes, ..ChangeSet::new(source, author, id, up) });
                    }
                    None => wrong("this is no change set".to_owned(), "write `--changeset AUTHOR:ID`"),
                }
                continue;
            }
            if is_first_line(line) {
                let all = attributes(line, span);
                file.logical_path = all.get("logicalfilepath").map(|(value, _)| value.clone());
                continue;
            }
            if let Some(rest) = directive(line, "property ") {
                let all = attributes(rest, span);
                let value = |key: &str| all.get(key).map(|(value, _)| value.clone());
                let (dbms, context) = (value("dbms").unwrap_or_default(), value("context").unwrap_or_default());
                match (value("name"), value("value")) {
                    (Some(name), Some(value)) => file.properties.push(Property { name, value, dbms, context }),
                    _ => wrong("this is no property".to_owned(), "write `--property name:NAME value:VALUE`"),
                }
                continue;
            }
            if let Some(word) = PAID.iter().find(|word| directive(line, word).is_some()) {
                let word = word.trim_end_matches([' ', ':']);
                wrong(
                    format!("rung does not carry out `{word}` of Liquibase's paid edition"),
                    "include files by a changelog in YAML; write what undoes a change set as `--rollback SQL`",
                );
                continue;
            }
            let Some(changeset) = file.changesets.last_mut() else {
                if in_remark || line.trim_start().starts_with("/*") {
                    in_remark = !line.contains("*/");
                    continue;
                }
                if !line.trim().is_empty() && !line.trim_start().starts_with("--") {
                    wrong("this stands before all change sets".to_owned(), "write `--changeset AUTHOR:ID` above it");
                }
                continue;
            };
            let trimmed = line.trim();
            if in_rollback {
                let end = trimmed.strip_suffix("*/").map(|_| span.start + line.rfind("*/").unwrap_or(line.len()));
                changeset.rollback.get_or_insert_default().push(Span::new(span.start, end.unwrap_or(span.end)));
                in_rollback = end.is_none();
            } else if trimmed.starts_with("/*") && words(trimmed) == "/* liquibase rollback" {
                in_rollback = true;
                changeset.rollback.get_or_insert_default();
            } else if let Some(rest) = directive(line, "rollback ") {
                let start = span.start + (rest.as_ptr().addr() - line.as_ptr().addr());
                changeset.rollback.get_or_insert_default().push(Span::new(start, span.end));
            } else if let Some(rest) = directive(line, "preconditions") {
                changeset.preconditions = attributes(rest, span);
                changeset.preconditions.entry("onfail".to_owned()).or_insert_with(|| ("HALT".to_owned(), span));
            } else if let Some(rest) = directive(line, "precondition-sql-check ") {
                match check(rest.trim(), span) {
                    Some(check) => changeset.checks.push(check),
                    None => {
                        wrong("this is no check".to_owned(), "write `--precondition-sql-check expectedResult:X QUERY`")
                    }
                }
            } else if let Some(rest) = directive(line, "precondition-") {
                let kind = rest.split_whitespace().next().unwrap_or_default();
                let help = "write it as `--precondition-sql-check expectedResult:X QUERY`";
                wrong(format!("rung does not know the precondition {kind}"), help);
            } else if let Some(rest) = directive(line, "comment") {
                changeset.comment = Some(rest.trim_start_matches(':').trim().to_owned());
            } else if let Some(rest) = directive(line, "validCheckSum") {
                changeset.valid_checksums.push(rest.trim_start_matches(':').trim().to_owned());
            } else {
                changeset.sql.push(span);
            }
        }
        file.close(text.len());
        if errors.is_empty() { Ok(file) } else { Err(errors) }
    }

    /// A file of nothing but SQL: to Liquibase it is one change set, of this name.
    pub(super) fn raw(source: &Arc<SourceFile>) -> Self {
        let all = vec![Span::new(0, source.text().len())];
        let changeset = ChangeSet::new(source, "includeAll".to_owned(), "raw".to_owned(), all.clone());
        let changesets = vec![ChangeSet { sql: all, ..changeset }];
        Self { changesets, ..Self::default() }
    }

    /// Ends the last change set.
    fn close(&mut self, at: usize) {
        if let Some(last) = self.changesets.last_mut().and_then(|changeset| changeset.up.last_mut()) {
            last.end = at.max(last.start);
        }
    }

    /// Leaves lines out of the last change set.
    fn cut(&mut self, line: Span, next: usize) {
        let Some(changeset) = self.changesets.last_mut() else { return };
        if let Some(open) = changeset.up.last_mut() {
            let end = open.end;
            open.end = line.start.max(open.start);
            changeset.up.push(Span::new(next, end.max(next)));
        }
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A text in quotes or up to a character, and the rest.
fn quoted(text: &str, end: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(inside) => inside.split_once('"'),
        None => {
            let at = text.find(end).unwrap_or(text.len());
            Some((&text[..at], &text[at..]))
        }
    }
}

/// `author:id key:value ...`.
fn header(rest: &str, line: &str, span: Span) -> Option<(String, String, Attributes)> {
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (author, rest) = quoted(rest.trim_start(), |c| c == ':')?;
    let (id, rest) = quoted(rest.strip_prefix(':')?.trim_start(), char::is_whitespace)?;
    let offset = rest.as_ptr().addr() - line.as_ptr().addr();
    let all = attributes(rest, Span::new(span.start + offset, span.end));
    (!author.trim().is_empty() && !id.is_empty()).then(|| (author.trim().to_owned(), id.to_owned(), all))
}

/// `key:value`s; a value in quotes may have blanks. What is none is passed over, as Liquibase does.
fn attributes(text: &str, span: Span) -> Attributes {
    let mut all = Attributes::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == ':' || c.is_whitespace()).unwrap_or(rest.len());
        let Some(after) = rest[end..].strip_prefix(':') else {
            if end == rest.len() {
                return all;
            }
            rest = &rest[end..];
            continue;
        };
        let start = span.start + (rest.as_ptr().addr() - text.as_ptr().addr());
        let key = rest[..end].to_lowercase();
        let Some((value, after)) = quoted(after.trim_start_matches([' ', '\t']), char::is_whitespace) else {
            return all;
        };
        let stop = span.start + (after.as_ptr().addr() - text.as_ptr().addr());
        all.insert(key, (value.to_owned(), Span::new(start, stop)));
        rest = after;
    }
}

/// `expectedResult:X QUERY`; the word is optional, and X may be in quotes of either kind.
fn check(text: &str, span: Span) -> Option<Check> {
    let word = "expectedResult:";
    let begins = text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let text = if begins { &text[word.len()..] } else { text };
    let (expected, query) = match text.strip_prefix('\'') {
        Some(inside) => inside.split_once('\'')?,
        None => quoted(text, char::is_whitespace)?,
    };
    let query = query.trim();
    (!query.is_empty()).then(|| Check { span, expected: expected.to_owned(), query: query.to_owned() })
}
