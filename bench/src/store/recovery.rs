//! How long a dead worker's jobs lie still.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reelq_model::{Clock as _, SystemClock};
use reelq_store::ClaimStage;

use super::{
    Server,
    work::{claim, enqueue},
};
use crate::figure::Report;

/// How often the living worker looks when it has heard nothing.
const LOOK: Duration = Duration::from_millis(500);

/// A worker takes jobs in hand and is never heard again; another goes on claiming as workers do.
pub(super) async fn measure(report: &mut Report, server: &Server) -> Result<()> {
    let (dead, alive) = (server.store().await?, server.store().await?);
    enqueue(&dead, "orphaned", 64).await?;
    let taken = dead.claim(&claim(0, ClaimStage::Submit, 64)?).await.context("claim")?.leases.len();
    let clock = SystemClock::new();
    drop(dead);
    let mut back = 0;
    while back < taken {
        let claimed = alive.claim(&claim(1, ClaimStage::Submit, 64)?).await.context("claim")?;
        back += claimed.leases.len();
        if claimed.leases.is_empty() {
            tokio::time::sleep(claimed.retry_in.unwrap_or(LOOK).min(LOOK)).await;
        }
    }
    let seconds = clock.monotonic().as_secs_f64();
    report.add("seconds_until_a_dead_workers_jobs_move", seconds, "leases of 15 s, 64 jobs");
    Ok(())
}
