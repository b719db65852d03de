//! All layers, read in their order.

use std::path::{Path, PathBuf};

use super::{ConfigProblem, Environment, MergedSettings, file, origin::Origin, overlay::overlay};

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

impl MergedSettings {
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
        overlay(environment, &mut settings);
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
                self.complaints.push(ConfigProblem::error(&origin, "", rule));
            }
        }
    }

    fn set_flag(&mut self, key: &str, flag: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.set_text(&[key.to_owned()], text, &Origin::Flag(flag));
        }
    }
}
