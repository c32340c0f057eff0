//! Mending what can be mended: by an edit, or by a safe sequence in one file or several.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::Migration;
use rung::engine::{Dialect, MigrationId, Version};
use rung::lint::{Edit, Finding, Part, Rewrite, Rewriter};
use rung::sql::SourceFile;
use similar::TextDiff;

use crate::changes::Changes;
use crate::commands::{new, renumber};
use crate::config::Project;
use crate::exit::Exit;
use crate::render::{BAD, DIM, Failure, OK, Terminal, paint};

/// What there is to know of the migrations whose findings are mended.
pub(crate) struct Mending<'a> {
    pub(crate) project: &'a Project,
    pub(crate) dialect: &'static dyn Dialect,
    /// In the order of the run.
    pub(crate) migrations: &'a [Arc<Migration>],
    /// What is applied, where that is known: what is not may be given another number.
    pub(crate) applied: Option<&'a HashSet<String>>,
}

/// What mends findings.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    pub(crate) changes: Changes,
    /// How many findings that is.
    pub(crate) count: usize,
    /// Findings that are left, by rule and migration, and why.
    pub(crate) left: Vec<String>,
}

impl Mending<'_> {
    /// What mends these findings, as far as one go can: of two that want one place, the second is left for the next.
    ///
    /// # Errors
    /// A directory that can't be read.
    pub(crate) fn of(&self, findings: &[&Finding]) -> Result<Mended, Failure> {
        let mut mended = Mended::default();
        let mut edits: BTreeMap<PathBuf, Edits> = BTreeMap::new();
        let mut of: HashMap<&MigrationId, Vec<&Finding>> = HashMap::new();
        findings.iter().for_each(|found| of.entry(&found.migration).or_default().push(found));
        let rewriter = Rewriter::new(self.migrations, self.dialect);
        for (at, migration) in self.migrations.iter().enumerate() {
            let Some(own) = of.remove(&migration.id) else { continue };
            let left = |found: &Finding, why: &str| format!("{} in {}: {why}", found.rule, migration.id);
            mended.left.extend(own.iter().filter_map(|found| Some(left(found, found.left.as_deref()?))));
            let steps = || own.iter().filter(|found| !found.steps.is_empty());
            // New numbers change the names of files: what else gets any waits for the next go.
            let waits = mended.changes.renames.len() + mended.changes.created.len() > 0;
            let written = if waits { Ok(None) } else { rewriter.rewrite(at, &own) };
            let written = written.and_then(|written| match written {
                Some(written) => self.placed(at, &written, &rewriter).map(|placed| Some((written, placed))),
                None => Ok(None),
            });
            match written {
                Ok(Some((written, placed))) => {
                    mended.changes.created.extend(placed.created);
                    mended.changes.renames.extend(placed.renames);
                    mended.changes.edits.extend(placed.edits);
                    for (source, list) in written.changes {
                        let edits = edits.entry(source.path().to_owned()).or_insert_with(|| Edits::of(source));
                        list.into_iter().for_each(|edit| edits.add(edit));
                    }
                    mended.count += steps().count();
                    continue;
                }
                Ok(None) => {}
                Err(why) => mended.left.extend(steps().map(|found| left(found, &why))),
            }
            for found in &own {
                let (Some(fix), Some(label)) = (&found.fix, found.diagnostic.labels.first()) else { continue };
                let entry = edits.entry(label.source.path().to_owned());
                let edits = entry.or_insert_with(|| Edits::of(Arc::clone(&label.source)));
                if fix.edits.iter().all(|edit| edits.has_room_for(edit)) {
                    fix.edits.iter().for_each(|edit| edits.add(edit.clone()));
                    mended.count += 1;
                }
            }
        }
        for (path, edits) in edits {
            mended.changes.edit(path, edits.source.text().to_owned(), edits.text());
        }
        Ok(mended)
    }

    /// Files for the migrations that come after one: right behind it where those after it may move, else behind all.
    fn placed(&self, at: usize, written: &Rewrite, rewriter: &Rewriter<'_>) -> Result<Changes, String> {
        if written.after.is_empty() {
            return Ok(Changes::default());
        }
        let migration = &self.migrations[at];
        let (dir, dirs) = self.dir_of(migration);
        let mut stems = new::stems(&dirs).map_err(|failure| failure.message())?;
        // What a round before would make is not on disk.
        stems.extend(self.migrations.iter().map(|there| there.id.to_string()));
        let later: Vec<&Arc<Migration>> =
            self.migrations[at + 1..].iter().filter(|later| later.version != Version::Repeatable).collect();
        let is_pending =
            |later: &&Arc<Migration>| self.applied.is_some_and(|applied| !applied.contains(later.id.as_str()));
        if !later.is_empty() && later.iter().all(is_pending) {
            let changes = self.behind(migration, &later, &written.after, &dir)?;
            let is_edited = |source: &SourceFile| changes.edits.iter().any(|edit| edit.path == source.path());
            if written.changes.iter().any(|(source, _)| is_edited(source)) {
                return Err("it names migrations that would get new numbers".to_owned());
            }
            return Ok(changes);
        }
        if let Some(other) = rewriter.in_the_way(at, written) {
            let known = if self.applied.is_some() {
                format!("{} comes after it and is applied", other.id)
            } else {
                format!(
                    "what it becomes would have to stand before {}; with --env, where what is applied is known, later \
                     migrations get new numbers",
                    other.id
                )
            };
            return Err(known);
        }
        let mut changes = Changes::default();
        let mut before = migration.id.to_string();
        for part in &written.after {
            let id = new::next_id(&stems, &part.name);
            changes.created.push((dir.join(format!("{id}.sql")), part.text(&before)));
            stems.push(id.clone());
            before = id;
        }
        Ok(changes)
    }

    /// Files with the next numbers, and new ones for what has them.
    fn behind(
        &self,
        migration: &Migration,
        later: &[&Arc<Migration>],
        parts: &[Part],
        dir: &Path,
    ) -> Result<Changes, String> {
        let named = |id: &str| -> Option<(u64, usize, String)> {
            let (digits, name) = id.split_once('_')?;
            Some((digits.parse().ok()?, digits.len(), name.to_owned()))
        };
        let (number, width, _) = named(migration.id.as_str()).ok_or("its name has no number")?;
        let mut last = number;
        let mut created = Vec::new();
        let mut before = migration.id.to_string();
        for part in parts {
            last += 1;
            let id = format!("{last:0width$}_{}", part.name);
            created.push((dir.join(format!("{id}.sql")), part.text(&before)));
            before = id;
        }
        let mut ids: Vec<(String, String)> = Vec::new();
        for later in later {
            let Some((number, width, name)) = named(later.id.as_str()) else { continue };
            if number > last {
                last = number;
            } else {
                last += 1;
                ids.push((later.id.to_string(), format!("{last:0width$}_{name}")));
            }
        }
        let applied = self.applied.ok_or("what is applied is not known")?;
        let set = self.project.builder().map_err(|failure| failure.message())?;
        let set = set.load(self.dialect).map_err(|_| "the migrations can't be read")?;
        let mut changes =
            renumber::changes::plan(&set, &|id| applied.contains(id), &ids).map_err(|failure| failure.message())?;
        changes.created = created;
        Ok(changes)
    }

    /// The directory that a migration's like are made in, and all whose numbers count.
    fn dir_of(&self, migration: &Migration) -> (PathBuf, Vec<PathBuf>) {
        let path = migration.source.path();
        let parent = path.parent().unwrap_or(Path::new("."));
        let is_folder = parent.file_name().is_some_and(|name| name == migration.id.as_str());
        let dir = if is_folder { parent.parent().unwrap_or(Path::new(".")) } else { parent };
        let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir.to_owned() };
        let is_own = self.project.dirs.iter().any(|own| own.canonicalize().ok() == dir.canonicalize().ok());
        let dirs = if is_own { self.project.dirs.clone() } else { vec![dir.clone()] };
        (dir, dirs)
    }
}

