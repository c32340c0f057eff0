//! What docs/ci.md has for repositories does what it says there.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci.md");
    fs::read_to_string(path).unwrap()
}

/// The first block of code of a language.
fn block(language: &str) -> String {
    let page = page();
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// A repository with the hook, and `rung` on its path.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.write("rung.toml", "[env.dev]\nurl = \"postgres://nobody@nowhere/nothing\"\n");
        repository
            .write("migrations/001_users.sql", "-- @up\nCREATE TABLE users (age int);\n-- @down\nDROP TABLE users;\n");
        assert!(repository.run("git init -q -b main .").status.success());
        let hook = repository.write(".git/hooks/pre-commit", &block("sh"));
        assert!(repository.run(&format!("chmod +x {}", hook.display())).status.success());
        repository
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, command: &str) -> Output {
        let own = Path::new(env!("CARGO_BIN_EXE_rung")).parent().unwrap().to_owned();
        let paths = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        Command::new("sh")
            .args(["-c", command])
            .current_dir(self.0.path())
            .env("PATH", env::join_paths([own].into_iter().chain(paths)).unwrap())
            .env_remove("DATABASE_URL")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap()
    }

    fn commit(&self) -> Output {
        self.run("git add -A && git -c user.name=a -c user.email=a@example.com commit -q -m more")
    }
}

#[test]
fn the_hook_lets_through_what_is_fine_and_nothing_else() {
    let repository = Repository::new();
    let first = repository.commit();
    assert!(first.status.success(), "{first:?}");
    repository.write("migrations/002_index.sql", "-- @up\nCREATE INDEX i ON users (age);\n-- @down\nDROP INDEX i;\n");
    let refused = repository.commit();
    let said = String::from_utf8_lossy(&refused.stdout).into_owned() + &String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("index-nonconcurrent"), "{said}");
    assert_eq!(repository.run("git log --format=%s").stdout, b"more\n");
    assert!(repository.run("rung lint --since HEAD --fix -q").status.success());
    let second = repository.commit();
    assert!(second.status.success(), "{second:?}");
    // What is committed is not looked at again.
    repository.write("README.md", "of the project");
    assert!(repository.commit().status.success());
    assert_eq!(repository.run("git log --format=%s").stdout, b"more\nmore\nmore\n");
}

#[test]
fn the_workflow_annotates_what_a_branch_adds() {
    let repository = Repository::new();
    assert!(repository.commit().status.success());
    repository.write("migrations/002_index.sql", "-- @up\nCREATE INDEX i ON users (age);\n-- @down\nDROP INDEX i;\n");
    let page = page();
    let lint = page.lines().find_map(|line| line.trim().strip_prefix("- run: rung lint ")).unwrap();
    let command = format!("rung lint {}", lint.replace("origin/${{ github.base_ref }}", "main"));
    let output = repository.run(&command);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
    assert!(said.starts_with("::error file=migrations/002_index.sql,line=2,"), "{said}");
}
