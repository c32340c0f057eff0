//! Ctrl-C, and being asked to end. In a run: once to stop after the running migration, twice to cancel it, thrice to leave
//! at once. Elsewhere: to leave, once scratch databases are dropped.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rung::Migrator;
use rung::engine::Clearing;

use crate::exit::Exit;
use crate::render::Terminal;

/// What is to be done when an interrupt comes: a process has one handler for all.
struct State {
    /// What a run does with it.
    run: Option<Box<dyn FnMut() -> Then + Send>>,
    /// What is done before we leave.
    clearings: Vec<Clearing>,
}

/// What follows upon an interrupt.
enum Then {
    Stay,
    Leave,
}

static STATE: Mutex<State> = Mutex::new(State { run: None, clearings: Vec::new() });

/// Whether the process is about to end.
static LEAVING: AtomicBool = AtomicBool::new(false);

/// Has a run answer interrupts from here on.
pub(crate) fn catch(migrator: &mut Migrator, terminal: &Terminal) {
    let interrupt = migrator.running().interrupt.clone();
    let interrupter = migrator.driver().interrupter();
    let terminal = terminal.clone();
    let run = move || {
        // Nothing has begun while a question is open.
        if terminal.is_asking() {
            terminal.live().end();
            return Then::Leave;
        }
        match interrupt.raise() {
            1 => terminal.error("stopping after the running migration; once more cancels it and rolls it back"),
            2 => {
                terminal.error("cancelling");
                interrupter.interrupt();
            }
            // The server rolls back what it has of us once it sees that we are gone.
            _ => {
                terminal.live().end();
                return Then::Leave;
            }
        }
        Then::Stay
    };
    state().run = Some(Box::new(run));
    listen();
}

/// Has scratch databases dropped before the process ends of an interrupt.
pub(crate) fn clear_first(clearing: Clearing) {
    state().clearings.push(clearing);
    listen();
}

/// Waits for the end, where it is near: what fails while scratch databases go is nothing to tell.
pub(crate) fn end_if_leaving() {
    while LEAVING.load(Ordering::SeqCst) {
        thread::park();
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen() {
    // There may be a handler already: it is this one. Without any, the first Ctrl-C ends the process, which is safe too, only
    // less kind.
    let _ = ctrlc::set_handler(answer);
}

fn answer() {
    if LEAVING.load(Ordering::SeqCst) {
        // Whoever does not want to wait for what is cleared away leaves it to the next run.
        process::exit(Exit::Interrupted as i32);
    }
    let then = state().run.as_mut().map_or(Then::Leave, |run| run());
    if matches!(then, Then::Leave) {
        LEAVING.store(true, Ordering::SeqCst);
        // Not here, where the next interrupt is heard.
        thread::spawn(|| {
            anstream::eprintln!();
            for clear in state().clearings.drain(..) {
                clear();
            }
            process::exit(Exit::Interrupted as i32);
        });
    }
}
