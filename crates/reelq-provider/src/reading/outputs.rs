//! Output links.

use std::time::Duration;

use reelq_model::{OutputKind, OutputLink, Timestamp};

/// An output as a reply names it.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) url: String,
    pub(crate) kind: OutputKind,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Output {
    /// A video.
    pub(crate) const fn video(url: String, expires_at: Option<Timestamp>) -> Self {
        Self { url, kind: OutputKind::Video, expires_at }
    }
}

/// The outputs that can be fetched, each once, with the time when each link dies.
pub(super) fn links(outputs: Vec<Output>, lifetime: Option<Duration>, at: Timestamp) -> Vec<OutputLink> {
    let mut links: Vec<OutputLink> = Vec::new();
    for Output { url, kind, expires_at } in outputs {
        let is_web = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if is_web && links.iter().all(|link| link.url != url) {
            let assumed = expires_at.is_none();
            let expires_at = expires_at.or_else(|| lifetime.map(|lifetime| at.after(lifetime)));
            links.push(OutputLink { url, kind, expires_at, assumed });
        }
    }
    links
}
