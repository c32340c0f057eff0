//! `rung wait`.

use crate::args::{Arguments, Wait};
use crate::config::Project;
use crate::exit::Exit;
use crate::render::{Failure, OK, Terminal, paint};

pub(crate) fn wait(arguments: &Arguments, wait: &Wait, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    terminal.live().begin("waiting for the database");
    let driver = rung::wait_for(&project.url, &project.connecting(), wait.timeout)?;
    terminal.live().end();
    terminal.say(format!("{} {} is there", paint(OK, "✓"), project.title(&*driver)));
    Ok(Exit::Done)
}
