//! Flyway's configuration, as far as it says how files are read: `flyway.conf`, `flyway.toml`, variables of the process,
//! and the `.conf` beside a file.

use std::collections::BTreeMap;

use rung_engine::Order;
use rung_sql::{Diagnostic, Span, closest};

use crate::files::{File, Files};
use crate::migration::lines;

/// How files are named and read.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) versioned: String,
    pub(super) undo: String,
    pub(super) repeatable: String,
    pub(super) baseline: String,
    pub(super) separator: String,
    suffixes: Vec<String>,
    /// Whether placeholders are filled in.
    pub(super) replaces: bool,
    pub(super) opening: String,
    pub(super) closing: String,
    /// What divides `flyway` from the name of what it gives itself.
    pub(super) colon: String,
    pub(super) placeholders: BTreeMap<String, String>,
    /// Whether statements of both kinds may stand in a file.
    pub(super) is_mixed: bool,
    is_in_transaction: bool,
    pub(super) order: Order,
    pub(super) schema: Option<String>,
    pub(super) table: String,
    /// What runs on each connection.
    pub(super) init_sql: Option<String>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of(BTreeMap::new())
    }
}

/// Where Flyway looks for its configuration; the later ones win.
const PLACES: [&str; 3] = ["conf/flyway.conf", "flyway.conf", "flyway.toml"];

impl Settings {
    /// What the files nearby and the variables of the process say.
    ///
    /// # Errors
    /// A `flyway.toml` that is none.
    pub(super) fn read(files: &Files, environment: &BTreeMap<String, String>) -> Result<Self, Vec<Diagnostic>> {
        let mut values = BTreeMap::new();
        for path in PLACES.iter().filter_map(|name| files.nearby(name)) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if path.extension().is_some_and(|ending| ending == "toml") {
                let table: toml_edit::DocumentMut = text.parse().map_err(|error| {
                    let message = format!("{} is no TOML: {error}", path.display());
                    vec![Diagnostic::error("flyway", message).help("mend it, or delete it")]
                })?;
                if let Some(table) = table.get("flyway").and_then(toml_edit::Item::as_table_like) {
                    flatten("", table, &mut values);
                }
            } else {
                let own = properties(&text)
                    .into_iter()
                    .filter_map(|(key, value, _)| Some((key.strip_prefix("flyway.")?.to_lowercase(), value)));
                values.extend(own);
            }
        }
        for (name, value) in environment {
            let Some(key) = name.strip_prefix("FLYWAY_") else { continue };
            let key = match key.strip_prefix("PLACEHOLDERS_") {
                Some(name) => format!("placeholders.{}", name.to_lowercase()),
                None => key.replace('_', "").to_lowercase(),
            };
            values.insert(key, value.clone());
        }
        Ok(Self::of(values))
    }

    fn of(mut values: BTreeMap<String, String>) -> Self {
        let mut take = |key: &str| values.remove(key);
        let mut text = |key: &str, default: &str| take(key).unwrap_or_else(|| default.to_owned());
        let mut settings = Self {
            versioned: text("sqlmigrationprefix", "V"),
            undo: text("undosqlmigrationprefix", "U"),
            repeatable: text("repeatablesqlmigrationprefix", "R"),
            baseline: text("baselinemigrationprefix", "B"),
            separator: text("sqlmigrationseparator", "__"),
            suffixes: text("sqlmigrationsuffixes", ".sql").split(',').map(str::to_owned).collect(),
            replaces: text("placeholderreplacement", "true") != "false",
            opening: text("placeholderprefix", "${"),
            closing: text("placeholdersuffix", "}"),
            colon: text("placeholderseparator", ":"),
            is_mixed: text("mixed", "false") == "true",
            is_in_transaction: text("executeintransaction", "true") != "false",
            order: if text("outoforder", "false") == "true" { Order::Any } else { Order::Strict },
            schema: None,
            table: text("table", "flyway_schema_history"),
            init_sql: None,
            placeholders: BTreeMap::new(),
            warnings: Vec::new(),
        };
        settings.init_sql = values.remove("initsql").filter(|sql| !sql.trim().is_empty());
        let schemas = values.remove("schemas").and_then(|all| all.split(',').next().map(|name| name.trim().to_owned()));
        settings.schema = values.remove("defaultschema").or(schemas).filter(|name| !name.is_empty());
        if let Some(schema) = &settings.schema {
            let message = format!("Flyway puts {schema} in front of the search path, and rung leaves it as it is");
            let help = format!("add `?options=-csearch_path%3D{schema}` to the URL, or SET it in the migrations");
            settings.warnings.push(Diagnostic::warning("flyway", message).help(help));
        }
        let placeholder = |(key, value): (String, String)| Some((key.strip_prefix("placeholders.")?.to_owned(), value));
        settings.placeholders = values.into_iter().filter_map(placeholder).collect();
        settings
    }

    /// A name without the suffix that makes it one of Flyway's, whatever its case.
    pub(super) fn without_suffix<'a>(&self, name: &'a str) -> Option<&'a str> {
        let cut = |suffix: &String| {
            let at = name.len().checked_sub(suffix.len())?;
            name.get(at..)?.eq_ignore_ascii_case(suffix).then(|| &name[..at])
        };
        self.suffixes.iter().find_map(cut)
    }
}

