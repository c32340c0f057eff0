//! Any file: it is linted as the second of two migrations, for both databases; every place that is told lies in it, and
//! every fix can be made.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rung_engine::Dialect;
use rung_formats::{Choice, HeldFile, LoadOptions, Names, load_held};
use rung_lint::{Options, RULES, Runner, Schema, Standing, Subject, language, lint};
use rung_postgres::POSTGRES;
use rung_sql::Level;
use rung_sqlite::SQLITE;

/// What a file may be about.
const BEFORE: &str =
    "CREATE TABLE t (a int, b text, c text); CREATE TABLE u (a int PRIMARY KEY); CREATE INDEX i ON t (a);";

/// Every rule.
static OPTIONS: LazyLock<Options> = LazyLock::new(|| {
    let off = RULES.iter().filter(|rule| rule.level.is_none());
    Options {
        levels: off.map(|rule| (rule.name.to_owned(), Some(Level::Note))).collect(),
        runner: Runner::Anyone,
        ..Options::default()
    }
});

fuzz_target!(|text: &str| {
    let dialects: [&'static dyn Dialect; 2] = [&POSTGRES, &SQLITE];
    for dialect in dialects {
        let nothing = BTreeMap::new();
        let format = Choice::parse("native").expect("rung's own format");
        let options =
            LoadOptions { format, dialect, variables: &nothing, environment: &nothing, names: &Names::default() };
        let held = |name: &str, text: &str| -> HeldFile { (name.to_owned().into(), text.as_bytes().to_vec().into()) };
        let files = [held("001_before.sql", BEFORE), held("002_file.sql", text)];
        // What can't be loaded is refused with its place.
        let Ok(set) = load_held(Path::new(""), &files, &options) else { continue };
        let subjects: Vec<Subject<'_>> =
            set.iter().map(|migration| Subject { migration, standing: Standing::Applied, lint: true }).collect();
        let path = language(dialect.name()).map_or(&[] as &[&str], |language| language.search_path);
        for finding in lint(&subjects, dialect, &OPTIONS, Schema::new(path)).findings {
            for label in &finding.diagnostic.labels {
                let source = label.source.text();
                assert!(source.get(label.span.range()).is_some(), "{finding:?} is nowhere");
                label.source.line_column(label.span.end);
                for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                    assert!(source.get(edit.span.range()).is_some(), "{finding:?} edits what is not there");
                }
            }
        }
    }
});
