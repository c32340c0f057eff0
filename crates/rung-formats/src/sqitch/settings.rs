//! The parts of `sqitch.conf` that say where files are and what variables are worth.
//!
//! Facts from sqitch's `Target.pm` and `Engine/pg.pm`: what is said for an engine counts before what is said for all; paths
//! begin where the file is; the scripts of a change that is reworked later may be in folders of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::PLAN;
use crate::files::{File, Files};
use crate::migration::lines;

/// What sqitch calls the databases of rung.
const ENGINES: [(&str, &str); 2] = [("postgres", "pg"), ("sqlite", "sqlite")];

pub(super) struct Settings {
    /// Keys with their sections, `core.plan_file` for one.
    values: BTreeMap<String, String>,
    engine: &'static str,
    /// Where the file is.
    place: Option<PathBuf>,
    pub(super) extension: String,
    pub(super) variables: BTreeMap<String, String>,
}

impl Settings {
    pub(super) fn read(files: &Files, dialect: &str) -> Self {
        let path = files.nearby("sqitch.conf");
        let text = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let engine = ENGINES.iter().find(|(name, _)| *name == dialect).map_or("", |(_, engine)| engine);
        let mut settings = Self {
            values: BTreeMap::new(),
            engine,
            place: path.and_then(|path| path.parent().map(PathBuf::from)),
            extension: "sql".to_owned(),
            variables: BTreeMap::new(),
        };
        let mut section = String::new();
        for (_, line) in lines(&text) {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name.replace('"', "").split_whitespace().collect::<Vec<_>>().join(".");
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) else { continue };
            let (key, value) = (key.trim().to_owned(), value.trim().trim_matches('"').to_owned());
            if section.ends_with("variables") {
                settings.variables.insert(key, value);
            } else {
                settings.values.insert(format!("{section}.{key}"), value);
            }
        }
        if let Some(extension) = settings.get("extension") {
            settings.extension = extension.to_owned();
        }
        let registry = settings.get("registry").unwrap_or("sqitch").to_owned();
        settings.variables.entry("registry".to_owned()).or_insert(registry);
        settings
    }

    fn get(&self, key: &str) -> Option<&str> {
        let of_engine = self.values.get(&format!("engine.{}.{key}", self.engine));
        of_engine.or_else(|| self.values.get(&format!("core.{key}"))).map(String::as_str)
    }

    /// Whether what a change did is verified before it counts; only a plain no keeps that from being so.
    pub(super) fn verifies(&self) -> bool {
        let is_no = |value: &String| matches!(value.to_lowercase().as_str(), "false" | "no" | "off" | "0");
        !self.values.get("deploy.verify").is_some_and(is_no)
    }

    /// A path's name among the files, where it is below their directory.
    fn name(&self, files: &Files, path: &str) -> Option<String> {
        files.name_of(&self.place.as_ref()?.join(path))
    }

    fn top(&self) -> &str {
        self.get("top_dir").unwrap_or(".")
    }

    /// The plan; every file that may be one, where the configuration names none.
    pub(super) fn plan<'a>(&self, files: &'a Files) -> Vec<&'a File> {
        let path = self.get("plan_file").map_or_else(|| format!("{}/{PLAN}", self.top()), str::to_owned);
        match self.name(files, &path).and_then(|name| files.get(&name)) {
            Some(file) => vec![file],
            None => {
                let base = path.rsplit('/').next().unwrap_or(PLAN);
                files.iter().filter(|file| file.base() == base).collect()
            }
        }
    }

    /// The folders for scripts of a kind that the configuration names.
    pub(super) fn folders(&self, kind: &str, is_reworked: bool, files: &Files) -> Vec<String> {
        let usual = self.get(&format!("{kind}_dir")).map_or_else(|| format!("{}/{kind}", self.top()), str::to_owned);
        let reworked = || {
            let own = self.get(&format!("reworked_{kind}_dir")).map(str::to_owned);
            own.or_else(|| self.get("reworked_dir").map(|dir| format!("{dir}/{kind}")))
        };
        let all = is_reworked.then(reworked).flatten().into_iter().chain([usual]);
        all.filter_map(|path| self.name(files, &path)).collect()
    }
}
