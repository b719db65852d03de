//! How long a plan takes and how much disk it needs, as far as limits and earlier jobs tell.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{AccountName, BatchName, Job, Stage, Status};
use reelq_store::{AccountLimits, Cursor, JobFilter, Store};
use serde::Serialize;

use crate::{Accounts, CostLine, error::Result};

/// How long a plan takes and how much disk it needs. What is not known is left out, not guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Seconds that the configured rates alone take.
    pub submit_s: u64,
    /// Seconds to the last stored output; `None` where no earlier job of an account tells how long one runs.
    pub total_s: Option<u64>,
    /// Bytes of the outputs; `None` where no earlier job of an account tells their size.
    pub disk_bytes: Option<u64>,
}

/// Jobs looked at for each account.
const SAMPLE: usize = 200;
/// Batches looked into for them, a step each: what a plan reads does not grow with what there is.
const BATCHES: usize = 20;

/// What earlier jobs of an account tell.
#[derive(Debug, Clone, Copy, Default)]
struct Learned {
    run: Option<Duration>,
    bytes: Option<u64>,
}

pub(crate) async fn estimate(store: Option<&dyn Store>, accounts: &Accounts, costs: &[CostLine]) -> Result<Estimate> {
    let mut total = Estimate { submit_s: 0, total_s: Some(0), disk_bytes: Some(0) };
    let to_buy = to_buy_by_account(costs);
    let batches = match store {
        Some(store) if !to_buy.is_empty() => newest(store).await?,
        _ => Vec::new(),
    };
    for (name, jobs) in to_buy {
        let Some(account) = accounts.get(name.as_str()) else { continue };
        let learned = match store {
            Some(store) => learn(store, &name, &batches).await?,
            None => Learned::default(),
        };
        total.add(&account.limits, jobs, learned);
    }
    Ok(total)
}

impl Estimate {
    /// Accounts work side by side: times are the longest, disk is the sum.
    fn add(&mut self, limits: &AccountLimits, jobs: u64, learned: Learned) {
        let submit = submit_seconds(limits, jobs);
        self.submit_s = self.submit_s.max(submit);
        let ends = learned.run.map(|run| whole_seconds(limits, jobs, submit, run));
        self.total_s = self.total_s.zip(ends).map(|(one, other)| one.max(other));
        let bytes = learned.bytes.map(|bytes| bytes.saturating_mul(jobs));
        self.disk_bytes = self.disk_bytes.zip(bytes).map(|(one, other)| one.saturating_add(other));
    }
}

fn to_buy_by_account(costs: &[CostLine]) -> BTreeMap<AccountName, u64> {
    let mut sums = BTreeMap::new();
    for line in costs.iter().filter(|line| line.to_buy > 0) {
        *sums.entry(line.account.clone()).or_insert(0) += line.to_buy;
    }
    sums
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate in whole seconds"
)]
fn submit_seconds(limits: &AccountLimits, jobs: u64) -> u64 {
    let waiting = jobs.saturating_sub(u64::from(limits.burst.get()));
    (waiting as f64 / limits.requests_per_second).ceil() as u64
}

fn whole_seconds(limits: &AccountLimits, jobs: u64, submit: u64, run: Duration) -> u64 {
    let run = run.as_secs().max(1);
    let rounds = jobs.div_ceil(u64::from(limits.max_in_flight.get()));
    (submit + run).max(rounds.saturating_mul(run))
}

/// The newest batches in which anything succeeded: what they tell is the nearest.
async fn newest(store: &dyn Store) -> Result<Vec<BatchName>> {
    let succeeded = store.batches().await?.into_iter().filter(|view| view.counts.of(Status::Succeeded) > 0);
    Ok(succeeded.take(BATCHES).map(|view| view.batch.name).collect())
}

async fn learn(store: &dyn Store, account: &AccountName, batches: &[BatchName]) -> Result<Learned> {
    let mut views = Vec::new();
    for batch in batches {
        let filter = JobFilter {
            batch: Some(batch.clone()),
            account: Some(account.clone()),
            statuses: vec![Status::Succeeded],
            ..JobFilter::default()
        };
        views.extend(store.scan(&filter, &Cursor::default(), SAMPLE - views.len()).await?.views);
        if views.len() >= SAMPLE {
            break;
        }
    }
    let runs: Vec<u64> = views.iter().filter_map(|view| run_millis(&view.job)).collect();
    let sizes: Vec<u64> = views.iter().map(|view| output_bytes(&view.job)).collect();
    Ok(Learned { run: mean(&runs).map(Duration::from_millis), bytes: mean(&sizes) })
}

fn run_millis(job: &Job) -> Option<u64> {
    let run = job.finished_at?.since(job.submitted_at?);
    u64::try_from(run.as_millis()).ok()
}

fn output_bytes(job: &Job) -> u64 {
    match &job.stage {
        Stage::Succeeded { files, .. } => files.iter().map(|file| file.bytes).sum(),
        _ => 0,
    }
}

fn mean(values: &[u64]) -> Option<u64> {
    let count = u64::try_from(values.len()).ok()?;
    values.iter().sum::<u64>().checked_div(count)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn limits(rps: f64, burst: u32, in_flight: u32) -> AccountLimits {
        AccountLimits {
            requests_per_second: rps,
            burst: NonZeroU32::new(burst).unwrap(),
            polls_per_second: 10.0,
            max_in_flight: NonZeroU32::new(in_flight).unwrap(),
            budget: None,
            daily_budget: None,
            open_rate: false,
            open_in_flight: false,
        }
    }

    #[test]
    fn the_tighter_of_rate_and_cap_decides() {
        let learned = Learned { run: Some(Duration::from_mins(1)), bytes: Some(1_000) };
        let mut by_cap = Estimate { submit_s: 0, total_s: Some(0), disk_bytes: Some(0) };
        by_cap.add(&limits(10.0, 1, 10), 100, learned);
        assert_eq!(by_cap, Estimate { submit_s: 10, total_s: Some(600), disk_bytes: Some(100_000) });
        let mut by_rate = Estimate { submit_s: 0, total_s: Some(0), disk_bytes: Some(0) };
        by_rate.add(&limits(0.1, 1, 1_000), 101, learned);
        assert_eq!(by_rate.total_s, Some(1_060));
    }

    #[test]
    fn what_one_account_does_not_tell_is_not_guessed() {
        let mut total = Estimate { submit_s: 0, total_s: Some(0), disk_bytes: Some(0) };
        total.add(&limits(1.0, 1, 1), 10, Learned::default());
        assert_eq!(total, Estimate { submit_s: 9, total_s: None, disk_bytes: None });
    }
}
