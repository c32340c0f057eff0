//! Linting, beside other linters.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Error, Result, install};

use super::compare::{Comparison, Contender, Limit, compare};
use super::generate::write;
use super::measure::{Sample, measure};
use super::{Bench, Case};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "lint",
        about: "5,000 migrations linted, as JSON and as text, beside squawk and eugene where they are on PATH",
        rounds: 5,
        run: many,
        limits: &[
            Limit::Ratio { of: "rung json", to: "squawk json", at_most: 1.0 },
            Limit::Ratio { of: "rung", to: "squawk", at_most: 1.0 },
        ],
    },
    Case {
        name: "lint-large",
        about: "one migration of 25 and of 50 MB linted: twice as much takes twice as long",
        rounds: 1,
        run: large,
        limits: &[
            Limit::Wall { of: "rung", at_most: Duration::from_secs(60) },
            Limit::Ratio { of: "rung", to: "rung half", at_most: 2.5 },
            Limit::Memory { of: "rung", megabytes: 4_000 },
        ],
    },
];

fn many(bench: &Bench) -> Result<Comparison> {
    let files = directory()?;
    for number in 1..=bench.count(5_000) {
        write(&files.path().join(format!("migrations/{number:05}_change.sql")), &migration(number))?;
    }
    let dir = files.path();
    let mut contenders = vec![rung(bench, dir, "rung json", "json"), rung(bench, dir, "rung", "text")];
    let tools = [
        ("squawk json", "squawk", "--reporter json migrations/*.sql"),
        ("squawk", "squawk", "migrations/*.sql"),
        ("eugene json", "eugene", "lint --format json migrations"),
    ];
    for (name, program, args) in tools {
        let Some(program) = install::on_path(program).next() else { continue };
        contenders.push(Contender::new(name, move || shell(&program, args, dir)));
    }
    compare(contenders, bench.rounds)
}

fn rung<'a>(bench: &'a Bench, dir: &'a Path, name: &'static str, format: &'static str) -> Contender<'a> {
    let args = ["lint", "migrations", "--dialect", "postgres", "--deny", "never", "--format", format];
    Contender::new(name, move || measure(&bench.rung, &args, dir))
}

/// Runs a linter that fails where it finds something.
fn shell(program: &Path, args: &str, dir: &Path) -> Result<Sample> {
    let line = format!("{} {args} || true", program.display());
    measure(&PathBuf::from("/bin/sh"), &["-c", &line], dir)
}

fn directory() -> Result<TempDir> {
    tempfile::tempdir().map_err(Error::cannot("make a temporary directory"))
}

fn large(bench: &Bench) -> Result<Comparison> {
    const BYTES: usize = 50_000_000;
    let mut dirs = Vec::new();
    for bytes in [BYTES / 2, BYTES] {
        let (mut up, mut down, mut length) = (String::with_capacity(bytes), Vec::new(), 0);
        for number in 1.. {
            let text = migration(number);
            let (forward, back) = text.split_once("-- @down\n").unwrap_or((&text, ""));
            up.push_str(forward);
            down.push(back.to_owned());
            length += text.len();
            if length >= bytes / bench.scale {
                break;
            }
        }
        down.reverse();
        let files = directory()?;
        let text = format!("-- @up\n{up}-- @down\n{}", down.concat());
        write(&files.path().join("migrations/1_large.sql"), &text)?;
        dirs.push(files);
    }
    let names = ["rung half", "rung"];
    let contenders = names.iter().zip(&dirs).map(|(name, files)| rung(bench, files.path(), name, "json"));
    compare(contenders.collect(), bench.rounds)
}

/// A migration as people write them: on tables of its own, and on those of others.
fn migration(number: usize) -> String {
    let own = format!("t{number}");
    // Another one, the same each time.
    let other = format!("t{}", number * 7919 % number.saturating_sub(1).max(1) + 1);
    let body = match number % 5 {
        0 | 1 => format!(
            "CREATE TABLE {own} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    owner_id bigint NOT NULL \
             REFERENCES {other} (id),\n    name text NOT NULL,\n    email varchar(255),\n    created_at timestamptz NOT \
             NULL DEFAULT now(),\n    CONSTRAINT {own}_name CHECK (length(name) > 0)\n);\nCREATE INDEX {own}_owner ON \
             {own} (owner_id);\nCOMMENT ON TABLE {own} IS 'table {number}';\n"
        ),
        2 => format!(
            "CREATE TABLE {own} (id bigint PRIMARY KEY);\nALTER TABLE {other} ADD COLUMN c{number} text;\nCREATE INDEX \
             {own}_c ON {other} (c{number});\n"
        ),
        3 => format!(
            "CREATE TABLE {own} (id bigint PRIMARY KEY);\nALTER TABLE {other} ADD CONSTRAINT {own}_fk FOREIGN KEY (id) \
             REFERENCES {own} (id);\nUPDATE {other} SET id = id WHERE id > {number};\n"
        ),
        _ => format!(
            "CREATE TABLE {own} (id bigint PRIMARY KEY);\nALTER TABLE {other} ALTER COLUMN id SET NOT NULL;\nCREATE \
             FUNCTION f{number}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.id = NEW.id;\n  RETURN NEW;\nEND \
             $$;\nCREATE TRIGGER g{number} BEFORE UPDATE ON {other} FOR EACH ROW EXECUTE FUNCTION f{number}();\n"
        ),
    };
    format!("{body}-- @down\nDROP TABLE {own};\n")
}
