//! A sqitch plan: pragmas, changes and tags, a line each.

use std::collections::HashMap;
use std::sync::Arc;

use rung_sql::{Diagnostic, SourceFile, Span, closest};
use sha1::{Digest as _, Sha1};

use crate::migration::lines;

/// A plan.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
}

/// A change of a plan.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: String,
    /// The name where it stands for the first time; reworked for the second, `name#2`.
    pub(crate) id: String,
    /// What sqitch knows it by: a SHA-1 of its line and all before it.
    pub(crate) change_id: String,
    /// Where its name stands.
    pub(crate) span: Span,
    /// Places in the plan of the changes it needs.
    pub(crate) requires: Vec<usize>,
    /// Changes of other projects that it needs, as they are written.
    pub(crate) elsewhere: Vec<(Span, String)>,
    pub(crate) tags: Vec<String>,
    /// Where a later change reworks this one, the tags between them, the last first: one of them names its scripts.
    pub(crate) rework_tags: Vec<String>,
    pub(crate) note: String,
    pub(crate) planner: String,
    pub(crate) date: String,
}

/// A dependency as it is written: `!project:change@tag`.
struct Dependency<'a> {
    span: Span,
    conflicts: bool,
    project: Option<&'a str>,
    /// The rest: `change`, `change@tag`, `@tag` or an id.
    key: &'a str,
}

impl<'a> Dependency<'a> {
    fn of(word: &'a str, span: Span) -> Self {
        let (conflicts, rest) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
        let (project, key) = rest.split_once(':').map_or((None, rest), |(project, key)| (Some(project), key));
        Self { span, conflicts, project, key }
    }

    /// As sqitch hashes it: without its own project.
    fn text(&self, project: &str) -> String {
        match self.project.filter(|own| *own != project) {
            Some(other) => format!("{other}:{}", self.key),
            None => self.key.to_owned(),
        }
    }
}

/// A line of a change or a tag, taken apart.
struct Line<'a> {
    span: Span,
    is_tag: bool,
    name: &'a str,
    dependencies: Vec<Dependency<'a>>,
    date: &'a str,
    planner: String,
    note: String,
}

struct Parser<'a> {
    source: &'a Arc<SourceFile>,
    project: String,
    uri: Option<String>,
    changes: Vec<Change>,
    /// Where each change stands last, by name.
    last: HashMap<String, usize>,
    /// The change that each tag is on.
    tags: HashMap<String, usize>,
    /// Changes since the last tag, by name.
    recent: HashMap<String, Span>,
    errors: Vec<Diagnostic>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// Every line that is no change or tag, every dependency that is nowhere before.
    pub(crate) fn parse(source: &Arc<SourceFile>) -> Result<Self, Vec<Diagnostic>> {
        let mut parser = Parser {
            source,
            project: String::new(),
            uri: None,
            changes: Vec::new(),
            last: HashMap::new(),
            tags: HashMap::new(),
            recent: HashMap::new(),
            errors: Vec::new(),
        };
        let mut has_begun = false;
        for (span, line) in lines(source.text()) {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            if let Some(pragma) = line.trim_start().strip_prefix('%') {
                if has_begun {
                    parser.wrong(span, "a pragma stands before all changes", "move it to the top");
                }
                let pragma = pragma.split_once('#').map_or(pragma, |(pragma, _)| pragma);
                let (name, value) = pragma.split_once('=').unwrap_or((pragma, ""));
                match name.trim() {
                    "project" => value.trim().clone_into(&mut parser.project),
                    "uri" => parser.uri = Some(value.trim().to_owned()),
                    _ => {}
                }
                continue;
            }
            has_begun = true;
            match take_apart(line, span) {
                Err((message, help)) => parser.wrong(span, message, help),
                Ok(line) if line.is_tag => parser.tag(&line),
                Ok(line) => parser.change(line),
            }
        }
        if parser.project.is_empty() {
            let (message, help) = ("the plan has no `%project=NAME`", "put it back: sqitch hashes it into every id");
            parser.wrong(Span::new(0, 0), message, help);
        }
        if parser.errors.is_empty() { Ok(Self { changes: parser.changes }) } else { Err(parser.errors) }
    }
}

