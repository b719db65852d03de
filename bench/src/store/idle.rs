//! What a worker costs that has nothing to do.

use std::time::Duration;

use anyhow::Result;

use super::server::Server;
use crate::{figure::Report, subject::Subject};

/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// The real binary's worker over the same server, with an account and no work.
pub(super) async fn measure(report: &mut Report, server: &Server) -> Result<()> {
    let store = format!("store = \"{}\"\nnamespace = \"bench\"\n", server.redis.socket_url());
    let subject = Subject::over(&store, "http://127.0.0.1:9", "", 1)?;
    let worker = subject.launch(&["worker"])?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (commands, cpu) = (server.counted()?.commands, worker.usage()?.cpu);
    tokio::time::sleep(WATCHED).await;
    let (commands, cpu) = (server.counted()?.commands - commands, worker.usage()?.cpu.saturating_sub(cpu));
    let of = "one worker process, one account, three stages";
    report.add("commands_per_second_of_an_idle_worker", commands as f64 / WATCHED.as_secs_f64(), of);
    report.add("percent_cpu_of_an_idle_worker", 100.0 * cpu.as_secs_f64() / WATCHED.as_secs_f64(), of);
    Ok(())
}
