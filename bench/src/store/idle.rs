//! What a worker costs that has nothing to do.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

use super::server::Server;
use crate::{figure::Report, subject::Subject};

/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Clock ticks a second, as `/proc` counts processor time on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// The real binary's worker over the same server, with an account and no work.
pub(super) fn measure(report: &mut Report, server: &Server) -> Result<()> {
    let store = format!("store = \"{}\"\nnamespace = \"bench\"\n", server.redis.socket_url());
    let subject = Subject::over(&store, "http://127.0.0.1:9", "", 1)?;
    let mut worker = subject.start(&["worker"])?;
    std::thread::sleep(Duration::from_secs(2));
    let (commands, ticks) = (server.counted()?.commands, ticks(worker.id())?);
    std::thread::sleep(WATCHED);
    let (commands, ticks) = (server.counted()?.commands - commands, self::ticks(worker.id())? - ticks);
    worker.kill().context("end the worker")?;
    worker.wait().context("end the worker")?;
    let of = "one worker process, one account, three stages";
    report.add("commands_per_second_of_an_idle_worker", commands as f64 / WATCHED.as_secs_f64(), of);
    report.add("percent_cpu_of_an_idle_worker", 100.0 * ticks as f64 / TICKS / WATCHED.as_secs_f64(), of);
    Ok(())
}

/// Processor time that a process has used.
fn ticks(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).context("read the process's time")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).context("read the process's time");
    Ok(field(11)? + field(12)?)
}
