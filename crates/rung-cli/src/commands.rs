//! The commands, one file each.

mod adopt;
mod check;
mod convert;
mod current;
mod diff;
mod docs;
mod downs;
mod env;
mod graph;
mod health;
mod history;
mod init;
pub(crate) mod lint;
mod locks;
mod new;
mod origin;
mod output;
mod plan;
mod renumber;
mod reset;
mod run;
mod schema;
mod seed;
mod settle;
mod shell;
mod squash;
mod status;
mod types;
mod verify;
mod wait;

use rung::Migrator;

use crate::args::{Arguments, Command};
use crate::exit::Exit;
use crate::render::{Failure, Terminal, render};

/// Runs a command.
///
/// # Errors
/// Why it was not done, ready to be shown.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Init => init::init(arguments, terminal),
        Command::New(new) => new::new(arguments, new, terminal),
        Command::Renumber(renumber) => renumber::renumber(arguments, renumber, terminal),
        Command::Squash(squash) => squash::squash(arguments, squash, terminal),
        Command::Status(status) => status::status(arguments, status, terminal),
        Command::Plan(plan) => plan::plan(arguments, plan, terminal),
        Command::Lint(lint) => lint::lint(arguments, lint, terminal),
        Command::Lsp(lsp) => crate::lsp::lsp(arguments, lsp),
        Command::Check(check) => check::check(arguments, check, terminal),
        Command::History(history) => history::history(arguments, history, terminal),
        Command::Current => current::current(arguments, terminal),
        Command::Inspect(inspect) => schema::inspect(arguments, inspect, terminal),
        Command::Diff(diff) => diff::diff(arguments, diff, terminal),
        Command::Dump(dump) => schema::dump(arguments, dump, terminal),
        Command::Verify(verify) => verify::verify(arguments, verify, terminal),
        Command::Health(health) => health::health(arguments, health, terminal),
        Command::Docs(docs) => docs::docs(arguments, docs, terminal),
        Command::Graph(graph) => graph::graph(arguments, graph, terminal),
        Command::Types(types) => types::types(arguments, types, terminal),
        Command::Up(up) => run::up(arguments, up, terminal),
        Command::Down(down) => run::down(arguments, down, terminal),
        Command::Redo(redo) => run::redo(arguments, redo, terminal),
        Command::Seed(seed) => seed::seed(arguments, seed, terminal),
        Command::Reset(reset) => reset::reset(arguments, reset, terminal),
        Command::Stamp(stamp) => settle::stamp(arguments, stamp, terminal),
        Command::Adopt(adopt) => adopt::adopt(arguments, adopt, terminal),
        Command::Convert(convert) => convert::convert(arguments, convert, terminal),
        Command::Resolve(resolve) => settle::resolve(arguments, resolve, terminal),
        Command::Tag(tag) => settle::tag(arguments, tag, terminal),
        Command::Env(env) => env::env(arguments, env, terminal),
        Command::Wait(wait) => wait::wait(arguments, wait, terminal),
        Command::Locks(locks) => locks::locks(arguments, locks, terminal),
        Command::Completions(completions) => shell::completions(completions, terminal),
        Command::Man(man) => shell::man(man, terminal),
    }
}

/// Refuses to print SQL where JSON is asked for: whoever reads it could read neither.
///
/// # Errors
/// Both are asked for.
fn not_json(terminal: &Terminal, sql: &str) -> Result<(), Failure> {
    if terminal.is_json() {
        return Err(Failure::usage(format!("{sql} prints SQL, and --json asks for JSON"), "leave one of them out"));
    }
    Ok(())
}

/// Shows what the reader of the files has to say.
fn warn(migrator: &Migrator, terminal: &Terminal) {
    for warning in &migrator.set().warnings {
        terminal.note(render(warning));
    }
}
