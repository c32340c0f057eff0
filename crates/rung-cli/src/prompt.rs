//! Questions before something is written that should be thought about twice.

use crate::exit::Exit;
use crate::render::{Failure, Terminal};

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Nobody was there.
    None,
}

pub(crate) fn ask(terminal: &Terminal, question: &str) -> Answer {
    match terminal.confirm(question) {
        Some(true) => Answer::Yes,
        Some(false) => Answer::No,
        None => Answer::None,
    }
}

/// Goes on only where the answer is yes; `done` is what has not happened, e.g. `run`.
///
/// # Errors
/// The answer was no, or nobody was there to give one.
pub(crate) fn require(terminal: &Terminal, question: &str, why: &str, done: &str) -> Result<(), Failure> {
    match ask(terminal, question) {
        Answer::Yes => Ok(()),
        Answer::No => Err(Failure::new(Exit::Failed, format!("not approved: nothing was {done}"), "")),
        Answer::None => Err(nobody(why, done)),
    }
}

/// The refusal where nobody is there to be asked.
pub(crate) fn nobody(why: &str, done: &str) -> Failure {
    Failure::usage(format!("{why}, and nobody is there to be asked; nothing was {done}"), "add --yes if that is meant")
}
