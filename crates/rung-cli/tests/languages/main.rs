//! What `rung types` writes is compiled and run: TypeScript by tsc at its strictest, Rust by cargo, Python with Pydantic;
//! and it reads the rows of the database that it was made of.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use tempfile::TempDir;
use testkit::languages::{check_rust, compile_typescript, run_python};
use testkit::{Program, SqliteDb, TestDb};

const POSTGRES: &str = include_str!("postgres.sql");
const SQLITE: &str = include_str!("sqlite.sql");

fn types(url: &str, language: &str) -> String {
    Program::rung().args(["--url", url, "types", "--lang", language]).run().succeeds().stdout
}

fn postgres() -> TestDb<'static> {
    let db = TestDb::new();
    db.query(POSTGRES);
    db
}

fn sqlite() -> SqliteDb {
    let db = SqliteDb::new();
    db.query(SQLITE);
    db
}

/// A directory with a file in it.
fn beside(name: &str, text: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    dir
}

#[test]
fn typescript_compiles() {
    let uses = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages");
    let both = beside("database.ts", &types(&postgres().url(), "typescript"));
    let other = both.path().join("sqlite");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("database.ts"), types(&sqlite().url(), "typescript")).unwrap();
    fs::copy(uses.join("postgres.ts"), both.path().join("uses.ts")).unwrap();
    fs::copy(uses.join("sqlite.ts"), other.join("uses.ts")).unwrap();
    // The examples, too: what their migrations make.
    let mut files = vec!["uses.ts".to_owned(), "sqlite/uses.ts".to_owned()];
    for name in ["iops", "hopsworks", "user_profiles"] {
        let config = uses.join(format!("../../../../examples/{name}/rung.toml"));
        let args = ["types", "--from", "migrations", "--dev-url", "sqlite::memory:"];
        let run = Program::rung().arg("--config").arg(config).args(args).run().succeeds();
        fs::write(both.path().join(format!("{name}.ts")), run.stdout).unwrap();
        files.push(format!("{name}.ts"));
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    compile_typescript(both.path(), &files);
}

/// Rows as JSON, by the class that they are of.
fn rows<'a>(of: impl IntoIterator<Item = (&'a str, &'a str)>, read: impl Fn(&str) -> String) -> Map<String, Value> {
    of.into_iter()
        .map(|(class, table)| {
            let json = read(table);
            (class.to_owned(), serde_json::from_str(&json).unwrap_or_else(|error| panic!("{table}: {error} {json}")))
        })
        .collect()
}

fn postgres_rows(db: &TestDb<'_>) -> Map<String, Value> {
    let tables = [
        ("Users", "users"),
        ("Order", "\"order\""),
        ("Events", "events"),
        ("Events2026", "events_2026"),
        ("AppUsers", "app.users"),
        ("Moods", "moods"),
        ("Counted", "counted"),
        ("Kept", "kept"),
    ];
    rows(tables, |table| {
        // As JSON a span of time is one that every reader knows.
        db.query(&format!("SET intervalstyle = 'iso_8601'; SELECT row_to_json(t) FROM {table} t"))
    })
}

fn sqlite_rows(db: &SqliteDb) -> Map<String, Value> {
    let users = "json_object('id', id, 'email', email, 'tier', tier, 'level', level, 'mixed', mixed, 'active', active, 'born', born, \
         'seen', seen, 'owes', owes, 'data', data, 'raw', raw, 'class', \"class\", 'anything', anything, 'twice', twice) FROM users";
    let strict = "json_object('code', code, 'n', n, 'r', r, 'b', b, 'a', a) FROM strict_ones";
    let order = "json_object('id', id, 'user_id', user_id, 'code', code) FROM \"order\"";
    let tables = [("Users", users), ("StrictOnes", strict), ("Order", order)];
    rows(tables, |query| db.query(&format!("SELECT {query}")))
}

fn python_reads(types: &str, rows: &Map<String, Value>) {
    let dir = beside("database.py", types);
    fs::write(dir.path().join("rows.json"), serde_json::to_string(rows).unwrap()).unwrap();
    fs::write(dir.path().join("check.py"), include_str!("check.py")).unwrap();
    assert!(run_python(dir.path(), "check.py").contains("models"));
}

#[test]
fn python_reads_the_rows() {
    let db = postgres();
    python_reads(&types(&db.url(), "python"), &postgres_rows(&db));
    let db = sqlite();
    python_reads(&types(&db.url(), "python"), &sqlite_rows(&db));
}

/// Types, with a test that reads rows with them, writes them and reads them again.
fn with_tests(types: &str, rows: &Map<String, Value>, path: impl Fn(&str) -> String) -> String {
    let mut text = format!("{types}\n#[cfg(test)]\nmod tests {{\n");
    for (class, row) in rows {
        let path = path(class);
        text.push_str(&format!(
            "    #[test]\n    fn reads_{}() {{\n        let row: super::{path} = serde_json::from_str(r####\"{row}\"####).unwrap();\n        \
             let text = serde_json::to_string(&row).unwrap();\n        \
             assert_eq!(serde_json::from_str::<super::{path}>(&text).unwrap(), row);\n    }}\n",
            class.to_lowercase()
        ));
    }
    text.push_str("}\n");
    text
}

#[test]
fn rust_reads_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let db = postgres();
    let path = |class: &str| class.replace("AppUsers", "app::Users");
    let in_postgres = with_tests(&types(&db.url(), "rust"), &postgres_rows(&db), path);
    let db = sqlite();
    let mut rows = sqlite_rows(&db);
    // JSON is text there, and truth a number: a client reads them as what they mean.
    rows["Users"]["data"] = serde_json::json!({"a": [1]});
    rows["Users"]["active"] = true.into();
    rows["Users"]["seen"] = "2026-01-02T03:04:05".into();
    let in_sqlite = with_tests(&types(&db.url(), "rust"), &rows, str::to_owned);
    let given = "#[test]\nfn null_is_told_from_nothing() {
    let read = |json| serde_json::from_str::<in_postgres::UsersUpdate>(json).unwrap();
    assert_eq!(read(\"{}\").has, None);
    assert_eq!(read(r#\"{\"has\": null}\"#).has, Some(None));
    let update = in_postgres::UsersUpdate { has: Some(None), ..Default::default() };
    assert_eq!(serde_json::to_string(&update).unwrap(), r#\"{\"has\":null}\"#);
}\n";
    let text = format!("mod in_postgres {{\n{in_postgres}}}\nmod in_sqlite {{\n{in_sqlite}}}\n{given}");
    check_rust(dir.path(), &text);
}
