//! A lane: one connection that is made again when it broke, by whoever needs it next.
//!
//! Between attempts lie growing pauses with jitter; a call inside a pause fails at once. Nobody queues for a server
//! that is away.

use std::{sync::Arc, time::Duration};

use reelq_model::SharedClock;
use tokio::sync::{Mutex, watch};

use super::{
    connect::{Connector, Wire},
    faults::{self, Fault},
    greet::{Greeter, Standing},
};
use crate::{Error, Result};

/// The first pause after a failed attempt; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A connection that was greeted.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) wire: Wire,
    number: u64,
}

/// One connection, remade when needed.
#[derive(Debug)]
pub(super) struct Lane {
    connector: Arc<Connector>,
    greeter: Arc<Greeter>,
    clock: SharedClock,
    standing: Arc<watch::Sender<Standing>>,
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
    pub(super) fn new(
        connector: &Arc<Connector>,
        greeter: &Arc<Greeter>,
        clock: &SharedClock,
        standing: &Arc<watch::Sender<Standing>>,
    ) -> Self {
        Self {
            connector: Arc::clone(connector),
            greeter: Arc::clone(greeter),
            clock: Arc::clone(clock),
            standing: Arc::clone(standing),
            slot: Mutex::default(),
        }
    }

    /// The connection; made now where there is none and the pause is over.
    pub(super) async fn live(&self) -> Result<Live> {
        let mut slot = self.slot.lock().await;
        if let Some(live) = &slot.live {
            return Ok(live.clone());
        }
        if self.clock.monotonic() < slot.not_before {
            return Err(Error::unavailable(slot.last.clone()));
        }
        match Box::pin(self.make()).await {
            Ok(wire) => {
                let live = Live { wire, number: slot.made };
                *slot = Slot { live: Some(live.clone()), made: slot.made + 1, ..Slot::default() };
                Ok(live)
            }
            Err(fault) => {
                self.pause(&mut slot, &fault);
                Err(fault.error)
            }
        }
    }

    /// Gives up a connection that failed, unless another took its place already.
    pub(super) async fn discard(&self, broken: &Live) {
        let mut slot = self.slot.lock().await;
        slot.live.take_if(|live| live.number == broken.number);
    }

    async fn make(&self) -> std::result::Result<Wire, Fault> {
        let limit = self.connector.options().connect_timeout;
        let made = tokio::time::timeout(limit, async {
            let wire = self.connector.connect().await?;
            let greeted = self.greeter.greet(&mut wire.connection.clone()).await;
            let epoch = greeted.map_err(|error| faults::judge(&error, self.connector.shown(), "the greeting"))?;
            Ok((wire, epoch))
        });
        let late = |_| {
            let message = format!("{} does not answer within {} s", self.connector.shown(), limit.as_secs_f32());
            Fault { error: Error::unavailable(message), reconnect: true }
        };
        let (wire, epoch) = made.await.map_err(late)??;
        self.standing.send_modify(|standing| {
            standing.connections += 1;
            standing.epoch = epoch;
        });
        tracing::debug!(server = self.connector.shown(), epoch, "connected to the store");
        Ok(wire)
    }

    fn pause(&self, slot: &mut Slot, fault: &Fault) {
        let options = self.connector.options();
        let whole = FIRST_PAUSE.saturating_mul(1 << slot.failures.min(16)).min(options.longest_pause);
        slot.failures = slot.failures.saturating_add(1);
        slot.not_before = self.clock.monotonic() + jittered(whole, options.seed, slot.failures);
        slot.last = std::error::Error::source(&fault.error).map_or(fault.error.to_string(), ToString::to_string);
    }
}

/// Between half of the pause and the whole of it, so that a fleet does not come back in step.
fn jittered(whole: Duration, seed: u64, round: u32) -> Duration {
    let mixed = (seed ^ u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let share = u32::try_from((mixed >> 48) & 0xff).unwrap_or_default();
    whole / 2 + (whole / 2).saturating_mul(share) / 255
}
