//! Script migrations: a program of the project's own, run to its end.

use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::event::{Event, Interrupt, Kept, RunError, StepFailure};
use crate::execute::Run;
use crate::failure::Failure;
use crate::journal::{begin_records, failed_row};
use crate::model::Body;
use crate::plan::Step;
use crate::record::Took;
use crate::unit::completion;

/// So many of the last lines that a failed script has printed are its error message, which the history keeps.
const LINES_IN_ERROR: usize = 20;

impl Run<'_> {
    /// Runs the executable of a script migration. It must be safe to run again: a run that was cut off is repeated.
    pub(crate) fn program(&mut self, index: usize, step: &Step, began: Instant) -> Result<(), RunError> {
        let Some(Body::Command(path)) = step.migration.as_ref().map(|migration| &migration.body) else { return Ok(()) };
        self.driver.write(&begin_records(step, self.sequence_for(index), &self.options.actor))?;
        let mut command = Command::new(path);
        command
            .envs(self.options.script_environment.iter().map(|(name, value)| (name, value)))
            .env("RUNG_MIGRATION", &step.id)
            .env("RUNG_DIRECTION", step.direction.as_str());
        let output = output_of(command, &self.options.interrupt);
        if self.options.interrupt.count() > 1 && !output.as_ref().is_ok_and(|output| output.status.success()) {
            // The row stays "running": the next run runs it again.
            return Err(self.interrupted(self.steps.len() - self.done_count()));
        }
        let shown = step.migration.as_ref().map_or(path.as_path(), |migration| migration.source.path()).display();
        let problem = match output {
            Ok(output) => {
                let printed = self.printed(&output);
                let in_error = if output.status.success() { 0 } else { printed.len().min(LINES_IN_ERROR) };
                let (before, last) = printed.split_at(printed.len() - in_error);
                for line in before {
                    (self.events)(&Event::Printed { step, line });
                }
                (!output.status.success()).then(|| {
                    let status = output.status.to_string().replacen(": ", " ", 1);
                    let said: String = last.iter().map(|line| format!("\n{line}")).collect();
                    format!("{shown} ended with {status}{said}")
                })
            }
            Err(error) => Some(format!("{shown} could not be started: {error}")),
        };
        if let Some(problem) = problem {
            let failure = StepFailure {
                id: step.id.clone(),
                direction: step.direction,
                statement: None,
                place: None,
                sql: None,
                failure: Failure::Code(problem.into()),
                kept: Kept::Program,
            };
            let records = vec![failed_row(step, &failure.failure)];
            return Err(self.report_failure(step, failure, records));
        }
        let took = Took::Milliseconds(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        let records = completion(step, self.sequence_for(index), took, &self.options.actor, self.keepers, None);
        self.driver.write(&records)?;
        Ok(())
    }

    /// What a script has printed, its errors last, in lines without empty ones, and without the secrets that it was given.
    fn printed(&self, output: &Output) -> Vec<String> {
        let url = self.options.script_environment.iter().find(|(name, _)| name == "DATABASE_URL");
        let url = url.map(|(_, url)| (url.as_str(), "$DATABASE_URL"));
        let secrets = self.options.secrets.iter().map(|secret| (secret.as_str(), "***"));
        let hidden: Vec<_> = url.into_iter().chain(secrets).filter(|(secret, _)| !secret.is_empty()).collect();
        let text = [&output.stdout[..], b"\n", &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let text = hidden.iter().fold(text, |text, (secret, name)| text.replace(secret, name));
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// Runs a program to its end, or until someone asks a second time to stop: then it is ended, with all that it started.
fn output_of(mut command: Command, interrupt: &Interrupt) -> io::Result<Output> {
    // In a group of its own: Ctrl-C at the terminal is for rung to answer, and the first lets what runs end.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let group = child.id();
    let (send, ended) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    let mut is_asked = false;
    loop {
        match ended.recv_timeout(Duration::from_millis(50)) {
            Ok(output) => return output,
            Err(RecvTimeoutError::Timeout) if interrupt.count() > 1 && !is_asked => {
                is_asked = true;
                Command::new("sh").args(["-c", &format!("kill -TERM -{group}")]).status()?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("its end was not seen")),
        }
    }
}
