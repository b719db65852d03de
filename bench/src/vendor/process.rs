//! The vendor's process, as those see it that use it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::Counts;
use crate::process::Running;

/// A vendor in a process of its own; it ends with the value, or with this process.
#[derive(Debug)]
pub(crate) struct Vendor {
    port: u16,
    http: reqwest::Client,
    #[expect(dead_code, reason = "it is kept for as long as it is used")]
    process: Running,
}

impl Vendor {
    /// Starts a vendor whose tasks run for `run`.
    pub(crate) async fn start(run: Duration) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command.args(["--role", "vendor", &run.as_millis().to_string()]).current_dir(std::env::temp_dir());
        let mut process = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let printed = process.child()?.stdout.take().context("the vendor prints its port")?;
        let line = tokio::task::spawn_blocking(move || BufReader::new(printed).lines().next()).await?;
        let port = line.context("the vendor ended early")?.context("read the vendor's port")?;
        let port = port.parse().context("read the vendor's port")?;
        Ok(Self { port, http: crate::client::http(1)?, process })
    }

    /// The base URL to configure accounts with.
    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it has seen so far.
    pub(crate) async fn counts(&self) -> Result<Counts> {
        let reply = self.http.get(format!("{}/counts", self.base_url())).send().await.context("ask the vendor")?;
        reply.json().await.context("read what the vendor counted")
    }
}
