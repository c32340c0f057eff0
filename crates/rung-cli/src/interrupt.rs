//! Ctrl-C: once to stop after the running migration, twice to cancel it, thrice to leave at once.

use rung::Migrator;

use crate::exit::Exit;
use crate::render::Terminal;

/// Catches interrupts from here on.
pub(crate) fn catch(migrator: &mut Migrator, terminal: &Terminal) {
    let interrupt = migrator.running().interrupt.clone();
    let interrupter = migrator.driver().interrupter();
    let terminal = terminal.clone();
    let handler = move || {
        // Nothing has begun while a question is open.
        if terminal.is_asking() {
            leave(&terminal);
        }
        match interrupt.raise() {
            1 => terminal.error("stopping after the running migration; once more cancels it and rolls it back"),
            2 => {
                terminal.error("cancelling");
                interrupter.interrupt();
            }
            // The server rolls back what it has of us once it sees that we are gone.
            _ => leave(&terminal),
        }
    };
    // Without a handler, the first Ctrl-C ends the process, which is safe too, only less kind.
    let _ = ctrlc::set_handler(handler);
}

fn leave(terminal: &Terminal) -> ! {
    terminal.live().end();
    terminal.error("");
    std::process::exit(Exit::Interrupted as i32);
}
