//! Memory of the worker with few and with many jobs in flight: jobs live in the store, so it must not grow with them.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reelq_sim::{SimPace, SimSettings};

use crate::{
    figure::Report,
    process::Running,
    subject::{Subject, simulator},
};

/// Measures once for each number of jobs in flight, with the same manifest, so that only their number differs.
pub(crate) async fn measure(report: &mut Report, sizes: &[usize]) -> Result<()> {
    let rows = sizes.iter().copied().max().unwrap_or_default();
    for &jobs in sizes {
        let endless = SimSettings { pace: SimPace::seconds(86_400.0, 86_400.0), ..SimSettings::default() };
        let vendor = simulator(endless).await?;
        let limits = format!(
            "requests_per_second = 10000.0\nburst = 1000\nmax_in_flight = {jobs}\n\
             poll = {{ first = \"5s\", min = \"5s\", max = \"10m\" }}\n"
        );
        let subject = Subject::new(&vendor.base_url(), &limits, rows)?;
        let mut worker = subject.launch(&["run", "set.csv", "--yes"])?;
        settle(&mut worker, || vendor.ledger().charges.len() >= jobs).await?;
        let usage = worker.usage()?;
        drop(worker);
        vendor.stop().await;
        let many = if jobs == sizes[0] { "few" } else { "many" };
        let mut add = |name: String, bytes: Option<u64>, what: &str| {
            let mib = bytes.context("find the memory of the worker")? as f64 / f64::from(1 << 20);
            report.add(name, mib, format!("{jobs} of {rows} rows in flight, {what}"));
            anyhow::Ok(())
        };
        add(format!("worker_mib_with_{many}_in_flight"), usage.resident_bytes, "resident")?;
        add(format!("worker_peak_mib_with_{many}_in_flight"), usage.peak_bytes, "the most since its start")?;
    }
    Ok(())
}

/// Waits until every job is in flight, and a little longer so that polling is under way.
async fn settle(worker: &mut Running, full: impl Fn() -> bool) -> Result<()> {
    while !full() {
        worker.still_runs()?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok(())
}
