//! The commands.

mod check;
mod init;
mod misc;
mod new;
mod plan;
mod renumber;
mod run;
mod settle;
mod status;

use crate::args::{Arguments, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Runs a command.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Init => init::init(terminal),
        Command::New(new) => new::new(arguments, new, terminal),
        Command::Status(status) => status::status(arguments, status, terminal),
        Command::Current => status::current(arguments, terminal),
        Command::History(history) => status::history(arguments, history, terminal),
        Command::Plan(plan) => plan::plan(arguments, plan, terminal),
        Command::Up(up) => run::up(arguments, up, terminal),
        Command::Down(down) => run::down(arguments, down, terminal),
        Command::Redo(redo) => run::redo(arguments, redo, terminal),
        Command::Stamp(stamp) => settle::stamp(arguments, stamp, terminal),
        Command::Resolve(resolve) => settle::resolve(arguments, resolve, terminal),
        Command::Tag(tag) => settle::tag(arguments, tag, terminal),
        Command::Renumber(renumber) => renumber::renumber(arguments, renumber, terminal),
        Command::Check => check::check(arguments, terminal),
        Command::Wait(wait) => misc::wait(arguments, wait, terminal),
        Command::Env => misc::env(arguments, terminal),
        Command::Reset(reset) => run::reset(arguments, reset, terminal),
        Command::Locks(locks) => misc::locks(arguments, locks, terminal),
        Command::Seed(seed) => run::seed(arguments, seed, terminal),
        Command::Completions { shell } => misc::completions(*shell, terminal),
        Command::Man => misc::man(terminal),
        Command::Reference => {
            terminal.data(&crate::reference());
            Ok(Exit::Done)
        }
    }
}
