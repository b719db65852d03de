//! The layers of configuration, merged: the last word on each key, and whose it was.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    ConfigProblem,
    origin::Origin,
    table::{find, keys, named_in, path_for},
    value::ConfigValue,
};

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: ConfigValue,
    /// Where it came from.
    pub origin: Origin,
}

/// All keys that someone set, and the defaults.
#[derive(Debug, Default)]
pub struct MergedSettings {
    values: BTreeMap<Vec<String>, Setting>,
    pub(crate) complaints: Vec<ConfigProblem>,
    /// The configuration files that were read, with their text.
    pub files: BTreeMap<PathBuf, String>,
}

impl MergedSettings {
    /// Puts the state and the journal into `folder`, unless a layer says otherwise.
    pub fn keep_state_in(&mut self, folder: &Path) {
        self.set_usual(&["store"], &format!("sqlite:{}", folder.join("state.db").display()), &Origin::Default);
        self.set_usual(&["journal"], &folder.join("journal").display().to_string(), &Origin::Default);
    }

    /// Sets a key from a text, checking it.
    pub fn set_text(&mut self, path: &[String], text: &str, origin: &Origin) {
        let Some(key) = find(path) else { return };
        match key.kind.read_text(text) {
            Ok(value) => self.set(path.to_vec(), value, origin.clone()),
            Err(broken) => {
                let complaint = ConfigProblem::error(origin, &path.join("."), broken.rule).value(text);
                self.complaints.push(complaint.maybe_hint(broken.hint));
            }
        }
    }

    pub(crate) fn set(&mut self, path: Vec<String>, value: ConfigValue, origin: Origin) {
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
        for key in keys() {
            let Some(value) = key.default() else { continue };
            match named_in(key) {
                Some(table) => {
                    let names = names.entry(table).or_insert_with(|| self.names_in(table)).clone();
                    for name in names {
                        self.fill(path_for(key, &name), &value);
                    }
                }
                None => self.fill(path_for(key, ""), &value),
            }
        }
    }

    fn fill(&mut self, path: Vec<String>, value: &ConfigValue) {
        self.values.entry(path).or_insert_with(|| Setting { value: value.clone(), origin: Origin::Default });
    }

    /// Whether nothing forbids to go on.
    pub fn is_sound(&self) -> bool {
        self.complaints.iter().all(|complaint| complaint.warning)
    }
}
