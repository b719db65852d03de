//! Whole jobs through vendor, store and collector, beside bare clients that do less and less of the work.

mod calls;
mod contest;

use anyhow::Result;

use crate::{
    client::Duties,
    figure::{Report, median},
};
use contest::{Contest, Spent};

/// Takes all of them in turn, so that a machine whose speed drifts is fair to each; the medians are the figures.
pub(crate) async fn measure(report: &mut Report, jobs: usize, rounds: usize) -> Result<()> {
    let contest = Contest::new(jobs).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Some file systems create files slowly for minutes after many were deleted: the folders stay until the end.
    let mut folders = Vec::new();
    for _ in 0..rounds {
        let (subject, spent) = contest.ours().await?;
        ours.push(spent);
        folders.push(subject.into_folder());
        for duties in Duties::ALL {
            let (folder, spent) = contest.theirs(duties).await?;
            theirs.push((duties, spent));
            folders.push(folder);
        }
    }
    let of = format!("median of {rounds}, {jobs} jobs, {} at a time, start and end included", contest::CONCURRENCY);
    tell(report, "whole_job", &ours, &of);
    let peak = ours.iter().map(|spent| spent.peak_mib).fold(0.0, f64::max);
    report.add("run_peak_mib", peak, format!("the most of {rounds}, `reelq run` of {jobs} rows on SQLite"));
    for duties in Duties::ALL {
        let spent: Vec<Spent> = theirs.iter().filter(|it| it.0 == duties).map(|it| it.1).collect();
        tell(report, &format!("client_{}", duties.name()), &spent, duties.describe());
        compare(report, duties, &ours, &spent);
    }
    calls::measure(report, jobs).await
}

fn tell(report: &mut Report, name: &str, rounds: &[Spent], of: &str) {
    let mut add = |unit: &str, one: fn(&Spent) -> f64| {
        report.add(format!("{name}_{unit}"), median(rounds.iter().map(one).collect()), of);
    };
    add("cpu_us", |it| it.cpu_us);
    add("vendor_cpu_us", |it| it.vendor_us);
    add("per_second", |it| it.per_second);
    add("written_kib", |it| it.written_kib);
    add("written_kib_beyond_file", |it| it.beyond_kib);
    add("connections", |it| it.connections);
}

/// The pairs of each round, and the middle one of these.
fn compare(report: &mut Report, duties: Duties, ours: &[Spent], theirs: &[Spent]) {
    let ratio = |one: fn(&Spent, &Spent) -> f64| median(ours.iter().zip(theirs).map(|(us, it)| one(us, it)).collect());
    let name = duties.name();
    let of = format!("that client, {}", duties.describe());
    report.add(format!("whole_jobs_cpu_ratio_to_{name}"), ratio(|us, it| it.cpu_us / us.cpu_us), &of);
    report.add(format!("whole_jobs_wall_ratio_to_{name}"), ratio(|us, it| us.per_second / it.per_second), &of);
}
