//! Values of checked keys.

use std::{path::PathBuf, time::Duration};

use reelq_model::units::Span;

use super::{MergedSettings, origin::Origin, value::ConfigValue};

/// The text of a key.
pub(crate) fn text(settings: &MergedSettings, path: &[&str]) -> Option<String> {
    match &settings.get(path)?.value {
        ConfigValue::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// A file or folder that a setting names; relative ones count from the configuration file that names them.
pub(crate) fn path_of(settings: &MergedSettings, path: &[&str]) -> Option<PathBuf> {
    let setting = settings.get(path)?;
    text(settings, path).map(|file| folder_of(&setting.origin).join(file))
}

/// The folder of the file that a setting stands in: relative paths count from there.
pub(crate) fn folder_of(origin: &Origin) -> PathBuf {
    match origin {
        Origin::File { path, .. } => path.parent().map(PathBuf::from).unwrap_or_default(),
        _ => PathBuf::new(),
    }
}

/// The time that a key of the top level holds.
pub(crate) fn span(settings: &MergedSettings, key: &str) -> Option<Duration> {
    text(settings, &[key])?.parse::<Span>().ok().map(|span| span.0)
}
