//! How late status requests come when very many wait.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use reelq_model::{JobId, Timestamp};
use reelq_store::{ClaimStage, JobFilter, SharedStore, Walk};

use super::{
    Server, lines,
    work::{GROUP, ask_later, buy, claim, enqueue},
};
use crate::figure::Report;

/// Over how long the tasks come due.
const WINDOW: Duration = Duration::from_secs(10);
/// When the first of them does, from when they were bought; buying them must be done by then.
const HEAD: Duration = Duration::from_mins(1);
const WORKERS: usize = 4;

/// `due` tasks come due over ten seconds while `waiting` more wait for another hour.
pub(super) async fn measure(report: &mut Report, server: &Server, due: usize, waiting: usize) -> Result<()> {
    let store = server.store().await?;
    enqueue(&store, "waiting", waiting).await?;
    run_all(server, |_| Duration::from_hours(1)).await?;
    enqueue(&store, "due", due).await?;
    let start = store.now().await?.after(HEAD);
    let spacing = WINDOW.as_secs_f64() / due as f64;
    let places: BTreeMap<JobId, u32> = ids(due)?.into_iter().zip(0_u32..).collect();
    let at = |lease: &reelq_store::Lease| {
        let place = places.get(&lease.job.id).copied().unwrap_or(0);
        start.after(Duration::from_secs_f64(spacing * f64::from(place))).since(lease.granted_at)
    };
    run_all(server, at).await?;
    let dues = dues(&store).await?;
    let mut late = collect(server, &dues).await?;
    late.sort_unstable();
    let of = format!("{due} tasks due over 10 s, {waiting} more waiting");
    let at = |share: f64| late.get((late.len() as f64 * share) as usize).copied().unwrap_or(0) as f64;
    report.add("milliseconds_late_median", at(0.5), &of);
    report.add("milliseconds_late_99_of_100", at(0.99), &of);
    report.add("milliseconds_late_most", late.last().copied().unwrap_or(0) as f64, &of);
    report.add("tasks_asked_about_early", late.iter().filter(|late| **late < 0).count() as f64, of);
    Ok(())
}

fn ids(count: usize) -> Result<Vec<JobId>> {
    let draft = lines::batch("due")?;
    Ok(lines::lines(&draft, count)?.iter().map(reelq_store::LineDraft::id).collect())
}

/// When each task is due, by the store.
async fn dues(store: &SharedStore) -> Result<BTreeMap<JobId, Timestamp>> {
    let filter = JobFilter { batch: Some(lines::batch("due")?.name), ..JobFilter::default() };
    let (mut dues, mut walk) = (BTreeMap::new(), Walk::new(&**store, &filter));
    while let Some(views) = walk.part().await.context("list the tasks")? {
        dues.extend(views.into_iter().filter_map(|view| Some((view.job.id, view.due?))));
    }
    Ok(dues)
}

/// Buys everything that is ready; a task is first asked about `first_poll` after the lease before its purchase.
async fn run_all(server: &Server, first_poll: impl Fn(&reelq_store::Lease) -> Duration + Clone) -> Result<()> {
    let mut stores = Vec::new();
    for _ in 0..WORKERS {
        stores.push(server.store().await?);
    }
    let one = |number: usize, store: SharedStore| {
        let first_poll = first_poll.clone();
        async move {
            let claim = claim(number, ClaimStage::Submit, 256)?;
            loop {
                let leases = store.claim(&claim).await.context("claim")?.leases;
                if leases.is_empty() {
                    return anyhow::Ok(());
                }
                buy(&store, leases, &first_poll).await?;
            }
        }
    };
    try_join_all(stores.into_iter().enumerate().map(|(number, store)| one(number, store))).await?;
    Ok(())
}

/// Milliseconds by which each task was taken in hand after it was due.
async fn collect(server: &Server, dues: &BTreeMap<JobId, Timestamp>) -> Result<Vec<i64>> {
    let mut stores = Vec::new();
    for _ in 0..WORKERS {
        stores.push(server.store().await?);
    }
    let deadline = dues.values().max().context("there are tasks")?.after(Duration::from_mins(1));
    let one = |number: usize, store: SharedStore| async move {
        let claim = claim(number, ClaimStage::Poll, GROUP)?;
        let mut late = Vec::new();
        loop {
            let claimed = store.claim(&claim).await.context("claim")?;
            for lease in &claimed.leases {
                let due = dues.get(&lease.job.id).context("only these tasks are due")?;
                late.push(lease.granted_at.millis() - due.millis());
            }
            let pause = claimed.retry_in;
            let full = claimed.leases.len() == GROUP;
            ask_later(&store, claimed.leases).await?;
            let next = pause.unwrap_or(Duration::ZERO);
            if !full && (next > WINDOW + HEAD || store.now().await? > deadline) {
                return anyhow::Ok(late);
            }
            if !full {
                tokio::time::sleep(next.max(Duration::from_millis(1))).await;
            }
        }
    };
    let late = try_join_all(stores.into_iter().enumerate().map(|(number, store)| one(number, store))).await?;
    Ok(late.into_iter().flatten().collect())
}
