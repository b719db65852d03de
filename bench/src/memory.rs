//! Memory of the worker with few and with many jobs in flight: jobs live in the store, so it must not grow with them.

use std::{fs, process::Child, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reelq_sim::{SimPace, SimSettings};

use crate::{
    figure::Report,
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
        let mut child = subject.start(&["run", "set.csv", "--yes"])?;
        let outcome = settle(&mut child, || vendor.ledger().charges.len() >= jobs).await;
        let resident = resident_bytes(child.id());
        child.kill().context("stop reelq")?;
        child.wait().context("wait for reelq")?;
        vendor.stop().await;
        outcome?;
        let name = if jobs == sizes[0] { "worker_mib_with_few_in_flight" } else { "worker_mib_with_many_in_flight" };
        report.add(name, resident? as f64 / f64::from(1 << 20), format!("{jobs} of {rows} rows in flight, resident"));
    }
    Ok(())
}

/// Waits until every job is in flight, and a little longer so that polling is under way.
async fn settle(child: &mut Child, full: impl Fn() -> bool) -> Result<()> {
    while !full() {
        ensure!(child.try_wait().context("look at reelq")?.is_none(), "reelq ended early");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok(())
}

fn resident_bytes(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("read /proc (Linux only)")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("find VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().context("read VmRSS")?;
    Ok(kib * 1024)
}
