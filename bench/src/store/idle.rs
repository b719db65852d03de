//! What a worker costs that has nothing to do.

use std::time::Duration;

use anyhow::Result;

use super::{Server, server::Counted};
use crate::{figure::Report, process::Running, subject::Subject};

/// So many at once: one of them costs too little to be told from the server's own clockwork.
const WORKERS: usize = 4;

/// Real workers over the same server, with an account and no work; and the server without them.
pub(super) async fn measure(report: &mut Report, server: &Server, long: bool) -> Result<()> {
    let watched = Duration::from_secs(if long { 20 } else { 5 });
    let alone = watch(server, watched).await?;
    let subject = Subject::over(&server.configuration(), "http://127.0.0.1:9", "", 1)?;
    let workers: Vec<Running> = (0..WORKERS).map(|_| subject.launch(&["worker"])).collect::<Result<_>>()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = used(&workers)?;
    let beside = watch(server, watched).await?;
    let used = used(&workers)? - before;
    let each = beside.since(alone).divided(WORKERS as f64);
    let of = format!("{WORKERS} worker processes without work, watched for {} s", watched.as_secs());
    report.add("idle_worker_server_ms_per_second", each.cpu_us / 1e3, format!("{of}, the server's own time taken off"));
    report.add("idle_worker_commands_per_second", each.commands, &of);
    let percent = 100.0 * used / watched.as_secs_f64() / WORKERS as f64;
    report.add("idle_worker_cpu_percent", percent, &of);
    report.add("idle_server_ms_per_second", alone.cpu_us / 1e3, "the server without workers");
    Ok(())
}

/// What the server did, in a second of `watched`.
async fn watch(server: &Server, watched: Duration) -> Result<Counted> {
    let before = server.counted()?;
    tokio::time::sleep(watched).await;
    Ok(server.counted()?.since(before).divided(watched.as_secs_f64()))
}

fn used(workers: &[Running]) -> Result<f64> {
    workers.iter().map(|worker| Ok(worker.usage()?.cpu.as_secs_f64())).sum()
}
