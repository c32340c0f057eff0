//! Stopping what runs, from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rung_engine::Interrupter;
use rusqlite::{Connection, InterruptHandle};

/// Asks a connection to stop. What runs is stopped; between two statements, and while another program is waited for,
/// there is nothing running to be stopped, so that the wish is kept until it is seen.
#[derive(Default)]
pub(crate) struct Stop {
    raised: AtomicBool,
    handle: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    /// The connection that it stops from now on.
    pub(crate) fn watch(&self, connection: &Connection) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.get_interrupt_handle());
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Whether it was asked for; it is answered with this.
    pub(crate) fn take(&self) -> bool {
        self.raised.swap(false, Ordering::AcqRel)
    }
}

impl Interrupter for Stop {
    fn interrupt(&self) {
        self.raised.store(true, Ordering::Release);
        if let Some(handle) = &*self.handle.lock().unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }
}
