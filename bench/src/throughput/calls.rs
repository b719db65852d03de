//! System calls of one more job: the start, the plan and the end of a run are not in it.

use std::time::Duration;

use anyhow::Result;

use crate::{
    figure::Report,
    process::system_calls,
    subject::{Subject, UNHELD},
    vendor::Vendor,
};

/// A traced run is many times slower.
const LIMIT: Duration = Duration::from_mins(10);

/// Counts those of a short and of a longer run; the difference is what the jobs cost.
pub(super) async fn measure(report: &mut Report, jobs: usize) -> Result<()> {
    let (few, many) = (jobs / 20, jobs / 5);
    let vendor = Vendor::start(Duration::ZERO).await?;
    let (Some(less), Some(more)) = (of_run(&vendor, few).await?, of_run(&vendor, many).await?) else {
        report.miss("system calls a job: there is no strace");
        return Ok(());
    };
    let each = more.saturating_sub(less) as f64 / (many - few) as f64;
    report.add("whole_job_system_calls", each, format!("strace -c, slope from {few} to {many} jobs, SQLite"));
    Ok(())
}

async fn of_run(vendor: &Vendor, jobs: usize) -> Result<Option<u64>> {
    let subject = Subject::new(&vendor.base_url(), UNHELD, jobs)?;
    let command = subject.command(&["run", "set.csv", "--yes"])?;
    system_calls(&command, &subject.path("calls"), LIMIT).await
}
