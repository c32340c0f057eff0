//! `rung lsp`, driven as an editor drives it: the real program, messages on its standard input and output.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// An editor.
struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: i64,
}

impl Editor {
    /// Starts the server, and greets it with what an editor of today can do.
    fn start(root: &Path) -> Self {
        let resources = json!(["create", "rename", "delete"]);
        Self::start_as(
            root,
            json!({ "workspace": { "workspaceEdit": {
            "documentChanges": true, "resourceOperations": resources } } }),
        )
    }

    fn start_as(root: &Path, capabilities: Value) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rung"))
            .args(["lsp", "--stdio"])
            .env_remove("DATABASE_URL")
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut editor = Self { child, input, output, asked: 0 };
        let answer =
            editor.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        assert_eq!(answer["serverInfo"]["name"], "rung");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input.as_mut().unwrap(), "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.as_mut().unwrap().flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// The whole answer to a question; what comes meanwhile is passed over.
    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message["method"].is_null() {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The next diagnostics of a file, hints left out, as `line:column rule`.
    fn diagnostics(&mut self, path: &Path) -> Vec<String> {
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri(path) {
                let shown = |found: &Value| {
                    let start = &found["range"]["start"];
                    format!("{}:{} {}", start["line"], start["character"], found["code"].as_str().unwrap())
                };
                let found = message["params"]["diagnostics"].as_array().unwrap();
                return found.iter().filter(|found| found["severity"] != 4).map(shown).collect();
            }
        }
    }

    fn open(&mut self, path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri(path), "languageId": "sql", "version": 1, "text": text } }),
        );
        self.diagnostics(path)
    }

    fn actions(&mut self, path: &Path, line: u32, character: u32) -> Vec<Value> {
        let at = json!({ "line": line, "character": character });
        let answer = self.ask(
            "textDocument/codeAction",
            json!({ "textDocument": { "uri": uri(path) }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } }),
        );
        answer.as_array().unwrap().clone()
    }

    fn at(&mut self, method: &str, path: &Path, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        self.ask(method, json!({ "textDocument": { "uri": uri(path) }, "position": position }))
    }

    /// Takes leave, and says how the server ended.
    fn leave(mut self) -> i32 {
        assert!(self.ask("shutdown", Value::Null).is_null());
        self.tell("exit", Value::Null);
        self.input = None;
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // One that has ended is not killed.
        let _ = self.child.kill();
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

const USERS: &str = "-- @up\nCREATE TABLE users (id bigint PRIMARY KEY, age int);\n-- @down\nDROP TABLE users;\n";

const CHECKS: &str = "\
-- Depends on: [001_users]
-- @up
CREATE TABLE teams (id bigint PRIMARY KEY);
/* \u{1f600} */ ALTER TABLE users ADD CONSTRAINT positive CHECK (age > 0);
-- @down
ALTER TABLE users DROP CONSTRAINT positive;
DROP TABLE teams;
";

/// A project for PostgreSQL, in a directory of its own.
fn project(dir: &Path, url: &str) {
    fs::create_dir_all(dir.join("migrations")).unwrap();
    fs::write(dir.join("rung.toml"), format!("[env.dev]\nurl = \"{url}\"\n")).unwrap();
    fs::write(dir.join("migrations/001_users.sql"), USERS).unwrap();
    fs::write(dir.join("migrations/002_checks.sql"), CHECKS).unwrap();
}

struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        project(dir.path(), "postgres://nobody@nowhere/nothing");
        Self { dir }
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.root().join("migrations").join(name)
    }
}

