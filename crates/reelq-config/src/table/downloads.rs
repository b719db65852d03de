//! The keys of `[downloads]`.

use super::{
    defaults::KeyDefault::Of,
    defaults::Owner::Downloads,
    key::{ConfigKey, key},
};
use crate::{kind::ValueKind, range::Spans};

/// `[downloads]`.
pub(super) const DOWNLOADS: &[ConfigKey] = &[
    key(&["downloads", "concurrency"], ValueKind::Whole { min: 1, max: 256 }, Of(Downloads), "downloads at once"),
    key(&["downloads", "max_bytes"], ValueKind::Size, Of(Downloads), "the longest file that is taken"),
    key(
        &["downloads", "allow_hosts"],
        ValueKind::Texts,
        Of(Downloads),
        "hosts that may be plain http or private: `host`, `host:port`, `*.domain`",
    ),
    key(&["downloads", "connect_timeout"], ValueKind::Span(Spans::ANY), Of(Downloads), "of connecting"),
    key(&["downloads", "idle_timeout"], ValueKind::Span(Spans::ANY), Of(Downloads), "how long a server may be silent"),
    key(&["downloads", "total_timeout"], ValueKind::Span(Spans::ANY), Of(Downloads), "of one attempt"),
    key(
        &["downloads", "min_free"],
        ValueKind::Size,
        Of(Downloads),
        "submission pauses while the output place has less room",
    ),
];
