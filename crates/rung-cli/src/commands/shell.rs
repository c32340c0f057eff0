//! `rung completions` and `rung man`.

use clap::CommandFactory;

use crate::args::{Arguments, Completions};
use crate::exit::Exit;
use crate::render::{Failure, Terminal};

pub(crate) fn completions(completions: &Completions, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), "rung", &mut text);
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

pub(crate) fn man(terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut text);
    rendered.map_err(|error| Failure::new(Exit::Failed, format!("the manual page can't be written: {error}"), ""))?;
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
