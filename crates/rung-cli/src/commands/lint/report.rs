//! Findings of the linter for other programs.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use rung::lint::{self, Finding};
use serde_json::{Value, json};

use crate::json::LintFinding;
use crate::render::{Terminal, render_coded};

/// So many findings are held as text at a time.
const BATCH: usize = 1 << 14;

/// Findings for people, with an empty line below each.
pub(crate) fn text(findings: &[&Finding], terminal: &Terminal) {
    for batch in findings.chunks(BATCH) {
        let parts = on_all_processors(batch, |findings| {
            let shown =
                |finding: &&Finding| render_coded(&finding.diagnostic).trim_end_matches('\n').to_owned() + "\n\n";
            findings.iter().map(shown).collect()
        });
        terminal.data(&parts.concat());
    }
}

/// Findings as a list of JSON.
pub(crate) fn list(findings: &[Finding], terminal: &Terminal) {
    if findings.is_empty() {
        return terminal.data("[]\n");
    }
    let mut before = "[\n";
    for batch in findings.chunks(BATCH) {
        for part in on_all_processors(batch, |findings| {
            let listed: Vec<LintFinding> = findings.iter().map(LintFinding::from).collect();
            // Texts, numbers and lists of such can always be written.
            let text = serde_json::to_string_pretty(&listed).unwrap_or_default();
            text.trim_start_matches("[\n").trim_end_matches("\n]").to_owned()
        }) {
            terminal.data(before);
            terminal.data(&part);
            before = ",\n";
        }
    }
    terminal.data("\n]\n");
}

