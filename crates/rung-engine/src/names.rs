//! What the names in `Depends on` mean: an id, a number, or what a baseline stands for.

use std::collections::HashMap;

use crate::due::stands_for;
use crate::model::Migration;
use crate::version::Version;

/// The names of all migrations of a set, and of those that its baselines stand for.
#[derive(Debug)]
pub struct Names<'a> {
    migrations: Vec<&'a Migration>,
    by_id: HashMap<&'a str, usize>,
    by_version: HashMap<&'a Version, Vec<usize>>,
    /// The baselines that stand for an id, in order, and for ids of a number.
    replaced: HashMap<&'a str, Vec<usize>>,
    replaced_by_version: HashMap<Version, Vec<&'a str>>,
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<'a> {
    /// No migration.
    Nothing,
    /// The migration at a place.
    One(usize),
    /// Any of these ids.
    Several(Vec<&'a str>),
}

impl<'a> Names<'a> {
    /// Migrations by their places.
    pub fn new(migrations: impl Iterator<Item = &'a Migration>) -> Self {
        let migrations: Vec<&Migration> = migrations.collect();
        let mut names = Self {
            by_id: HashMap::with_capacity(migrations.len()),
            by_version: HashMap::with_capacity(migrations.len()),
            replaced: HashMap::new(),
            replaced_by_version: HashMap::new(),
            migrations,
        };
        for (at, migration) in names.migrations.iter().enumerate() {
            names.by_id.insert(migration.id.as_str(), at);
            names.by_version.entry(&migration.version).or_default().push(at);
            for id in migration.replaces.iter().map(|replaced| replaced.id.as_str()) {
                let baselines = names.replaced.entry(id).or_default();
                if let Some(version) = Version::of(id).filter(|_| baselines.is_empty()) {
                    names.replaced_by_version.entry(version).or_default().push(id);
                }
                baselines.push(at);
            }
        }
        names
    }

    /// What a name means to the migration `of`.
    pub fn get(&self, name: &str, of: &Migration) -> Named<'a> {
        if let Some(at) = self.by_id.get(name) {
            return Named::One(*at);
        }
        if let Some(at) = self.baseline(name, of) {
            return Named::One(at);
        }
        let version = Version::of(name).filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
        version.map_or(Named::Nothing, |version| self.numbered(&version, of))
    }

    /// Every id.
    pub fn ids(&self) -> impl Iterator<Item = &'a str> {
        self.by_id.keys().copied()
    }

    /// The last baseline that stands for an id, and not for the migration that names it.
    fn baseline(&self, id: &str, of: &Migration) -> Option<usize> {
        let mut baselines = self.replaced.get(id)?.iter().rev();
        baselines.find(|at| !stands_for(self.migrations[**at], of.id.as_str())).copied()
    }

    fn numbered(&self, version: &Version, of: &Migration) -> Named<'a> {
        let there = self.by_version.get(version).map(Vec::as_slice).unwrap_or_default();
        // A baseline has the number of the last that it stands for: where that has a file, that one is meant.
        let is_twin =
            |at: usize| there.iter().any(|other| stands_for(self.migrations[at], self.migrations[*other].id.as_str()));
        let meant: Vec<usize> = there.iter().copied().filter(|at| !is_twin(*at)).collect();
        match meant.as_slice() {
            [only] => return Named::One(*only),
            [] => {}
            several => return Named::Several(several.iter().map(|at| self.migrations[*at].id.as_str()).collect()),
        }
        match self.replaced_by_version.get(version).map(Vec::as_slice) {
            Some([id]) => self.baseline(id, of).map_or(Named::Nothing, Named::One),
            Some(ids) => Named::Several(ids.to_vec()),
            None => Named::Nothing,
        }
    }
}
