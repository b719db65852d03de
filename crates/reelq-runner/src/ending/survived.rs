//! What simulated vendors did to a run, and whether anything was bought twice for all that.

use std::collections::{BTreeMap, BTreeSet};

use reelq_console::{Out, grouped};
use reelq_model::{BatchName, Timestamp};
use reelq_sim::{RequestTotals, SimCharge};
use reelq_store::{Page, Store};

use crate::simulated_vendors::SimulatedVendors;

/// Jobs read at a time.
const PAGE: usize = 1_000;
/// Of larger batches purchases are not compared job by job.
const JOBS_MAX: u64 = 100_000;

/// A job, and the tasks that it knows.
#[derive(Debug)]
struct Bought {
    prompt: String,
    tasks: Vec<String>,
}

/// Says what the vendors of this process did to the run; nothing where they did well.
pub async fn tell_survived(vendors: &SimulatedVendors, store: &dyn Store, batch: &BatchName, out: Out) {
    let Some((ledger, since)) = vendors.ledger() else { return };
    let Some(survived) = faults(&ledger.requests) else { return };
    let twice = match bought(store, batch).await {
        Ok(Some(jobs)) => grouped(bought_twice(&ledger.charges, since, &jobs)),
        Ok(None) => format!("not counted, in a batch of more than {} jobs", grouped(JOBS_MAX)),
        Err(error) => format!("not counted: {error}"),
    };
    out.note(&format!("survived: {survived}; bought twice: {twice}"));
}

fn faults(requests: &RequestTotals) -> Option<String> {
    let told: Vec<_> = [
        (requests.throttled, "throttle", "throttles"),
        (requests.dropped_before, "dropped request", "dropped requests"),
        (requests.dropped_after, "dropped reply", "dropped replies"),
        (requests.torn_downloads, "torn download", "torn downloads"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| format!("{} {}", grouped(count), if count == 1 { one } else { many }))
    .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// The jobs of a batch; `None` where there are too many.
async fn bought(store: &dyn Store, batch: &BatchName) -> reelq_store::Result<Option<Vec<Bought>>> {
    if store.batch(batch).await?.is_none_or(|view| view.counts.total() > JOBS_MAX) {
        return Ok(None);
    }
    let mut jobs = Vec::new();
    loop {
        let after = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        let lines = store.results(batch, Page { after, limit: PAGE }).await?;
        if lines.is_empty() {
            return Ok(Some(jobs));
        }
        for line in &lines {
            let own = std::iter::once(&line.view.job).chain(&line.orphans);
            let tasks = own.flat_map(|job| &job.charges).map(|charge| charge.task.to_string());
            jobs.push(Bought { prompt: line.view.job.spec.prompt().to_owned(), tasks: tasks.collect() });
        }
    }
}

/// How many clips were bought beyond one for each job. What was charged before `since` is not of this run.
///
/// A task that no job knows is one clip too many only where each job that asks for the same has one already.
fn bought_twice(charges: &[SimCharge], since: Timestamp, jobs: &[Bought]) -> u64 {
    let with_output: BTreeSet<&str> =
        charges.iter().filter(|one| one.has_output).map(|one| one.task.as_str()).collect();
    let (mut twice, mut known, mut without) = (0, BTreeSet::new(), BTreeMap::<&str, u64>::new());
    for job in jobs {
        let clips: BTreeSet<&str> =
            job.tasks.iter().map(String::as_str).filter(|task| with_output.contains(task)).collect();
        twice += u64::try_from(clips.len().saturating_sub(1)).unwrap_or(u64::MAX);
        if clips.is_empty() {
            *without.entry(&job.prompt).or_default() += 1;
        }
        known.extend(clips);
    }
    let mut unknown = BTreeMap::<&str, u64>::new();
    for charge in charges.iter().filter(|one| one.at >= since && one.has_output && !known.contains(one.task.as_str())) {
        *unknown.entry(&charge.prompt).or_default() += 1;
    }
    let beyond = unknown.iter().map(|(prompt, count)| count.saturating_sub(without.get(prompt).copied().unwrap_or(0)));
    twice + beyond.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use reelq_model::{Digest, Money, Settlement};
    use reelq_sim::Vendor;

    use super::*;

    fn charge(task: &str, prompt: &str, has_output: bool) -> SimCharge {
        SimCharge {
            provider: Vendor::Wave,
            account: String::new(),
            task: task.to_owned(),
            idempotency_key: None,
            body_sha256: Digest::of(prompt.as_bytes()),
            model: String::new(),
            mode: String::new(),
            prompt: prompt.to_owned(),
            amount: Money::from_micros(1),
            settlement: Settlement::Charged,
            at: Timestamp::from_millis(0),
            ends_at: None,
            has_output,
            replays: 0,
        }
    }

    fn job(prompt: &str, tasks: &[&str]) -> Bought {
        Bought { prompt: prompt.to_owned(), tasks: tasks.iter().map(|task| (*task).to_owned()).collect() }
    }

    #[test]
    fn a_second_clip_of_a_job_is_bought_twice_and_a_task_that_failed_is_not() {
        let charges = [charge("t1", "fox", true), charge("t2", "fox", true), charge("t3", "owl", false)];
        assert_eq!(bought_twice(&charges, Timestamp::from_millis(0), &[job("fox", &["t1", "t2"])]), 1);
        let charges = [charge("t1", "fox", false), charge("t2", "fox", true)];
        assert_eq!(bought_twice(&charges, Timestamp::from_millis(0), &[job("fox", &["t1", "t2"])]), 0);
    }

    #[test]
    fn a_clip_that_no_job_knows_is_one_too_many_where_every_job_that_asks_for_it_has_one() {
        let charges = [charge("t1", "fox", true), charge("lost", "fox", true)];
        assert_eq!(bought_twice(&charges, Timestamp::from_millis(0), &[job("fox", &["t1"])]), 1);
        assert_eq!(
            bought_twice(&charges, Timestamp::from_millis(0), &[job("fox", &["t1"]), job("fox", &[])]),
            0,
            "the other copy's"
        );
        assert_eq!(bought_twice(&charges, Timestamp::from_millis(1), &[job("fox", &["t1"])]), 0, "an earlier run's");
    }

    #[test]
    fn only_what_happened_is_told() {
        assert_eq!(faults(&RequestTotals::default()), None);
        let requests =
            RequestTotals { throttled: 41, dropped_after: 12, torn_downloads: 1, ..RequestTotals::default() };
        assert_eq!(faults(&requests).unwrap(), "41 throttles, 12 dropped replies, 1 torn download");
        let requests = RequestTotals { dropped_after: 1, ..RequestTotals::default() };
        assert_eq!(faults(&requests).unwrap(), "1 dropped reply");
    }
}
