//! Speaks HTTP: the only user of reqwest, and the one place that decides what became of a paid request.
//!
//! An account's key goes to that account's own origin and nowhere else; nothing here is ever sent twice by itself.

mod account;
mod body;
mod call;
mod client;
mod date;
mod deadlines;
mod download;
mod encoding;
mod error;
mod guard;
mod keys;
mod location;
mod proxies;
mod redact;
mod target;
mod transport;

pub use account::{AccountHttp, HttpSection, KeyRotation};
pub use call::CallError;
pub use client::prepare_tls;
pub use deadlines::Deadlines;
pub use download::{
    Download, DownloadError, DownloadPolicy, DownloadStatus, Downloader, DownloadsSection, Resume, Validator,
};
pub use error::{BaseUrlFault, Error};
pub use guard::is_public;
pub use proxies::Proxies;
pub use transport::Transport;
