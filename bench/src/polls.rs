//! Status requests a job, and how late the end of a task is noticed, with a schedule learned from the tasks before it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reelq_sim::{SimPace, SimSettings};

use crate::{
    figure::Report,
    subject::{Subject, simulator},
};

const LIMITS: &str = "requests_per_second = 200.0\nburst = 20\nmax_in_flight = 200\n\
    poll = { first = \"1s\", min = \"250ms\", max = \"5s\" }\n";
const SHORTEST_S: f64 = 6.0;
const LONGEST_S: f64 = 9.0;

/// Runs `jobs` tasks of six to nine seconds.
pub(crate) async fn measure(report: &mut Report, jobs: usize) -> Result<()> {
    let settings = SimSettings { pace: SimPace::seconds(SHORTEST_S, LONGEST_S), ..SimSettings::default() };
    let vendor = simulator(settings).await?;
    let subject = Subject::new(&vendor.base_url(), LIMITS, jobs)?;
    subject.measured(&["run", "set.csv", "--yes"], Duration::from_mins(10)).await?;
    let ledger = vendor.ledger();
    vendor.stop().await;
    let mut reader = csv::Reader::from_path(subject.path("out/set/results.csv")).context("read the results")?;
    let headers = reader.headers().context("read the results")?.clone();
    let column = |name: &str| headers.iter().position(|it| it == name).with_context(|| format!("find column {name}"));
    let (polls_at, noticed_at, task_at) = (column("polls")?, column("finished_at")?, column("remote_task")?);
    let (mut polls, mut lateness) = (Vec::new(), Vec::new());
    for line in reader.records() {
        let line = line.context("read a result")?;
        polls.push(line[polls_at].parse::<f64>().context("read polls")?);
        let noticed: reelq_model::Timestamp = line[noticed_at].parse().context("read finished_at")?;
        let ended = ledger.charges.iter().find(|charge| charge.task.as_str() == &line[task_at]);
        let ended = ended.and_then(|charge| charge.ends_at).context("find the task in the ledger")?;
        lateness.push(noticed.since(ended).as_secs_f64());
    }
    let of = format!("{jobs} tasks of {SHORTEST_S} to {LONGEST_S} s");
    report.add("polls_per_job_mean", polls.iter().sum::<f64>() / polls.len() as f64, &of);
    lateness.sort_by(f64::total_cmp);
    let at = |share: f64| lateness[((lateness.len() - 1) as f64 * share) as usize];
    report.add("notice_delay_s_p50", at(0.5), &of);
    report.add("notice_delay_s_p99", at(0.99), &of);
    Ok(())
}
