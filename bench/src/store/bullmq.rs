//! The same work by BullMQ on the same server, where node is installed.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{server::Server, work::Pace};
use crate::figure::Report;

/// What `bench/bullmq/measure.mjs` prints.
#[derive(Debug, Deserialize)]
pub(super) struct Theirs {
    jobs: usize,
    added_per_second: f64,
    worked_per_second: f64,
    bytes_per_job: f64,
    concurrency: usize,
}

/// `None`, and a word about it, where it cannot be measured here.
pub(super) fn measure(server: &Server, jobs: usize, payload: usize) -> Result<Option<Theirs>> {
    let folder = tempfile::TempDir::new().context("make a folder")?;
    if !install(folder.path())? {
        return Ok(None);
    }
    let mut node = Command::new("node");
    node.arg("measure.mjs").arg(server.redis.socket()).args([jobs.to_string(), payload.to_string()]);
    let output = node.current_dir(folder.path()).output().context("run node")?;
    ensure!(output.status.success(), "measure.mjs failed:\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).map(Some).context("read what measure.mjs printed")
}

#[expect(clippy::print_stderr, reason = "the program's only way to say what it left out")]
fn install(folder: &Path) -> Result<bool> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("bullmq");
    for name in ["package.json", "measure.mjs"] {
        std::fs::copy(source.join(name), folder.join(name)).with_context(|| format!("copy {name}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
    let installed = npm.output().is_ok_and(|output| output.status.success());
    if !installed {
        eprintln!("BullMQ is not measured: npm is missing, or its registry cannot be reached");
    }
    Ok(installed)
}

impl Theirs {
    pub(super) fn tell(&self, report: &mut Report, ours: &Pace) {
        let of = format!("BullMQ, {} jobs, concurrency {}", self.jobs, self.concurrency);
        report.add("bullmq_jobs_added_per_second", self.added_per_second, &of);
        report.add("bullmq_jobs_worked_per_second", self.worked_per_second, &of);
        report.add("bullmq_bytes_per_job_beyond_payload", self.bytes_per_job, &of);
        report.add("ratio_enqueued_to_bullmq", ours.enqueued / self.added_per_second, "aim: 5");
        report.add("ratio_claimed_and_committed_to_bullmq", ours.worked / self.worked_per_second, "aim: 3");
    }
}
