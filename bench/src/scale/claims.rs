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

/// At most, and so many that half of the rows still wait.
const CLAIMS: usize = 15;
const GROUP: usize = 64;
/// What is claimed is given back by waiting: nobody works on it.
const LEASE: Duration = Duration::from_secs(2);

/// The middle one of several claims by the clock, and what one of them cost us and the server.
pub(super) async fn measure(subject: &Subject, server: Option<&Server>, rows: usize) -> Result<Step> {
    let (name, store) = match server {
        Some(server) => (REDIS, server.store().await?),
        None => (SQLITE, sqlite(subject)?),
    };
    store.set_limits(&account()?, &no_limits()).await.context("set the account's limits")?;
    let claims = CLAIMS.min(rows / GROUP / 2).max(1);
    let (before, counted) = (own_cpu(), server.map(Server::counted).transpose()?);
    let seconds = claim_all(&store, claims).await?;
    let cpu_s = own_cpu().saturating_sub(before).as_secs_f64() / claims as f64;
    let server_cpu_s = match (server, counted) {
        (Some(server), Some(before)) => Some(server.counted()?.since(before).cpu_us / 1e6 / claims as f64),
        _ => None,
    };
    drop(store);
    tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
    Ok(Step { done: GROUP, wall_s: median(seconds), cpu_s, server_cpu_s, ..Step::empty(name, "claim", rows) })
}

async fn claim_all(store: &SharedStore, claims: usize) -> Result<Vec<f64>> {
    let mut claim = claim(0, ClaimStage::Submit, GROUP)?;
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
