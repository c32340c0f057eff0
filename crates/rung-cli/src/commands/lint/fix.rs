//! Mending what can be mended by an edit.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rung::lint::{Edit, Finding, Follow};
use rung::sql::SourceFile;
use similar::TextDiff;

use crate::args::FixChoice;
use crate::commands::new;
use crate::exit::Exit;
use crate::render::{BAD, Failure, OK, Terminal, paint};

/// A file, with the edits of its findings.
type Edits<'a> = BTreeMap<PathBuf, (Arc<SourceFile>, Vec<&'a Edit>)>;

/// Shows what is mended, and unless only that was asked for, writes it. Says how many findings that are.
///
/// # Errors
/// A file can't be written, or is another than the one that was read.
pub(super) fn mend(
    findings: &[Finding],
    choice: FixChoice,
    dirs: &[PathBuf],
    terminal: &Terminal,
) -> Result<usize, Failure> {
    let mut files: Edits<'_> = BTreeMap::new();
    let mut follows: Vec<&Follow> = Vec::new();
    let mut mended = 0;
    for finding in findings {
        let (Some(fix), Some(label)) = (&finding.fix, finding.diagnostic.labels.first()) else { continue };
        let path = label.source.path().to_owned();
        let (_, edits) = files.entry(path).or_insert_with(|| (Arc::clone(&label.source), Vec::new()));
        let overlaps = |edit: &Edit| {
            edits.iter().any(|other| {
                edit.span.start < other.span.end && other.span.start < edit.span.end || edit.span == other.span
            })
        };
        // What two findings want of one place is left for the next time.
        if fix.edits.iter().any(overlaps) {
            continue;
        }
        edits.extend(&fix.edits);
        follows.extend(&fix.follow);
        mended += 1;
    }
    for (path, (source, edits)) in &mut files {
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        let mut text = source.text().to_owned();
        edits.iter().for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
        if text == source.text() {
            continue;
        }
        terminal.show(difference(&path.display().to_string(), source.text(), &text));
        if choice == FixChoice::Write {
            write(path, source.text(), &text)?;
        }
    }
    for follow in follows {
        let Follow { name, up } = follow;
        if choice == FixChoice::Write {
            let path = new::write(dirs, name, up, "-- nothing to undo: a constraint that holds is in nobody's way")?;
            terminal.say(format!("created {}", path.display()));
        } else {
            terminal.show(format!("and a migration {name} after it:\n{}", paint(OK, format!("+{up}"))));
        }
    }
    Ok(mended)
}

fn difference(name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new).unified_diff().context_radius(2).header(name, name).to_string();
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => paint(OK, line),
        Some(b'-') => paint(BAD, line),
        _ => line.to_owned(),
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn write(path: &PathBuf, read: &str, text: &str) -> Result<(), Failure> {
    const BOM: &str = "\u{feff}";
    let failed = |what: String| Failure::new(Exit::Failed, format!("{} {what}", path.display()), "mend it by hand");
    let there = fs::read_to_string(path).map_err(|error| failed(format!("can't be read: {error}")))?;
    let (mark, rest) = there.strip_prefix(BOM).map_or(("", there.as_str()), |rest| (BOM, rest));
    if rest != read {
        return Err(failed("was changed meanwhile, and is left as it is".to_owned()));
    }
    fs::write(path, format!("{mark}{text}")).map_err(|error| failed(format!("can't be written: {error}")))
}
