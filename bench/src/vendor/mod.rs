//! The cheapest vendor there can be, in a process of its own: it keeps nothing, so that what it costs is little and constant.
//!
//! It speaks Wave's dialect; its clip is the simulator's.

mod process;
mod reply;
mod server;

use serde::{Deserialize, Serialize};

pub(crate) use process::Vendor;
pub(crate) use server::serve;

/// What the vendor has seen so far, and what that cost it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    pub(crate) purchases: u64,
    pub(crate) looks: u64,
    pub(crate) downloads: u64,
    /// Its own user and system time.
    pub(crate) cpu_us: f64,
    pub(crate) clip_bytes: u64,
}

impl Counts {
    /// What came since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            connections: self.connections - before.connections,
            purchases: self.purchases - before.purchases,
            looks: self.looks - before.looks,
            downloads: self.downloads - before.downloads,
            cpu_us: self.cpu_us - before.cpu_us,
            clip_bytes: self.clip_bytes,
        }
    }
}