/// Edits of a file, of which none overlap.
struct Edits {
    source: Arc<SourceFile>,
    by_place: BTreeMap<(usize, usize), String>,
}

impl Edits {
    fn of(source: Arc<SourceFile>) -> Self {
        Self { source, by_place: BTreeMap::new() }
    }

    fn add(&mut self, Edit { span, text }: Edit) {
        self.by_place.entry((span.start, span.end)).or_default().push_str(&text);
    }

    fn has_room_for(&self, Edit { span, .. }: &Edit) -> bool {
        let before = self.by_place.range(..(span.end, span.end)).next_back();
        before.is_none_or(|((_, end), _)| *end <= span.start) && !self.by_place.contains_key(&(span.start, span.end))
    }

    /// The file with all of them.
    fn text(&self) -> String {
        let before = self.source.text();
        let (mut text, mut at) = (String::with_capacity(before.len()), 0);
        for ((start, end), new) in &self.by_place {
            text.push_str(&before[at..*start]);
            text.push_str(new);
            at = *end;
        }
        text + &before[at..]
    }
}

/// What several rounds of mending would write, one upon the other.
#[derive(Debug, Default)]
pub(super) struct Preview {
    /// The files, as they are on disk and as they would be; what is made is not there before.
    files: BTreeMap<PathBuf, (Option<String>, String)>,
    renames: Vec<(PathBuf, PathBuf)>,
    /// What the last round left.
    left: Vec<String>,
}

