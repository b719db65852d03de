//! Whole jobs a second through vendor, store and collector, beside the same HTTP calls made by a bare client.

use anyhow::Result;
use reelq_sim::{SimPace, SimSettings};

use crate::{
    bare,
    figure::{Report, median},
    subject::{Subject, simulator, time},
};

const CONCURRENCY: usize = 64;
const ROUNDS: usize = 3;
const LIMITS: &str = "requests_per_second = 10000.0\nburst = 1000\nmax_in_flight = 1000\npolls_per_second = 10000.0\n\
    poll = { first = \"10ms\", min = \"10ms\", max = \"50ms\" }\n[downloads]\nconcurrency = 64\n";

/// Takes both in turn, so that a machine whose speed drifts is fair to both; the median ratio is the figure.
pub(crate) async fn measure(report: &mut Report, jobs: usize) -> Result<()> {
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Some file systems create files slowly for minutes after many were deleted: the folders stay until the end.
    let mut subjects = Vec::new();
    for seed in 0..ROUNDS {
        let settings = || SimSettings { seed: seed as u64, pace: SimPace::seconds(0.0, 0.0), ..SimSettings::default() };
        let vendor = simulator(settings()).await?;
        let subject = Subject::new(&vendor.base_url(), LIMITS, jobs)?;
        let ((), took) = tokio::task::block_in_place(|| time(|| subject.run(&["run", "set.csv", "--yes"])))?;
        subjects.push(subject);
        vendor.stop().await;
        let vendor = simulator(settings()).await?;
        let clock = reelq_model::SystemClock::new();
        bare::run(&vendor.base_url(), jobs, CONCURRENCY).await?;
        let bare = reelq_model::Clock::monotonic(&clock);
        vendor.stop().await;
        let (one, other) = (jobs as f64 / took.as_secs_f64(), jobs as f64 / bare.as_secs_f64());
        ours.push(one);
        theirs.push(other);
        ratios.push(one / other);
    }
    let of = format!("median of {ROUNDS}, {jobs} jobs, {CONCURRENCY} at a time");
    report.add("whole_jobs_per_second", median(ours), &of);
    report.add("whole_jobs_per_second_bare_client", median(theirs), &of);
    report.add("whole_jobs_ratio_to_bare_client", median(ratios), &of);
    Ok(())
}
