//! Where documents go: to standard output, into a file, or against the file that is there.

use std::fs;
use std::path::Path;

use crate::changes::replace;
use crate::exit::Exit;
use crate::render::{Failure, Terminal};

/// What becomes of a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Destination<'a> {
    /// It is printed.
    Screen,
    /// It is put into a file.
    File(&'a Path),
    /// It must be what a file has.
    Against(&'a Path),
}

impl<'a> Destination<'a> {
    /// What `-o FILE` and `--check` ask for.
    ///
    /// # Errors
    /// `--check` without a file.
    pub(super) fn of(file: Option<&'a Path>, check: bool) -> Result<Self, Failure> {
        match (file, check) {
            (None, false) => Ok(Self::Screen),
            (Some(file), false) => Ok(Self::File(file)),
            (Some(file), true) => Ok(Self::Against(file)),
            (None, true) => {
                Err(Failure::usage("--check compares with a file", "name it with -o FILE, or in rung.toml"))
            }
        }
    }

    /// Brings a document there. `of` is what has it or makes it, in words, `command` what writes the file anew.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn take(self, text: &str, of: &str, command: &str, terminal: &Terminal) -> Result<Exit, Failure> {
        match self {
            Self::Screen => terminal.data(text),
            Self::File(file) => keep(file, text, terminal)?,
            Self::Against(file) => {
                if fs::read_to_string(file).is_ok_and(|there| there == text) {
                    terminal.say(format!("{} is what {of}", file.display()));
                } else {
                    terminal.error(&format!("{} is not what {of}", file.display()));
                    terminal.error(&format!("next: {command}"));
                    return Ok(Exit::Drift);
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// Puts a text into a file, unless it is there already; a reader sees the old one or the new one.
///
/// # Errors
/// The file can't be written.
pub(super) fn keep(file: &Path, text: &str, terminal: &Terminal) -> Result<(), Failure> {
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    replace(file, text)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", file.display()), "name another file"))?;
    terminal.say(format!("wrote {}", file.display()));
    Ok(())
}
