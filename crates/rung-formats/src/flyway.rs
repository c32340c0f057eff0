//! Flyway: `V1_2__name.sql`, `U1_2__name.sql` that undoes it, `R__name.sql`, `B1_2__name.sql`, callbacks such as
//! `afterMigrate.sql`, and `NAME.sql.conf` beside any of them.
//!
//! Facts from its `ResourceNameParser`, `SqlMigrationResolver`, `SqlScriptMetadata`, `DbMigrate`, `Event` and
//! `PlaceholderReplacingReader`: folders are looked into, a baseline runs where nothing is applied, placeholders are put
//! in everywhere, in quotes and comments too, and what runs around each migration runs in its transaction.

mod callback;
mod placeholder;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;

use rung_engine::{Body, Dialect, Digest, Down, Hints, Migration, MigrationSet, Order, Renumber, Runs, Version};
use rung_sql::{Diagnostic, MigrationType, Script, Span, Statement, fingerprint, infer_type, split};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign, Strength};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, migration, read_each, without_escapes};
use callback::{Callback, Place};
use placeholder::Placeholders;
use settings::Settings;

pub(crate) struct Flyway;

const HINTS: &Hints = &Hints {
    no_transaction: Some(
        "write `executeInTransaction=false` into a file beside it that is named like it with `.conf` at the end",
    ),
    down: Some("write what undoes it as `U<version>__<name>.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

/// Files nearby that tell of the tool.
const MENTIONS: [(&str, &str); 6] = [
    ("flyway.toml", ""),
    ("flyway.conf", ""),
    ("conf/flyway.conf", ""),
    ("pom.xml", "flyway"),
    ("build.gradle", "flyway"),
    ("build.gradle.kts", "flyway"),
];

impl Format for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let settings = Settings::default();
        let roles: Vec<(&File, Role<'_>)> = files.iter().map(|file| (file, Role::of(file.base(), &settings))).collect();
        let versioned = roles.iter().find(|(_, role)| matches!(role, Role::Versioned(_) | Role::Baseline(_)));
        let own = roles.iter().find(|(file, role)| match role {
            Role::Baseline(_) | Role::Callback(_) => true,
            Role::Repeatable => versioned.is_some(),
            // To refinery a version is a whole number.
            Role::Versioned(version) => version.contains(['_', '.']),
            Role::Undo(version) => {
                roles.iter().any(|(_, role)| matches!(role, Role::Versioned(other) if other == version))
            }
            Role::Code | Role::Stray(_) => false,
            Role::Other => file.base().ends_with(".sql.conf"),
        });
        let (file, _) = own.or(versioned)?;
        let why = format!("there is a file {}", file.name);
        let is_usual = || file.path.ancestors().any(|folder| folder.ends_with("db/migration"));
        Some(match Sign::fits(why.clone(), files, &MENTIONS) {
            _ if own.is_some() => Sign::sure(why),
            Sign { strength: Strength::Fits, .. } if is_usual() => Sign::likely("db/migration is Flyway's usual place"),
            sign => sign,
        })
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let settings = Settings::read(files, options.environment)?;
        let (mut errors, mut warnings) = (Vec::new(), settings.warnings.clone());
        let mut items: Vec<Item<'_>> = Vec::new();
        let mut undos: HashMap<Version, &File> = HashMap::new();
        let mut callbacks: Vec<(&File, &'static Callback)> = Vec::new();
        for file in files.iter() {
            let role = Role::of(file.base(), &settings);
            let version = |text: &str, errors: &mut Vec<Diagnostic>| {
                let version = Version::dotted(text);
                if version.is_none() {
                    let error = file.error("flyway", &format!("has a version that is none: {text}"));
                    errors.push(error.help("numbers of at most 18 digits with `_` or `.` between them make a version"));
                }
                version
            };
            match role {
                Role::Versioned(text) => items.extend(version(text, &mut errors).map(|v| Item::new(file, v, Runs::Once))),
                Role::Baseline(text) => {
                    items.extend(version(text, &mut errors).map(|v| Item::new(file, v, Runs::Checkpoint)));
                }
                Role::Repeatable => items.push(Item::new(file, Version::Repeatable, Runs::WhenChanged)),
                Role::Undo(text) => {
                    if let Some(version) = version(text, &mut errors)
                        && let Some(twin) = undos.insert(version, file)
                    {
                        let what = format!("undoes what {} undoes", twin.path.display());
                        errors.push(file.error("flyway", &what).help("delete one of the two"));
                    }
                }
                Role::Callback(callback) => callbacks.push((file, callback)),
                Role::Code => errors.push(
                    file.error("code-migration", "is a migration that is a program, which only Flyway can run")
                        .help("write it as an SQL file of the same version; or register it as a function: `rung::Builder::code`"),
                ),
                Role::Stray(why) => warnings.push(file.stray(why)),
                Role::Other => {}
            }
        }
        // Repeatable migrations and callbacks go by their descriptions, in which `_` is a blank.
        let described = |file: &File| settings.without_suffix(file.base()).unwrap_or(file.base()).replace('_', " ");
        callbacks.sort_by_cached_key(|(file, callback)| (callback.name, described(file)));
        let placeholders = Placeholders::new(&settings, options);
        let around = Around::read(&callbacks, &settings, &placeholders, options.dialect, &mut warnings)
            .map_err(|found| errors.extend(found))
            .unwrap_or_default();
        // A baseline comes after the migration of its own version, for which it stands, too.
        let key = |item: &Item<'_>| (item.version.clone(), item.runs == Runs::Checkpoint, described(item.file));
        items.sort_by_cached_key(key);
        let versions: Vec<&Version> = items.iter().map(|item| &item.version).collect();
        let alone = undos.iter().filter(|(version, _)| !versions.contains(version));
        warnings.extend(alone.map(|(_, file)| file.stray("there is no migration that it would undo")));
        let mut ordered: Vec<Item<'_>> = Vec::with_capacity(items.len());
        let alone = |place: Place| {
            let of_place = callbacks.iter().filter(move |(_, callback)| callback.place == place);
            of_place.map(move |(file, _)| Item::new(file, place.version(), Runs::Always))
        };
        ordered.extend(alone(Place::First));
        let (repeatable, versioned): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.version == Version::Repeatable);
        ordered.extend(versioned);
        ordered.extend(alone(Place::AfterVersioned));
        ordered.extend(repeatable);
        ordered.extend(alone(Place::Last));
        let reading = Reader { files, undos, settings: &settings, placeholders, around, dialect: options.dialect };
        read_each(&ordered, Sorting::AsGiven, warnings, errors, |item| reading.read(item))
    }
}

/// A file that is a migration.
struct Item<'a> {
    file: &'a File,
    version: Version,
    runs: Runs,
}

