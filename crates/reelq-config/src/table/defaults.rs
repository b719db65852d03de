//! What holds where nothing sets a key.

use reelq_http::{Deadlines, DownloadsSection};
use reelq_model::units::Span;
use reelq_poller::PollSettings;
use reelq_submitter::SubmitSettings;
use serde_json::{Value as Json, json};

use crate::{kind::ValueKind, value::ConfigValue};

/// What holds where nothing sets a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyDefault {
    /// Nothing may: it must be set.
    Required,
    /// This text, as it would stand in a variable.
    Text(&'static str),
    /// What the crate that owns the section takes.
    Of(Owner),
    /// The same, but the crate fills it in itself: the merged settings lack it.
    Unset(Owner),
    /// Something else, told in words; nothing where they are empty.
    Words(&'static str),
    /// Something else, told in words with the owner's numbers.
    Told(fn() -> String),
}

/// Which crate's defaults a key has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    Submitter,
    Poller,
    Http,
    Downloads,
}

impl Owner {
    /// Its defaults by key, as it would read them.
    fn defaults(self) -> Json {
        let span = |time| Span(time).to_string();
        let deadlines = Deadlines::default();
        let read = match self {
            Self::Submitter => serde_json::to_value(SubmitSettings::default()),
            Self::Poller => serde_json::to_value(PollSettings::default()),
            Self::Downloads => serde_json::to_value(DownloadsSection::default()),
            Self::Http => {
                Ok(json!({ "request_timeout": span(deadlines.total), "connect_timeout": span(deadlines.connect) }))
            }
        };
        read.unwrap_or_default()
    }
}

impl KeyDefault {
    /// The value that the key has then.
    pub(super) fn value(self, path: &[&str], kind: ValueKind) -> Option<ConfigValue> {
        match self {
            Self::Text(text) => kind.read_text(text).ok(),
            Self::Of(owner) => ConfigValue::from_json(owner.defaults().get(*path.last()?)?),
            _ => None,
        }
    }

    /// What the docs say of it, as Markdown.
    pub(crate) fn told(self, path: &[&str]) -> String {
        match self {
            Self::Required => "required".to_owned(),
            Self::Text(text) => format!("`{text}`"),
            Self::Of(owner) | Self::Unset(owner) => {
                let value = path.last().and_then(|key| owner.defaults().get(*key).cloned());
                value.map(|value| format!("`{}`", plain(&value))).unwrap_or_default()
            }
            Self::Words(words) => words.to_owned(),
            Self::Told(told) => told(),
        }
    }
}

/// A value as it stands in the file, texts without their quotes.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
