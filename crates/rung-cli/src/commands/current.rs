//! `rung current`.

use std::borrow::Cow;

use crate::args::Arguments;
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, Terminal};

pub(crate) fn current(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut driver = project.connect_only()?;
    let history = driver.history()?;
    // What is applied is called what its file is called now; files that can't be read do not keep anybody from asking.
    let files = project.builder().ok().and_then(|builder| builder.load(driver.dialect_of()).ok());
    let history = match &files {
        Some(set) => rung::engine::renamed(set, &history).0,
        None => Cow::Borrowed(&history),
    };
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
