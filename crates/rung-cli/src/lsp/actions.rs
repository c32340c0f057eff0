//! What mends a finding, as an editor does it.

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CreateFile, Diagnostic, DocumentChangeOperation,
    DocumentChanges, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier, Position, Range, RenameFile,
    ResourceOp, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use rung::lint::Finding;
use rung::sql::Span;

use super::documents::{Document, Documents, one_name};
use super::place::{path_of, range_of, span_of, uri_of};
use super::workspace::{Edits, Known, Workspace};
use crate::changes::Changes;
use crate::commands::lint::Mending;

impl Workspace {
    /// For each finding at a place: its mend, and a line that says that it is meant.
    pub(super) fn actions(&mut self, asked: &CodeActionParams) -> Option<Vec<CodeActionOrCommand>> {
        let is_asked = |kind: &CodeActionKind| CodeActionKind::QUICKFIX.as_str().starts_with(kind.as_str());
        if asked.context.only.as_ref().is_some_and(|only| !only.iter().any(is_asked)) {
            return Some(Vec::new());
        }
        let path = one_name(&path_of(&asked.text_document.uri)?);
        let known = self.known(&path)?;
        let document = self.documents.get(&path)?;
        let wanted = span_of(&document.text, asked.range);
        let here: Vec<&Finding> = known
            .findings(&path)
            .filter(|(_, span)| span.start <= wanted.end && wanted.start <= span.end)
            .map(|(finding, _)| finding)
            .collect();
        let shown = &asked.context.diagnostics;
        let mut actions = Vec::new();
        for finding in &here {
            if let Some((title, changes)) = mend(&known, finding)
                && let Some(edit) = edit(&changes, &self.documents, self.edits)
            {
                actions.push(action(title, edit, finding, shown, Some(true)));
            }
        }
        let mut allowed: Vec<(&str, Option<usize>)> = Vec::new();
        for finding in here {
            let key = (finding.rule, finding.statement);
            // What is said of an allow is not to be allowed.
            if allowed.contains(&key) || finding.rule.contains("allow") || finding.rule == "unknown-rule" {
                continue;
            }
            allowed.push(key);
            let Some((at, line)) = known.allow(document, finding) else { continue };
            let text = format!("{}{line}{}", &document.text[..at], &document.text[at..]);
            let mut changes = Changes::default();
            changes.edit(path.clone(), document.text.to_string(), text);
            if let Some(edit) = edit(&changes, &self.documents, self.edits) {
                let title = format!("allow {} here, and say why", finding.rule);
                actions.push(action(title, edit, finding, shown, None));
            }
        }
        Some(actions)
    }
}

/// What mends a finding, and what that is called.
fn mend(known: &Known, finding: &Finding) -> Option<(String, Changes)> {
    let mending = Mending {
        project: known.project.as_ref()?,
        dialect: known.dialect,
        migrations: &known.migrations,
        applied: None,
    };
    let mended = mending.of(&[finding]).ok().filter(|mended| mended.count > 0 && !mended.changes.is_empty())?;
    let title = match (&finding.fix, mended.changes.created.len()) {
        (Some(fix), _) => fix.title.clone(),
        (None, 0) => "write it as a safe sequence".to_owned(),
        (None, 1) => "write it as a safe sequence, in a migration after this one".to_owned(),
        (None, more) => format!("write it as a safe sequence, in {more} migrations after this one"),
    };
    Some((title, mended.changes))
}

