//! What the bare server does: `redis-benchmark` on the same socket.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::Server;
use crate::{figure::Report, process::capture};

/// As many clients, and as many commands in one go, as are usual for the tool.
const ARGUMENTS: [&str; 7] = ["-c", "50", "-P", "16", "-d", "700", "--csv"];

/// Plain `SET`s and `GET`s of the size of a job.
pub(super) async fn measure(report: &mut Report, server: &Server, requests: usize) -> Result<()> {
    let socket = server.redis.socket();
    let mut command = Command::new("redis-benchmark");
    command.arg("-s").arg(&socket).args(ARGUMENTS).args(["-n", &requests.to_string(), "-t", "set,get"]);
    let text = capture(&mut command, Duration::from_mins(5)).await?;
    for (test, name) in [("SET", "redis_benchmark_sets_per_second"), ("GET", "redis_benchmark_gets_per_second")] {
        let line = text.lines().find(|line| line.starts_with(&format!("\"{test}\""))).context("read its table")?;
        let value = line.split(',').nth(1).context("read its table")?.trim_matches('"');
        report.add(name, value.parse().context("read its table")?, "redis-benchmark -c 50 -P 16 -d 700");
    }
    Ok(())
}
