//! The documents say what the code does, as far as a program can tell.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::sql::{MigrationType, Reading, SourceFile, Variables, read_file};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// README.md and its like, and all of `docs/`, folders and all.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let entry = entry.expect("an entry");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// The text below a heading, up to the next one of the same level or above.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let level = heading.chars().take_while(|c| *c == '#').count();
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no {heading}"));
    let body = &text[start + heading.len() + 2..];
    let mut end = body.len();
    let mut at = 0;
    let mut fenced = false;
    for line in body.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        let hashes = line.chars().take_while(|c| *c == '#').count();
        if !fenced && (1..=level).contains(&hashes) && line[hashes..].starts_with(' ') {
            end = at;
            break;
        }
        at += line.len();
    }
    &body[..end]
}

/// The fenced blocks of a text that are marked with `language`.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (mark, after) = after.split_once('\n').expect("a fence ends its line");
        let (block, after) = after.split_once("```").expect("a fence is closed");
        if mark == language {
            found.push(block);
        }
        rest = after;
    }
    found
}

/// What a file of the format reads as on each database.
fn readings(text: &str, stem: &str) -> Vec<Result<rung::sql::MigrationFile, Vec<rung::sql::Diagnostic>>> {
    let own = BTreeMap::from([("schema".to_owned(), "app".to_owned())]);
    let source = Arc::new(SourceFile::new(format!("{stem}.sql"), text));
    rung::dialects()
        .map(|dialect| {
            let variables = Variables { builtin: dialect.variables(), own: &own };
            read_file(&source, stem, &Reading { dialect: dialect.name(), syntax: dialect.syntax(), variables })
        })
        .collect()
}

#[test]
fn the_two_commands_stand_first_and_alone() {
    let readme = read("README.md");
    for (heading, command) in [
        ("## Try it", "cargo run --release -- --config examples/hopsworks/rung.toml up\n"),
        ("## Run the tests", "cargo xtask test\n"),
    ] {
        let blocks = blocks(section(&readme, heading), "sh");
        assert_eq!(blocks.first(), Some(&command), "under {heading}");
    }
    assert!(readme.lines().count() <= 150, "a first page is short");
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let text = read(&document);
        let folder = Path::new(&document).parent().expect("a folder");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let (path, _) = target.split_once('#').unwrap_or((target, ""));
            if !path.is_empty() && !path.contains("://") {
                assert!(root().join(folder).join(path).exists(), "{document} links to {path}");
            }
        }
    }
}

#[test]
fn every_migration_that_is_shown_can_be_read() {
    let mut shown = 0;
    for document in ["README.md", "docs/migrations.md", "docs/running.md"] {
        let text = read(document);
        for block in blocks(&text, "sql") {
            let stem = block.lines().find_map(|line| line.strip_prefix("-- Migration: ")).unwrap_or("001_example");
            let readings = readings(block, stem);
            let errors = readings.iter().filter_map(|reading| reading.as_ref().err()).flatten();
            // A file may be for one database only.
            if readings.iter().all(Result::is_err) {
                panic!("{document}:\n{block}\n{}", errors.map(|e| e.to_string()).collect::<Vec<_>>().join("\n"));
            }
            shown += 1;
        }
    }
    assert!(shown >= 5, "only {shown} are shown");
}

#[test]
fn every_directive_is_documented() {
    let directives = section(&read("docs/migrations.md"), "## Directives").to_owned();
    let sections = section(&read("docs/migrations.md"), "## Sections").to_owned();
    // What is known is said where something is not.
    let unknown = readings("-- @xyzzyxyzzy\n", "001_x").remove(0).expect_err("there is no such directive");
    let help = unknown[0].helps.join(" ");
    let known: Vec<&str> = help.split([' ', ',']).filter(|word| word.starts_with('@')).collect();
    assert!(known.len() >= 11, "{help}");
    for word in known {
        assert!(directives.contains(&format!("`-- {word}")) || sections.contains(&format!("`-- {word}")), "{word}");
    }
}

#[test]
fn every_key_of_a_header_that_is_documented_is_known() {
    let text = read("docs/migrations.md");
    let rows = section(&text, "## Header").lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>();
    let mut keys = 0;
    for row in rows {
        let names = row.split('|').nth(1).expect("a first column");
        for name in names.split('`').skip(1).step_by(2) {
            let value = match name {
                "Type" => "create_table",
                "Migration" => "001_x",
                _ => "something",
            };
            let file = readings(&format!("-- {name}: {value}\n"), "001_x").remove(0).expect("a header is no error");
            // A line with an unknown key would be the description.
            let plain = file.header.description.as_deref() == Some(&format!("{name}: {value}"));
            assert!(!plain, "{name} is no key");
            keys += 1;
        }
    }
    assert!(keys >= 12, "only {keys} keys are documented");
}

#[test]
fn every_type_is_documented() {
    let text = read("docs/migrations.md");
    for kind in MigrationType::ALL {
        assert!(section(&text, "## Header").contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn every_variable_is_documented_with_both_spellings() {
    let text = read("docs/migrations.md");
    let table = section(&text, "## Variables");
    for (column, dialect) in rung::dialects().enumerate() {
        for (name, spelling) in dialect.variables() {
            let row = table.lines().find(|line| line.starts_with(&format!("| `${{{name}}}` |")));
            let row = row.unwrap_or_else(|| panic!("${{{name}}} has no row"));
            let shown = row.split('|').nth(2 + column).unwrap_or_default().trim();
            // An expression that is too long for a table is described.
            let is_long = spelling.len() > 60;
            assert!(is_long || shown == format!("`{spelling}`"), "{}: ${{{name}}} is {spelling}", dialect.title());
        }
    }
}

#[test]
fn every_column_of_rungs_own_tables_is_documented() {
    let text = read("docs/history.md");
    let mut driver = rung::connect("sqlite::memory:", &rung::ConnectOptions::default()).expect("memory");
    driver.ensure_tables().expect("tables");
    let sql =
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')";
    let columns = driver.query(sql).expect("columns");
    assert!(columns.len() > 40, "{}", columns.len());
    for column in columns {
        let [Some(table), Some(column)] = column.as_slice() else { panic!("{column:?}") };
        let name = table.strip_prefix("rung_").expect("rung's own");
        let about = section(&text, &format!("## {name}"));
        assert!(about.contains(&format!("| `{column}` |")), "{name}.{column}");
    }
}
