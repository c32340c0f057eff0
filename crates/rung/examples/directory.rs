//! Applies the migrations of a directory: `cargo run --example directory -- sqlite:app.db migrations`.

use rung::{Event, Goal, Migrator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite::memory:".to_owned());
    let dir = arguments.next().unwrap_or_else(|| "examples/iops/migrations".to_owned());
    let mut out = std::io::stdout().lock();
    let mut migrator = Migrator::from_dir(dir).connect(&url)?;
    let report = migrator.run_with(&Goal::Latest, &mut |_, _| Ok(true), &mut |event| {
        if let Event::StepDone { step, took } = event {
            // A closed pipe is no reason to stop migrating.
            let _ = std::io::Write::write_fmt(&mut out, format_args!("{} {took:?}\n", step.id));
        }
    })?;
    std::io::Write::write_fmt(&mut out, format_args!("applied {} migrations\n", report.steps.len()))?;
    Ok(())
}
