//! What migrations make of an empty database, known from the last time: to find it out takes as long as all of them.
//!
//! It is kept under a digest of everything that it depends on: what is run, what it is run on, and the program that reads it.
//! Whatever is wrong with what is kept, it is found out anew.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rung::DbError;
use rung::catalog::Catalog;
use rung::engine::{Body, Digest, MigrationSet, ScratchDatabase, ServerFacts};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// At most so many are kept, of so many bytes together; the ones that were not asked for longest go first.
const ENTRIES: usize = 64;
const BYTES: u64 = 256 << 20;

/// What came of migrations on a scratch database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) catalog: Catalog,
    /// The scratch server.
    pub(crate) facts: ServerFacts,
}

impl Made {
    /// Looks at a scratch database.
    ///
    /// # Errors
    /// The server's error.
    pub(crate) fn on(mut database: ScratchDatabase) -> Result<Self, DbError> {
        Ok(Self { catalog: database.driver.inspect()?, facts: database.driver.facts().clone() })
    }
}

/// The place for what some migrations make.
pub(crate) struct Known {
    directory: PathBuf,
    key: Digest,
}

/// What is kept of the server.
#[derive(Serialize, Deserialize)]
struct Server {
    version: String,
    version_number: u32,
    user: String,
}

impl Known {
    /// The place in a directory of ours for what a set makes of databases that are `scratch` before; `about` is whatever else
    /// it depends on. `None` where it depends on what nobody can tell, a program for one; or where values were put into
    /// the files, which may be secrets, and end up in what they make.
    pub(crate) fn of(cache: &Path, set: &MigrationSet, scratch: &str, about: &[&str]) -> Option<Self> {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        };
        add(&program()?);
        add(scratch);
        about.iter().for_each(|part| add(part));
        for migration in set.iter() {
            let Body::Sql(body) = &migration.body else { return None };
            let text = |it: &dyn Debug| format!("{it:?}");
            let is_one = migration.no_transaction.is_none();
            add(&text(&(
                &migration.id,
                &migration.version,
                migration.runs,
                is_one,
                &migration.only,
                &migration.replaces,
            )));
            add(&text(&migration.depends_on));
            add(&text(&body.expects));
            for script in std::iter::once(&body.up).chain(body.verify.iter().map(|verify| &verify.script)) {
                if !script.is_verbatim() {
                    return None;
                }
                add(script.text());
            }
            add(&text(&body.verify.iter().map(|verify| verify.want).collect::<Vec<_>>()));
        }
        Some(Self { directory: cache.join("schemas"), key: Digest(hash.finalize().into()) })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(self.key.to_string())
    }

    /// What is known, if anything is.
    pub(crate) fn recall(&self) -> Option<Made> {
        let path = self.path();
        let made = self.read(&fs::read(&path).ok()?);
        match made {
            // It is the newest now. Where that can't be said, it goes earlier.
            Some(_) => {
                _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()))
            }
            None => _ = fs::remove_file(&path),
        }
        made
    }

    fn read(&self, bytes: &[u8]) -> Option<Made> {
        let (digest, rest) = bytes.split_first_chunk()?;
        let wanted: [u8; 32] = self.digest(rest);
        if *digest != wanted {
            return None;
        }
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let Server { version, version_number, user } = serde_json::from_slice(&rest[..end]).ok()?;
        let facts = ServerFacts { version, version_number, place: String::new(), user, pooled: false };
        Some(Made { catalog: Catalog::from_bytes(&rest[end + 1..])?, facts })
    }

    /// Keeps it for the next time. Where that can't be done, it is found out anew.
    pub(crate) fn keep(&self, made: &Made) {
        let _ = self.try_keep(made);
    }

    fn try_keep(&self, made: &Made) -> io::Result<()> {
        let ServerFacts { version, version_number, user, .. } = made.facts.clone();
        let mut rest = serde_json::to_vec(&Server { version, version_number, user })?;
        rest.push(b'\n');
        rest.extend(made.catalog.to_bytes());
        let length = rest.len() as u64;
        if length > BYTES / 4 {
            return Ok(());
        }
        private(&self.directory)?;
        make_room(&self.directory, length)?;
        // Whole, or not at all, and nobody else may read it.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(&self.digest(&rest))?;
        file.write_all(&rest)?;
        file.persist(self.path())?;
        Ok(())
    }

    /// Also of the key: what is kept for another one is nothing here.
    fn digest(&self, rest: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.key.0).chain_update(rest).finalize().into()
    }
}

/// This program, as another build may read the same database in another way.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let about = fs::metadata(&path).ok()?;
    Some(format!("{} {path:?} {} {:?}", env!("CARGO_PKG_VERSION"), about.len(), about.modified().ok()?))
}

fn private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

