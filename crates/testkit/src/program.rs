//! Running programs, `rung` above all, as a user would: a clean environment, a limit, and all output kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::install::workspace_root;
use crate::process::{send_signal, signal_group};

/// The built `rung` binary: what `RUNG_BIN` names, what cargo built for this test, or what lies beside it in the target
/// directory; built where there is none yet.
///
/// A test outside of `rung-cli` does not make cargo build the binary anew: `cargo xtask test` and `cargo test
/// --workspace` do.
///
/// # Panics
/// Where it cannot be built.
#[must_use]
#[track_caller]
pub fn rung_bin() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let named = ["RUNG_BIN", "CARGO_BIN_EXE_rung", "NEXTEST_BIN_EXE_rung"];
        if let Some(path) = named.iter().find_map(env::var_os) {
            return path.into();
        }
        let test = env::current_exe().expect("a process knows its program");
        // target/PROFILE/deps/TEST-HASH, or target/PROFILE/xtask
        let profile = test.parent().map(|dir| if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir });
        let profile = profile.expect("a program lies in a directory");
        let binary = profile.join("rung");
        if !binary.is_file() {
            build_rung(profile);
        }
        binary
    })
}

fn build_rung(profile: &Path) {
    // Cargo's own lock makes the other tests wait, and find the work done.
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "rungdb", "--bin", "rung"]).current_dir(workspace_root());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = profile.parent() {
        build.arg("--target-dir").arg(target);
    }
    let status = build.status().expect("cargo can be run");
    assert!(status.success(), "cargo build -p rungdb failed");
}

/// A program to run, with arguments and surroundings.
///
/// Its environment is that of the test without `PG*`, `RUNG_*`, `DATABASE_URL` and everything about colour; HOME is an
/// empty directory, and so is the working directory unless [`Program::dir`] says otherwise. Standard input is empty.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    stdin: Vec<u8>,
    limit: Duration,
}

impl Program {
    /// `rung`.
    ///
    /// # Panics
    /// Where it cannot be built.
    #[must_use]
    #[track_caller]
    pub fn rung() -> Self {
        Program::new(rung_bin())
    }

    /// Any program, by path or by its name on PATH.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Program {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
            stdin: Vec::new(),
            limit: Duration::from_secs(60),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it in this directory.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Gives it this to read.
    #[must_use]
    pub fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        self.stdin = input.as_ref().to_owned();
        self
    }

    /// Kills it after this time, 60 seconds otherwise, and fails the test.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// Where it cannot be started, or takes longer than its limit.
    #[track_caller]
    pub fn run(self) -> Run {
        self.spawn().wait()
    }

    /// Starts it.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let input = std::mem::take(&mut self.stdin);
        let mut running = self.spawn_on(Stdio::piped(), Stdio::piped(), Stdio::piped());
        let child = &mut running.child;
        let mut stdin = child.stdin.take().expect("it was piped");
        // A program may well end without reading all of it.
        thread::spawn(move || stdin.write_all(&input));
        running.stdout = Some(collect(child.stdout.take().expect("it was piped")));
        running.stderr = Some(collect(child.stderr.take().expect("it was piped")));
        running
    }

    /// Starts it with these to read from and to write to; what it writes is collected by nobody.
    #[track_caller]
    pub(crate) fn spawn_on(self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Running {
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        let dir = self.dir.clone().unwrap_or_else(|| home.path().join("work"));
        fs::create_dir_all(&dir).expect("a working directory can be made");
        let mut command = Command::new(&self.path);
        command.args(&self.args).current_dir(dir);
        clean_environment(&mut command, home.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        // A group of its own, so that a signal can reach what it started as well.
        command.process_group(0);
        let line = self.line();
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {line}: {error}"));
        let (stdout, stderr) = (None, None);
        Running { line, child, stdout, stderr, started: Instant::now(), limit: self.limit, _home: home }
    }

    fn line(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let args = self.args.iter().map(|arg| arg.to_string_lossy().into_owned());
        std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
    }
}

fn clean_environment(command: &mut Command, home: &Path) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let led_by = ["PG", "RUNG_", "CARGO", "NEXTEST", "RUST_", "CLICOLOR", "XDG_"];
        if led_by.iter().any(|start| text.starts_with(start))
            || ["DATABASE_URL", "NO_COLOR", "TERM", "CI"].contains(&&*text)
        {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        // What was read before an error is what there is.
        let _ = from.read_to_end(&mut all);
        all
    })
}