/// What the `.conf` beside a file says.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) no_transaction: Option<Span>,
    pub(super) replaces: bool,
    pub(super) is_run: bool,
}

const KEYS: [&str; 4] = ["executeInTransaction", "encoding", "placeholderReplacement", "shouldExecute"];

impl Own {
    /// Reads it.
    ///
    /// # Errors
    /// Keys and values that can't be honoured, each with its place.
    pub(super) fn read(
        conf: Option<&File>,
        file: &File,
        settings: &Settings,
        length: usize,
    ) -> Result<Self, Vec<Diagnostic>> {
        // Whoever asks for no transaction asks for the whole file.
        let asks = |is_in_transaction: bool| (!is_in_transaction).then(|| Span::new(0, length.min(1)));
        let mut own =
            Self { no_transaction: asks(settings.is_in_transaction), replaces: settings.replaces, is_run: true };
        let Some(conf) = conf else { return Ok(own) };
        let source = conf.source()?;
        let mut errors = Vec::new();
        for (key, value, span) in properties(source.text()) {
            let mut wrong = |message: String, help: String| {
                errors.push(Diagnostic::error("flyway", message).at(&source, span, "").help(help));
            };
            let flag = match value.to_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            match (key.as_str(), flag) {
                ("executeInTransaction", Some(is)) => own.no_transaction = asks(is),
                ("placeholderReplacement", Some(is)) => own.replaces = is,
                ("shouldExecute", Some(is)) => own.is_run = is,
                ("shouldExecute", None) => {
                    let message = format!("whether {} runs is for Flyway to work out: {value}", file.path.display());
                    wrong(
                        message,
                        "write `true` or `false`; or keep it to environments in rung's own format".to_owned(),
                    );
                }
                ("encoding", _) if value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8") => {}
                ("encoding", _) if file.read().is_ok_and(|bytes| bytes.is_ascii()) => {}
                ("encoding", _) => {
                    let message = format!("{} is in {value}", file.path.display());
                    let help = format!("save it as UTF-8: `iconv -f {value} -t UTF-8`, and take this line out");
                    wrong(message, help);
                }
                (key, None) if KEYS.contains(&key) => {
                    wrong(format!("{key} is true or false, not {value:?}"), "write one of the two".to_owned());
                }
                (key, _) => {
                    let near = closest(key, KEYS).map_or_else(
                        || format!("the keys are {}", KEYS.join(", ")),
                        |near| format!("did you mean {near}?"),
                    );
                    wrong(format!("the .conf of a migration has no key {key}"), near);
                }
            }
        }
        if errors.is_empty() { Ok(own) } else { Err(errors) }
    }
}

/// `key=value` lines, each with its place. A line that ends in `\` goes on in the next.
fn properties(text: &str) -> Vec<(String, String, Span)> {
    let mut found: Vec<(String, String, Span)> = Vec::new();
    let mut goes_on = false;
    for (span, line) in lines(text) {
        let trimmed = line.trim();
        let continues = trimmed.ends_with('\\');
        let part = trimmed.trim_end_matches('\\');
        if goes_on {
            if let Some((_, value, _)) = found.last_mut() {
                value.push_str(part);
            }
        } else if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            found.push((key.trim().to_owned(), value.trim().to_owned(), span));
        }
        goes_on = continues;
    }
    found
}

/// The values of a table by their keys in lower case, those of tables in it with `.` between.
fn flatten(prefix: &str, table: &dyn toml_edit::TableLike, into: &mut BTreeMap<String, String>) {
    for (key, item) in table.iter() {
        let key = format!("{prefix}{}", key.to_lowercase());
        if let Some(table) = item.as_table_like() {
            flatten(&format!("{key}."), table, into);
            continue;
        }
        let plain = |value: &toml_edit::Value| match value {
            toml_edit::Value::String(text) => text.value().clone(),
            other => other.to_string().trim().to_owned(),
        };
        let Some(value) = item.as_value() else { continue };
        let value = match value.as_array() {
            Some(array) => array.iter().map(plain).collect::<Vec<_>>().join(","),
            None => plain(value),
        };
        into.insert(key, value);
    }
}
