//! `-- @allow RULE: reason`: findings that are meant.
//!
//! Right above a statement it holds for that statement. Anywhere else, with a blank line or a section's mark in
//! between, it holds for the file.

use rung_sql::{Allow, Diagnostic, Level, Span, closest};

use crate::run::level_of;
use crate::{Edit, File, Finding, Fix, Language, Options, RULES, ScriptLines, rule};

/// What an allow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    let reaches: Vec<Reach> = allows.iter().map(|allow| reach(allow, file)).collect();
    findings.retain(|finding| {
        // A down is not what an allow speaks of.
        let matching: Vec<usize> = (0..allows.len())
            .filter(|at| allows[*at].rule == finding.rule)
            .filter(|at| match reaches[*at] {
                Reach::File => true,
                Reach::Statement(statement) => finding.statement == Some(statement),
            })
            .collect();
        matching.iter().for_each(|at| used[*at] = true);
        matching.is_empty()
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
    Finding {
        rule,
        migration: file.migration.id.clone(),
        statement: None,
        diagnostic,
        fix: None,
        steps: Vec::new(),
        left: None,
    }
}

fn reach(allow: &Allow, file: &File<'_>) -> Reach {
    let Some(up) = &file.up else { return Reach::File };
    next_statement(allow, up).map_or(Reach::File, Reach::Statement)
}

/// The statement that the line stands right above, with nothing but comments between.
fn next_statement(allow: &Allow, up: &ScriptLines) -> Option<usize> {
    let source = up.script.source();
    let start = |at: usize| up.script.source_span(up.lines[at].span).start;
    let at = (0..up.lines.len()).find(|at| start(*at) >= allow.span.end)?;
    let between = source.text().get(allow.span.end..start(at))?;
    let lines: Vec<&str> = between.split('\n').skip(1).collect();
    let (last, above) = lines.split_last()?;
    let is_comment = |line: &&str| {
        let line = line.trim();
        line.starts_with("--") && !line.trim_start_matches('-').trim_start().starts_with("@up")
    };
    (last.trim().is_empty() && above.iter().all(is_comment)).then_some(at)
}