/// A program that runs. Killed when dropped, with all that it started.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    started: Instant,
    limit: Duration,
    _home: TempDir,
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Sends it a signal: `INT`, `TERM`, `STOP`, ...
    ///
    /// # Panics
    /// Where it has ended already.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal).unwrap_or_else(|error| panic!("{}: {error}", self.line));
    }

    /// Ends it with kill -9, and what it started too, and returns what it had put out. It may have ended by itself.
    #[track_caller]
    pub fn kill(mut self) -> Run {
        self.kill_group();
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it takes longer than its limit, counted from its start.
    #[track_caller]
    pub fn wait(mut self) -> Run {
        let mut pause = Duration::from_micros(500);
        let mut peak_memory = 0;
        let status = loop {
            peak_memory = peak_memory.max(peak_memory_of(self.child.id()));
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break Some(status);
            }
            if self.started.elapsed() > self.limit {
                self.kill_group();
                break None;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        };
        let took = self.started.elapsed();
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let Some(status) = status else { panic!("{} took more than {:?}\n{stdout}{stderr}", self.line, self.limit) };
        Run { line: self.line.clone(), stdout, stderr, code: status.code(), signal: status.signal(), took, peak_memory }
    }

    fn kill_group(&mut self) {
        // The program itself at once, at the very moment that the test chose.
        let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
        let _ = self.child.kill();
        if !ended {
            let _ = signal_group(self.child.id(), "KILL");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
        let _ = self.child.wait();
    }
}

/// The highest resident set of a running process. (Linux, proc_pid_status(5): `VmHWM`, in kB)
fn peak_memory_of(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn text(collected: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = collected.and_then(|collected| collected.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a program did.
#[derive(Debug, Clone)]
pub struct Run {
    line: String,
    /// What it wrote to standard output; other bytes than UTF-8 as U+FFFD.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// How long it took.
    pub took: Duration,
    /// The most memory that it had at once, in bytes, but for what it took in its last five milliseconds; 0 where the
    /// system does not tell, or it was gone too soon.
    pub peak_memory: u64,
}

impl Run {
    /// Checks that it exited with this code, and returns it.
    ///
    /// # Panics
    /// Where it did not; the message has all its output.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit {code}\n{self}");
        self
    }

    /// Checks that it succeeded, and returns it.
    ///
    /// # Panics
    /// Where it did not; the message has all its output.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.exits(0)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match (self.code, self.signal) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no end".to_owned(),
        };
        write!(f, "$ {}\n{}{}({end}, {:?})", self.line, self.stdout, self.stderr, self.took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Program {
        Program::new("sh").args(["-c", script])
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let run = sh("cat; echo oops >&2; exit 4").stdin("hello\n").run().exits(4);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("hello\n", "oops\n"));
        assert_eq!(format!("{run}").lines().next(), Some("$ sh -c cat; echo oops >&2; exit 4"));
    }

    #[test]
    fn the_environment_is_clean() {
        // Cargo sets these for every test.
        assert!(env::var_os("CARGO_MANIFEST_DIR").is_some());
        let run = sh("env; pwd; ls -A \"$HOME\"").env("GREETING", "hi").run().succeeds();
        assert!(run.stdout.contains("GREETING=hi\n"));
        assert!(!run.stdout.contains("CARGO_"), "{run}");
        assert!(run.stdout.contains("HOME=/"), "{run}");
        assert!(run.stdout.ends_with("/work\nwork\n"), "{run}");
    }

    #[test]
    fn a_program_can_be_signalled_and_killed() {
        let run = sh("sleep 30").spawn().kill();
        assert_eq!((run.code, run.signal), (None, Some(9)));
        let running = sh("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done").spawn();
        thread::sleep(Duration::from_millis(200));
        running.signal("TERM");
        running.wait().exits(7);
    }

    #[test]
    #[should_panic(expected = "took more than 100ms\nup\n")]
    fn a_program_that_hangs_fails_the_test() {
        sh("echo up; exec sleep 30").limit(Duration::from_millis(100)).run();
    }

    #[test]
    #[should_panic(expected = "expected exit 0\n$ sh -c exit 3")]
    fn a_failure_shows_the_command() {
        sh("exit 3").run().succeeds();
    }
}
