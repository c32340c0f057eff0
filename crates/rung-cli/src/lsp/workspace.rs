//! What an editor has open, and the projects that it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use lsp_types::{
    ClientCapabilities, Diagnostic, DiagnosticSeverity, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, NumberOrString, ResourceOperationKind, Uri,
};
use rung::engine::{Dialect, Down};
use rung::lint::{self, Finding, Memory, Reach, Report, Schema, Standing, Subject};
use rung::sql::{Level, SourceFile, Span};
use rung::{Migration, sql};

use super::documents::{Documents, one_name};
use super::place::{range_of, uri_of};
use crate::args::{Arguments, Command, Global, Lsp};
use crate::config::Project;

/// The configuration's file.
const CONFIG: &str = "rung.toml";

/// What is open, and what is known of it.
pub(super) struct Workspace {
    global: Global,
    dialect: Option<String>,
    pub(super) documents: Documents,
    /// Projects by what they are found by: their rung.toml, or the directory of migrations that have none.
    projects: BTreeMap<PathBuf, Read>,
    /// Their statements, as they were read last.
    memories: BTreeMap<PathBuf, Memory>,
    /// Files that have diagnostics in the editor.
    told: BTreeSet<PathBuf>,
    /// Whether the editor can be asked to look after files.
    pub(super) can_watch: bool,
    /// What edits it can make.
    pub(super) edits: Edits,
}

/// What an editor can do on our behalf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edits {
    /// Change texts.
    Texts,
    /// Change texts of a version that is known.
    Versions,
    /// Make and rename files, too.
    Files,
}

/// A project that was read.
#[derive(Default)]
struct Read {
    known: Option<Rc<Known>>,
    /// The documents that are not what they were then.
    touched: BTreeSet<PathBuf>,
}

/// A project that was read, and linted as far as it is open.
pub(super) struct Known {
    /// `None` where the configuration can't be read.
    pub(super) project: Option<Project>,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) migrations: Vec<Arc<Migration>>,
    pub(super) report: Report,
    /// The tool whose format the files are in.
    format: Option<&'static str>,
    /// What keeps files from being read.
    wrong: Vec<sql::Diagnostic>,
}

impl Known {
    /// The migration whose up or down is written in a file, and the source that it was read from.
    pub(super) fn migration(&self, path: &Path) -> Option<(&Arc<Migration>, &Arc<SourceFile>)> {
        self.migrations.iter().find_map(|migration| {
            let down = match &migration.down {
                Some(Down::Sql(script)) => Some(script.source()),
                _ => None,
            };
            let mut source = [Some(&migration.source), down].into_iter().flatten();
            // To follow links costs something, and most names are others.
            let is_it = |source: &&Arc<SourceFile>| {
                source.path().file_name() == path.file_name() && one_name(source.path()) == path
            };
            Some((migration, source.find(is_it)?))
        })
    }

    /// The findings in a file.
    pub(super) fn findings<'k>(&'k self, path: &'k Path) -> impl Iterator<Item = (&'k Finding, Span)> {
        self.report.findings.iter().filter_map(move |finding| {
            let label = finding.diagnostic.labels.first()?;
            (one_name(label.source.path()) == path).then_some((finding, label.span))
        })
    }
}

impl Workspace {
    pub(super) fn new(arguments: &Arguments, options: &Lsp, client: &ClientCapabilities) -> Self {
        let workspace = client.workspace.as_ref();
        let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let makes = |wanted: ResourceOperationKind| {
            let kinds = edits.and_then(|edits| edits.resource_operations.as_ref());
            kinds.is_some_and(|kinds| kinds.contains(&wanted))
        };
        let watching = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        Self {
            global: arguments.global.clone(),
            dialect: options.dialect.clone(),
            documents: Documents::default(),
            projects: BTreeMap::new(),
            memories: BTreeMap::new(),
            told: BTreeSet::new(),
            can_watch: watching.and_then(|watching| watching.dynamic_registration).unwrap_or(false),
            edits: match edits.and_then(|edits| edits.document_changes) {
                // They have no other place to stand in: whoever says these has those, as Neovim 0.7 does.
                _ if makes(ResourceOperationKind::Create) && makes(ResourceOperationKind::Rename) => Edits::Files,
                Some(true) => Edits::Versions,
                _ => Edits::Texts,
            },
        }
    }

    pub(super) fn opened(&mut self, opened: DidOpenTextDocumentParams) {
        let path = self.documents.open(opened);
        self.touch(path);
    }

    pub(super) fn changed(&mut self, changed: DidChangeTextDocumentParams) {
        let path = self.documents.change(changed);
        self.touch(path);
    }

    pub(super) fn closed(&mut self, closed: &DidCloseTextDocumentParams) {
        let path = self.documents.close(&closed.text_document.uri);
        self.touch(path);
    }

    /// A document is not what it was.
    fn touch(&mut self, path: Option<PathBuf>) {
        let Some(path) = path else { return };
        for read in self.projects.values_mut() {
            read.touched.insert(path.clone());
        }
    }

