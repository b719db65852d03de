//! A lane: one connection that is made again when it broke, by whoever needs it next.
//!
//! Between attempts lie growing pauses with jitter; a call inside a pause fails at once. Nobody queues for a server
//! that is away.

use std::{result, sync::Arc, time::Duration};

use redis::RedisResult;
use reelq_model::SharedClock;
use tokio::sync::Mutex;

use super::{
    connect::{Connector, Wire},
    durable::{self, Syncing},
    faults::{self, Fault},
    options::Durability,
    refusals::Refusals,
    server::{ServerId, identify},
};
use crate::{Error, Result};

/// The first pause after a failed attempt; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A connection that was examined.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) wire: Wire,
    pub(super) syncing: Syncing,
    pub(super) server: Arc<ServerId>,
    number: u64,
}

/// What the lanes of a link share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) connector: Arc<Connector>,
    pub(super) clock: SharedClock,
    pub(super) refusals: Arc<Refusals>,
}

impl Shared {
    /// What a fault means now.
    pub(super) fn weigh(&self, fault: Fault) -> Fault {
        self.refusals.weigh(fault, self.clock.monotonic(), self.connector.options.login_patience)
    }
}

/// One connection, remade when needed.
#[derive(Debug)]
pub(super) struct Lane {
    shared: Shared,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    live: Option<Live>,
    made: u64,
    failures: u32,
    not_before: Duration,
    last: String,
}

impl Lane {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared, slot: Mutex::default() }
    }

    /// The connection; made now where there is none and the pause is over.
    pub(super) async fn live(&self) -> Result<Live> {
        let mut slot = self.slot.lock().await;
        if let Some(live) = &slot.live {
            return Ok(live.clone());
        }
        if self.shared.clock.monotonic() < slot.not_before {
            return Err(Error::unavailable(slot.last.clone()));
        }
        match Box::pin(self.make()).await {
            Ok((wire, syncing, server)) => {
                self.shared.refusals.taken();
                let live = Live { wire, syncing, server: Arc::new(server), number: slot.made };
                *slot = Slot { live: Some(live.clone()), made: slot.made + 1, ..Slot::default() };
                Ok(live)
            }
            Err(fault) => {
                let fault = self.shared.weigh(fault);
                self.pause(&mut slot, &fault);
                Err(fault.error)
            }
        }
    }

    /// Gives up a connection that failed, unless another took its place already.
    pub(super) async fn discard(&self, broken: &Live) {
        self.slot.lock().await.live.take_if(|live| live.number == broken.number);
    }

    async fn make(&self) -> result::Result<(Wire, Syncing, ServerId), Fault> {
        let connector = &self.shared.connector;
        let limit = connector.options.connect_timeout;
        let made = tokio::time::timeout(limit, async {
            let wire = connector.connect().await?;
            let syncing = self.examine(&wire).await?;
            let server = identify(&mut wire.connection.clone()).await;
            let server = server.map_err(|error| faults::judge(&error, connector.shown(), "INFO"))?;
            Ok((wire, syncing, server))
        });
        let late = |_| {
            let silent = format!("{} does not answer within {} s", connector.shown(), limit.as_secs_f32());
            let doubt =
                if connector.address.tls { "; neither does a server that speaks no TLS: check `rediss`" } else { "" };
            let message = silent + doubt;
            faults::passes(message, true)
        };
        let made = made.await.map_err(late)??;
        tracing::debug!(server = connector.shown(), "connected to the store");
        Ok(made)
    }

    async fn examine(&self, wire: &Wire) -> result::Result<Syncing, Fault> {
        match self.shared.connector.options.durability {
            Durability::Strict => durable::examine(&mut wire.connection.clone(), self.shared.connector.shown()).await,
            Durability::Normal => Ok(Syncing::ByItself),
        }
    }

    fn pause(&self, slot: &mut Slot, fault: &Fault) {
        let options = &self.shared.connector.options;
        let whole = FIRST_PAUSE.saturating_mul(1 << slot.failures.min(16)).min(options.longest_pause);
        slot.failures = slot.failures.saturating_add(1);
        slot.not_before = self.shared.clock.monotonic() + jittered(whole, options.seed, slot.failures);
        slot.last = std::error::Error::source(&fault.error).map_or(fault.error.to_string(), ToString::to_string);
    }
}

/// Between half of the pause and the whole of it, so that a fleet does not come back in step.
fn jittered(whole: Duration, seed: u64, round: u32) -> Duration {
    let mixed = (seed ^ u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let share = u32::try_from((mixed >> 48) & 0xff).unwrap_or_default();
    whole / 2 + (whole / 2).saturating_mul(share) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_between_processes_and_stay_within_bounds() {
        let whole = Duration::from_secs(1);
        let pauses: Vec<_> = (0..50).map(|seed| jittered(whole, seed, 1)).collect();
        assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 20, "{pauses:?}");
    }
}
