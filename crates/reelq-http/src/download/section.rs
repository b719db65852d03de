//! The `[downloads]` table of the configuration.

use std::{num::NonZeroU32, time::Duration};

use reelq_model::units::{ByteSize, Span};
use serde::{Deserialize, Serialize};

/// The `[downloads]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DownloadsSection {
    /// Downloads at once.
    pub concurrency: NonZeroU32,
    /// The longest file that is taken.
    pub max_bytes: ByteSize,
    /// Hosts that may be plain http or on a private network: `host`, `host:port` or `*.domain`.
    pub allow_hosts: Vec<String>,
    /// How long connecting may take.
    pub connect_timeout: Span,
    /// How long a server may be silent.
    pub idle_timeout: Span,
    /// How long one attempt at a file may take; the next one goes on where it stopped.
    pub total_timeout: Span,
    /// Submission pauses while the output place has less room than this.
    pub min_free: ByteSize,
}

impl Default for DownloadsSection {
    fn default() -> Self {
        Self {
            concurrency: NonZeroU32::MIN.saturating_add(7),
            max_bytes: ByteSize(2 << 30),
            allow_hosts: Vec::new(),
            connect_timeout: Span(Duration::from_secs(10)),
            idle_timeout: Span(Duration::from_secs(30)),
            total_timeout: Span(Duration::from_hours(1)),
            min_free: ByteSize(1 << 30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_reads_the_names_of_the_configuration() {
        let text = "concurrency = 3\nmax_bytes = \"20MB\"\nallow_hosts = [\"a.example\"]\nmin_free = \"2GiB\"";
        let section: DownloadsSection = toml::from_str(text).unwrap();
        assert_eq!((section.concurrency.get(), section.max_bytes.0), (3, 20_000_000));
        assert_eq!(toml::from_str::<DownloadsSection>("").unwrap().concurrency.get(), 8);
        assert!(toml::from_str::<DownloadsSection>("concurrency = 0").is_err());
    }
}
