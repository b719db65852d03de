//! What tells this machine and this process from all others.

use anyhow::Context;
use reelq_console::CommandError;
use reelq_model::WorkerId;

/// What runs are called on the store.
pub const RUN: &str = "run";
/// What processes that fire schedules are called on the store.
pub const CRON: &str = "cron";

/// What people call this machine; empty where it does not say.
pub fn host() -> String {
    let host =
        ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(|file| std::fs::read_to_string(file).ok());
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    host.unwrap_or_default().trim().chars().filter(plain).take(40).collect()
}

/// A name that no other process on this store has, and that tells people where it runs.
pub fn worker_id(kind: &str, seed: u64) -> Result<WorkerId, CommandError> {
    let host = host();
    let name = format!("{kind}-{host}-{}-{:08x}", std::process::id(), seed >> 32);
    Ok(WorkerId::new(name).context("name the worker")?)
}