#[test]
fn findings_come_and_go_with_the_text() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let mut editor = Editor::start(&fixture.root());
    // The smiley counts two.
    assert_eq!(editor.open(&path), ["3:27 check-validated"]);
    let at = |line: u32, character: u32| json!({ "line": line, "character": character });
    let end = "/* xx */ ALTER TABLE users ADD CONSTRAINT positive CHECK (age > 0)".len();
    let edit = |version: i32, start: Value, end: Value, text: &str| {
        json!({ "textDocument": { "uri": uri(&path), "version": version },
            "contentChanges": [{ "range": { "start": start, "end": end }, "text": text }] })
    };
    let column = u32::try_from(end).unwrap();
    editor.tell("textDocument/didChange", edit(2, at(3, column), at(3, column), " NOT VALID"));
    assert_eq!(editor.diagnostics(&path), [""; 0]);
    editor.tell("textDocument/didChange", edit(3, at(2, 0), at(2, 0), "ALTER TALBE x;\n"));
    assert_eq!(editor.diagnostics(&path), ["2:0 syntax"]);
    editor.tell("textDocument/didChange", edit(4, at(0, 0), at(0, 0), "-- @no-such-thing\n"));
    let wrong = editor.diagnostics(&path);
    assert!(wrong.iter().any(|found| found == "0:3 directive"), "{wrong:?}");
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
    assert_eq!(editor.diagnostics(&path), [""; 0]);
    assert_eq!(editor.leave(), 0);
}

#[test]
fn a_dependency_that_leads_nowhere_is_said_until_there_is_one() {
    let fixture = Fixture::new();
    let path = fixture.root().join("migrations/004_more.sql");
    let text = "-- Depends on: [001_users, 003_gone]\n-- @up\nCREATE TABLE more (id bigint PRIMARY KEY);\n-- @down\nDROP TABLE more;\n";
    fs::write(&path, text).unwrap();
    let mut editor = Editor::start(&fixture.root());
    assert_eq!(editor.open(&path), ["0:27 missing-dependency"]);
    fs::write(fixture.root().join("migrations/003_gone.sql"), "-- @up\nSELECT 1;\n").unwrap();
    let other = fixture.root().join("migrations/003_gone.sql");
    let opened = json!({ "uri": uri(&other), "languageId": "sql", "version": 1, "text": "-- @up\nSELECT 1;\n" });
    editor.tell("textDocument/didOpen", json!({ "textDocument": opened }));
    assert_eq!(editor.diagnostics(&path), [""; 0]);
    assert_eq!(editor.leave(), 0);
}

#[test]
fn what_earlier_files_make_is_known_though_they_are_not_saved() {
    let fixture = Fixture::new();
    let (users, checks) = (fixture.file("001_users.sql"), fixture.file("002_checks.sql"));
    fs::write(&checks, "-- @up\nALTER TABLE users ALTER COLUMN age TYPE bigint;\n-- @down\nSELECT 1;\n").unwrap();
    let mut editor = Editor::start(&fixture.root());
    assert!(editor.open(&checks).contains(&"1:18 type-change".to_owned()));
    editor.open(&users);
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri(&users), "version": 2 },
        "contentChanges": [{ "text": USERS.replace("age int", "age bigint") }] }),
    );
    // What was told when the other was opened comes first.
    let fine = (0..3).any(|_| editor.diagnostics(&checks).iter().all(|found| !found.ends_with("type-change")));
    assert!(fine, "the column is a bigint already");
    assert_eq!(editor.leave(), 0);
}

#[test]
fn hover_says_what_is_locked_and_why_that_is_bad() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let mut editor = Editor::start(&fixture.root());
    editor.open(&path);
    let shown = editor.at("textDocument/hover", &path, 3, 30)["contents"]["value"].as_str().unwrap().to_owned();
    for part in
        ["**ACCESS EXCLUSIVE** lock on `users`: blocks reads and writes", "scans `users`", "**check-validated**"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let plain = editor.at("textDocument/hover", &path, 2, 5);
    assert_eq!(plain["contents"]["value"], "blocks nobody");
    assert!(editor.at("textDocument/hover", &path, 1, 2).is_null());
    assert_eq!(editor.leave(), 0);
}

