//! Forecasts: what a plan will probably take, played against what earlier jobs of its accounts tell.

use std::collections::BTreeMap;

use reelq_forecast::{
    AccountHistory, Budgets, Failures, Forecast, JobGroup, Pacing, PlayedAccount, Throttles, TooManyJobs, forecast,
};
use reelq_model::{AccountName, Digest, Job, Money, Stage, Status, Timestamp};
use reelq_store::{AccountView, BatchView, Cursor, JobFilter, Store};

use crate::{Accounts, CostLine, Plan, PlanAccount, error::Result};

/// A forecast, and the accounts in its order.
#[derive(Debug, Clone)]
pub struct BatchForecast {
    /// The accounts.
    pub accounts: Vec<AccountName>,
    /// What was played.
    pub forecast: Forecast,
}

/// Jobs looked at for each account.
const SAMPLE: usize = 400;
/// Batches looked into for them: what a forecast reads does not grow with what there is.
const BATCHES: usize = 20;

/// Plays what is to be bought of a plan; `retries` tells how often an account buys again what failed in passing. The same
/// store and plan give the same answer.
///
/// # Errors
/// The store cannot be read. The inner error: there are more jobs than can be played.
pub async fn play(
    store: Option<&dyn Store>,
    accounts: &Accounts,
    plan: &Plan,
    retries: &(dyn Fn(&AccountName) -> u32 + Sync),
) -> Result<std::result::Result<BatchForecast, TooManyJobs>> {
    let mut by_account: BTreeMap<AccountName, Vec<&CostLine>> = BTreeMap::new();
    for line in plan.costs.iter().filter(|line| line.to_buy > 0) {
        by_account.entry(line.account.clone()).or_default().push(line);
    }
    let (views, batches) = match store {
        Some(store) => (store.accounts().await?, store.batches().await?),
        None => (Vec::new(), Vec::new()),
    };
    let now = match store {
        Some(store) => Some(store.now().await?),
        None => None,
    };
    let (mut names, mut played) = (Vec::new(), Vec::new());
    for (name, lines) in by_account {
        let Some(account) = accounts.get(name.as_str()) else { continue };
        let history = match store {
            Some(store) => history(store, &name, &batches).await?,
            None => AccountHistory::default(),
        };
        let view = views.iter().find(|view| view.name == name);
        played.push(PlayedAccount {
            pacing: pacing(account, view),
            budgets: budgets(plan, &name, view, now),
            groups: lines.iter().flat_map(|line| groups(line)).collect(),
            retries: retries(&name),
            history,
        });
        names.push(name);
    }
    let seed = Digest::of(plan.batch.name.as_str().as_bytes()).as_bytes()[..8]
        .iter()
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte));
    Ok(forecast(&played, seed).map(|forecast| BatchForecast { accounts: names, forecast }))
}

/// The pace that holds now: as configured, or as learned.
fn pacing(account: &PlanAccount, view: Option<&AccountView>) -> Pacing {
    let limits = &account.limits;
    let (rate, max_in_flight) = view.map_or((limits.requests_per_second, limits.max_in_flight), |view| {
        (view.pace.requests_per_second(limits), view.pace.max_in_flight(limits))
    });
    // Durations go to the moment at which an end was noticed.
    Pacing { requests_per_second: rate, burst: limits.burst, max_in_flight, poll_ms: 0 }
}

fn budgets(plan: &Plan, name: &AccountName, view: Option<&AccountView>, now: Option<Timestamp>) -> Budgets {
    let Some(budget) = plan.account_budgets.iter().find(|budget| budget.account == *name) else {
        return Budgets::default();
    };
    let day_ends_in_ms =
        view.zip(now).map_or(0, |(view, now)| u64::try_from(view.day_ends.since(now).as_millis()).unwrap_or(u64::MAX));
    Budgets {
        left: budget.budget.map(|left| left.left.micros()),
        day: budget.daily_budget.map(|left| left.cap.micros()),
        day_left: budget.daily_budget.map(|left| left.left.micros()),
        day_ends_in_ms,
    }
}

/// Jobs of known prices at their mean, and those of none.
fn groups(line: &CostLine) -> Vec<JobGroup> {
    let priced = line.to_buy.saturating_sub(line.unpriced);
    let mean = i64::try_from(priced).ok().and_then(|priced| line.amount.micros().checked_div(priced));
    let groups = [JobGroup { count: priced, price: mean }, JobGroup { count: line.unpriced, price: None }];
    groups.into_iter().filter(|group| group.count > 0).collect()
}

/// What the account's newest jobs tell.
async fn history(store: &dyn Store, account: &AccountName, batches: &[BatchView]) -> Result<AccountHistory> {
    let ended = |view: &&BatchView| view.counts.of(Status::Succeeded) + view.counts.of(Status::Failed) > 0;
    let mut jobs = Vec::new();
    for batch in batches.iter().filter(ended).take(BATCHES) {
        let filter = JobFilter {
            batch: Some(batch.batch.name.clone()),
            account: Some(account.clone()),
            statuses: vec![Status::Succeeded, Status::Failed],
            ..JobFilter::default()
        };
        let found = store.scan(&filter, &Cursor::default(), SAMPLE - jobs.len()).await?;
        jobs.extend(found.views.into_iter().filter(|view| !view.is_unreadable()).map(|view| view.job));
        if jobs.len() >= SAMPLE {
            break;
        }
    }
    Ok(learned(&jobs))
}

fn learned(jobs: &[Job]) -> AccountHistory {
    let millis = |from: Option<Timestamp>, to: Option<Timestamp>| u64::try_from(to?.since(from?).as_millis()).ok();
    let succeeded = || jobs.iter().filter(|job| matches!(job.stage, Stage::Succeeded { .. }));
    let failed = || jobs.iter().filter(|job| matches!(job.stage, Stage::Failed { .. }));
    let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
    let transient: u64 = jobs.iter().map(|job| u64::from(job.retries)).sum();
    let submissions: u64 = jobs.iter().map(|job| u64::from(job.submissions)).sum();
    let throttled: u64 = jobs.iter().map(|job| u64::from(job.setbacks)).sum();
    let charged = failed().filter(|job| job.spent() > Money::ZERO).count();
    let final_failures = failed().count();
    AccountHistory {
        run_ms: succeeded().filter_map(|job| millis(job.submitted_at, job.finished_at)).collect(),
        download_ms: succeeded().filter_map(|job| millis(job.finished_at, job.stored_at)).collect(),
        throttles: (submissions > 0).then(|| Throttles {
            submissions: submissions.saturating_add(throttled),
            throttled,
            wait_ms: Vec::new(),
        }),
        failures: (!jobs.is_empty()).then(|| Failures {
            ended: count(jobs.len()).saturating_add(transient),
            final_charged: count(charged),
            final_uncharged: count(final_failures - charged),
            transient,
        }),
        charged_ratio: succeeded().filter_map(ratio).collect(),
    }
}

/// What was charged for one dollar of catalogue price.
#[expect(clippy::cast_precision_loss, reason = "a ratio, not an amount")]
fn ratio(job: &Job) -> Option<f64> {
    let (price, spent) = (job.price.filter(|price| *price > Money::ZERO)?, job.spent());
    (spent > Money::ZERO && job.submissions == 1).then(|| spent.micros() as f64 / price.micros() as f64)
}
