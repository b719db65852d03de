//! What a status request that brings nothing costs: the task runs as before, so there is nothing to write down.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::{figure::Report, subject::Subject, vendor::Vendor};

/// No task ends while we watch.
const ENDLESS: Duration = Duration::from_hours(24);
/// Looks of each task come a second apart.
const LIMITS: &str = "requests_per_second = 10000.0\nburst = 1000\npolls_per_second = 10000.0\n\
    poll = { first = \"1s\", min = \"1s\", max = \"1s\" }\n";
/// How long we wait for everything to be bought, at most.
const PATIENCE: Duration = Duration::from_mins(2);

/// Watches `tasks` tasks that run on and on.
pub(crate) async fn measure(report: &mut Report, tasks: usize, watched: Duration) -> Result<()> {
    let vendor = Vendor::start(ENDLESS).await?;
    let limits = format!("{LIMITS}max_in_flight = {tasks}\n");
    let subject = Subject::new(&vendor.base_url(), &limits, tasks)?;
    let mut worker = subject.launch(&["run", "set.csv", "--yes"])?;
    let all = async {
        while vendor.counts().await?.purchases < tasks as u64 {
            worker.still_runs()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all).await.context("not everything was bought in two minutes")??;
    // What buying left to be written is written by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (seen, used) = (vendor.counts().await?, worker.usage()?);
    tokio::time::sleep(watched).await;
    let (seen, used) = (vendor.counts().await?.since(seen), worker.usage()?.since(used));
    worker.still_runs()?;
    ensure!(seen.looks > 0, "nothing was looked at");
    let looks = seen.looks as f64;
    let of = format!("{tasks} running tasks, {:.0} looks a second, SQLite", looks / watched.as_secs_f64());
    report.add("look_cpu_us", 1e6 * used.cpu.as_secs_f64() / looks, &of);
    report.add("look_written_bytes", used.written as f64 / looks, &of);
    report.add("look_vendor_cpu_us", seen.cpu_us / looks, &of);
    report.add("look_connections", seen.connections as f64 / looks, of);
    Ok(())
}
