//! `rung completions` and `rung man`.

use clap::CommandFactory;

use crate::args::{Arguments, Completions, Man};
use crate::exit::Exit;
use crate::render::{Failure, Terminal};

pub(crate) fn completions(completions: &Completions, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), "rung", &mut text);
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

pub(crate) fn man(man: &Man, terminal: &Terminal) -> Result<Exit, Failure> {
    // `rung-help(1)` would be a page that says nothing.
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    if let Some(name) = &man.command {
        command = command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("there is no command {name}"), "`rung --help` lists all commands"))?;
    }
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut text);
    rendered.map_err(|error| Failure::new(Exit::Failed, format!("the manual page can't be written: {error}"), ""))?;
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
