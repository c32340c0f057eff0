//! `rung seed`.

use rung::engine::SeedChoice;

use crate::args::{Arguments, Seed};
use crate::config::Project;
use crate::exit::Exit;
use crate::interrupt;
use crate::json;
use crate::prompt;
use crate::render::{Failure, Names, OK, Terminal, count, paint, took};

pub(crate) fn seed(arguments: &Arguments, seed: &Seed, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let named = project.files.config.seeds.dir.as_deref();
    let dir = seed.from.clone().unwrap_or_else(|| project.files.path(named.unwrap_or("seeds")));
    let mut migrator = project.connect()?;
    let own = if seed.from.is_none() && named.is_none() { migrator.load_own_seeds()? } else { None };
    let seeds = match own {
        Some(seeds) => seeds,
        None => migrator.load_seeds(&dir)?,
    };
    let title = project.title(migrator.driver());
    if let Some(why) = project.caution(migrator.driver()) {
        prompt::require(terminal, &format!("{why}. Run seed files?"), &why, "run")?;
    }
    interrupt::catch(&mut migrator, terminal);
    terminal.live().begin("seeding");
    let choice = if seed.all { SeedChoice::All } else { SeedChoice::Changed };
    let report = migrator.seed(&seeds, choice).map_err(|error| match error {
        rung::Error::Run(error) => Failure::of_run(error, Some("rung seed")),
        other => other.into(),
    })?;
    terminal.live().end();
    let names = Names::new(report.steps.iter().map(|step| step.id.as_str()), terminal.columns(), 16);
    for step in &report.steps {
        terminal.say(format!("{} {}  {:>8}", paint(OK, "✓"), names.cell(&step.id), took(step.took)));
    }
    if terminal.is_json() {
        terminal.json(&json::Report::from(&report));
    }
    match report.steps.len() {
        0 if seeds.is_empty() => match migrator.set().format {
            Some(tool) if migrator.set().seeds.is_some() => {
                terminal.say(format!("nothing to do: {tool} has no seed files here"));
            }
            _ => terminal.say(format!("nothing to do: there are no seed files in {}", dir.display())),
        },
        0 => terminal.say(format!("nothing to do: {} unchanged", count(seeds.len(), "seed file"))),
        run => terminal.say(format!("ran {} on {title} in {}", count(run, "seed file"), took(report.took))),
    }
    Ok(Exit::Done)
}
