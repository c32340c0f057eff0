//! `-- @allow RULE: reason`: findings that are meant.
//!
//! Right above a statement it holds for that statement. Anywhere else, with a blank line or a section's mark in
//! between, it holds for the file.

use std::collections::HashMap;

use rung_sql::{Allow, Diagnostic, Level, Span, closest};

use crate::run::level_of;
use crate::{Edit, File, Finding, Fix, Language, Line, Options, RULES, ScriptLines, rule};

/// What an allow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reach {
    File,
    Statement(usize),
}

/// Takes the findings away that are allowed, and says what is wrong with the allows themselves.
///
/// An allow for a rule that was not asked (it is off, or another database's) is left alone.
pub(crate) fn settle(file: &File<'_>, options: &Options, language: &Language, findings: &mut Vec<Finding>) {
    let allows = &file.migration.allows;
    let mut used = vec![false; allows.len()];
    let mut reaching: HashMap<(&str, Reach), Vec<usize>> = HashMap::new();
    for (at, (allow, reach)) in allows.iter().zip(reaches(allows, file)).enumerate() {
        reaching.entry((allow.rule.as_str(), reach)).or_default().push(at);
    }
    findings.retain(|finding| {
        // A down is not what an allow speaks of.
        let own = finding.statement.map(Reach::Statement);
        let matching = [Some(Reach::File), own].into_iter().flatten();
        let mut matching = matching.filter_map(|reach| reaching.get(&(finding.rule, reach))).flatten().peekable();
        let is_left = matching.peek().is_none();
        matching.for_each(|at| used[*at] = true);
        is_left
    });
    for (allow, used) in allows.iter().zip(used) {
        let (name, message, help) = if rule(&allow.rule).is_none() {
            let near = closest(&allow.rule, RULES.iter().map(|rule| rule.name));
            let help = near.map_or_else(
                || "list them with `rung lint --rules`".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            ("unknown-rule", format!("there is no rule {}", allow.rule), help)
        } else if rule(&allow.rule).is_some_and(|rule| !rule.is_for(language.name) || level_of(rule, options).is_none())
        {
            continue;
        } else if !used {
            let message = format!("there is no finding of {} here", allow.rule);
            ("unused-allow", message, "take the line out".to_owned())
        } else if allow.reason.is_none() {
            let help = format!("write `-- @allow {}: why it is fine here`", allow.rule);
            ("allow-without-reason", format!("{} is allowed for no reason", allow.rule), help)
        } else {
            continue;
        };
        let Some(found) = rule(name) else { continue };
        let Some(level) = level_of(found, options) else { continue };
        let mut finding = finding(file, found.name, level, allow, message, help);
        if name == "unused-allow" {
            // Its span begins behind the dashes; the line has nothing else on it.
            let text = file.migration.source.text();
            let line = text[..allow.span.start].rfind('\n').map_or(0, |at| at + 1);
            let span = crate::rewrite::taken_out(text, Span::new(line, allow.span.end), false);
            let edits = vec![Edit { span, text: String::new() }];
            finding.fix = Some(Fix { title: "take the line out".to_owned(), edits });
        }
        findings.push(finding);
    }
}

fn finding(file: &File<'_>, rule: &'static str, level: Level, allow: &Allow, message: String, help: String) -> Finding {
    let diagnostic = Diagnostic::new(level, rule, message).at(&file.migration.source, allow.span, "").help(help);
    Finding::new(rule, file.migration.id.clone(), None, diagnostic)
}

/// What each of a file's allows is for. Those of lines that follow each other have one reach.
fn reaches(allows: &[Allow], file: &File<'_>) -> Vec<Reach> {
    let Some(up) = &file.up else { return vec![Reach::File; allows.len()] };
    let text = up.script.source().text();
    let follows = |allow: &Allow, next: &Allow| {
        let between = text.get(allow.span.end..next.span.start).and_then(|between| between.split_once('\n'));
        between.is_some_and(|(_, line)| line.trim().trim_matches('-').is_empty() && !line.contains('\n'))
    };
    let mut reaches = vec![Reach::File; allows.len()];
    for (at, allow) in allows.iter().enumerate().rev() {
        reaches[at] = match allows.get(at + 1) {
            Some(next) if follows(allow, next) => reaches[at + 1],
            _ => next_statement(allow, up).map_or(Reach::File, Reach::Statement),
        };
    }
    reaches
}

/// The statement that the line stands right above, with nothing but comments between.
fn next_statement(allow: &Allow, up: &ScriptLines) -> Option<usize> {
    let source = up.script.source();
    let start = |line: &Line| up.script.source_span(line.span).start;
    let at = up.lines.partition_point(|line| up.script.source_span(line.span).start < allow.span.end);
    let between = source.text().get(allow.span.end..start(up.lines.get(at)?))?;
    let lines: Vec<&str> = between.split('\n').skip(1).collect();
    let (last, above) = lines.split_last()?;
    let is_comment = |line: &&str| {
        let line = line.trim();
        line.starts_with("--") && !line.trim_start_matches('-').trim_start().starts_with("@up")
    };
    (last.trim().is_empty() && above.iter().all(is_comment)).then_some(at)
}
