//! What an editor asks of a place: hover, sections, where an id leads.

use std::fmt::Write as _;
use std::path::Path;

use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, GotoDefinitionParams, GotoDefinitionResponse, Hover,
    HoverContents, HoverParams, Location, MarkupContent, MarkupKind, Position, Range, SymbolKind,
    TextDocumentPositionParams, Uri,
};
use rung::engine::Version;
use rung::lint::{self, Impact, Rule, StatementEffect, Sure, Work};
use rung::sql::Span;

use super::documents::one_name;
use super::place::{offset_of, path_of, range_of, uri_of};
use super::workspace::{Known, Workspace};

impl Workspace {
    /// What a statement does to others; the rules of what was found there, or of the name of a rule.
    pub(super) fn hover(&mut self, asked: &HoverParams) -> Option<Hover> {
        let (path, text, offset) = self.place(&asked.text_document_position_params)?;
        let known = self.known(&path)?;
        if let Some((rule, span)) =
            word_at(&text, offset).and_then(|span| Some((lint::rule(&text[span.range()])?, span)))
            && text[..span.start].rsplit('\n').next().is_some_and(|line| line.contains("@allow"))
        {
            return Some(hover(explained(rule), range_of(&text, span)));
        }
        let (migration, _) = known.migration(&path)?;
        let effects = known.report.effects.iter().find(|effect| effect.migration == migration.id);
        let is_here = |span: Span| span.start <= offset && offset <= span.end;
        let statement = effects
            .filter(|_| one_name(migration.source.path()) == path)
            .and_then(|effect| effect.statements.iter().find(|statement| is_here(statement.span)));
        let found: Vec<_> = known.findings(&path).filter(|(_, span)| is_here(*span)).collect();
        let span = statement.map(|statement| statement.span).or_else(|| found.first().map(|(_, span)| *span))?;
        let mut shown = statement.map(effect).unwrap_or_default();
        let mut rules: Vec<&'static str> = found.iter().map(|(finding, _)| finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        for rule in rules.into_iter().filter_map(lint::rule) {
            let _ = write!(shown, "\n\n---\n\n{}", explained(rule));
        }
        Some(hover(shown, range_of(&text, span)))
    }

    /// The sections of a migration, with the statements in each.
    pub(super) fn symbols(&mut self, asked: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        let path = one_name(&path_of(&asked.text_document.uri)?);
        let text = self.documents.get(&path)?.text.clone();
        let known = self.known(&path)?;
        let statements: Vec<(Span, String)> = known.statements(&path, &text);
        let mut sections: Vec<(Span, Span, String)> = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let here = Span::new(at, at + line.trim_end().len());
            at += line.len();
            if let Some(name) = section(line) {
                if let Some((whole, ..)) = sections.last_mut() {
                    whole.end = here.start;
                }
                sections.push((Span::new(here.start, text.len()), here, name));
            }
        }
        let symbol = |name: String, kind, whole: Span, at: Span, children: Vec<DocumentSymbol>| {
            #[expect(deprecated, reason = "the field has no other way to be left out")]
            DocumentSymbol {
                name,
                detail: None,
                kind,
                tags: None,
                deprecated: None,
                range: range_of(&text, whole),
                selection_range: range_of(&text, at),
                children: Some(children),
            }
        };
        let within = |whole: Span| -> Vec<DocumentSymbol> {
            let inside = statements.iter().filter(|(span, _)| whole.start <= span.start && span.end <= whole.end);
            inside
                .map(|(span, name)| {
                    let first =
                        Span::new(span.start, span.start + text[span.range()].lines().next().map_or(0, str::len));
                    symbol(name.clone(), SymbolKind::EVENT, *span, first, Vec::new())
                })
                .collect()
        };
        let mut symbols: Vec<DocumentSymbol> = sections
            .iter()
            .map(|(whole, at, name)| symbol(name.clone(), SymbolKind::NAMESPACE, *whole, *at, within(*whole)))
            .collect();
        if symbols.is_empty() {
            symbols = within(Span::new(0, text.len()));
        }
        Some(DocumentSymbolResponse::Nested(symbols))
    }

    /// The file of a migration that is named in a comment.
    pub(super) fn definition(&mut self, asked: &GotoDefinitionParams) -> Option<GotoDefinitionResponse> {
        let (path, text, offset) = self.place(&asked.text_document_position_params)?;
        let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        if !text[line..].trim_start().starts_with("--") {
            return None;
        }
        let word = text[word_at(&text, offset)?.range()].trim_end_matches(".sql").to_owned();
        let known = self.known(&path)?;
        let by_id = known.migrations.iter().find(|migration| migration.id.as_str() == word);
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let version = Version::of(&word).filter(|_| is_number);
        let by_number = || known.migrations.iter().find(|migration| Some(&migration.version) == version.as_ref());
        let named = by_id.or_else(by_number)?;
        let start = Range::new(Position::new(0, 0), Position::new(0, 0));
        Some(GotoDefinitionResponse::Scalar(Location::new(uri_of(named.source.path())?, start)))
    }

    /// The file, its text and the byte that is asked about.
    fn place(&self, asked: &TextDocumentPositionParams) -> Option<(std::path::PathBuf, std::sync::Arc<str>, usize)> {
        let uri: &Uri = &asked.text_document.uri;
        let path = one_name(&path_of(uri)?);
        let text = self.documents.get(&path)?.text.clone();
        let offset = offset_of(&text, asked.position);
        Some((path, text, offset))
    }
}