    /// Files are not what they were.
    pub(super) fn forget(&mut self) {
        self.projects.clear();
    }

    /// The project that a file belongs to, read anew as far as something has changed. `None` for a file of no project.
    pub(super) fn known(&mut self, path: &Path) -> Option<Rc<Known>> {
        let key = self.key(path)?;
        let last = self.projects.remove(&key);
        let known = match last {
            Some(Read { known, touched }) if touched.is_empty() => known,
            last => {
                let mut memory = self.memories.remove(&key).unwrap_or_default();
                let last = last.and_then(|Read { known, touched }| Some((Rc::into_inner(known?)?, touched)));
                let again = last.and_then(|(known, touched)| self.again(known, &touched, &mut memory));
                let known = again.or_else(|| self.read(&key, &mut memory));
                self.memories.insert(key.clone(), memory);
                known.map(Rc::new)
            }
        };
        self.projects.insert(key, Read { known: known.clone(), touched: BTreeSet::new() });
        known
    }

    /// A project where some documents have changed, and nothing that others depend on. `None` where it has to be read as a
    /// whole.
    fn again(&self, mut known: Known, touched: &BTreeSet<PathBuf>, memory: &mut Memory) -> Option<Known> {
        let project = known.project.take().filter(|_| known.wrong.is_empty() && known.format.is_none())?;
        let builder = project.builder().ok()?.unsaved(self.documents.texts());
        for path in touched {
            let Some((old, _)) = known.migration(path) else {
                let is_ours = project.dirs.iter().any(|dir| path.starts_with(one_name(dir)));
                if is_ours { return None } else { continue }
            };
            let new =
                builder.load_file(old.source.path(), known.dialect).ok().filter(|new| is_in_place_of(new, old))?;
            let at = known.migrations.iter().position(|there| Arc::ptr_eq(there, old))?;
            known.migrations[at] = Arc::new(new);
        }
        self.check(&project, &mut known, memory).ok()?;
        known.project = Some(project);
        Some(known)
    }

    /// The rung.toml that is meant for a file, or its own directory where there is none and its name is a migration's.
    fn key(&self, path: &Path) -> Option<PathBuf> {
        if let Some(config) = &self.global.config {
            return Some(one_name(config));
        }
        let above = path.ancestors().skip(1).map(|dir| dir.join(CONFIG)).find(|path| path.is_file());
        let is_numbered = || {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(".sql") && name.starts_with(|c: char| c.is_ascii_digit()) && name.contains('_')
        };
        above.or_else(|| is_numbered().then(|| path.parent().map(Path::to_owned)).flatten())
    }

    fn read(&self, key: &Path, memory: &mut Memory) -> Option<Known> {
        let mut global = self.global.clone();
        if key.is_dir() {
            global.dir = vec![key.to_owned()];
        } else {
            global.config = Some(key.to_owned());
        }
        let mut known = Known {
            project: None,
            dialect: rung::dialects().next()?,
            migrations: Vec::new(),
            report: Report::default(),
            format: None,
            wrong: Vec::new(),
        };
        let project = match Project::offline(&Arguments { global, command: Command::Current }) {
            Ok(project) => project,
            Err(failure) => {
                known.wrong = failure.into_diagnostics();
                return Some(known);
            }
        };
        let named = self.dialect.as_deref().and_then(|name| rung::dialects().find(|dialect| dialect.name() == name));
        if let Some(dialect) = named.or_else(|| rung::dialect_of(&project.url).ok()) {
            known.dialect = dialect;
        }
        if let Err(failure) = self.load(&project, &mut known, memory) {
            known.wrong.extend(failure);
        }
        known.project = Some(project);
        Some(known)
    }

    /// Reads all, and lints what is open.
    fn load(&self, project: &Project, known: &mut Known, memory: &mut Memory) -> Result<(), Vec<sql::Diagnostic>> {
        let builder = project.builder().map_err(|failure| failure.into_diagnostics())?;
        let builder = builder.unsaved(self.documents.texts());
        known.migrations = match builder.load(known.dialect) {
            Ok(set) => {
                known.format = set.format;
                set.iter().cloned().collect()
            }
            Err(wrong) => {
                known.wrong = wrong;
                // One file that can't be read is no reason to say nothing of the others.
                let ours = |path: &&PathBuf| {
                    project.dirs.iter().any(|dir| path.starts_with(one_name(dir)))
                        && path.extension().is_some_and(|extension| extension == "sql")
                };
                let open: Vec<PathBuf> = self.documents.iter().map(|(path, _)| path).filter(ours).cloned().collect();
                open.into_iter().filter_map(|path| builder.load_files(&[path], known.dialect).ok()).flatten().collect()
            }
        };
        self.check(project, known, memory)
    }

