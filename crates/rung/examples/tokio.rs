//! An async program that migrates as it starts: `cargo run -p rung-migrate --features tokio --example tokio`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use rung::{Embedded, Interrupt, Migrator};

static MIGRATIONS: Embedded = rung::embed!("examples/migrations");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite::memory:".to_owned());

    // Whoever raises this, a signal handler for one, stops the run after the migration that is running.
    let interrupt = Interrupt::default();
    let ours = interrupt.clone();
    let builder = Migrator::embedded(MIGRATIONS).running(move |running| running.interrupt = ours);

    // The blocking work is done on a thread for it; this one stays free meanwhile.
    let (applied, current) = rung::tokio::with(builder, url, |migrator| {
        let report = migrator.up()?;
        let current = migrator.status()?.current().map(|row| row.id.clone());
        Ok((report.steps.len(), current))
    })
    .await?;
    println!("applied {applied}, now at {}", current.unwrap_or_default());
    Ok(())
}
