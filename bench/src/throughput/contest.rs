//! One round: reelq, then each client, against the same vendor.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{
    client::Duties,
    process::{Ended, succeed},
    subject::{Subject, UNHELD},
    vendor::{Counts, Vendor},
};

pub(super) const CONCURRENCY: usize = 64;
/// A disk keeps files in blocks of so many bytes.
const BLOCK: u64 = 4096;
/// Nobody needs as long as that.
const LIMIT: Duration = Duration::from_mins(10);

/// What one job cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    pub(super) cpu_us: f64,
    pub(super) vendor_us: f64,
    pub(super) per_second: f64,
    pub(super) written_kib: f64,
    pub(super) beyond_kib: f64,
    pub(super) connections: f64,
    /// Of the process, not of a job.
    pub(super) peak_mib: f64,
}

/// The vendor, and how much is bought of it.
pub(super) struct Contest {
    vendor: Vendor,
    jobs: usize,
}

impl Contest {
    pub(super) async fn new(jobs: usize) -> Result<Self> {
        Ok(Self { vendor: Vendor::start(Duration::ZERO).await?, jobs })
    }

    /// `reelq run` from its start to its end.
    pub(super) async fn ours(&self) -> Result<(Subject, Spent)> {
        let subject = Subject::new(&self.vendor.base_url(), UNHELD, self.jobs)?;
        let before = self.vendor.counts().await?;
        let ended = subject.measured(&["run", "set.csv", "--yes"], LIMIT).await?;
        Ok((subject, self.spent(ended, before, true).await?))
    }

    /// A bare client from its start to its end.
    pub(super) async fn theirs(&self, duties: Duties) -> Result<(TempDir, Spent)> {
        let folder = TempDir::new().context("make a folder")?;
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command.args(["--role", "client", duties.name(), &self.vendor.base_url()]);
        command.args([self.jobs.to_string(), CONCURRENCY.to_string()]).arg(folder.path());
        let before = self.vendor.counts().await?;
        let ended = succeed(&mut command, LIMIT).await?;
        Ok((folder, self.spent(ended, before, duties >= Duties::Durable).await?))
    }

    /// What was spent on each job, once it is certain that each was bought and downloaded, and none twice.
    async fn spent(&self, ended: Ended, before: Counts, has_files: bool) -> Result<Spent> {
        let seen = self.vendor.counts().await?.since(before);
        let jobs = self.jobs as u64;
        ensure!((seen.purchases, seen.downloads) == (jobs, jobs), "{jobs} jobs, but the vendor saw {seen:?}");
        let each = |all: f64| all / self.jobs as f64;
        let file = if has_files { seen.clip_bytes.next_multiple_of(BLOCK) } else { 0 };
        let written = each(ended.written as f64);
        Ok(Spent {
            cpu_us: ended.cpu_us_each(self.jobs),
            vendor_us: each(seen.cpu_us),
            per_second: jobs as f64 / ended.wall.as_secs_f64(),
            written_kib: written / 1024.0,
            beyond_kib: (written - file as f64) / 1024.0,
            connections: each(seen.connections as f64),
            peak_mib: ended.peak_mib(),
        })
    }
}
