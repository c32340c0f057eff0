//! A program at a terminal: what it shows there, and what somebody types.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::{Program, Run, Running};

/// A program that has a terminal for all that it reads and writes. Killed when dropped.
#[derive(Debug)]
pub struct AtTerminal {
    running: Running,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    /// How much of the screen has been looked at.
    seen: usize,
}

impl Program {
    /// Starts it at a terminal of its own.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn at_terminal(self) -> AtTerminal {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).expect("the terminal is ours");
        let name = ptsname(&keyboard, Vec::new()).expect("the terminal has a name");
        let path = OsStr::from_bytes(name.as_bytes());
        let terminal = File::options().read(true).write(true).open(path).expect("the terminal can be opened");
        let end = || Stdio::from(terminal.try_clone().expect("a file can be opened twice"));
        let running = self.spawn_on(end(), end(), end());
        drop(terminal);
        let keyboard = File::from(keyboard);
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut from, shown) = (keyboard.try_clone().expect("a file can be opened twice"), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // With the program's end comes an error (EIO, on Linux) or nothing.
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                lock(&shown).push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        AtTerminal { running, keyboard, screen, seen: 0 }
    }
}

impl AtTerminal {
    /// Waits until this stands behind what was seen before.
    ///
    /// # Panics
    /// Where it does not within half a minute.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let began = Instant::now();
        loop {
            let screen = lock(&self.screen).clone();
            if let Some(at) = screen[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "there is no {text:?} behind {} in\n{screen}",
                self.seen
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types something.
    ///
    /// # Panics
    /// Where nobody reads it.
    #[track_caller]
    pub fn types(&mut self, text: &str) -> &mut Self {
        self.keyboard.write_all(text.as_bytes()).expect("a terminal takes what is typed");
        self
    }

    /// Waits for the end; all that was on the screen is in `stdout`.
    ///
    /// # Panics
    /// Where it takes longer than its limit.
    #[track_caller]
    pub fn wait(self) -> Run {
        let mut run = self.running.wait();
        // What it wrote last may be on its way.
        thread::sleep(Duration::from_millis(20));
        run.stdout = lock(&self.screen).replace("\r\n", "\n");
        run
    }
}

fn lock(screen: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_at_a_terminal_can_be_answered() {
        let ask = "test -t 0 && test -t 1 && test -t 2 || exit 9; printf 'who? '; read -r name; echo \"hello $name\"";
        let mut shell = Program::new("sh").args(["-c", ask]).at_terminal();
        shell.sees("who? ").types("anna\n").sees("hello anna");
        let run = shell.wait().succeeds();
        assert_eq!(run.stdout, "who? anna\nhello anna\n");
    }
}
