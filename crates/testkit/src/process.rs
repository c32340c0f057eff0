//! Small things about processes and time.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// Sends a signal (`INT`, `KILL`, ...) to a process.
pub(crate) fn send_signal(pid: u32, signal: &str) -> Result<()> {
    kill(signal, &pid.to_string())
}

/// Sends a signal to all processes of a group.
pub(crate) fn signal_group(leader: u32, signal: &str) -> Result<()> {
    kill(signal, &format!("-{leader}"))
}

fn kill(signal: &str, pid: &str) -> Result<()> {
    let script = format!("kill -{signal} {pid}");
    let shell = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
    let status = shell.map_err(Error::cannot("run sh"))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("cannot send SIG{signal} to process {pid}"))) }
}

/// How many processes have their working directory there.
pub(crate) fn count_working_in(dir: &Path) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == dir)).count()
}

/// Asks every few milliseconds; false when the time is up.
pub(crate) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A number for names that must not have been used before.
pub(crate) fn moment() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
