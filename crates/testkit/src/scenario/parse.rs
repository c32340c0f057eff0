//! The text of a scenario, read and written back.

use std::fmt::{self, Display, Write};

use super::target::{Guard, Target, all_hold, split_guards};

/// A scenario, with all that is needed to write it back as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scenario {
    guards: Vec<Guard>,
    pub(crate) items: Vec<Item>,
    pub(crate) files: Vec<File>,
    /// The text from the first file on, as it was.
    archive: String,
}

/// A part of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A comment, an empty line or a guard for all, as it was.
    Text(String),
    Step(Step),
}

/// Something to do, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) guards: Vec<Guard>,
    /// As it was, without the expected exit.
    source: String,
    pub(crate) action: Action,
    pub(crate) exit: i32,
    pub(crate) expected: Vec<Expected>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Command(String),
    Sql(String),
    Write { path: String, text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// A line that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) guards: Vec<Guard>,
    pub(crate) stream: Stream,
    pub(crate) text: String,
}

/// A file that the scenario starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) guards: Vec<Guard>,
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// The error begins with the number of the line.
    pub(crate) fn parse(text: &str) -> Result<Scenario, String> {
        let at = |number: usize| move |error: String| format!("{number}: {error}");
        let mut scenario =
            Scenario { guards: Vec::new(), items: Vec::new(), files: Vec::new(), archive: String::new() };
        let mut lines = text.split_inclusive('\n').enumerate().map(|(index, line)| (index + 1, line)).peekable();
        while let Some((number, raw)) = lines.next_if(|(_, line)| marker(line).is_none()) {
            let line = raw.trim_end();
            if line.is_empty() || line.starts_with('#') {
                scenario.items.push(Item::Text(line.to_owned()));
                continue;
            }
            let (guards, body) = split_guards(line).map_err(at(number))?;
            if body.is_empty() {
                if scenario.steps().next().is_some() {
                    return Err(at(number)(
                        "a guard for the whole scenario stands before the first command".to_owned(),
                    ));
                }
                scenario.guards.extend(guards);
                scenario.items.push(Item::Text(line.to_owned()));
                continue;
            }
            if let Some((stream, text)) = expected(body) {
                let step = scenario.items.last_mut().and_then(Item::step);
                let step = step.ok_or_else(|| at(number)("output without a command before it".to_owned()))?;
                step.expected.push(Expected { guards, stream, text: text.to_owned() });
                continue;
            }
            let mut source = line.to_owned();
            let mut body = body.to_owned();
            while body.ends_with('\\') {
                let (_, next) = lines.next().ok_or_else(|| at(number)("the last line ends in \\".to_owned()))?;
                source = format!("{source}\n{}", next.trim_end());
                body = format!("{body}\n{}", next.trim_end());
            }
            let (body, exit) = split_exit(&body);
            let source = split_exit(&source).0.to_owned();
            let (action, source) = if let Some(command) = body.strip_prefix("$ ") {
                (Action::Command(command.to_owned()), source)
            } else if let Some(sql) = body.strip_prefix("sql ") {
                (Action::Sql(sql.replace("\\\n", "\n")), source)
            } else if let Some(path) = body.strip_prefix("write ") {
                let (mut text, mut source) = (String::new(), source);
                while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with('|')) {
                    let line = line.trim_end_matches(['\n', '\r']);
                    source = format!("{source}\n{line}");
                    text.push_str(line.strip_prefix("| ").unwrap_or(&line[1..]));
                    text.push('\n');
                }
                (Action::Write { path: path.to_owned(), text }, source)
            } else {
                return Err(at(number)(format!(
                    "expected `$ `, `sql `, `write `, `> `, `! `, `# ` or a guard, not `{line}`"
                )));
            };
            let expected = Vec::new();
            scenario.items.push(Item::Step(Step { line: number, guards, source, action, exit, expected }));
        }
        while let Some((number, header)) = lines.next() {
            let (guards, path) = split_guards(marker(header).unwrap_or_default()).map_err(at(number))?;
            scenario.archive.push_str(header);
            let mut file = File { guards, path: path.to_owned(), text: String::new() };
            while let Some((_, line)) = lines.next_if(|(_, line)| marker(line).is_none()) {
                scenario.archive.push_str(line);
                file.text.push_str(line);
            }
            // An empty line before the next file is for the eye.
            if lines.peek().is_some() && file.text.ends_with("\n\n") {
                file.text.pop();
            }
            scenario.files.push(file);
        }
        Ok(scenario)
    }

    /// Whether it runs on that database at all.
    pub(crate) fn is_for(&self, target: &Target) -> bool {
        all_hold(&self.guards, target)
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.items.iter().filter_map(|item| match item {
            Item::Step(step) => Some(step),
            Item::Text(_) => None,
        })
    }

    pub(crate) fn steps_mut(&mut self) -> impl Iterator<Item = &mut Step> {
        self.items.iter_mut().filter_map(Item::step)
    }
}