impl Parser<'_> {
    fn wrong(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(Diagnostic::error("sqitch", message).at(self.source, span, "").help(help));
    }

    fn tag(&mut self, line: &Line<'_>) {
        let Some(on) = self.changes.len().checked_sub(1) else {
            return self.wrong(line.span, "there is no change before this tag", "move it below one");
        };
        if self.tags.insert(line.name.to_owned(), on).is_some() {
            return self.wrong(line.span, format!("the tag @{} is there twice", line.name), "take one out");
        }
        self.changes[on].tags.push(line.name.to_owned());
        self.recent.clear();
    }

    fn change(&mut self, line: Line<'_>) {
        let name = line.name.to_owned();
        if self.recent.insert(name.clone(), line.span).is_some() {
            let message = format!("{name} is there twice since the last tag");
            self.wrong(line.span, message, "put a tag between the two: `sqitch rework` needs one");
        }
        let (mut requires, mut elsewhere) = (Vec::new(), Vec::new());
        for dependency in &line.dependencies {
            if dependency.project.is_some_and(|project| project != self.project) {
                if !dependency.conflicts {
                    elsewhere.push((dependency.span, dependency.text(&self.project)));
                }
                continue;
            }
            match (self.find(dependency.key), dependency.conflicts) {
                (Some(at), false) => requires.push(at),
                (Some(at), true) => {
                    let message =
                        format!("{name} conflicts with {}, which is deployed before it", self.changes[at].name);
                    self.wrong(
                        dependency.span,
                        message,
                        "revert that one by a change before this one, or take this out",
                    );
                }
                (None, true) => {}
                (None, false) => {
                    let message = format!("{name} requires {}, which no change before it is", dependency.key);
                    let help = match closest(dependency.key, self.last.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "add that change above this one, or take it out of the brackets".to_owned(),
                    };
                    self.wrong(dependency.span, message, help);
                }
            }
        }
        let at = self.changes.len();
        let count = self.changes.iter().filter(|change| change.name == name).count() + 1;
        let id = if count == 1 { name.clone() } else { format!("{name}#{count}") };
        if let Some(before) = self.last.insert(name.clone(), at) {
            // As sqitch collects them: from the last change back to the reworked one.
            let tags: Vec<String> =
                self.changes[before..].iter().rev().flat_map(|change| change.tags.iter().cloned()).collect();
            self.changes[before].rework_tags = tags;
        }
        let change_id = self.change_id(&line);
        self.changes.push(Change {
            name,
            id,
            change_id,
            span: line.span,
            requires,
            elsewhere,
            tags: Vec::new(),
            rework_tags: Vec::new(),
            note: line.note,
            planner: line.planner,
            date: line.date.to_owned(),
        });
    }

    /// The change before this one that a key means.
    fn find(&self, key: &str) -> Option<usize> {
        match key.split_once('@') {
            None => self.last.get(key).copied().or_else(|| self.changes.iter().position(|c| c.change_id == key)),
            Some(("", tag)) => self.tags.get(tag).copied(),
            Some((name, tag)) => {
                let tagged = *self.tags.get(tag)?;
                self.changes[..=tagged].iter().rposition(|change| change.name == name)
            }
        }
    }

    fn change_id(&self, line: &Line<'_>) -> String {
        let mut info = format!("project {}", self.project);
        if let Some(uri) = &self.uri {
            info.push_str(&format!("\nuri {uri}"));
        }
        info.push_str(&format!("\nchange {}", line.name));
        if let Some(parent) = self.changes.last() {
            info.push_str(&format!("\nparent {}", parent.change_id));
        }
        info.push_str(&format!("\nplanner {}\ndate {}", line.planner, line.date));
        for (title, sign, conflicts) in [("requires", '+', false), ("conflicts", '-', true)] {
            let of_kind = line.dependencies.iter().filter(|dependency| dependency.conflicts == conflicts);
            let listed: String = of_kind.map(|one| format!("\n  {sign} {}", one.text(&self.project))).collect();
            if !listed.is_empty() {
                info.push_str(&format!("\n{title}{listed}"));
            }
        }
        if !line.note.is_empty() {
            info.push_str(&format!("\n\n{}", line.note));
        }
        let mut hash = Sha1::new();
        hash.update(format!("change {}\0", info.len()));
        hash.update(&info);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A message and what to do.
type Wrong = (&'static str, &'static str);

/// `name [requires !conflicts] 2024-01-31T12:00:00Z Name <mail> # note`, or `@tag` and the rest.
fn take_apart(line: &str, at: Span) -> Result<Line<'_>, Wrong> {
    const FORM: &str = "a line is `name [requires] 2024-01-31T12:00:00Z Name <mail> # note`";
    let (content, note) = line.split_once('#').map_or((line, ""), |(content, note)| (content, note.trim()));
    let start = content.len() - content.trim_start().len();
    let content = content.trim();
    let (is_tag, rest) = content.strip_prefix('@').map_or((false, content), |rest| (true, rest));
    if rest.starts_with('-') {
        return Err(("this line takes a change back, which sqitch never came to do", "take it out"));
    }
    let rest = rest.strip_prefix('+').map_or(rest, str::trim_start);
    let (name, rest) = rest.split_once([' ', '\t']).ok_or(("this line has no date and no planner", FORM))?;
    let span = Span::new(at.start + start, at.start + start + content.len());
    let mut rest = rest.trim_start();
    let mut dependencies = Vec::new();
    if let Some(inside) = rest.strip_prefix('[') {
        let (listed, after) =
            inside.split_once(']').ok_or(("this list of dependencies is not closed", "close it with `]`"))?;
        if is_tag {
            return Err(("a tag has no dependencies", "take them out"));
        }
        for word in listed.split_whitespace() {
            let offset = at.start + (word.as_ptr().addr() - line.as_ptr().addr());
            dependencies.push(Dependency::of(word, Span::new(offset, offset + word.len())));
        }
        rest = after.trim_start();
    }
    let (date, planner) = rest.split_once([' ', '\t']).ok_or(("this line has no date and no planner", FORM))?;
    let is_date = date.len() == 20
        && date
            .bytes()
            .zip(*b"0000-00-00T00:00:00Z")
            .all(|(b, form)| if form == b'0' { b.is_ascii_digit() } else { b == form });
    if !is_date {
        return Err(("there should be a date here", FORM));
    }
    let (person, mail) = planner.trim().split_once('<').ok_or(("this line has no planner", FORM))?;
    let mail = mail.strip_suffix('>').ok_or(("this line has no planner", FORM))?;
    let planner = format!("{} <{mail}>", person.trim());
    Ok(Line { span, is_tag, name, dependencies, date, planner, note: unescaped(note) })
}

/// A note with its line ends and backslashes, each from the escape that stands for it.
fn unescaped(note: &str) -> String {
    let mut text = String::with_capacity(note.len());
    let mut rest = note.chars();
    while let Some(c) = rest.next() {
        let escaped = ESCAPES.iter().find(|(name, _)| c == '\\' && rest.as_str().starts_with(*name));
        text.push(escaped.map_or(c, |(_, meant)| *meant));
        if escaped.is_some() {
            rest.next();
        }
    }
    text
}

const ESCAPES: [(char, char); 3] = [('n', '\n'), ('r', '\r'), ('\\', '\\')];

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn each_escape_is_read_once() {
        for (note, meant) in [("a\\nb", "a\nb"), ("a\\\\nb", "a\\nb"), ("a\\tb\\", "a\\tb\\")] {
            assert_eq!(unescaped(note), meant);
        }
    }
}