impl<'a> Item<'a> {
    fn new(file: &'a File, version: Version, runs: Runs) -> Self {
        Self { file, version, runs }
    }
}

/// What a file is, by its name.
enum Role<'a> {
    Versioned(&'a str),
    Undo(&'a str),
    Baseline(&'a str),
    Repeatable,
    Callback(&'static Callback),
    /// A migration in a programming language.
    Code,
    /// SQL whose name says nothing to Flyway.
    Stray(&'static str),
    Other,
}

impl<'a> Role<'a> {
    fn of(base: &'a str, settings: &Settings) -> Self {
        let Some(name) = settings.without_suffix(base) else {
            let stem = base.rsplit_once('.').filter(|(_, ending)| CODE.contains(ending)).map(|(stem, _)| stem);
            let is_migration = |stem| matches!(Self::named(stem, settings), Self::Versioned(_) | Self::Repeatable);
            // A program of another kind has no separator in its name.
            return match stem {
                Some(stem) if stem.contains(&settings.separator) && is_migration(stem) => Self::Code,
                _ => Self::Other,
            };
        };
        Self::named(name, settings)
    }

    /// By a name without its suffix. The longest prefix that fits decides.
    fn named(name: &'a str, settings: &Settings) -> Self {
        let own = [&settings.versioned, &settings.undo, &settings.repeatable, &settings.baseline];
        let callback = Callback::of(name);
        let longest = own.iter().filter(|prefix| name.starts_with(prefix.as_str())).max_by_key(|prefix| prefix.len());
        let (prefix, callback) = match (longest, callback) {
            (longest, Some(callback)) if longest.is_none_or(|own| callback.name.len() >= own.len()) => {
                (callback.name, Some(callback))
            }
            (Some(own), _) => (own.as_str(), None),
            (None, _) => return Self::Stray("its name has no prefix that Flyway knows"),
        };
        let rest = &name[prefix.len()..];
        let version = rest.split_once(settings.separator.as_str()).map_or(rest, |(version, _)| version);
        let is_repeatable = prefix == settings.repeatable;
        match (callback, version) {
            (Some(callback), "") => Self::Callback(callback),
            (None, "") if is_repeatable => Self::Repeatable,
            (Some(_), _) => Self::Stray("its name begins like a callback and goes on otherwise"),
            (None, _) if is_repeatable => Self::Stray("a repeatable migration has no version in its name"),
            (None, version) if !version.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_')) => {
                Self::Stray("its name has no version")
            }
            (None, "") => Self::Stray("its name has no version"),
            (None, version) if prefix == settings.versioned => Self::Versioned(version),
            (None, version) if prefix == settings.undo => Self::Undo(version),
            (None, version) => Self::Baseline(version),
        }
    }
}

/// Endings of programs that Flyway runs as migrations.
const CODE: [&str; 12] = ["java", "class", "kt", "groovy", "scala", "sh", "bash", "bat", "cmd", "ps1", "py", "js"];

/// What stands before and after the statements of every migration, placeholders filled in.
#[derive(Default)]
struct Around {
    before: String,
    after: String,
    before_undo: String,
    after_undo: String,
}

impl Around {
    fn read(
        callbacks: &[(&File, &'static Callback)],
        settings: &Settings,
        placeholders: &Placeholders<'_>,
        dialect: &dyn Dialect,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut around = Self::default();
        let mut errors = Vec::new();
        if let Some(sql) = &settings.init_sql {
            around.before = format!("{sql}\n;\n");
            around.before_undo.clone_from(&around.before);
        }
        for (file, callback) in callbacks {
            let mut text = || -> Result<String, Vec<Diagnostic>> {
                let script = Script::whole(file.source()?);
                let filled = placeholders.fill(&script, file.base(), warnings)?;
                filled.script.statements(dialect.syntax())?;
                // What ends a statement that has no `;` is an empty one where it has.
                Ok(format!("{}\n;\n", without_escapes(&filled.script, dialect.syntax()).text()))
            };
            let targets: &mut [&mut String] = match callback.place {
                Place::Before => &mut [&mut around.before],
                Place::After => &mut [&mut around.after],
                Place::BeforeUndo => &mut [&mut around.before_undo],
                Place::AfterUndo => &mut [&mut around.after_undo],
                Place::Connect => &mut [&mut around.before, &mut around.before_undo],
                Place::First | Place::AfterVersioned | Place::Last => continue,
                Place::Elsewhere(what) => {
                    warnings.push(file.warning("flyway", &format!("is not run: {what}")));
                    continue;
                }
                Place::Refused(help) => {
                    let error = file.error("flyway", &format!("is a callback that can't be run: {}", callback.name));
                    errors.push(error.help(help));
                    continue;
                }
            };
            match text() {
                Ok(text) => targets.iter_mut().for_each(|target| target.push_str(&text)),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(around) } else { Err(errors) }
    }
}

/// What it takes to read one file.
struct Reader<'a> {
    files: &'a Files,
    undos: HashMap<Version, &'a File>,
    settings: &'a Settings,
    placeholders: Placeholders<'a>,
    around: Around,
    dialect: &'static dyn Dialect,
}

impl Reader<'_> {
    fn read(&self, item: &Item<'_>) -> Outcome {
        let syntax = self.dialect.syntax();
        let mut warnings = Vec::new();
        let (up, own) = self.script(item.file, &mut warnings)?;
        let id = self.settings.without_suffix(item.file.base()).unwrap_or(item.file.base());
        let mut migration = migration(id, item.version.clone(), up.raw, None, HINTS, syntax);
        migration.runs = item.runs;
        migration.order = self.settings.order;
        migration.no_transaction = own.no_transaction.or_else(|| self.outside(&up.filled));
        // Flyway calls it by its path in the location.
        migration.tool_name = Some(item.file.name.clone());
        if item.version == Version::Repeatable {
            // Its content is what is sent, so that another value is a change.
            migration.fingerprint = Digest(fingerprint(up.filled.text(), syntax));
            migration.tool_checksums = vec![flyway_checksum(up.filled.text()).to_string()];
            if up.changes {
                migration.runs = Runs::Always;
            }
        }
        if item.runs == Runs::Always {
            migration.order = Order::Any;
        }
        migration.declared_type = Some(self.kind(&up.filled));
        set_up(&mut migration, self.sent(&up.filled, &self.around.before, &self.around.after));
        if let Some(file) = self.undos.get(&item.version).filter(|_| item.runs == Runs::Once) {
            let (down, own) = self.script(file, &mut warnings)?;
            migration.down =
                Some(Down::Sql(self.sent(&down.filled, &self.around.before_undo, &self.around.after_undo)));
            migration.down_no_transaction = own.no_transaction.or_else(|| self.outside(&down.filled));
        }
        if self.settings.is_mixed {
            journalled_where_needed(&mut migration, self.dialect);
        }
        if !own.is_run {
            let why = "its .conf says shouldExecute=false";
            let nothing = Script::slice(Arc::clone(&migration.source), Span::new(0, 0));
            set_up(&mut migration, nothing);
            warnings.push(item.file.warning("flyway", &format!("is recorded and not run: {why}")));
        }
        checked(migration, warnings, syntax)
    }

    /// Where a script that wants no transaction says so by all its statements: with callbacks around it, it is of both
    /// kinds, and Flyway runs them apart.
    fn outside(&self, script: &Script) -> Option<Span> {
        let (statements, _) = split(script.text(), self.dialect.syntax());
        let refuses =
            |statement: &Statement| self.dialect.facts(&script.text()[statement.span.range()]).outside.is_some();
        let first = statements.first()?.span;
        statements.iter().all(refuses).then(|| script.source_span(first))
    }

    /// A script as it is sent, with what stands around it.
    fn sent(&self, script: &Script, before: &str, after: &str) -> Script {
        let script = without_escapes(script, self.dialect.syntax());
        let end = script.text().len();
        let mut edits = Vec::new();
        if !before.is_empty() {
            edits.push((Span::new(0, 0), before.to_owned()));
        }
        if !after.is_empty() {
            edits.push((Span::new(end, end), format!("\n;\n{after}")));
        }
        script.replaced(&edits)
    }

    /// What a script does by itself.
    fn kind(&self, script: &Script) -> MigrationType {
        let (statements, _) = split(script.text(), self.dialect.syntax());
        let facts: Vec<_> =
            statements.iter().map(|statement| self.dialect.facts(&script.text()[statement.span.range()])).collect();
        infer_type(facts.iter())
    }

    /// A file's text as it is and as it is sent, and what its `.conf` says.
    fn script(&self, file: &File, warnings: &mut Vec<Diagnostic>) -> Result<(Text, settings::Own), Vec<Diagnostic>> {
        let source = file.source()?;
        let conf = self.files.get(&format!("{}.conf", file.name));
        let own = settings::Own::read(conf, file, self.settings, source.text().len())?;
        let raw = Script::whole(source);
        if !own.replaces {
            return Ok((Text { filled: raw.clone(), raw, changes: false }, own));
        }
        let filled = self.placeholders.fill(&raw, file.base(), warnings)?;
        Ok((Text { raw, filled: filled.script, changes: filled.changes }, own))
    }
}

/// A file's text.
struct Text {
    raw: Script,
    /// With placeholders filled in.
    filled: Script,
    /// Whether it is another one each time.
    changes: bool,
}

fn set_up(migration: &mut Migration, up: Script) {
    if let Body::Sql(body) = &mut migration.body {
        body.up = up;
    }
}

/// A file's checksum as Flyway's history table has it: CRC-32 over the UTF-8 of its lines without their ends, as a signed
/// number. Of a repeatable migration, Flyway takes the text with placeholders filled in.
pub fn flyway_checksum(text: &str) -> i32 {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let crc = bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    (!crc).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_lines() {
        assert_eq!(flyway_checksum(""), 0);
        // CRC-32's own check value.
        assert_eq!(flyway_checksum("1234\r\n567\r89\n"), 0xcbf4_3926_u32.cast_signed());
        assert_eq!(flyway_checksum("\u{feff}123456789"), flyway_checksum("123456789"));
    }
}
