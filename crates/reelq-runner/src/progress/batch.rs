//! The live view of one batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reelq_console::Out;
use reelq_model::{BatchName, SharedClock};
use reelq_store::SharedStore;

use super::{live::Live, stats::BatchStats, view::ProgressView};
use crate::{
    context::CommandContext,
    work::engine::{Engine, Transports},
};

/// Shows one batch while it is worked on.
#[derive(Debug)]
pub struct BatchProgress {
    clock: SharedClock,
    submission_gate: std::sync::Arc<reelq_worker::SubmissionGate>,
    transports: Transports,
    live: Mutex<Live>,
    stats: tokio::sync::Mutex<BatchStats>,
}

impl BatchProgress {
    /// A view of `batch`, on which `engine` works.
    pub fn new(context: &CommandContext, store: SharedStore, batch: &BatchName, engine: &Engine, out: Out) -> Self {
        Self {
            clock: std::sync::Arc::clone(&context.clock),
            submission_gate: std::sync::Arc::clone(&engine.submission_gate),
            transports: engine.transports.clone(),
            live: Mutex::new(Live::new(out, batch.as_str(), context.flags())),
            stats: tokio::sync::Mutex::new(BatchStats::new(store, batch.clone(), engine.metrics.clone())),
        }
    }

    /// What holds submissions back. A fault may come and go: the view says each once.
    fn held(&self) -> Vec<String> {
        self.submission_gate.all().into_iter().chain(self.transports.unreachable()).collect()
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressView for BatchProgress {
    async fn watch(&self) {
        let mut stats = self.stats.lock().await;
        let mut ticks = tokio::time::interval(self.live().every());
        loop {
            ticks.tick().await;
            let at = self.clock.monotonic();
            match stats.read(at).await {
                Ok(Some(figures)) => {
                    self.live().show(at, &figures, self.held());
                }
                Ok(None) => {}
                // The workers wait for the store, so the view does too.
                Err(error) => tracing::debug!(%error, "the store does not say how the batch stands"),
            }
        }
    }

    fn message(&self, text: &str) {
        self.live().message(text);
    }

    fn finish(&self) {
        // What no one has looked at yet is said all the same.
        let held = self.held();
        let mut live = self.live();
        live.tell_held(held);
        live.finish();
    }
}
