//! dbmate: `VERSION_name.sql` with a part after `-- migrate:up` and one after `-- migrate:down`, perhaps several times.
//!
//! Facts from its `pkg/dbmate/migration.go` and `db.go`: files are run by name, whatever is pending below the newest
//! applied one as well; the parts of a file that has several are undone in the order of the file.

use rung_engine::{Dialect, Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, lines, migration, next_line, read_each, without_idle};

pub(crate) struct Dbmate;

const HINTS: &Hints = &Hints {
    no_transaction: Some("write `-- migrate:up transaction:false`"),
    down: Some("write what undoes it below `-- migrate:down`"),
    depends: None,
    renumber: Renumber::ByHand,
};

impl Format for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let (name, line) = files.marked(|line| Mark::of(line).is_some())?;
        Some(Sign::sure(format!("{name} has a line `{line}`")))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let (items, strays): (Vec<&File>, Vec<&File>) =
            files.at_top(".sql").partition(|file| file.name.starts_with(|c: char| c.is_ascii_digit()));
        let strays = strays.into_iter().map(|file| file.stray("its name has no number in front")).collect();
        read_each(&items, Sorting::AsGiven, strays, Vec::new(), |file| read(file, options.dialect))
    }
}

/// A line that begins a part.
struct Mark<'a> {
    is_up: bool,
    options: &'a str,
}

impl<'a> Mark<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let text = line.strip_prefix("--")?.trim_start();
        let (is_up, options) = match text.strip_prefix("migrate:up") {
            Some(options) => (true, options),
            None => (false, text.strip_prefix("migrate:down")?),
        };
        let ends = options.is_empty() || options.starts_with(char::is_whitespace);
        ends.then_some(Self { is_up, options })
    }

    fn is_outside_transaction(&self) -> bool {
        self.options.split_whitespace().any(|option| option == "transaction:false")
    }
}

fn read(file: &File, dialect: &dyn Dialect) -> Outcome {
    let syntax = dialect.syntax();
    let source = file.source()?;
    let text = source.text();
    let stem = file.name.trim_end_matches(".sql");
    let version = &stem[..stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len())];
    let error = |message: &str, span: Span, help: &str| {
        vec![Diagnostic::error("dbmate", message).at(&source, span, "").help(help)]
    };
    let mut warnings = Vec::new();
    let (mut ups, mut downs): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
    let (mut up_outside, mut down_outside) = (None, None);
    for (span, line) in lines(text) {
        let Some(mark) = Mark::of(line) else {
            let comment = line.trim_start().strip_prefix("--").map(|text| text.trim_start().to_lowercase());
            if ups.is_empty() && comment.is_none() && !line.trim().is_empty() {
                return Err(error("this SQL stands before `-- migrate:up`", span, "move it below that line"));
            }
            if comment.is_some_and(|text| text.starts_with("migrate:")) {
                let warning = Diagnostic::warning("dbmate", "to dbmate this line is a comment like any other");
                let help = "a part begins with `-- migrate:up` or `-- migrate:down` in the first column";
                warnings.push(warning.at(&source, span, "").help(help));
            }
            continue;
        };
        if mark.is_up && ups.len() > downs.len() {
            return Err(error("the part before this one has no `-- migrate:down`", span, "add one; it may be empty"));
        }
        if !mark.is_up && ups.len() == downs.len() {
            return Err(error("there is no `-- migrate:up` that this would undo", span, "add one above it"));
        }
        for open in ups.iter_mut().chain(&mut downs).filter(|open| open.end == text.len()) {
            open.end = span.start;
        }
        let (parts, outside) = if mark.is_up { (&mut ups, &mut up_outside) } else { (&mut downs, &mut down_outside) };
        parts.push(Span::new(next_line(text, span.end), text.len()));
        if mark.is_outside_transaction() {
            outside.get_or_insert(span);
        }
    }
    if ups.is_empty() {
        return Err(error("there is no `-- migrate:up` line", Span::new(0, 0), "begin the file with one"));
    }
    if ups.len() > downs.len() {
        let help = "add one at the end; it may be empty";
        return Err(error("there is no `-- migrate:down` line", Span::new(text.len(), text.len()), help));
    }
    let script = |parts: &[Span]| Script::joined(source.clone(), parts);
    let version = Version::Text(version.into());
    let mut migration = migration(stem, version, script(&ups), Some(script(&downs)), HINTS, syntax);
    migration.no_transaction = up_outside;
    migration.down_no_transaction = down_outside;
    migration.order = Order::Any;
    without_idle(&mut migration, dialect, &mut warnings);
    checked(migration, warnings, syntax)
}
