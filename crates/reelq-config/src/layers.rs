//! The layers of configuration, merged: the last word on each key, and whose it was.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

use super::{
    Complaint, Environment, environment, file,
    keys::{KEYS, Key, named_in, path_for},
    kind::Value,
};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File {
        /// As it is shown.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command.
    Flag(&'static str),
    /// The simulation.
    Simulation,
}

impl Origin {
    /// Whether it is this file.
    pub fn is_in(&self, file: &Path) -> bool {
        matches!(self, Self::File { path, .. } if path == file)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Simulation => f.write_str("--simulate"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// What the command line says over all other layers.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--store`.
    pub store: Option<String>,
    /// `--log`.
    pub log: Option<String>,
}

/// All keys that somebody set, and the defaults.
#[derive(Debug, Default)]
pub struct Settings {
    values: BTreeMap<Vec<String>, Setting>,
    pub(crate) complaints: Vec<Complaint>,
    /// The configuration files that were read, with their text.
    pub files: BTreeMap<PathBuf, String>,
}

impl Settings {
    /// Reads and merges all layers. What is wrong is collected, not thrown.
    pub fn read(flags: &Flags, environment: &Environment, folder: &Path) -> Self {
        let mut settings = Self::default();
        if let Some(user) = environment.user_config() {
            settings.read_file(&user, false, folder);
        }
        match flags.config.clone().or_else(|| environment.config_file()) {
            Some(named) => settings.read_file(&named, true, folder),
            None => settings.read_file(&folder.join("reelq.toml"), false, folder),
        }
        environment::overlay(environment, &mut settings);
        settings.set_flag("store", "--store", flags.store.as_deref());
        settings.set_flag("log", "--log", flags.log.as_deref());
        settings.fill_defaults();
        settings
    }

    fn read_file(&mut self, path: &Path, required: bool, folder: &Path) {
        let shown = path.strip_prefix(folder).unwrap_or(path).to_owned();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                file::read(&text, &shown, self);
                self.files.insert(shown, text);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => {}
            Err(error) => {
                let origin = Origin::File { path: shown, line: 1, column: 1 };
                let rule = format!("the configuration file must be readable: {error}");
                self.complaints.push(Complaint::error(&origin, "", rule));
            }
        }
    }

    /// Puts the state and the journal into `folder`, unless a layer says otherwise.
    pub fn keep_state_in(&mut self, folder: &Path) {
        self.set_usual(&["store"], &format!("sqlite:{}", folder.join("state.db").display()), &Origin::Default);
        self.set_usual(&["journal"], &folder.join("journal").display().to_string(), &Origin::Default);
    }

    fn set_flag(&mut self, key: &str, flag: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.set_text(&[key.to_owned()], text, &Origin::Flag(flag));
        }
    }

    /// Sets a key from a text, checking it.
    pub fn set_text(&mut self, path: &[String], text: &str, origin: &Origin) {
        let Some(key) = super::keys::find(path) else { return };
        match key.kind.read_text(text) {
            Ok(value) => self.set(path.to_vec(), value, origin.clone()),
            Err(broken) => {
                let complaint = Complaint::error(origin, &path.join("."), broken.rule).value(text);
                self.complaints.push(complaint.maybe_hint(broken.hint));
            }
        }
    }

    pub(crate) fn set(&mut self, path: Vec<String>, value: Value, origin: Origin) {
        self.values.insert(path, Setting { value, origin });
    }

    /// The setting of a key.
    pub fn get(&self, path: &[&str]) -> Option<&Setting> {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.values.get(&path)
    }

    /// Every setting, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Vec<String>, &Setting)> {
        self.values.iter()
    }

    /// The settings below a prefix, by key.
    pub fn under<'s>(&'s self, prefix: &'s [&str]) -> impl Iterator<Item = (&'s Vec<String>, &'s Setting)> {
        let from: Vec<String> = prefix.iter().map(|part| (*part).to_owned()).collect();
        let is_below = move |path: &[String]| path.len() > prefix.len() && path.iter().zip(prefix).all(|(a, b)| a == b);
        // The prefix itself sorts before all that is below it.
        let found = self.values.range(from..).skip_while(move |(path, _)| path.len() == prefix.len());
        found.take_while(move |(path, _)| is_below(path))
    }

    /// The names of accounts that any layer mentions.
    pub fn accounts(&self) -> Vec<String> {
        self.names_in("accounts")
    }

    /// The names of the tables below a table.
    pub fn names_in(&self, table: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (path, _) in self.under(&[table]) {
            if names.last() != Some(&path[1]) {
                names.push(path[1].clone());
            }
        }
        names
    }

    /// Sets a key that nothing else has set.
    pub fn set_usual(&mut self, path: &[&str], text: &str, origin: &Origin) {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        if self.values.get(&path).is_none_or(|setting| setting.origin == Origin::Default) {
            self.set_text(&path, text, origin);
        }
    }

    /// Takes a key away.
    pub fn unset(&mut self, path: &[&str]) {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.values.remove(&path);
    }

    pub(crate) fn fill_defaults(&mut self) {
        let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for key in KEYS.iter().filter(|key| key.default.is_some()) {
            match named_in(key) {
                Some(table) => {
                    let names = names.entry(table).or_insert_with(|| self.names_in(table)).clone();
                    for name in names {
                        self.fill(key, path_for(key, &name));
                    }
                }
                None => self.fill(key, path_for(key, "")),
            }
        }
    }

    fn fill(&mut self, key: &Key, path: Vec<String>) {
        if let Some(Ok(value)) = key.default.map(|text| key.kind.read_text(text)) {
            self.values.entry(path).or_insert(Setting { value, origin: Origin::Default });
        }
    }

    /// Whether nothing forbids to go on.
    pub fn is_sound(&self) -> bool {
        self.complaints.iter().all(|complaint| complaint.warning)
    }
}
