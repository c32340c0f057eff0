//! Rewriting a scenario to expect what came.

use std::fs;
use std::path::Path;

use super::parse::{Expected, Scenario, Step, Stream};
use super::run::{self, Observed, is_as_expected};
use super::target::{Guard, Target, all_hold};
use crate::normalise::line_matches;

/// Runs a scenario on all of its databases and rewrites its file where it differs.
///
/// The error is for the developer: an exit code that differs between databases.
pub(crate) fn bless(path: &Path, scenario: &Scenario, targets: &[Target], rung: Option<&Path>) -> Result<(), String> {
    let runs: Vec<_> = targets.iter().map(|target| (target, run::run(scenario, target, rung))).collect();
    let mut blessed = scenario.clone();
    for (index, step) in blessed.steps_mut().enumerate() {
        let observed: Vec<(&Target, &Observed)> =
            runs.iter().filter_map(|(target, run)| Some((*target, run[index].as_ref()?))).collect();
        update(step, &observed).map_err(|error| format!("{}:{}: {error}", path.display(), step.line))?;
    }
    let text = blessed.to_string();
    if blessed == *scenario {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn update(step: &mut Step, observed: &[(&Target, &Observed)]) -> Result<(), String> {
    let Some((_, first)) = observed.first() else { return Ok(()) };
    if observed.iter().all(|(target, observed)| is_as_expected(step, target, observed)) {
        return Ok(());
    }
    if let Some((target, other)) = observed.iter().find(|(_, other)| other.exit != first.exit) {
        let (name, exit) = (observed[0].0, first.exit);
        return Err(format!("exit {exit} on {name} but {} on {target}; guard the command", other.exit));
    }
    step.exit = first.exit;
    let mut lines = merge(step, Stream::Output, observed);
    lines.extend(merge(step, Stream::Error, observed));
    step.expected = lines;
    Ok(())
}

/// The lines of a stream: those at the beginning and at the end that all databases share, and in between a block for
/// each group of databases.
fn merge(step: &Step, stream: Stream, observed: &[(&Target, &Observed)]) -> Vec<Expected> {
    let runs: Vec<(&Target, Vec<String>)> = observed
        .iter()
        .map(|(target, observed)| (*target, keep_wildcards(step, target, stream, &observed.lines(stream))))
        .collect();
    let first = &runs[0].1;
    let shortest = runs.iter().map(|(_, lines)| lines.len()).min().unwrap_or_default();
    let shared = |same: &dyn Fn(&[String], usize) -> bool, most: usize| {
        (0..most).take_while(|&n| runs.iter().all(|(_, lines)| same(lines, n))).count()
    };
    let head = shared(&|lines, n| lines[n] == first[n], shortest);
    let tail = shared(&|lines, n| lines[lines.len() - 1 - n] == first[first.len() - 1 - n], shortest - head);

    let line = |guards: &[Guard], text: &String| Expected { guards: guards.to_vec(), stream, text: text.clone() };
    let mut merged: Vec<Expected> = first[..head].iter().map(|text| line(&[], text)).collect();
    for (guards, lines) in groups(&runs) {
        merged.extend(lines[head..lines.len() - tail].iter().map(|text| line(&guards, text)));
    }
    merged.extend(first[first.len() - tail..].iter().map(|text| line(&[], text)));
    merged
}

/// The lines, each replaced by what is expected now where that matches it: a wildcard is worth keeping.
fn keep_wildcards(step: &Step, target: &Target, stream: Stream, lines: &[&str]) -> Vec<String> {
    let mut known =
        run::expected(step, target, stream).into_iter().filter(|text| text.contains("[..]")).collect::<Vec<_>>();
    let replace = |line: &&str| match known.iter().position(|known| line_matches(known, line)) {
        Some(at) => known.remove(at).to_owned(),
        None => (*line).to_owned(),
    };
    lines.iter().map(replace).collect()
}

/// SQLite, and the runs of majors that put out the same, each with the guards that single it out.
fn groups<'run>(runs: &'run [(&Target, Vec<String>)]) -> Vec<(Vec<Guard>, &'run [String])> {
    let mut groups: Vec<(Vec<Guard>, &[String])> = Vec::new();
    let mut majors: Vec<(u32, &[String])> = Vec::new();
    for (target, lines) in runs {
        match target {
            Target::Sqlite => groups.push((vec![Guard::Sqlite], lines)),
            Target::Postgres(install) => {
                if majors.last().is_none_or(|(_, last)| last != lines) {
                    majors.push((install.major, lines));
                }
            }
        }
    }
    for (index, (from, lines)) in majors.iter().enumerate() {
        let since = (index > 0).then_some(Guard::From(*from));
        let until = majors.get(index + 1).map(|(next, _)| Guard::Before(*next));
        let mut guards: Vec<Guard> = since.into_iter().chain(until).collect();
        if guards.is_empty() {
            guards.push(Guard::Postgres);
        }
        groups.push((guards, lines));
    }
    if let [(guards, _)] = groups.as_mut_slice() {
        guards.clear();
    }
    // Guards that hold anyway, because those of the step do, would only be noise.
    debug_assert!(groups.iter().all(|(guards, _)| runs.iter().any(|(target, _)| all_hold(guards, target))));
    groups
}

#[cfg(test)]
mod tests {
    use super::super::{targets, trials};
    use super::*;
    use crate::install::workspace_root;

    const BEFORE: &str = "\
$ echo one; echo $DIALECT; echo 12 ms
> one
> stale
$ echo two >&2; exit 3
! t[..]
$ echo hello 7; echo more
> hello [..]
sql SELECT 1 + 1
[postgres] sql SELECT current_setting('server_version_num')::int < 160000
$ cat a.txt
-- a.txt --
text
";
    const AFTER: &str = "\
$ echo one; echo $DIALECT; echo 12 ms
> one
[sqlite] > sqlite
[postgres] > postgres
> [took]
$ echo two >&2; exit 3   # exit 3
! t[..]
$ echo hello 7; echo more
> hello [..]
> more
sql SELECT 1 + 1
> 2
[postgres] sql SELECT current_setting('server_version_num')::int < 160000
[pg<18] > t
[pg>=18] > f
$ cat a.txt
> text
-- a.txt --
text
";

    #[test]
    fn blessing_makes_a_scenario_pass() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.txtar");
        let all = targets().unwrap();
        let check = |text: &str| {
            let scenario = Scenario::parse(text).unwrap();
            let complaint = |target| run::complaint(&path, &scenario, target, &run::run(&scenario, target, None));
            all.iter().filter_map(complaint).collect::<Vec<String>>()
        };
        let complaints = check(BEFORE);
        assert_eq!(complaints.len(), all.len());
        assert!(complaints[0].contains(":1: on sqlite: $ echo one"), "{}", complaints[0]);
        assert!(complaints[0].contains("exit 3 instead of 0"), "{}", complaints[0]);

        bless(&path, &Scenario::parse(BEFORE).unwrap(), &all, None).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        assert_eq!(check(&after), Vec::<String>::new());
        if matches!(all.as_slice(), [_, Target::Postgres(old), Target::Postgres(new)] if old.major < 16 && new.major == 18)
        {
            assert_eq!(after, AFTER);
        }
        fs::remove_file(&path).unwrap();
        bless(&path, &Scenario::parse(&after).unwrap(), &all, None).unwrap();
        assert!(!path.exists(), "a scenario that passes was rewritten");
    }

    #[test]
    fn a_password_on_the_screen_fails_the_scenario() {
        let scenario = Scenario::parse("[postgres]\n$ echo $DATABASE_URL\n> $DATABASE_URL\n").unwrap();
        let target = targets().unwrap().pop().unwrap();
        let outcome = std::panic::catch_unwind(|| run::run(&scenario, &target, None));
        let message = outcome.unwrap_err().downcast::<String>().unwrap();
        assert!(message.starts_with("line 2: the password of the database was printed"), "{message}");
    }

    #[test]
    fn every_scenario_of_the_workspace_can_be_read() {
        let root = workspace_root().join("tests/scenarios");
        let broken = trials(&root, false).iter().filter(|trial| !trial.name().contains("::")).count();
        assert_eq!(broken, 0, "see cargo test --test scenarios");
    }
}
