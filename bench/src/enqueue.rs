//! How fast a manifest is planned and enqueued, and how much state a waiting job takes.

use anyhow::Result;

use crate::{
    figure::Report,
    subject::{Subject, time},
};

/// Plans, then loads, `rows` rows; nothing is submitted, because the batch is paused by a budget of nothing.
pub(crate) fn measure(report: &mut Report, rows: usize) -> Result<()> {
    let subject = Subject::new("http://127.0.0.1:9", "", rows)?;
    let of = format!("{rows}-row CSV, SQLite");
    let ((), planned) = time(|| subject.run(&["plan", "set.csv"]))?;
    let ((), loaded) = time(|| subject.run(&["run", "set.csv", "--yes", "--load-only"]))?;
    let rate = |seconds: f64| rows as f64 / seconds;
    report.add("rows_planned_per_second", rate(planned.as_secs_f64()), &of);
    report.add("rows_planned_and_enqueued_per_second", rate(loaded.as_secs_f64()), &of);
    report.add("state_bytes_per_waiting_job", subject.state_bytes()? as f64 / rows as f64, &of);
    Ok(())
}
