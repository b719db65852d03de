//! The environment, read once: the only place where reelq looks at it.

use std::{collections::BTreeMap, path::PathBuf};

use reelq_http::Proxies;
use secrecy::SecretString;

/// The environment as it was when the program started.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be keys.
        f.debug_struct("Environment").field("variables", &self.variables.len()).finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads the process's environment; variables that are not UTF-8 are passed over.
    pub fn read() -> Self {
        let utf8 =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: utf8.collect() }
    }

    /// An environment of these variables.
    #[cfg(test)]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self { variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that another program defines (`AWS_REGION`).
    pub fn plain(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The API key in the variable `name`.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.get(name).map(|value| SecretString::from(value.trim().to_owned()))
    }

    /// The configuration file that `REELQ_CONFIG` names.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.get("REELQ_CONFIG").map(PathBuf::from)
    }

    /// The user's configuration file, where there is a home.
    pub fn user_config(&self) -> Option<PathBuf> {
        let xdg = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = xdg.or_else(|| Some(PathBuf::from(self.get("HOME")?).join(".config")))?;
        Some(folder.join("reelq").join("config.toml"))
    }

    /// The folder of the user's own state, for a user's configuration without a project.
    pub fn user_state(&self) -> Option<PathBuf> {
        let xdg = self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = xdg.or_else(|| Some(PathBuf::from(self.get("HOME")?).join(".local").join("state")))?;
        Some(folder.join("reelq"))
    }

    /// The proxies between this machine and the vendors.
    pub fn proxies(&self) -> Proxies {
        Proxies::from_environment(|name| self.plain(name))
    }

    /// Whether colours are wanted (`CLICOLOR_FORCE`) or not (`NO_COLOR`, `CLICOLOR=0`); `None` where no variable says so.
    pub fn colors(&self) -> Option<bool> {
        if self.get("NO_COLOR").is_some() {
            return Some(false);
        }
        if self.get("CLICOLOR_FORCE").is_some_and(|force| force != "0") {
            return Some(true);
        }
        (self.get("CLICOLOR") == Some("0")).then_some(false)
    }

    /// The variables that are for reelq.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&String, &String)> {
        self.variables.iter().filter(|(name, value)| name.starts_with("REELQ_") && !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_unwanted_first_and_then_forced() {
        let of = |variables: &[(&str, &str)]| Environment::of(variables).colors();
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Some(false));
        assert_eq!(of(&[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")]), Some(true), "an empty one says nothing");
        assert_eq!(of(&[("CLICOLOR_FORCE", "0")]), None);
        assert_eq!(of(&[("CLICOLOR", "0")]), Some(false));
    }
}