impl Preview {
    /// Takes in what a round mends.
    pub(super) fn take(&mut self, mended: Mended) {
        let Changes { edits, created, renames } = mended.changes;
        let edited = edits.into_iter().map(|edit| (edit.path, Some(edit.before), edit.after));
        for (path, before, after) in edited.chain(created.into_iter().map(|(path, text)| (path, None, text))) {
            self.files.entry(path).or_insert((before, String::new())).1 = after;
        }
        self.renames.extend(renames);
        self.left = mended.left;
    }

    /// Whether another round can be tried: not where files have got other names, which only the disk can have.
    pub(super) fn goes_on(&self) -> bool {
        self.renames.is_empty()
    }

    /// What the next round reads instead of the disk, by full paths.
    pub(super) fn texts(&self) -> BTreeMap<PathBuf, Arc<str>> {
        let full = |path: &Path| {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(dir.canonicalize().ok()?.join(path.file_name()?))
        };
        self.files.iter().filter_map(|(path, (_, text))| Some((full(path)?, text.as_str().into()))).collect()
    }

    /// Shows it all.
    pub(super) fn show(&self, terminal: &Terminal) {
        for (path, (before, after)) in &self.files {
            if let Some(before) = before {
                let name = path.display().to_string();
                terminal.show(difference(&name, &name, before, after));
            }
        }
        for (from, to) in &self.renames {
            terminal.show(format!("{} -> {}", from.display(), to.display()));
        }
        for (path, (_, text)) in self.files.iter().filter(|(_, (before, _))| before.is_none()) {
            terminal.show(difference("/dev/null", &path.display().to_string(), "", text));
        }
        if !self.goes_on() {
            terminal.say(paint(DIM, "what has a new number may want another mend, which is shown when it is written"));
        }
        self.left.iter().for_each(|why| terminal.say(paint(DIM, format!("left {why}"))));
    }
}

/// Shows what is mended, and writes it. Says how many findings that are.
///
/// # Errors
/// A file can't be written, or is another than the one that was read.
pub(super) fn write(mended: Mended, terminal: &Terminal) -> Result<usize, Failure> {
    let Mended { mut changes, count, left } = mended;
    for edit in &mut changes.edits {
        let name = edit.path.display().to_string();
        terminal.show(difference(&name, &name, &edit.before, &edit.after));
        (edit.before, edit.after) = with_mark(&edit.path, &edit.before, &edit.after)?;
    }
    for (from, to) in &changes.renames {
        terminal.show(format!("{} -> {}", from.display(), to.display()));
    }
    for (path, text) in &changes.created {
        terminal.show(difference("/dev/null", &path.display().to_string(), "", text));
    }
    if !changes.is_empty() {
        changes.carry_out()?;
        for (path, _) in &changes.created {
            terminal.say(format!("created {}", path.display()));
        }
    }
    if count == 0 {
        for why in left {
            terminal.say(paint(DIM, format!("left {why}")));
        }
    }
    Ok(count)
}

fn difference(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new).unified_diff().context_radius(2).header(old_name, new_name).to_string();
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => paint(OK, line),
        Some(b'-') => paint(BAD, line),
        _ => line.to_owned(),
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The texts with the byte order mark that the file has.
///
/// # Errors
/// It is another than the one that was read.
fn with_mark(path: &Path, before: &str, after: &str) -> Result<(String, String), Failure> {
    const BOM: &str = "\u{feff}";
    let failed = |what: String| Failure::new(Exit::Failed, format!("{} {what}", path.display()), "mend it by hand");
    let there = fs::read_to_string(path).map_err(|error| failed(format!("can't be read: {error}")))?;
    let (mark, rest) = there.strip_prefix(BOM).map_or(("", there.as_str()), |rest| (BOM, rest));
    if rest != before.strip_prefix(BOM).unwrap_or(before) {
        return Err(failed("was changed meanwhile, and is left as it is".to_owned()));
    }
    Ok((format!("{mark}{rest}"), format!("{mark}{}", after.strip_prefix(BOM).unwrap_or(after))))
}