    /// Lints what is open, on top of what comes before it.
    fn check(&self, project: &Project, known: &mut Known, memory: &mut Memory) -> Result<(), Vec<sql::Diagnostic>> {
        // What can't be read is there all the same.
        let reach = if known.wrong.is_empty() { Reach::All } else { Reach::Some };
        let wanted = project.linting().map_err(|failure| failure.into_diagnostics())?;
        let options = lint::Options { reach, ..wanted };
        let names: HashSet<&OsStr> = self.documents.iter().filter_map(|(path, _)| path.file_name()).collect();
        let is_open = |source: &SourceFile| {
            source.path().file_name().is_some_and(|name| names.contains(name))
                && self.documents.get(&one_name(source.path())).is_some()
        };
        let subjects: Vec<Subject<'_>> = known
            .migrations
            .iter()
            .map(|migration| {
                let down = match &migration.down {
                    Some(Down::Sql(script)) => is_open(script.source()),
                    _ => false,
                };
                Subject { migration, standing: Standing::Applied, lint: down || is_open(&migration.source) }
            })
            .collect();
        let path = lint::language(known.dialect.name()).map_or(&[] as &[&str], |language| language.search_path);
        known.report = lint::lint_again(memory, &subjects, known.dialect, &options, Schema::new(path));
        Ok(())
    }

    /// What there is to tell of every open file, and of configurations; files that were told of and have nothing any more
    /// are there too, with nothing.
    pub(super) fn diagnostics(&mut self) -> Vec<(Uri, Option<i32>, Vec<Diagnostic>)> {
        let open: Vec<PathBuf> = self.documents.iter().map(|(path, _)| path.clone()).collect();
        let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> =
            open.iter().map(|path| (path.clone(), Vec::new())).collect();
        let mut seen = BTreeSet::new();
        for path in &open {
            let Some(key) = self.key(path).filter(|key| seen.insert(key.clone())) else { continue };
            let Some(known) = self.known(path) else { continue };
            for finding in &known.report.findings {
                let docs = Some(finding.rule);
                tell(&mut found, &finding.diagnostic, docs, &key, &open);
            }
            known.wrong.iter().for_each(|wrong| tell(&mut found, wrong, None, &key, &open));
        }
        let told: BTreeSet<PathBuf> = found.keys().cloned().collect();
        for path in std::mem::replace(&mut self.told, told) {
            found.entry(path).or_default();
        }
        found
            .into_iter()
            .filter_map(|(path, diagnostics)| {
                let document = self.documents.get(&path);
                let uri = document.map(|document| document.uri.clone()).or_else(|| uri_of(&path))?;
                Some((uri, document.map(|document| document.version), diagnostics))
            })
            .collect()
    }
}

/// Whether a migration takes the place of another, and nothing else is concerned.
fn is_in_place_of(new: &Migration, old: &Migration) -> bool {
    let depends_on = |migration: &Migration| -> Option<Vec<String>> {
        let named = migration.depends_on.as_ref()?;
        Some(named.iter().map(|id| id.value.clone()).collect())
    };
    let plain = |migration: &Migration| migration.former.is_none() && migration.replaces.is_empty();
    plain(new)
        && plain(old)
        && (&new.id, &new.version, new.runs, &new.only) == (&old.id, &old.version, old.runs, &old.only)
        && depends_on(new) == depends_on(old)
}

/// Puts a diagnostic to the file that it points into: one that is open, or the configuration. What has no place is the
/// configuration's, else every open file's.
fn tell(
    found: &mut BTreeMap<PathBuf, Vec<Diagnostic>>,
    diagnostic: &sql::Diagnostic,
    rule: Option<&'static str>,
    key: &Path,
    open: &[PathBuf],
) {
    let label = diagnostic.labels.first();
    let range = label.map(|label| range_of(label.source.text(), label.span)).unwrap_or_default();
    let mut message = diagnostic.message.clone();
    let said = label.map(|label| label.text.clone()).filter(|text| !text.is_empty());
    for line in said.iter().chain(&diagnostic.notes) {
        message.push_str(&format!("\n{line}"));
    }
    diagnostic.helps.iter().for_each(|help| message.push_str(&format!("\nhelp: {help}")));
    let shown = Diagnostic {
        range,
        severity: Some(match diagnostic.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
            Level::Note => DiagnosticSeverity::HINT,
        }),
        code: Some(NumberOrString::String(rule.unwrap_or(diagnostic.code).to_owned())),
        source: Some("rung".to_owned()),
        message,
        ..Diagnostic::default()
    };
    let place = label.map(|label| one_name(label.source.path()));
    let is_shown = |path: &PathBuf| open.contains(path) || path.as_path() == key;
    match place {
        Some(path) if is_shown(&path) => found.entry(path).or_default().push(shown),
        // In a file that nobody looks at.
        Some(_) => {}
        None if key.is_file() => found.entry(key.to_owned()).or_default().push(shown),
        None => open.iter().for_each(|path| found.entry(path.clone()).or_default().push(shown.clone())),
    }
}