impl Known {
    /// The line that allows a finding, and where it is put in: above its statement, else above all sections.
    fn allow(&self, document: &Document, finding: &Finding) -> Option<(usize, String)> {
        let text = &*document.text;
        let span = match finding.statement {
            Some(number) => {
                let effect = self.report.effects.iter().find(|effect| effect.migration == finding.migration)?;
                Some(effect.statements.get(number)?.span)
            }
            None => None,
        };
        let line =
            |indent: &str, end: &str| format!("{indent}-- @allow {}: say why it is fine here\n{end}", finding.rule);
        Some(match span {
            Some(span) => {
                let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
                let indent: String = text[start..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
                (start, line(&indent, ""))
            }
            None => {
                let mut at = 0;
                for line in text.split_inclusive('\n') {
                    if line.trim().strip_prefix("--").is_some_and(|rest| rest.trim_start().starts_with("@up")) {
                        break;
                    }
                    at += line.len();
                }
                if at == text.len() { (0, line("", "\n")) } else { (at, line("", "")) }
            }
        })
    }
}

fn action(
    title: String,
    edit: WorkspaceEdit,
    finding: &Finding,
    shown: &[Diagnostic],
    preferred: Option<bool>,
) -> CodeActionOrCommand {
    let is_its = |shown: &&Diagnostic| shown.code == Some(NumberOrString::String(finding.rule.to_owned()));
    CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(shown.iter().filter(is_its).cloned().collect()),
        edit: Some(edit),
        is_preferred: preferred,
        ..CodeAction::default()
    })
}

/// Changes as an editor makes them; `None` where this one can't.
fn edit(changes: &Changes, documents: &Documents, can: Edits) -> Option<WorkspaceEdit> {
    let of_text = |uri: &Uri, version: Option<i32>, edit: TextEdit| TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier { uri: uri.clone(), version },
        edits: vec![OneOf::Left(edit)],
    };
    let mut edits = Vec::new();
    for change in &changes.edits {
        let path = one_name(&change.path);
        let document = documents.get(&path);
        let uri = document.map(|document| document.uri.clone()).or_else(|| uri_of(&path))?;
        edits.push((uri, document.map(|document| document.version), difference(&change.before, &change.after)));
    }
    if can == Edits::Texts {
        if !changes.created.is_empty() || !changes.renames.is_empty() {
            return None;
        }
        #[expect(clippy::mutable_key_type, reason = "what changes in a URI is not what it is compared by")]
        let changes = edits.into_iter().map(|(uri, _, edit)| (uri, vec![edit])).collect();
        return Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() });
    }
    let mut operations: Vec<DocumentChangeOperation> = edits
        .into_iter()
        .map(|(uri, version, edit)| DocumentChangeOperation::Edit(of_text(&uri, version, edit)))
        .collect();
    if can == Edits::Versions && (!changes.created.is_empty() || !changes.renames.is_empty()) {
        return None;
    }
    for (from, to) in &changes.renames {
        operations.push(DocumentChangeOperation::Op(ResourceOp::Rename(RenameFile {
            old_uri: uri_of(from)?,
            new_uri: uri_of(to)?,
            options: None,
            annotation_id: None,
        })));
    }
    for (path, text) in &changes.created {
        let uri = uri_of(path)?;
        let start = Range::new(Position::new(0, 0), Position::new(0, 0));
        operations.push(DocumentChangeOperation::Op(ResourceOp::Create(CreateFile {
            uri: uri.clone(),
            options: None,
            annotation_id: None,
        })));
        operations.push(DocumentChangeOperation::Edit(of_text(&uri, None, TextEdit::new(start, text.clone()))));
    }
    Some(WorkspaceEdit { document_changes: Some(DocumentChanges::Operations(operations)), ..WorkspaceEdit::default() })
}

/// The one edit that leads from a text to another: what is alike at both ends is left alone.
fn difference(before: &str, after: &str) -> TextEdit {
    let alike = |one: &mut dyn Iterator<Item = (char, char)>| -> usize {
        one.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let start = alike(&mut before.chars().zip(after.chars()));
    let end = alike(&mut before[start..].chars().rev().zip(after[start..].chars().rev()));
    let range = range_of(before, Span::new(start, before.len() - end));
    TextEdit::new(range, after[start..after.len() - end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_as_small_as_can_be() {
        let edit = difference("a\né b c\n", "a\né bb c\n");
        assert_eq!(edit, TextEdit::new(Range::new(Position::new(1, 3), Position::new(1, 3)), "b".to_owned()));
        let edit = difference("x", "");
        assert_eq!(edit, TextEdit::new(Range::new(Position::new(0, 0), Position::new(0, 1)), String::new()));
    }
}
