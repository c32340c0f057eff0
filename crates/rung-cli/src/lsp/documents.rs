//! The documents that are open, as they are in the editor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{DidChangeTextDocumentParams, DidOpenTextDocumentParams, Uri};

use super::place::{path_of, span_of};

/// A document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) text: Arc<str>,
    pub(super) version: i32,
}

/// The open documents, by the path that nothing else leads to.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

/// The one name of a file: links followed, as far as it is there. One that was never saved is in a folder that is.
pub(super) fn one_name(path: &Path) -> PathBuf {
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    let there = path.canonicalize().ok().or_else(in_folder);
    there.unwrap_or_else(|| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

impl Documents {
    /// Says which file that is.
    pub(super) fn open(&mut self, opened: DidOpenTextDocumentParams) -> Option<PathBuf> {
        let document = opened.text_document;
        let path = one_name(&path_of(&document.uri)?);
        let opened = Document { uri: document.uri, text: document.text.into(), version: document.version };
        self.open.insert(path.clone(), opened);
        Some(path)
    }

    /// Takes in changes, each on top of the one before it. Says which file that is.
    pub(super) fn change(&mut self, changed: DidChangeTextDocumentParams) -> Option<PathBuf> {
        let path = one_name(&path_of(&changed.text_document.uri)?);
        let document = self.open.get_mut(&path)?;
        let mut text = document.text.to_string();
        for change in changed.content_changes {
            match change.range {
                Some(range) => text.replace_range(span_of(&text, range).range(), &change.text),
                None => text = change.text,
            }
        }
        document.text = text.into();
        document.version = changed.text_document.version;
        Some(path)
    }

    /// Says which file that is.
    pub(super) fn close(&mut self, uri: &Uri) -> Option<PathBuf> {
        let path = one_name(&path_of(uri)?);
        self.open.remove(&path);
        Some(path)
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Document)> {
        self.open.iter()
    }

    /// Their texts, for whoever reads files.
    pub(super) fn texts(&self) -> BTreeMap<PathBuf, Arc<str>> {
        self.open.iter().map(|(path, document)| (path.clone(), Arc::clone(&document.text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_taken_in_one_after_the_other() {
        let mut documents = Documents::default();
        let uri = "file:///nowhere/001_a.sql";
        let opened =
            json!({ "textDocument": { "uri": uri, "languageId": "sql", "version": 1, "text": "a \u{1f600}b\nc" } });
        documents.open(serde_json::from_value(opened).unwrap());
        let at = |line: u32, from: u32, to: u32| json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
        let changed = json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [
            { "range": at(0, 4, 5), "text": "B" },
            { "range": at(1, 0, 99), "text": "d\ne" },
            { "range": at(2, 1, 1), "text": "f" },
        ] });
        documents.change(serde_json::from_value(changed).unwrap());
        let document = documents.get(Path::new("/nowhere/001_a.sql")).unwrap();
        assert_eq!(&*document.text, "a \u{1f600}B\nd\nef");
        assert_eq!(document.version, 2);
        let odd = json!({ "textDocument": { "uri": uri, "version": 3 }, "contentChanges": [
            { "range": { "start": { "line": 9, "character": 9 }, "end": { "line": 0, "character": 0 } }, "text": "!" },
        ] });
        documents.change(serde_json::from_value(odd).unwrap());
        assert!(documents.get(Path::new("/nowhere/001_a.sql")).unwrap().text.ends_with("ef!"));
    }
}
