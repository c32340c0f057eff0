//! What a program costs: time, processor time, memory.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use testkit::{Error, Result};

/// What one run of a program has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    /// User and system time of the program and all that it waited for; a server's is not in it.
    pub(crate) cpu: Duration,
    /// Peak resident memory in bytes.
    pub(crate) memory: u64,
    /// Bursts of data from the client, where a proxy counted them.
    pub(crate) bursts: Option<u64>,
}

/// Runs a program to its end; its output goes nowhere, unless it fails.
///
/// # Errors
/// Where it cannot be run, or fails.
pub(crate) fn measure(program: &Path, args: &[&str], dir: &Path) -> Result<Sample> {
    measure_from(program, args, dir, Path::new("/dev/null"))
}

/// As [`measure`], with a file as standard input.
pub(crate) fn measure_from(program: &Path, args: &[&str], dir: &Path, stdin: &Path) -> Result<Sample> {
    // The peak memory of a child counts from its fork, when it was still this process. A small process of its own does
    // the measuring, so that what is reported is the program's.
    let report = tempfile(dir);
    let myself = std::env::current_exe().map_err(Error::cannot("find this program"))?;
    let mut command = Command::new(myself);
    command.arg("measure").arg(&report).arg(program).args(args).current_dir(dir);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["PG", "RUNG_", "CARGO"].iter().any(|start| text.starts_with(start)) || text == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    let input = fs::File::open(stdin).map_err(Error::cannot(format!("read {}", stdin.display())))?;
    let output = command.stdin(input).output().map_err(Error::cannot("measure a program"))?;
    let text = fs::read_to_string(&report);
    let _ = fs::remove_file(&report);
    if !output.status.success() {
        let name = program.display();
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.lines().take(10).collect();
        return Err(Error::new(format!("{name} {} failed ({}):\n{}", args.join(" "), output.status, said.join("\n"))));
    }
    let text = text.map_err(Error::cannot("read a measurement"))?;
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [wall, cpu, kilobytes] = numbers[..] else { return Err(Error::new("a measurement is not three numbers")) };
    let (wall, cpu) = (Duration::from_nanos(wall), Duration::from_micros(cpu));
    Ok(Sample { wall, cpu, memory: kilobytes * 1024, bursts: None })
}

fn tempfile(dir: &Path) -> std::path::PathBuf {
    dir.join(format!(".measured-{}", std::process::id()))
}

/// `xtask measure REPORT PROGRAM ARGS...`: runs the program, and writes nanoseconds, microseconds of processor time and
/// kilobytes to the file.
pub(crate) fn report(args: &[String]) -> Result<ExitCode> {
    let [report, program, args @ ..] = args else { return Err(Error::new("measure REPORT PROGRAM ARGS...")) };
    let start = Instant::now();
    let child = Command::new(program).args(args).stdout(Stdio::null()).spawn();
    let child = child.map_err(Error::cannot(format!("run {program}")))?;
    let (status, usage) = wait(child.id())?;
    let wall = start.elapsed();
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    let cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
    let text = format!("{} {cpu} {}\n", wall.as_nanos(), usage.ru_maxrss);
    fs::write(report, text).map_err(Error::cannot("write a measurement"))?;
    Ok(ExitCode::from(status.code().map_or(255, |code| code as u8)))
}

#[expect(unsafe_code, reason = "the standard library waits for a child without its resource usage")]
fn wait(pid: u32) -> Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zeros are a value; both pointers are to live locals of the right type;
    // the process is a child that nobody else waits for.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(pid as libc::pid_t, &raw mut status, 0, &raw mut usage), usage)
    };
    if waited < 0 {
        return Err(Error::cannot("wait for a program")(std::io::Error::last_os_error()));
    }
    Ok((ExitStatus::from_raw(status), usage))
}