/// Removes what was not asked for longest, until one more of a length has room.
fn make_room(directory: &Path, length: u64) -> io::Result<()> {
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(directory)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let about = entry.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), entry.path()))
        })
        .collect();
    entries.sort();
    let (mut count, mut bytes) = (entries.len(), entries.iter().map(|(_, length, _)| length).sum::<u64>());
    for (_, of, path) in entries {
        if count < ENTRIES && bytes + length <= BYTES {
            break;
        }
        fs::remove_file(path)?;
        count -= 1;
        bytes -= of;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rung::catalog::{Body as Is, Key, Kind, Object};
    use rung::formats::Choice;

    use super::*;

    fn set(files: &[(&str, &str)], variables: &[(&str, &str)]) -> MigrationSet {
        let files = files.iter().map(|(name, text)| (name.to_string().into(), text.as_bytes().to_vec().into()));
        let builder = rung::Migrator::from_files("migrations", files).format(Choice::Named("rung"));
        let builder = variables.iter().fold(builder, |builder, (name, value)| builder.variable(*name, *value));
        builder.load(rung::dialect_of("sqlite::memory:").unwrap()).unwrap()
    }

    fn made() -> Made {
        let mut catalog = Catalog::new();
        catalog.insert(Object::new(Key::new(Kind::Schema, None, "app"), Is::Schema));
        let (version, place, user) = ("15.1".to_owned(), String::new(), "rung".to_owned());
        Made { catalog, facts: ServerFacts { version, version_number: 150_001, place, user, pooled: false } }
    }

    const TWO: [(&str, &str); 2] = [("001_a.sql", "CREATE TABLE a (x int);"), ("002_b.sql", "CREATE TABLE b (x int);")];

    #[test]
    fn what_is_kept_is_known_and_whatever_it_depends_on_is_another_place() {
        let dir = tempfile::tempdir().unwrap();
        let of = |files: &[(&str, &str)], scratch: &str, about: &[&str]| {
            Known::of(dir.path(), &set(files, &[]), scratch, about).unwrap()
        };
        let known = of(&TWO, "15", &["rung"]);
        assert_eq!(known.recall(), None);
        known.keep(&made());
        assert_eq!(known.recall(), Some(made()));
        assert_eq!(of(&TWO, "15", &["rung"]).recall(), Some(made()));
        let swapped = [("001_a.sql", TWO[1].1), ("002_b.sql", TWO[0].1)];
        let checked = [TWO[0], ("002_b.sql", "CREATE TABLE b (x int);\n-- @verify\nSELECT 1;\n")];
        let outside = [TWO[0], ("002_b.sql", "-- @no-transaction\nCREATE TABLE b (x int);")];
        for (other, why) in [
            (of(&TWO[..1], "15", &["rung"]), "fewer"),
            (of(&swapped, "15", &["rung"]), "another order"),
            (of(&checked, "15", &["rung"]), "a check"),
            (of(&outside, "15", &["rung"]), "outside of a transaction"),
            (of(&TWO, "16", &["rung"]), "another server"),
            (of(&TWO, "15", &["platform"]), "something else"),
            (of(&TWO, "15r", &["ung"]), "parts that are cut elsewhere"),
        ] {
            assert_eq!(other.recall(), None, "{why}");
        }
    }

    #[test]
    fn nothing_is_kept_of_values_and_programs() {
        let dir = tempfile::tempdir().unwrap();
        let with = set(&[("001_a.sql", "CREATE TABLE a (x int CHECK (x < ${key}));")], &[("key", "4711")]);
        assert!(Known::of(dir.path(), &with, "15", &[]).is_none());
        let mut program = (**set(&TWO, &[]).iter().next().unwrap()).clone();
        program.body = Body::Command("001_a.sh".into());
        let program = MigrationSet::ordered(vec![program], Vec::new()).unwrap();
        assert!(Known::of(dir.path(), &program, "15", &[]).is_none());
    }

    #[test]
    fn what_is_broken_is_as_good_as_gone() {
        let dir = tempfile::tempdir().unwrap();
        let known = Known::of(dir.path(), &set(&TWO, &[]), "15", &[]).unwrap();
        known.keep(&made());
        let good = fs::read(known.path()).unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            fs::write(known.path(), &bytes).unwrap();
            assert_eq!(known.recall(), None, "{at}");
            assert!(!known.path().exists(), "it is not looked at twice");
            fs::write(known.path(), &good[..at]).unwrap();
            assert_eq!(known.recall(), None, "{at}");
        }
        // Another's, under this name.
        let other = Known::of(dir.path(), &set(&TWO[..1], &[]), "15", &[]).unwrap();
        fs::write(other.path(), &good).unwrap();
        assert_eq!(other.recall(), None);
        fs::write(known.path(), &good).unwrap();
        assert_eq!(known.recall(), Some(made()));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_the_oldest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let of = |scratch: usize| Known::of(dir.path(), &set(&TWO, &[]), &scratch.to_string(), &[]).unwrap();
        for scratch in 0..ENTRIES {
            of(scratch).keep(&made());
        }
        assert!(of(0).recall().is_some(), "which makes it the newest");
        for scratch in ENTRIES..ENTRIES + 5 {
            of(scratch).keep(&made());
        }
        assert_eq!(fs::read_dir(dir.path().join("schemas")).unwrap().count(), ENTRIES);
        assert!(of(0).recall().is_some() && of(1).recall().is_none() && of(ENTRIES + 4).recall().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let known = Known::of(&dir.path().join("rung"), &set(&TWO, &[]), "15", &[]).unwrap();
        known.keep(&made());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&known.directory), mode(&known.path())), (0o700, 0o600));
    }
}
