//! Questions, and what becomes of the answers: somebody is at a terminal.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::fs;

use testkit::{Program, TestDb, for_each_major};

/// What came of `rung diff` between two pairs of columns that may be one another's new names: the old one and the new one that
/// are asked for, and the answer.
fn diff(dev_url: &str, answers: &[(&str, &str, &str)]) -> testkit::Run {
    let lines: Vec<String> = answers.iter().map(|(_, _, answer)| format!("{answer}\n")).collect();
    let answers = answers.iter().zip(&lines).map(|((old, new, _), line)| (*old, *new, line.as_str()));
    diff_with(dev_url, &answers.collect::<Vec<_>>())
}

/// The same, where each answer is the keys that are pressed.
fn diff_with(dev_url: &str, answers: &[(&str, &str, &str)]) -> testkit::Run {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("from.sql"), "CREATE TABLE users (id int PRIMARY KEY, mail text, phone text);").unwrap();
    fs::write(dir.path().join("to.sql"), "CREATE TABLE users (id int PRIMARY KEY, email text, fax text);").unwrap();
    let args = ["diff", "from.sql", "to.sql", "--up-only", "--dev-url", dev_url];
    let mut program = Program::rung().args(args).dir(dir.path()).at_terminal();
    for (old, new, answer) in answers {
        program.sees(&format!("? is it so that column {old} of ")).sees(&format!("users is now {new}? [y/N] "));
        program.types(answer);
    }
    program.wait()
}

/// On SQLite and on every chosen PostgreSQL: the URL, and how a name of the table is written there.
fn everywhere(test: impl Fn(&str, &str) + Sync) {
    test("sqlite::memory:", "users");
    for_each_major(|server| test(&TestDb::on(server).url(), "public.users"));
}

#[test]
fn two_renames_that_may_be_are_asked_for_one_by_one() {
    everywhere(|dev_url, users| {
        // What is one name can't be another, so there are two questions and not four.
        let run = diff(dev_url, &[("mail", "email", "n"), ("mail", "fax", "y"), ("phone", "email", "Yes")]);
        let run = run.succeeds();
        assert!(run.stdout.contains(&format!("ALTER TABLE {users} RENAME COLUMN mail TO fax;")), "{run}");
        assert!(run.stdout.contains(&format!("ALTER TABLE {users} RENAME COLUMN phone TO email;")), "{run}");
        assert!(!run.stdout.contains("DROP COLUMN"), "{run}");
    });
}

#[test]
fn what_is_no_answer_is_asked_again() {
    everywhere(|dev_url, users| {
        let run = diff(
            dev_url,
            &[("mail", "email", "1"), ("mail", "email", "yse"), ("mail", "email", "y"), ("phone", "fax", "n")],
        );
        let run = run.succeeds();
        assert!(run.stdout.contains(&format!("ALTER TABLE {users} RENAME COLUMN mail TO email;")), "{run}");
        assert_eq!(run.stdout.matches("that is neither yes nor no").count(), 2, "{run}");
    });
}

#[test]
fn the_end_of_the_input_is_no_answer() {
    everywhere(|dev_url, _| {
        // Ctrl-D.
        let run = diff_with(dev_url, &[("mail", "email", "n\n"), ("mail", "fax", "\u{4}")]).exits(1);
        assert!(run.stdout.contains("this may be another name, or a drop and something new"), "{run}");
        assert!(!run.stdout.contains("DROP COLUMN"), "{run}");
    });
}

#[test]
fn what_is_no_rename_is_dropped_and_made() {
    everywhere(|dev_url, users| {
        let answers = &[("mail", "email", ""), ("mail", "fax", "n"), ("phone", "email", "no"), ("phone", "fax", "N")];
        let run = diff(dev_url, answers).succeeds();
        for lost in ["mail", "phone"] {
            assert!(run.stdout.contains(&format!("ALTER TABLE {users} DROP COLUMN {lost};")), "{run}");
        }
        assert!(!run.stdout.contains("RENAME"), "{run}");
    });
}
