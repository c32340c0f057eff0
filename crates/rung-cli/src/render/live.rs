//! The line at the bottom of a terminal that moves while something takes its time.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anstream::AutoStream;
use unicode_width::UnicodeWidthStr;

use super::text::{age, fit};
use super::{DIM, OK, paint};

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const TICK: Duration = Duration::from_millis(100);
/// What is over sooner is not worth a line that comes and goes.
const PATIENCE: Duration = Duration::from_millis(300);
const BAR: usize = 11;

/// The line; a still one draws nothing.
pub(crate) struct Live(Option<Arc<Mutex<State>>>);

#[derive(Default)]
struct State {
    work: Option<Work>,
    frame: usize,
    drawn: bool,
    ticking: bool,
}

struct Work {
    what: String,
    detail: String,
    /// Done, and all there is.
    progress: Option<(u64, u64)>,
    since: Instant,
}

impl Live {
    /// A line on a terminal.
    pub(crate) fn moving() -> Self {
        Self(Some(Arc::default()))
    }

    /// No line.
    pub(crate) fn still() -> Self {
        Self(None)
    }

    /// Whether there is a line to look at.
    pub(crate) fn moves(&self) -> bool {
        self.0.is_some()
    }

    /// Something is being worked on.
    pub(crate) fn begin(&self, what: &str) {
        let Some(shared) = &self.0 else { return };
        let mut state = lock(shared);
        state.work = Some(Work { what: what.to_owned(), detail: String::new(), progress: None, since: Instant::now() });
        if !std::mem::replace(&mut state.ticking, true) {
            let shared = Arc::clone(shared);
            thread::spawn(move || tick(&shared));
        }
    }

    /// How it stands with what is being worked on.
    pub(crate) fn detail(&self, detail: impl Into<String>, progress: Option<(u64, u64)>) {
        let Some(shared) = &self.0 else { return };
        if let Some(work) = &mut lock(shared).work {
            work.detail = detail.into();
            work.progress = progress.filter(|(_, all)| *all > 0);
        }
    }

    /// It is done, or failed: the line goes.
    pub(crate) fn end(&self) {
        self.around(|| {});
        if let Some(shared) = &self.0 {
            lock(shared).work = None;
        }
    }

    /// Prints something else, with the line out of the way.
    pub(crate) fn around(&self, print: impl FnOnce()) {
        let Some(shared) = &self.0 else { return print() };
        let mut state = lock(shared);
        if std::mem::take(&mut state.drawn) {
            write("\r\x1b[2K");
        }
        print();
    }
}

/// A thread that panicked while it drew has left nothing that could not be drawn over.
fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws until the program ends.
fn tick(shared: &Mutex<State>) -> ! {
    loop {
        thread::sleep(TICK);
        let mut state = lock(shared);
        state.frame = (state.frame + 1) % FRAMES.len();
        let Some(work) = state.work.as_ref().filter(|work| work.since.elapsed() >= PATIENCE) else { continue };
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(80, |size| usize::from(size.0.0));
        write(&format!("\r\x1b[2K{}", line(work, FRAMES[state.frame], columns)));
        state.drawn = true;
    }
}

fn line(work: &Work, frame: &str, columns: usize) -> String {
    let since = age(work.since.elapsed());
    let mut detail = work.detail.clone();
    if let Some((done, all)) = work.progress {
        let filled = usize::try_from(done.min(all) * BAR as u64 / all).unwrap_or(0);
        let (full, empty) = ("█".repeat(filled), "░".repeat(BAR - filled));
        detail = format!("{detail}   {full}{empty}  {} %", done.min(all) * 100 / all);
    }
    let rest = if detail.is_empty() { since } else { format!("{detail}   {since}") };
    // Two for the frame, three between, and one left free so that no terminal wraps.
    let room = columns.saturating_sub(6);
    let rest = fit(&rest, room - work.what.width().min(room / 2));
    let what = fit(&work.what, room - rest.width());
    format!("{} {what}   {}", paint(OK, frame), paint(DIM, rest))
}

fn write(text: &str) {
    let mut out = AutoStream::auto(io::stderr().lock());
    // A line that is only there to be looked at.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_never_wraps() {
        let work = |what: &str, detail: &str| Work {
            what: what.to_owned(),
            detail: detail.to_owned(),
            progress: Some((61, 100)),
            since: Instant::now(),
        };
        let plain = |work: &Work, columns| anstream::adapter::strip_str(&line(work, "⠋", columns)).to_string();
        assert_eq!(
            plain(&work("014_index_usage", "building index"), 80),
            "⠋ 014_index_usage   building index   ██████░░░░░  61 %   0 s"
        );
        for columns in [20, 40, 60, 80] {
            let long = work(&"x".repeat(70), "building index: scanning table of many rows");
            assert!(plain(&long, columns).chars().count() < columns, "{}", plain(&long, columns));
        }
    }
}
