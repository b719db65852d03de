//! How long a claim of purchases takes at a backlog, by the store itself.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reelq_model::{Clock as _, SystemClock};
use reelq_store::{ClaimStage, SharedStore};
use reelq_store_sqlite::SqliteStore;

use super::{REDIS, SQLITE, Step};
use crate::{
    figure::median,
    process::own_cpu,
    store::{Server, account, claim, no_limits},
    subject::Subject,
};

/// What they are called, and how many jobs each may take: of one, the cost is in finding it.
pub(super) const KINDS: [(&str, usize); 2] = [("claim of 1", 1), ("claim of 64", 64)];
/// Claims of a kind; fewer where less than half of the rows would wait then.
const CLAIMS: usize = 20;
/// What is claimed is given back by waiting: nobody works on it.
const LEASE: Duration = Duration::from_secs(2);

/// The middle one of several claims by the clock, and what one of them cost us and the server.
pub(super) async fn measure(
    subject: &Subject,
    server: Option<&Server>,
    rows: usize,
    (name, group): (&'static str, usize),
) -> Result<Step> {
    let (place, store) = match server {
        Some(server) => (REDIS, server.store().await?),
        None => (SQLITE, sqlite(subject)?),
    };
    store.set_limits(&account()?, &no_limits()).await.context("set the account's limits")?;
    let claims = CLAIMS.min(rows / group / 2).max(1);
    let (before, counted) = (own_cpu(), server.map(Server::counted).transpose()?);
    let seconds = claim_all(&store, claims, group).await?;
    let cpu_s = own_cpu().saturating_sub(before).as_secs_f64() / claims as f64;
    let used = match (server, counted) {
        (Some(server), Some(before)) => Some(server.counted()?.since(before).divided(claims as f64)),
        _ => None,
    };
    drop(store);
    tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
    let (server_cpu_s, server_commands) = (used.map(|it| it.cpu_us / 1e6), used.map(|it| it.commands));
    let step = Step { done: group, wall_s: median(seconds), cpu_s, ..Step::empty(place, name, rows) };
    Ok(Step { server_cpu_s, server_commands, ..step })
}

async fn claim_all(store: &SharedStore, claims: usize, group: usize) -> Result<Vec<f64>> {
    let mut claim = claim(0, ClaimStage::Submit, group)?;
    claim.lease = LEASE;
    let mut seconds = Vec::new();
    for _ in 0..claims {
        let clock = SystemClock::new();
        let claimed = store.claim(&claim).await.context("claim")?;
        seconds.push(clock.monotonic().as_secs_f64());
        ensure!(!claimed.leases.is_empty(), "nothing was there to claim");
    }
    Ok(seconds)
}

fn sqlite(subject: &Subject) -> Result<SharedStore> {
    let path = subject.path(".reelq/state.db");
    Ok(Arc::new(SqliteStore::open(&path, Arc::new(SystemClock::new())).context("open the store")?))
}
