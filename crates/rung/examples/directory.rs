//! Applies the migrations of a directory, and tells of each as it is done:
//! `cargo run -p rung-migrate --example directory -- sqlite:app.db migrations`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use rung::{Event, Goal, Migrator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite::memory:".to_owned());
    let dir =
        arguments.next().unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/examples/migrations").to_owned());

    let mut migrator = Migrator::from_dir(dir).connect(&url)?;
    let mut approve = |_: &mut dyn rung::Driver, plan: &rung::Plan| {
        println!("{} to run", plan.steps.len());
        Ok(true)
    };
    let report = migrator.run_with(&Goal::Latest, &mut approve, &mut |event| {
        if let Event::StepDone { step, took } = event {
            println!("{} {took:?}", step.id);
        }
    })?;
    println!("applied {} in {:?}", report.steps.len(), report.took);
    Ok(())
}