impl Item {
    fn step(&mut self) -> Option<&mut Step> {
        match self {
            Item::Step(step) => Some(step),
            Item::Text(_) => None,
        }
    }
}

impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            match item {
                Item::Text(text) => writeln!(f, "{text}")?,
                Item::Step(step) => {
                    f.write_str(&step.source)?;
                    if step.exit != 0 {
                        write!(f, "   # exit {}", step.exit)?;
                    }
                    f.write_char('\n')?;
                    for line in &step.expected {
                        writeln!(f, "{line}")?;
                    }
                }
            }
        }
        f.write_str(&self.archive)
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for guard in &self.guards {
            write!(f, "{guard}")?;
        }
        if !self.guards.is_empty() {
            f.write_char(' ')?;
        }
        let mark = if self.stream == Stream::Output { '>' } else { '!' };
        if self.text.is_empty() { write!(f, "{mark}") } else { write!(f, "{mark} {}", self.text) }
    }
}

/// What is named by a line that begins a file.
fn marker(line: &str) -> Option<&str> {
    let inside = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?.trim();
    let path = inside.rsplit(']').next().unwrap_or(inside).trim();
    // `-- a remark --` in a file is none.
    (!path.is_empty() && !path.contains(char::is_whitespace)).then_some(inside)
}

fn expected(body: &str) -> Option<(Stream, &str)> {
    let stream = match body.as_bytes().first()? {
        b'>' => Stream::Output,
        b'!' => Stream::Error,
        _ => return None,
    };
    let text = &body[1..];
    if text.is_empty() { Some((stream, "")) } else { text.strip_prefix(' ').map(|text| (stream, text)) }
}

fn split_exit(line: &str) -> (&str, i32) {
    let found = line.rsplit_once("# exit ").and_then(|(before, code)| Some((before.trim_end(), code.parse().ok()?)));
    found.unwrap_or((line, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# About it.

[postgres]
$ rung up --dir a \\
    --dir b   # exit 4
> one
>
[pg>=14] ! two
write x/y.sql
| SELECT 1;
|
sql SELECT 1, \\
  2
> 1|2

-- a.sql --
-- a remark --
SELECT 1;

-- [sqlite] b.sql --
x
";

    #[test]
    fn a_scenario_is_read_and_written_back() {
        let scenario = Scenario::parse(TEXT).unwrap();
        assert_eq!(scenario.to_string(), TEXT);
        assert!(!scenario.is_for(&Target::Sqlite));
        let steps: Vec<&Step> = scenario.steps().collect();
        assert_eq!(steps[0].action, Action::Command("rung up --dir a \\\n    --dir b".to_owned()));
        assert_eq!((steps[0].exit, steps[0].line, steps[0].expected.len()), (4, 4, 3));
        assert_eq!(steps[0].expected[1].text, "");
        assert_eq!(steps[0].expected[2].guards, [Guard::From(14)]);
        assert_eq!(steps[1].action, Action::Write { path: "x/y.sql".to_owned(), text: "SELECT 1;\n\n".to_owned() });
        assert_eq!(steps[2].action, Action::Sql("SELECT 1, \n  2".to_owned()));
        let files: Vec<(&str, &str)> =
            scenario.files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
        assert_eq!(files, [("a.sql", "-- a remark --\nSELECT 1;\n"), ("b.sql", "x\n")]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, error) in [
            ("rung up\n", "1: expected `$ `"),
            ("# x\n> out\n", "2: output without a command"),
            ("$ a\n[sqlite]\n", "2: a guard for the whole scenario"),
            ("$ a\n>out\n", "2: expected"),
            ("[maria] $ a\n", "1: unknown guard [maria]"),
            ("$ a \\\n", "1: the last line ends in"),
        ] {
            let found = Scenario::parse(text).unwrap_err();
            assert!(found.starts_with(error), "{text:?}: {found}");
        }
    }
}
