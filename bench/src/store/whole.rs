//! Whole jobs by `reelq run` over Redis: what one of them costs the server that all workers share.

use std::time::Duration;

use anyhow::Result;

use super::{Kept, Server};
use crate::{
    figure::Report,
    subject::{Subject, UNHELD},
    vendor::Vendor,
};

const LIMIT: Duration = Duration::from_mins(10);

/// Buys `jobs` jobs, their load and their results included.
pub(super) async fn measure(report: &mut Report, server: &Server, kept: Kept, jobs: usize) -> Result<()> {
    let vendor = Vendor::start(Duration::ZERO).await?;
    let subject = Subject::over(&server.configuration(), &vendor.base_url(), UNHELD, jobs)?;
    let mut ended = None;
    let phase = server.phase(jobs, async {
        ended = Some(subject.measured(&["run", "set.csv", "--yes"], LIMIT).await?);
        Ok(())
    });
    let phase = phase.await?;
    let (redis, of) = (kept.name(), format!("{jobs} jobs, `reelq run`, load and results included"));
    report.add(format!("{redis}_whole_job_cpu_us"), phase.each.cpu_us, &of);
    report.add(format!("{redis}_whole_job_commands"), phase.each.commands, &of);
    report.add(format!("{redis}_whole_job_traffic_bytes"), phase.each.traffic, &of);
    report.add(format!("{redis}_whole_jobs_per_second"), phase.per_second, &of);
    if let Some(ended) = ended {
        report.add(format!("{redis}_whole_job_own_cpu_us"), ended.cpu_us_each(jobs), &of);
        report.add(format!("{redis}_run_peak_mib"), ended.peak_mib(), of);
    }
    Ok(())
}
