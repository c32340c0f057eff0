//! Files that can't be read as they are: what is wrong is a finding, and all else is linted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::engine::MigrationId;
use rung::lint::Finding;
use rung::sql::{Diagnostic, Span};

use super::Linted;
use crate::render::Failure;

/// Texts that are read instead of files, by full paths.
pub(super) type Texts = BTreeMap<PathBuf, Arc<str>>;

/// Reads; where files are in the way, reads again without what is wrong with them. With it, the errors that there were.
///
/// # Errors
/// What is not about a place in a file; files that can't be read without it either.
pub(super) fn read<T>(
    mut texts: Texts,
    attempt: impl Fn(&Texts) -> Result<T, Failure>,
) -> Result<(T, Vec<Diagnostic>), Failure> {
    /// Without the line, without all behind it, without all.
    const CUTS: [fn(&str, Span) -> String; 3] = [without_line, without_rest, |text, _| blank(text)];
    let mut broken: Vec<Diagnostic> = Vec::new();
    let mut cuts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    loop {
        let failure = match attempt(&texts) {
            Ok(read) => return Ok((read, broken)),
            Err(failure) => failure,
        };
        let places: Vec<(PathBuf, String, Span)> =
            failure.findings.iter().filter_map(|finding| place(&finding.diagnostic)).collect();
        let goes_on = !places.is_empty()
            && places.len() == failure.findings.len()
            && places.iter().all(|(path, ..)| cuts.get(path).is_none_or(|times| *times < CUTS.len()));
        if !goes_on {
            return Err(failure);
        }
        let is_new = |diagnostic: &Diagnostic| place(diagnostic).is_some_and(|(path, ..)| !cuts.contains_key(&path));
        broken.extend(failure.findings.into_iter().map(|finding| finding.diagnostic).filter(is_new));
        for (path, text, span) in places {
            let times = cuts.entry(path.clone()).or_default();
            // Of several errors of a file, each has its line.
            let text = texts.get(&path).map_or(text.as_str(), |text| text);
            let cut = CUTS[(*times).min(CUTS.len() - 1)](text, span);
            texts.insert(path, cut.into());
        }
        cuts.values_mut().for_each(|times| *times += 1);
    }
}

/// Puts what was wrong with files in front of what was found in them. What can't be read can't be mended.
pub(super) fn report(linted: &mut Linted, broken: Vec<Diagnostic>) {
    if broken.is_empty() {
        return;
    }
    let mut found: Vec<(usize, Finding)> = Vec::new();
    for diagnostic in broken {
        let Some((path, ..)) = place(&diagnostic) else { continue };
        let at = linted.order.iter().position(|migration| full(migration.source.path()).is_some_and(|its| its == path));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let migration = at.map_or_else(|| MigrationId::new(&stem), |at| linted.order[at].id.clone());
        linted.findings.iter_mut().filter(|finding| finding.migration == migration).for_each(|finding| {
            (finding.fix, finding.rebuild) = (None, None);
            finding.steps.clear();
            finding.left = Some("its file can't be read as it is".to_owned());
        });
        let finding = Finding::new("syntax", migration, None, diagnostic);
        found.push((at.unwrap_or(usize::MAX), finding));
    }
    let places: BTreeMap<&str, usize> =
        linted.order.iter().enumerate().map(|(at, migration)| (migration.id.as_str(), at)).collect();
    let of = |finding: &Finding| places.get(finding.migration.as_str()).copied().unwrap_or(usize::MAX);
    let others = linted.findings.drain(..).map(|finding| (of(&finding), finding));
    found.extend(others);
    found.sort_by_key(|(at, _)| *at);
    linted.findings = found.into_iter().map(|(_, finding)| finding).collect();
}

fn place(diagnostic: &Diagnostic) -> Option<(PathBuf, String, Span)> {
    let label = diagnostic.labels.first()?;
    Some((full(label.source.path())?, label.source.text().to_owned(), label.span))
}

fn full(path: &Path) -> Option<PathBuf> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(dir.canonicalize().ok()?.join(path.file_name()?))
}

/// Blanks in the place of a text, so that what is around it keeps its place.
fn blank(text: &str) -> String {
    text.chars().flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8())).collect()
}

fn without_line(text: &str, span: Span) -> String {
    let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.start.min(text.len())..].find('\n').map_or(text.len(), |at| span.start + at);
    format!("{}{}{}", &text[..start], blank(&text[start..end]), &text[end..])
}

fn without_rest(text: &str, span: Span) -> String {
    let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    format!("{}{}", &text[..start], blank(&text[start..]))
}