#[test]
fn a_mend_may_be_several_files() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let mut editor = Editor::start(&fixture.root());
    editor.open(&path);
    let actions = editor.actions(&path, 3, 30);
    assert_eq!(
        titles(&actions),
        [
            "write it as a safe sequence, in a migration after this one",
            "allow check-validated here, and say why",
            "allow data-dependent here, and say why",
        ]
    );
    let changes = actions[0]["edit"]["documentChanges"].as_array().unwrap();
    assert_eq!(changes[0]["edits"][0]["newText"], " NOT VALID");
    assert_eq!(changes[0]["textDocument"]["version"], 1);
    let made = uri(&fixture.file("003_validate_positive.sql"));
    assert_eq!((&changes[1]["kind"], &changes[1]["uri"]), (&json!("create"), &json!(made)));
    assert!(changes[2]["edits"][0]["newText"].as_str().unwrap().contains("VALIDATE CONSTRAINT positive;"));
    assert_eq!(
        actions[1]["edit"]["documentChanges"][0]["edits"][0]["newText"],
        "-- @allow check-validated: say why it is fine here\n"
    );
    assert_eq!(editor.leave(), 0);
    // An editor that can't make files is not offered any.
    let mut plain = Editor::start_as(&fixture.root(), json!({}));
    plain.open(&path);
    let actions = plain.actions(&path, 3, 30);
    assert_eq!(titles(&actions)[0], "allow check-validated here, and say why");
    assert!(actions[0]["edit"]["changes"][uri(&path)].is_array());
    assert_eq!(plain.leave(), 0);
}

#[test]
fn sections_and_dependencies_are_found() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let mut editor = Editor::start(&fixture.root());
    editor.open(&path);
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri(&path) } }));
    let names = |symbols: &Value| -> Vec<String> {
        symbols.as_array().unwrap().iter().map(|symbol| symbol["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&symbols), ["up", "down"]);
    assert_eq!(names(&symbols[1]["children"]), ["ALTER TABLE users DROP CONSTRAINT positive", "DROP TABLE teams"]);
    let found = editor.at("textDocument/definition", &path, 0, 20);
    assert_eq!(found["uri"], uri(&fixture.file("001_users.sql")));
    assert!(editor.at("textDocument/definition", &path, 2, 20).is_null());
    assert_eq!(editor.leave(), 0);
}

#[test]
fn each_folder_has_its_own_configuration() {
    let fixture = Fixture::new();
    let other = fixture.root().join("other");
    project(&other, "sqlite:app.db");
    let path = other.join("migrations/002_checks.sql");
    fs::write(&path, "-- @up\nALTER TABLE users ADD COLUMN a int UNIQUE;\n-- @down\nSELECT 1;\n").unwrap();
    let mut editor = Editor::start(&fixture.root());
    assert_eq!(editor.open(&fixture.file("002_checks.sql")), ["3:27 check-validated"]);
    let found = editor.open(&path);
    assert!(found.contains(&"1:18 sqlite-add-column".to_owned()), "{found:?}");
    // A wrong one is told of where it is wrong, and the other goes on.
    let config = other.join("rung.toml");
    fs::write(&config, "[env.dev]\nulr = \"sqlite:app.db\"\n").unwrap();
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri(&path) } }));
    let wrong = editor.diagnostics(&config);
    assert!(wrong.len() == 1 && wrong[0].starts_with("1:"), "{wrong:?}");
    fs::write(&config, "[env.dev]\nurl = \"sqlite:app.db\"\n").unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    assert_eq!(editor.diagnostics(&config), [""; 0]);
    assert_eq!(editor.leave(), 0);
}

#[test]
fn what_is_wrong_takes_nothing_else_with_it() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let mut editor = Editor::start(&fixture.root());
    let code = |answer: &Value| answer["error"]["code"].as_i64().unwrap();
    assert_eq!(code(&editor.answer("textDocument/hover", json!({ "position": 3 }))), -32602);
    assert_eq!(code(&editor.answer("textDocument/references", json!({}))), -32601);
    editor.tell("textDocument/didChange", json!("nonsense"));
    editor.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": "untitled:1", "languageId": "sql",
        "version": 1, "text": "SELECT" } }),
    );
    assert!(editor.at("textDocument/hover", &fixture.root().join("nothing.sql"), 9, 9).is_null());
    assert_eq!(editor.open(&path), ["3:27 check-validated"]);
    assert!(editor.at("textDocument/hover", &path, 4_000_000_000, 4_000_000_000).is_null());
    assert_eq!(editor.leave(), 0);
}

