//! A program that carries its migrations with it, one of them a function:
//! `cargo run -p rung-migrate --example embedded -- sqlite:app.db`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use rung::{Embedded, Migrator, Session};

/// Compiled in; at run time no file is read.
static MIGRATIONS: Embedded = rung::embed!("examples/migrations");

/// Runs within its own transaction, together with the row that records it: an error takes back all of it.
fn invite_founders(session: &mut dyn Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for name in ["anna", "bert"] {
        session.execute(&format!("INSERT INTO users (email) VALUES ('{name}@example.org')"))?;
    }
    Ok(())
}

fn remove_founders(session: &mut dyn Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    session.execute("DELETE FROM users WHERE email IN ('anna@example.org', 'bert@example.org')")?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite::memory:".to_owned());
    let mut migrator = Migrator::embedded(MIGRATIONS)
        .code_with_down("003_invite_founders", invite_founders, remove_founders)
        .connect(&url)?;

    let report = migrator.up()?;
    println!("applied {}", report.steps.len());

    // A second time costs one query and finds nothing to do.
    assert!(migrator.up()?.steps.is_empty());

    let status = migrator.status()?;
    for row in status.history.done() {
        println!("{} at {}", row.id, row.applied_at);
    }
    Ok(())
}