impl Known {
    /// The statements of a migration that stand in a file, each with how it begins.
    fn statements(&self, path: &Path, text: &str) -> Vec<(Span, String)> {
        let Some((migration, _)) = self.migration(path) else { return Vec::new() };
        let syntax = self.dialect.syntax();
        let scripts = migration.scripts().filter(|script| one_name(script.source().path()) == path);
        let spans = scripts.flat_map(|script| {
            let statements = script.statements(syntax).unwrap_or_default();
            statements.into_iter().map(|statement| script.source_span(statement.span)).collect::<Vec<_>>()
        });
        let mut found: Vec<(Span, String)> = spans
            .filter_map(|span| {
                const WORDS: usize = 6;
                let words = text.get(span.range())?.split_whitespace().take(WORDS).collect::<Vec<_>>();
                Some((span, words.join(" ").trim_end_matches('(').trim_end().to_owned()))
            })
            .filter(|(_, name)| !name.is_empty())
            .collect();
        found.sort_by_key(|(span, _)| span.start);
        found
    }
}

fn hover(value: String, range: Range) -> Hover {
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Hover { contents, range: Some(range) }
}

/// `-- @up postgres` as `up postgres`.
fn section(line: &str) -> Option<String> {
    let words = line.trim().strip_prefix("--")?.trim().strip_prefix('@')?;
    let first = words.split_whitespace().next()?;
    ["up", "down", "verify"].contains(&first).then(|| words.to_owned())
}

/// The word at a byte, of what ids and rules are made of.
fn word_at(text: &str, offset: usize) -> Option<Span> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start =
        text[..offset].rfind(|c| !is_part(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let end = text[offset..].find(|c| !is_part(c)).map_or(text.len(), |at| offset + at);
    (start < end).then(|| Span::new(start, end))
}

/// What a statement does to others, for people.
fn effect(statement: &StatementEffect) -> String {
    let Impact { locks, tasks, waits_for_snapshots, outside } = &statement.impact;
    let mut lines: Vec<String> = locks
        .iter()
        .map(|(table, mode)| format!("**{mode}** lock on `{table}`: blocks {}", mode.blocks().as_str()))
        .collect();
    lines.extend(tasks.iter().map(|task| {
        let verb = match task.work {
            Work::Scan => "scans",
            Work::BuildIndex => "indexes",
            Work::Rewrite => "rewrites",
        };
        let perhaps = if task.sure == Sure::Perhaps { "perhaps " } else { "" };
        format!("{perhaps}{verb} `{}`: {}", task.table, task.why)
    }));
    if let Some(about) = statement.about.filter(|_| !tasks.is_empty()) {
        lines.push(format!("takes {}", lint::duration(about)));
    }
    if *waits_for_snapshots {
        lines.push("waits for every transaction that began before it".to_owned());
    }
    if *outside {
        lines.push("can't run in a transaction".to_owned());
    }
    if lines.is_empty() {
        lines.push("blocks nobody".to_owned());
    }
    lines.join("  \n")
}

/// A rule, for people.
fn explained(rule: &Rule) -> String {
    format!("**{}** {}\n\n**Why.** {}\n\n**Instead.** {}", rule.name, rule.what, rule.why, rule.instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_ids_and_rules() {
        let text = "-- Depends on: [001_a, 002-ü]";
        let word = |at: usize| word_at(text, at).map(|span| &text[span.range()]);
        assert_eq!(word(text.find("01_a").unwrap()), Some("001_a"));
        assert_eq!(word(text.find("-ü").unwrap()), Some("002-ü"));
        assert_eq!(word(text.len()), None);
    }
}
