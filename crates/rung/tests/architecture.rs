//! The invariants of ARCHITECTURE.md that a look at the manifests and the sources can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a crate may use of the workspace, by the names of the packages.
const EDGES: [(&str, &[&str]); 14] = [
    ("rung-sql", &[]),
    ("rung-catalog", &[]),
    ("rung-macros", &[]),
    ("rung-engine", &["rung-catalog", "rung-sql"]),
    ("rung-formats", &["rung-engine", "rung-sql"]),
    ("rung-adopt", &["rung-engine", "rung-sql"]),
    ("rung-types", &["rung-catalog", "rung-engine"]),
    ("rung-health", &["rung-catalog", "rung-engine", "rung-sql"]),
    ("rung-ddl", &["rung-sql"]),
    ("rung-lint", &["rung-ddl", "rung-engine", "rung-sql"]),
    ("rung-sqlite", &["rung-catalog", "rung-engine", "rung-sql"]),
    ("rung-postgres", &["rung-catalog", "rung-engine", "rung-sql"]),
    (
        "rung",
        &[
            "rung-adopt",
            "rung-catalog",
            "rung-engine",
            "rung-formats",
            "rung-health",
            "rung-lint",
            "rung-macros",
            "rung-postgres",
            "rung-sql",
            "rung-sqlite",
            "rung-types",
        ],
    ),
    ("rung-cli", &["rung-migrate"]),
];

/// Crates of others that only one of ours may use, and which.
const OWNED: [(&str, &str); 8] = [
    ("rusqlite", "rung-sqlite"),
    ("tokio-postgres", "rung-postgres"),
    ("rustls", "rung-postgres"),
    ("squawk-syntax", "rung-ddl"),
    ("sqlite3-parser", "rung-ddl"),
    ("serde", "rung-cli"),
    ("serde_json", "rung-cli"),
    ("clap", "rung-cli"),
];

/// Crates for developers: they print, start servers and speak to databases in their own way.
const TOOLS: [&str; 1] = ["testkit"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates' directory").to_owned()
}

/// What a manifest depends on, tests aside.
fn dependencies(name: &str) -> BTreeSet<String> {
    let path = crates().join(name).join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tables = ["dependencies", "build-dependencies"];
    tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flat_map(|table| table.keys().cloned()).collect()
}

/// The sources below a path, each with its text without comments and without what is for tests.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    if path.is_file() {
        let text = fs::read_to_string(path).expect("a source is UTF-8");
        let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        found.push((path.to_owned(), code));
    } else {
        let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for entry in entries {
            let path = entry.expect("an entry of a directory").path();
            let is_source = path.extension().is_some_and(|ending| ending == "rs");
            if path.is_dir() || is_source && !path.ends_with("tests.rs") {
                found.extend(sources(&path));
            }
        }
    }
    found
}

/// Panics where any of the texts stands in any of the sources.
fn assert_absent(paths: &[PathBuf], texts: &[&str], why: &str) {
    let mut read = 0;
    for (path, code) in paths.iter().flat_map(|path| sources(path)) {
        read += code.len();
        for text in texts {
            assert!(!code.contains(text), "{} has {text}: {why}", path.display());
        }
    }
    assert!(read > 1000, "there is nothing in {paths:?} to look at");
}

fn sources_of(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| crates().join(name).join("src")).collect()
}

#[test]
fn every_crate_has_its_place() {
    let known: BTreeSet<String> = EDGES.iter().map(|(name, _)| *name).chain(TOOLS).map(str::to_owned).collect();
    let there: BTreeSet<String> = fs::read_dir(crates())
        .expect("the crates' directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, known, "write a new crate's edges into this test and into ARCHITECTURE.md");
}

#[test]
fn crates_use_only_those_below_them() {
    let packages: BTreeSet<&str> =
        EDGES.iter().map(|(name, _)| *name).chain(TOOLS).chain(["rung-migrate", "rungdb"]).collect();
    for (name, allowed) in EDGES {
        let used: BTreeSet<String> =
            dependencies(name).into_iter().filter(|used| packages.contains(used.as_str())).collect();
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        assert!(used.is_subset(&allowed), "{name} uses {:?}", used.difference(&allowed));
    }
}

#[test]
fn only_one_crate_has_each_database_and_the_screen() {
    for (name, _) in EDGES {
        let used = dependencies(name);
        for (theirs, owner) in OWNED {
            assert!(name == owner || !used.contains(theirs), "{name} uses {theirs}, which is {owner}'s");
        }
    }
}

#[test]
fn only_the_command_line_prints_and_reads_the_environment() {
    let quiet = [
        "rung-sql",
        "rung-catalog",
        "rung-ddl",
        "rung-lint",
        "rung-engine",
        "rung-formats",
        "rung-sqlite",
        "rung-postgres",
        "rung-types",
        "rung",
    ];
    let texts =
        ["println!", "eprintln!", "print!(", "dbg!", "std::env", "env::var", "home_dir", "stdout()", "stderr()"];
    assert_absent(&sources_of(&quiet), &texts, "tell it by an event, or take it as an argument");
}

#[test]
fn reading_sql_and_planning_do_no_input_or_output() {
    let engine = crates().join("rung-engine/src");
    let pure = [
        "plan",
        "renames",
        "graph.rs",
        "compare.rs",
        "analyse.rs",
        "target.rs",
        "model.rs",
        "history.rs",
        "unit.rs",
        "record.rs",
        "preview.rs",
        "dialect.rs",
        "due.rs",
        "alter.rs",
        "drift.rs",
        "sample.rs",
        "needs/mod.rs",
        "needs/after.rs",
        "needs/parts.rs",
    ];
    let mut paths: Vec<PathBuf> = pure.iter().map(|file| engine.join(file)).collect();
    paths.extend(sources_of(&["rung-sql", "rung-catalog", "rung-ddl", "rung-types"]));
    let texts =
        ["std::fs", "fs::", "std::net", "std::process", "Command::new", "std::thread", "std::io", "Instant::now"];
    assert_absent(&paths, &texts, "it is handed what it works on");
}

#[test]
fn nobody_asks_which_database_it_is() {
    let neutral = ["rung-engine", "rung-formats", "rung-types", "rung", "rung-cli"];
    let texts =
        ["\"postgres\" =>", "\"sqlite\" =>", "== \"postgres\"", "== \"sqlite\"", "!= \"postgres\"", "!= \"sqlite\""];
    assert_absent(&sources_of(&neutral), &texts, "make it a method of Dialect or Driver");
}

#[test]
fn the_lock_is_held_by_scope() {
    let mut callers = Vec::new();
    for (name, _) in EDGES {
        for (path, code) in sources(&crates().join(name).join("src")) {
            if code.contains(".acquire_lock(") || code.contains(".release_lock(") {
                callers.push(path.strip_prefix(crates()).expect("a source of ours").to_owned());
            }
        }
    }
    assert_eq!(callers, [Path::new("rung-engine/src/lock.rs")], "go through rung_engine::locked");
}
