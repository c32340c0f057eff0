//! `rung current`.

use crate::args::Arguments;
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, Terminal};

pub(crate) fn current(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut driver = Project::resolve(arguments)?.connect_only()?;
    let history = driver.history()?;
    let newest = history.done().next_back();
    if terminal.is_json() {
        let current = newest.map(super::status::applied_json);
        terminal.json(&json::Current { version: json::VERSION, current });
        return Ok(Exit::Done);
    }
    match newest {
        Some(row) => terminal.show(&row.id),
        None => terminal.note("nothing is applied"),
    }
    Ok(Exit::Done)
}