#[test]
fn a_file_that_was_never_saved_is_one_of_them() {
    let fixture = Fixture::new();
    let (new, later) = (fixture.file("003_new.sql"), fixture.file("004_later.sql"));
    let mut editor = Editor::start(&fixture.root());
    let open = |editor: &mut Editor, path: &Path, text: &str| {
        editor.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri(path), "languageId": "sql", "version": 1, "text": text } }),
        );
        editor.diagnostics(path)
    };
    let made = "-- @up\nCREATE TABLE kinds (id int PRIMARY KEY, age varchar(9));\n-- @down\nDROP TABLE kinds;\n";
    assert_eq!(open(&mut editor, &new, made), [""; 0]);
    // What the first makes is known in the second: the type is wider, and no row is rewritten.
    let wider =
        "-- Depends on: [003_new]\n-- @up\nALTER TABLE kinds ALTER COLUMN age TYPE varchar(20);\n-- @down\nSELECT 1;\n";
    let found = open(&mut editor, &later, wider);
    assert!(!found.iter().any(|found| found.contains("type-change")), "{found:?}");
    let place = editor.at("textDocument/definition", &later, 0, 20);
    assert_eq!(place["uri"], uri(&new));
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&new) } }));
    let wrong = editor.diagnostics(&later);
    assert!(wrong.iter().any(|found| found.contains("type-change")), "what made the table is gone: {wrong:?}");
    // It is saved under another name, and the editor says so.
    fs::write(fixture.file("003_kinds.sql"), made).unwrap();
    editor.tell("workspace/didCreateFiles", json!({ "files": [{ "uri": uri(&fixture.file("003_kinds.sql")) }] }));
    let line = |from: u32, to: u32| json!({ "start": { "line": 0, "character": from }, "end": { "line": 0, "character": to } });
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri(&later), "version": 2 },
            "contentChanges": [{ "range": line(16, 23), "text": "003_kinds" }] }),
    );
    let fine = (0..3).any(|_| editor.diagnostics(&later).iter().all(|found| !found.contains("type-change")));
    assert!(fine, "what made the table is there");
    assert_eq!(editor.leave(), 0);
}

#[test]
fn a_change_is_seen_where_nothing_else_is_read_again() {
    let fixture = Fixture::new();
    let path = fixture.file("002_checks.sql");
    let windows = CHECKS.replace('\n', "\r\n");
    fs::write(&path, &windows).unwrap();
    let mut editor = Editor::start(&fixture.root());
    assert_eq!(editor.open(&path), ["3:27 check-validated"]);
    // Whoever reads the directory again sees this; a change of one open file does not lead there.
    fs::write(fixture.file("000_other.sql"), "-- @up\nSELECT 1;\n").unwrap();
    let at = |line: u32, character: u32| json!({ "line": line, "character": character });
    let edit = |version: i32, from: Value, to: Value, text: &str| {
        json!({ "textDocument": { "uri": uri(&path), "version": version },
            "contentChanges": [{ "range": { "start": from, "end": to }, "text": text }] })
    };
    editor.tell("textDocument/didChange", edit(2, at(3, 3), at(3, 5), "\u{1f600}\u{1f600}é"));
    assert_eq!(editor.diagnostics(&path), ["3:30 check-validated"]);
    // What it depends on is another matter.
    editor.tell("textDocument/didChange", edit(3, at(0, 16), at(0, 25), "000_other"));
    let found = editor.diagnostics(&path);
    assert!(found.contains(&"3:30 check-validated".to_owned()), "{found:?}");
    let place = editor.at("textDocument/definition", &path, 0, 20);
    assert_eq!(place["uri"], uri(&fixture.file("000_other.sql")), "the new file is known now");
    editor.tell("$/cancelRequest", json!({ "id": 99 }));
    assert_eq!(editor.leave(), 0);
}

#[test]
fn what_is_no_json_is_answered_and_the_session_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut editor = Editor::start(dir.path());
    for (text, code) in [("{\"a\": b}}", -32700), ("\u{ff}", -32700), ("{\"a\": 1}", -32600), ("[]", -32600)] {
        let input = editor.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
        let answer = editor.receive();
        assert_eq!((&answer["id"], answer["error"]["code"].as_i64()), (&Value::Null, Some(code)), "{text}");
    }
    assert_eq!(editor.answer("no/such", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.leave(), 0);
}
