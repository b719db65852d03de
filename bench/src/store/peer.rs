//! The same work by other queues on the same server, where their registries can be reached.
//!
//! What cannot be measured is said, and never made up from another run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tempfile::TempDir;

use super::{Kept, Server};
use crate::{
    figure::Report,
    process::{capture, succeed},
};

/// An installation, or one measurement, takes no longer.
const LIMIT: Duration = Duration::from_mins(10);

/// Another queue, installed in a folder of its own.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    folder: TempDir,
    program: PathBuf,
    script: &'static str,
}

/// What a script prints: its best of several concurrencies.
#[derive(Debug, Deserialize)]
pub(super) struct Theirs {
    jobs: usize,
    concurrency: usize,
    /// Of the server, a job.
    pub(super) add_cpu_us: f64,
    /// Of the server, from the queue to done.
    pub(super) work_cpu_us: f64,
    added_per_second: f64,
    worked_per_second: f64,
    /// In all, of a waiting job.
    bytes_per_job: f64,
}

/// Those that can be had here.
pub(super) async fn installed(report: &mut Report) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for (name, peer) in [("BullMQ", bullmq().await), ("arq", arq().await)] {
        match peer {
            Ok(peer) => peers.push(peer),
            Err(error) => report.miss(format!("{name}: {error:#}")),
        }
    }
    report.miss("apalis-redis, asynq and River: they would have to be built into the bench");
    Ok(peers)
}

async fn bullmq() -> Result<Peer> {
    let folder = copied("bullmq", &["package.json", "measure.mjs"])?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder.path());
    succeed(&mut npm, LIMIT).await.context("install it with npm")?;
    Ok(Peer { name: "bullmq", folder, program: "node".into(), script: "measure.mjs" })
}

async fn arq() -> Result<Peer> {
    let folder = copied("arq", &["requirements.txt", "measure.py"])?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "env"]).current_dir(folder.path());
    succeed(&mut venv, LIMIT).await.context("make an environment with python3")?;
    let program = folder.path().join("env/bin/python");
    let mut pip = Command::new(&program);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]);
    succeed(pip.current_dir(folder.path()), LIMIT).await.context("install it with pip")?;
    Ok(Peer { name: "arq", folder, program, script: "measure.py" })
}

fn copied(peer: &str, names: &[&str]) -> Result<TempDir> {
    let folder = TempDir::new().context("make a folder")?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(peer);
    for name in names {
        fs::copy(source.join(name), folder.path().join(name)).with_context(|| format!("copy {name}"))?;
    }
    Ok(folder)
}

impl Peer {
    /// Has it add `jobs` jobs with a payload of so many bytes, and work on them.
    pub(super) async fn measure(&self, server: &Server, jobs: usize, payload: usize) -> Result<Theirs> {
        let mut command = Command::new(&self.program);
        command.arg(self.script).arg(server.redis.socket()).args([jobs.to_string(), payload.to_string()]);
        let printed = capture(command.current_dir(self.folder.path()), LIMIT).await?;
        serde_json::from_str(&printed).with_context(|| format!("read what {} printed: {printed}", self.script))
    }
}

impl Theirs {
    pub(super) fn tell(&self, report: &mut Report, kept: Kept, peer: &str) {
        let redis = kept.name();
        let of = format!("{} jobs, concurrency {}", self.jobs, self.concurrency);
        report.add(format!("{redis}_{peer}_add_cpu_us"), self.add_cpu_us, &of);
        report.add(format!("{redis}_{peer}_work_cpu_us"), self.work_cpu_us, &of);
        report.add(format!("{redis}_{peer}_added_per_second"), self.added_per_second, &of);
        report.add(format!("{redis}_{peer}_worked_per_second"), self.worked_per_second, &of);
        report.add(format!("{redis}_{peer}_bytes_per_waiting_job"), self.bytes_per_job, of);
    }
}
