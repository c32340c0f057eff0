//! `header-mismatch`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "header-mismatch",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A header whose `Type` is another than that of the statements.",
    why: "Whoever reads it, or a listing of the history, is told something that is not so.",
    instead: "The type that the statements have; `custom_sql` fits everything.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("-- Type: create_table\nDROP TABLE t;"),
        Case::silent("-- Type: drop_table\nDROP TABLE t;"),
        Case::silent("-- Type: custom_sql\nDROP TABLE t;"),
        Case::silent("-- Type: create_index\nCREATE TABLE t (a int);\nCREATE INDEX i ON t (a);"),
        Case::fires("-- Type: insert_data\nCREATE TABLE t (a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let Some(declared) = cx.file.migration.declared_type else { return };
    let facts = || cx.file.lines().iter().map(|line| &line.facts);
    let inferred = infer_type(facts());
    let fits = declared == MigrationType::CustomSql
        || declared == inferred
        || facts().any(|facts| facts.change == Some(declared));
    if fits || cx.file.lines().is_empty() {
        return;
    }
    let source = Arc::clone(&cx.file.migration.source);
    let mut at = 0;
    let line = source.text().split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        let text = line.trim_start_matches(['-', '#', ' ']).to_lowercase();
        text.starts_with("type:").then(|| Span::new(start, start + line.trim_end().len()))
    });
    cx.report_at(
        source,
        line.unwrap_or_default(),
        None,
        format!("its header says {}, and its statements are {}", declared.as_str(), inferred.as_str()),
    )
    .help(format!("write `-- Type: {}`", inferred.as_str()));
}
