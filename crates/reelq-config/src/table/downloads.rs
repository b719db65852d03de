//! The keys of `[downloads]`.

use super::{
    defaults::KeyDefault::Of,
    defaults::Owner::Downloads,
    key::{Key, key},
};
use crate::kind::{Kind, Spans};

/// `[downloads]`.
pub(super) const DOWNLOADS: &[Key] = &[
    key(&["downloads", "concurrency"], Kind::Whole { min: 1, max: 256 }, Of(Downloads), "downloads at once"),
    key(&["downloads", "max_bytes"], Kind::Size, Of(Downloads), "the longest file that is taken"),
    key(
        &["downloads", "allow_hosts"],
        Kind::Texts,
        Of(Downloads),
        "hosts that may be plain http or private: `host`, `host:port`, `*.domain`",
    ),
    key(&["downloads", "connect_timeout"], Kind::Span(Spans::ANY), Of(Downloads), "of connecting"),
    key(&["downloads", "idle_timeout"], Kind::Span(Spans::ANY), Of(Downloads), "how long a server may be silent"),
    key(&["downloads", "total_timeout"], Kind::Span(Spans::ANY), Of(Downloads), "of one attempt"),
    key(
        &["downloads", "min_free"],
        Kind::Size,
        Of(Downloads),
        "submission pauses while the output place has less room",
    ),
];
