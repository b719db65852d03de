//! Sums, added up from the jobs themselves.

use reelq_model::{Money, Stage};
use reelq_store::{BatchView, JobView, StatusCounts, rules::hold};

pub(crate) fn takes_a_place(view: &JobView) -> bool {
    view.job.in_flight() || is_claimed(view)
}

pub(crate) fn is_claimed(view: &JobView) -> bool {
    matches!(view.job.stage, Stage::Ready) && view.worker.is_some()
}

pub(crate) fn claimed(jobs: &[JobView]) -> Money {
    jobs.iter().filter(|view| is_claimed(view)).filter_map(|view| view.job.price).sum()
}

/// The batch's sums, added up from its jobs.
pub(crate) fn recount(view: &BatchView, jobs: &[JobView]) -> BatchView {
    let counts = |listed: bool| {
        let mut counts = StatusCounts::default();
        for job in jobs.iter().filter(|job| job.line.is_some() == listed) {
            *counts.0.entry(job.job.status()).or_default() += 1;
        }
        counts
    };
    let sum = |amount: fn(&JobView) -> Money| jobs.iter().map(amount).sum::<Money>();
    let queued = |view: &JobView| matches!(view.job.stage, Stage::Ready);
    BatchView {
        counts: counts(true),
        others: counts(false),
        spent: sum(|view| view.job.spent()),
        reserved: sum(|view| view.job.reserved()),
        to_spend: jobs.iter().filter(|view| queued(view)).filter_map(|view| view.job.price).sum(),
        held: jobs.iter().filter(|view| queued(view) && hold::is_held(view.job.priority)).map(|_| 1).sum(),
        orphans: jobs.iter().filter(|view| view.job.orphan_of.is_some()).map(|_| 1).sum(),
        ..view.clone()
    }
}
