//! Any file, mended as often as there is something to mend: each time it can still be read as well as before, it does not
//! grow without end, and it is done at last.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rung_engine::{Dialect, Migration};
use rung_formats::{Choice, HeldFile, LoadOptions, Names, load_held};
use rung_lint::{Edit, Finding, Options, Rewriter, Schema, Standing, Subject, language, lint};
use rung_postgres::POSTGRES;
use rung_sqlite::SQLITE;

/// What a file may be about.
const BEFORE: &str =
    "CREATE TABLE t (a int, b text, c text); CREATE TABLE u (a int PRIMARY KEY); CREATE INDEX i ON t (a);";

/// So often may what was mended want another mend.
const ROUNDS: usize = 20;

type Files = Vec<(String, String)>;

fuzz_target!(|text: &str| {
    let dialects: [&'static dyn Dialect; 2] = [&POSTGRES, &SQLITE];
    for dialect in dialects {
        let mut files =
            vec![("001_before.sql".to_owned(), BEFORE.to_owned()), ("002_file.sql".to_owned(), text.to_owned())];
        let Some((findings, mut migrations)) = linted(&files, dialect) else { continue };
        let mut findings = findings;
        let wrong = mistakes(&findings);
        let mut round = 0;
        while let Some(next) = mended(&files, &findings, &migrations, dialect) {
            let all = |files: &Files| files.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n----\n");
            assert!(round < ROUNDS, "it is never done:\n{}\n====\n{}", all(&files), all(&next));
            let Some((after, loaded)) = linted(&next, dialect) else {
                panic!("what was mended can't be read:\n{}\n====\n{}", all(&files), all(&next));
            };
            assert!(mistakes(&after) <= wrong, "a mend is wrong:\n{}\n====\n{}", all(&files), all(&next));
            (files, findings, migrations) = (next, after, loaded);
            round += 1;
        }
    }
});

fn linted(files: &Files, dialect: &'static dyn Dialect) -> Option<(Vec<Finding>, Vec<Arc<Migration>>)> {
    let nothing = BTreeMap::new();
    let format = Choice::parse("native").expect("rung's own format");
    let options = LoadOptions { format, dialect, variables: &nothing, environment: &nothing, names: &Names::default() };
    let held = |(name, text): &(String, String)| -> HeldFile { (name.clone().into(), text.as_bytes().to_vec().into()) };
    let files: Vec<HeldFile> = files.iter().map(held).collect();
    // What can't be loaded is refused with its place.
    let set = load_held(Path::new(""), &files, &options).ok()?;
    let migrations: Vec<Arc<Migration>> = set.iter().cloned().collect();
    let subjects: Vec<Subject<'_>> = migrations
        .iter()
        .enumerate()
        .map(|(at, migration)| Subject { migration, standing: Standing::Applied, lint: at > 0 })
        .collect();
    let path = language(dialect.name()).map_or(&[] as &[&str], |language| language.search_path);
    let findings = lint(&subjects, dialect, &Options::default(), Schema::new(path)).findings;
    Some((findings, migrations))
}

/// How many statements can't be read.
fn mistakes(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| ["syntax", "unrunnable"].contains(&finding.rule)).count()
}

/// The files with one migration written anew, or with all edits that have room beside each other; `None` where nothing
/// is to be mended.
fn mended(files: &Files, findings: &[Finding], migrations: &[Arc<Migration>], dialect: &dyn Dialect) -> Option<Files> {
    let rewriter = Rewriter::new(migrations, dialect);
    let mut files = files.clone();
    for (at, migration) in migrations.iter().enumerate() {
        let own: Vec<&Finding> = findings.iter().filter(|finding| finding.migration == migration.id).collect();
        let Ok(Some(written)) = rewriter.rewrite(at, &own) else { continue };
        for (source, edits) in written.changes {
            edit(&mut files, source.path(), edits);
        }
        let mut before = migration.id.to_string();
        for part in written.after {
            let id = format!("{:03}_{}", files.len() + 1, part.name);
            files.push((format!("{id}.sql"), part.text(&before)));
            before = id;
        }
        return Some(files);
    }
    let fix = findings.iter().find_map(|finding| Some((finding.diagnostic.labels.first()?, finding.fix.as_ref()?)))?;
    edit(&mut files, fix.0.source.path(), fix.1.edits.clone());
    Some(files)
}

fn edit(files: &mut Files, path: &Path, mut edits: Vec<Edit>) {
    let name = path.display().to_string();
    let (_, text) = files.iter_mut().find(|(there, _)| *there == name).expect("a file that is there");
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut after, mut at) = (String::new(), 0);
    for edit in edits {
        assert!(edit.span.start >= at, "edits overlap in {text:?}");
        after.push_str(&text[at..edit.span.start]);
        after.push_str(&edit.text);
        at = edit.span.end;
    }
    after.push_str(&text[at..]);
    *text = after;
}
