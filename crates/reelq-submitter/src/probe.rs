//! What an open breaker asks for free before it asks with a purchase.

use reelq_model::Setback;
use reelq_provider::{Reply, retry_after};
use reelq_store::{Fault, Verdict};

use crate::{Submitter, admission::BreakerSlot};

/// Every so many probes one is a purchase whatever the free question brings: that may be out of order alone.
const PAID_EVERY: u32 = 4;

impl Submitter {
    /// Asks for the balance before the probe of an open breaker is a purchase; the verdict where the provider is still out of
    /// order.
    ///
    /// Only where a purchase without an answer would leave a row to a person. A long outage then costs no row a probe.
    pub(crate) async fn probes_for_free(&self, slot: BreakerSlot) -> Option<Verdict> {
        let probes = slot.probes.filter(|_| self.window().is_none())?;
        if probes % PAID_EVERY == PAID_EVERY - 1 {
            return None;
        }
        let request = self.parts.provider.balance()?;
        let setback = match self.parts.exchange.call(&request).await {
            Ok(reply) if reply.status < 500 => return None,
            Ok(reply) => out_of_order(&reply),
            Err(setback) => setback,
        };
        Some(Verdict::Bad { fault: Fault::NotSent, reason: setback.reason, wait: setback.wait })
    }
}

fn out_of_order(reply: &Reply) -> Setback {
    let now = reply.date.unwrap_or(reply.at);
    let wait = reply.retry_after.as_deref().and_then(|header| retry_after::parse(header, now));
    Setback { wait, ..Setback::new(format!("the balance was asked for, and the answer was HTTP {}", reply.status)) }
}
