//! What a scratch database is before anything is done on it, as a text: the same text, the same databases.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rung_engine::{DbError, ScratchOptions, Session};

use super::binaries::{self, Binaries};
use crate::OpenOptions;
use crate::connect::{Environment, Settings};

/// Everything on a server that may show in what migrations make there: its version, its extensions, its roles (migrations ask
/// whether there is one), and the settings of our sessions.
const SERVER: &str = "SELECT pg_catalog.concat_ws(E'\\n', pg_catalog.version(), current_user, \
    (SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype) \
      FROM pg_catalog.pg_database WHERE datname = 'template0'), \
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', name, default_version), ',' ORDER BY name) \
      FROM pg_catalog.pg_available_extensions), \
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, \
      rolcanlogin, rolreplication, rolbypassrls), ',' ORDER BY rolname) FROM pg_catalog.pg_roles), \
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', roleid, member, admin_option), ',' ORDER BY roleid, member) \
      FROM pg_catalog.pg_auth_members), \
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws('=', name, setting), ',' ORDER BY name) FROM pg_catalog.pg_settings \
      WHERE context IN ('user', 'superuser') AND source NOT IN ('default', 'client', 'session')))";

/// What [`super::scratch`] would make databases from with the same options, without starting a server. `None` where nobody can
/// tell, or there is none.
pub fn scratch_identity(options: &ScratchOptions, environment: &Environment) -> Option<String> {
    match &options.server {
        Some(server) => ask(server, &options.schema, environment).ok()?,
        None => {
            let found = binaries::find(&options.path);
            of_programs(binaries::choose(&found, options.version.map(|version| version / 10_000))?)
        }
    }
}

fn ask(server: &str, schema: &str, environment: &Environment) -> Result<Option<String>, DbError> {
    let settings = Settings::resolve(server, environment).map_err(crate::driver::wrong_settings)?;
    let mut session = crate::driver::open_with(&settings, &OpenOptions { schema: schema.to_owned() })?;
    Ok(session.query(SERVER)?.into_iter().flatten().next().flatten())
}

/// A server of programs has what `initdb` makes, and the extensions that are installed beside them.
fn of_programs(binaries: &Binaries) -> Option<String> {
    let mut extensions: Vec<String> = fs::read_dir(extensions_of(binaries)?)
        .ok()?
        .filter_map(|entry| Some(file(&entry.ok()?.path())))
        .filter(|file| file.contains(".control"))
        .collect();
    extensions.sort();
    Some(format!("{}\n{}", programs(binaries), extensions.join("\n")))
}

/// The programs that make and run a cluster, as one may be replaced by another.
pub(super) fn programs(binaries: &Binaries) -> String {
    ["initdb", "postgres"].map(|program| file(&binaries.directory.join(program))).join("\n")
}

/// A file, with what changes when it does.
fn file(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let about = fs::metadata(&path).ok();
    let changed = about.as_ref().and_then(|about| about.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let text = |it: &dyn Debug| format!("{it:?}");
    [text(&path), text(&about.map(|about| about.len())), text(&changed)].join(" ")
}

/// Where builds have the extensions, as seen from their programs.
fn extensions_of(binaries: &Binaries) -> Option<PathBuf> {
    let programs = fs::canonicalize(&binaries.directory).ok()?;
    let (above, major) = (programs.parent()?, binaries.major);
    let share = [
        above.join("share/postgresql"),
        above.join(format!("share/postgresql@{major}")),
        above.join("share"),
        PathBuf::from(format!("/usr/share/postgresql/{major}")),
        PathBuf::from("/usr/share/pgsql"),
    ];
    share.into_iter().map(|share| share.join("extension")).find(|extensions| extensions.is_dir())
}
