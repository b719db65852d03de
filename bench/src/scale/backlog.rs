//! One batch of waiting rows, and what is done to it.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{REDIS, SQLITE, Step, claims};
use crate::{
    figure::Report,
    process::{Ended, Running},
    store::Server,
    subject::{Subject, UNHELD},
    vendor::Vendor,
};

/// A command that takes longer has failed.
const LIMIT: Duration = Duration::from_mins(20);
/// How long a worker works.
const WORKED: Duration = Duration::from_secs(12);
/// Of all commands, what they are called here and how they are written; in this order.
const COMMANDS: [(&str, &[&str]); 7] = [
    ("plan", &["plan", "set.csv"]),
    ("enqueue", &["enqueue", "set.csv", "--yes"]),
    ("status", &["status"]),
    ("status of a batch", &["status", "set"]),
    ("list", &["status", "set", "--status", "queued"]),
    ("plan again", &["plan", "set.csv"]),
    ("enqueue again", &["enqueue", "set.csv", "--yes"]),
];
const LAST_COMMANDS: [(&str, &[&str]); 3] = [
    ("results CSV", &["results", "set", "--out", "results.csv"]),
    ("results JSONL", &["results", "set", "--format", "jsonl", "--out", "results.jsonl"]),
    ("cancel", &["cancel", "set", "--queued", "--yes"]),
];

/// A folder with a manifest, and the store it is loaded into.
pub(super) struct Backlog {
    rows: usize,
    server: Option<Server>,
    vendor: Vendor,
    subject: Subject,
}

impl Backlog {
    /// SQLite where there is no server.
    pub(super) async fn new(rows: usize, server: Option<Server>) -> Result<Self> {
        let vendor = Vendor::start(Duration::ZERO).await?;
        let store = server.as_ref().map(Server::configuration).unwrap_or_default();
        let subject = Subject::over(&store, &vendor.base_url(), UNHELD, rows)?;
        Ok(Self { rows, server, vendor, subject })
    }

    /// Does everything once; a step that fails is told, and the next one tried.
    pub(super) async fn walk(&self, report: &mut Report) -> Result<()> {
        for (name, arguments) in COMMANDS {
            self.note(report, name, self.command(name, arguments).await);
        }
        for kind in claims::KINDS {
            let step = claims::measure(&self.subject, self.server.as_ref(), self.rows, kind).await;
            self.note(report, kind.0, step);
        }
        self.note(report, "work", self.work().await);
        for (name, arguments) in LAST_COMMANDS {
            self.note(report, name, self.command(name, arguments).await);
        }
        Ok(())
    }

    fn note(&self, report: &mut Report, name: &str, step: Result<Step>) {
        match step {
            Ok(step) => report.steps.push(step),
            Err(error) => report.miss(format!("{name} at {} rows, {}: {error:#}", self.rows, self.store())),
        }
    }

    const fn store(&self) -> &'static str {
        if self.server.is_some() { REDIS } else { SQLITE }
    }

    async fn command(&self, name: &'static str, arguments: &[&str]) -> Result<Step> {
        let subject = &self.subject;
        let mut step = self.beside_server(name, async { subject.measured(arguments, LIMIT).await }).await?;
        step.done = self.rows;
        Ok(step)
    }

    /// A worker on the backlog, for a while: what is done is few beside what waits.
    async fn work(&self) -> Result<Step> {
        let before = self.vendor.counts().await?.purchases;
        let worked = self.beside_server("work", async {
            let mut worker = self.subject.launch(&["worker"])?;
            self.until_worked(&mut worker, before).await?;
            worker.interrupt()?;
            worker.end(LIMIT).await
        });
        let mut step = worked.await?;
        step.done = (self.vendor.counts().await?.purchases - before) as usize;
        anyhow::ensure!(step.done > 0, "the worker bought nothing");
        Ok(step)
    }

    async fn until_worked(&self, worker: &mut Running, before: u64) -> Result<()> {
        let all = async {
            while self.vendor.counts().await?.purchases < before + self.rows as u64 {
                worker.still_runs()?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(WORKED, all).await.unwrap_or(Ok(()))
    }

    /// What a process cost, and what it cost the server.
    async fn beside_server(&self, name: &'static str, work: impl Future<Output = Result<Ended>>) -> Result<Step> {
        let before = self.server.as_ref().map(Server::counted).transpose()?;
        if let Some(server) = &self.server {
            server.watch_slow_calls();
        }
        let ended = work.await.with_context(|| name.to_owned())?;
        let mut step = Step::of(self.store(), name, self.rows, &ended);
        if let (Some(server), Some(before)) = (&self.server, before) {
            let used = server.counted()?.since(before);
            step.server_cpu_s = Some(used.cpu_us / 1e6);
            step.server_commands = Some(used.commands);
            step.longest_call_ms = Some(server.longest_call_ms());
        }
        Ok(step)
    }
}