/// What becomes of each share of a list, in order, a share for each processor.
fn on_all_processors<T: Sync>(list: &[T], make: impl Fn(&[T]) -> String + Sync) -> Vec<String> {
    let share = list.len().div_ceil(thread::available_parallelism().map_or(1, NonZero::get)).max(1);
    thread::scope(|scope| {
        let running: Vec<_> = list.chunks(share).map(|share| scope.spawn(|| make(share))).collect();
        running.into_iter().map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// SARIF 2.1.0, for code scanning.
pub(crate) fn sarif(findings: &[LintFinding]) -> Value {
    let mut names: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    names.sort_unstable();
    names.dedup();
    let rules: Vec<Value> = names.iter().filter_map(|name| lint::rule(name)).map(sarif_rule).collect();
    let results: Vec<Value> = findings.iter().map(sarif_result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "rung", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn sarif_rule(rule: &lint::Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.instead},
    })
}

fn sarif_result(finding: &LintFinding) -> Value {
    let place = json!({
        "artifactLocation": {"uri": uri(&finding.file)},
        "region": {
            "startLine": finding.line,
            "startColumn": finding.column,
            "endLine": finding.end_line,
            "endColumn": finding.end_column,
        },
    });
    json!({
        "ruleId": finding.rule,
        "level": finding.level,
        "message": {"text": with_help(finding)},
        "locations": [{"physicalLocation": place}],
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches("./").replace('%', "%25").replace(' ', "%20")
}

fn with_help(finding: &LintFinding) -> String {
    let mut text = finding.message.clone();
    for more in finding.notes.iter().map(String::as_str).chain(finding.help.lines()) {
        text.push('\n');
        text.push_str(more);
    }
    text
}

/// Workflow commands of GitHub Actions: annotations in a pull request.
pub(crate) fn github(findings: &[LintFinding]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for finding in findings {
        let command = if finding.level == "note" { "notice" } else { finding.level };
        // The runner takes columns only within one line.
        let columns = match finding.line == finding.end_line {
            true => format!(",col={},endColumn={}", finding.column, finding.end_column),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "::{command} file={},line={},endLine={}{columns},title={}::{}",
            property(finding.file.trim_start_matches("./")),
            finding.line,
            finding.end_line,
            property(finding.rule),
            data(&with_help(finding)),
        );
    }
    text
}

/// A code quality report of GitLab.
pub(crate) fn gitlab(findings: &[LintFinding]) -> Value {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let entry = |finding: &LintFinding| {
        // The same finding keeps its fingerprint when lines above it come and go; a second one of a kind has another.
        let identity = format!("{}\n{}\n{}", finding.rule, finding.file, finding.message);
        let nth = seen.get(&identity).copied().unwrap_or(0);
        let digest = rung::engine::Digest(rung::sql::checksum(&format!("{identity}\n{nth}")));
        seen.insert(identity, nth + 1);
        let severity = match finding.level {
            "error" => "critical",
            "warning" => "major",
            _ => "info",
        };
        json!({
            "description": finding.message,
            "check_name": finding.rule,
            "fingerprint": digest.to_string(),
            "severity": severity,
            "location": {"path": finding.file.trim_start_matches("./"), "lines": {"begin": finding.line}},
        })
    };
    Value::Array(findings.iter().map(entry).collect())
}

/// A JUnit report: a test for each migration, which fails with the findings that are denied.
pub(crate) fn junit(
    migrations: &[(String, String)],
    findings: &[LintFinding],
    denied: &dyn Fn(&LintFinding) -> bool,
) -> String {
    let mut of: HashMap<&str, Vec<&LintFinding>> = HashMap::new();
    findings.iter().for_each(|finding| of.entry(&finding.migration).or_default().push(finding));
    let failures = findings.iter().filter(|finding| denied(finding)).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"rung lint\" tests=\"{}\" failures=\"{failures}\">\n",
        migrations.len()
    );
    for (id, file) in migrations {
        let _ = writeln!(text, "    <testcase name=\"{}\" classname=\"{}\">", escaped(id), escaped(file));
        let said = |finding: &LintFinding| {
            let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
            escaped(&format!("{place}\n{}", with_help(finding)))
        };
        // Failures come first, and one output after them.
        let (failed, passed): (Vec<&LintFinding>, Vec<&LintFinding>) =
            of.get(id.as_str()).into_iter().flatten().copied().partition(|finding| denied(finding));
        for finding in failed {
            let (rule, message, said) = (finding.rule, escaped(&finding.message), said(finding));
            let _ = writeln!(text, "      <failure type=\"{rule}\" message=\"{message}\">{said}</failure>");
        }
        if !passed.is_empty() {
            let output: Vec<String> =
                passed.iter().map(|finding| format!("{}: {}", finding.rule, said(finding))).collect();
            let _ = writeln!(text, "      <system-out>{}</system-out>", output.join("\n\n"));
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no way to write the others.
            '\n' | '\t' | ' '.. => safe.push(char),
            _ => safe.push('\u{fffd}'),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(message: &str) -> LintFinding {
        LintFinding {
            rule: "drop-table",
            level: "error",
            message: message.to_owned(),
            migration: "001_a".to_owned(),
            file: "./mig rations/001_a.sql".to_owned(),
            line: 3,
            column: 1,
            end_line: 3,
            end_column: 14,
            label: String::new(),
            notes: Vec::new(),
            help: "make a backup, 100 %".to_owned(),
            fix: None,
            severity: rung::sql::Level::Error,
        }
    }

    #[test]
    fn github_takes_no_line_end_and_no_comma_for_its_own() {
        assert_eq!(
            github(&[finding("it's \"gone\"")]),
            "::error file=mig rations/001_a.sql,line=3,endLine=3,col=1,endColumn=14,title=drop-table::it's \"gone\"%0Amake a backup, 100 %25\n"
        );
    }

    #[test]
    fn github_gets_columns_of_one_line_only() {
        let several = LintFinding { end_line: 5, ..finding("x") };
        assert!(
            github(&[several]).starts_with("::error file=mig rations/001_a.sql,line=3,endLine=5,title=drop-table::x")
        );
    }

    #[test]
    fn junit_has_failures_before_one_output() {
        let note = |message: &str| LintFinding { level: "note", ..finding(message) };
        let found = [note("a"), finding("b"), note("c"), finding("d")];
        let text = junit(&[("001_a".to_owned(), "a.sql".to_owned())], &found, &|finding| finding.level == "error");
        let tags: Vec<&str> = text.split('<').filter_map(|tag| tag.split([' ', '>']).next()).collect();
        let own: Vec<&&str> = tags.iter().filter(|tag| ["failure", "system-out"].contains(tag)).collect();
        assert_eq!(own, [&"failure", &"failure", &"system-out"], "{text}");
    }

    #[test]
    fn junit_is_xml_whatever_a_finding_says() {
        let text = junit(
            &[("001_a".to_owned(), "a.sql".to_owned()), ("002_b".to_owned(), "b.sql".to_owned())],
            &[finding("<a> & \"b\"\u{1}")],
            &|_| true,
        );
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("message=\"&lt;a&gt; &amp; &quot;b&quot;\u{fffd}\""), "{text}");
    }

    #[test]
    fn gitlab_tells_two_of_a_kind_apart() {
        let report = gitlab(&[finding("x"), finding("x"), finding("y")]);
        let prints: std::collections::BTreeSet<&str> =
            report.as_array().unwrap().iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(prints.len(), 3);
    }

    #[test]
    fn sarif_has_each_rule_once_and_a_uri() {
        let report = sarif(&[finding("x"), finding("y")]);
        assert_eq!(report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
        let place = &report["runs"][0]["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "mig%20rations/001_a.sql");
        assert_eq!(place["region"]["endColumn"], 14);
    }
}
