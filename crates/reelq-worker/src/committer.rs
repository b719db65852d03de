//! Group commit: steps that wait for the store go there together, and are repeated until it answers.
//!
//! A step that comes while the store is unreachable is tried at once, with all that wait: a journal in front of the store
//! writes it down, and what only waits here would not outlive the process.

use std::{sync::Arc, time::Duration};

use reelq_model::{Event, SharedClock};
use reelq_store::{Commit, Committed, SharedStore};
use tokio::sync::{mpsc, oneshot};

use crate::{Backoff, SharedRng, TestSignals, fatal_error::FatalError};

/// The most steps in one round trip.
pub(crate) const GROUP: usize = 256;

/// The pauses between two attempts on a store that does not take steps.
const PAUSES: Backoff = Backoff { base: Duration::from_millis(20), cap: Duration::from_secs(2) };

/// What came of one step, and the monotonic time before the store was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) committed: Committed,
    pub(crate) asked: Duration,
}

#[derive(Debug)]
struct Step {
    commit: Commit,
    answer: oneshot::Sender<Answer>,
}

/// Hands steps to the committer's task.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    steps: mpsc::Sender<Step>,
    signals: Arc<TestSignals>,
}

/// The task that commits.
#[derive(Debug)]
pub(crate) struct CommitTask {
    store: SharedStore,
    clock: SharedClock,
    fatal: Arc<FatalError>,
    rng: SharedRng,
    steps: mpsc::Receiver<Step>,
}

impl Committer {
    pub(crate) fn new(
        store: SharedStore,
        clock: SharedClock,
        fatal: Arc<FatalError>,
        rng: SharedRng,
        signals: Arc<TestSignals>,
    ) -> (Self, CommitTask) {
        let (sender, receiver) = mpsc::channel(4 * GROUP);
        (Self { steps: sender, signals }, CommitTask { store, clock, fatal, rng, steps: receiver })
    }

    /// Waits until the store has answered. `None` where it never will: the runtime ends with a fatal error.
    pub(crate) async fn commit(&self, commit: Commit) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.steps.send(Step { commit, answer }).await.ok()?;
        self.signals.step_queued.fire(|| ());
        answered.await.ok()
    }
}

impl Step {
    /// Whether the step must reach the store, whatever is wrong with it: a paid task would be lost otherwise.
    const fn is_paid(&self) -> bool {
        matches!(self.commit.event, Event::Accepted { .. })
    }
}

impl CommitTask {
    /// Commits until every [`Committer`] is gone.
    pub(crate) async fn run(mut self) {
        let (mut waiting, mut failures) = (Vec::with_capacity(GROUP), 0_u32);
        while self.wait_for_steps(&mut waiting, failures).await {
            let steps = std::mem::take(&mut waiting);
            waiting = self.commit(steps).await;
            failures = if waiting.is_empty() { 0 } else { failures.saturating_add(1) };
        }
    }

    /// Waits for steps; no longer than a pause where some wait for the store already. `false` where none will come.
    async fn wait_for_steps(&mut self, waiting: &mut Vec<Step>, failures: u32) -> bool {
        if waiting.is_empty() {
            return self.steps.recv_many(waiting, GROUP).await > 0;
        }
        let pause = self.rng.around(PAUSES.ceiling(failures.saturating_sub(1)), 0.5);
        tokio::select! {
            came = self.steps.recv_many(waiting, GROUP), if !self.steps.is_closed() => {
                if came == 0 {
                    tokio::time::sleep(pause).await;
                }
            }
            () = tokio::time::sleep(pause) => {}
        }
        true
    }

    /// Tries every step; those come back that must be tried again.
    async fn commit(&self, mut steps: Vec<Step>) -> Vec<Step> {
        let mut left = Vec::new();
        while !steps.is_empty() {
            let group = steps.drain(..steps.len().min(GROUP)).collect();
            left.extend(self.commit_group(group).await);
        }
        left
    }

    async fn commit_group(&self, steps: Vec<Step>) -> Vec<Step> {
        let commits: Vec<_> = steps.iter().map(|step| step.commit.clone()).collect();
        let asked = self.clock.monotonic();
        match self.store.commit(&commits).await {
            Ok(done) => {
                for (committed, step) in done.into_iter().zip(steps) {
                    // Whoever asked may have been cut off; the step is made all the same.
                    step.answer.send(Answer { committed, asked }).ok();
                }
                Vec::new()
            }
            Err(error) if error.is_transient() => {
                // The lease renewer reports it, once for all callers.
                tracing::debug!(%error, steps = steps.len(), "the store is unreachable; asking again");
                steps
            }
            // One that the store chokes on must not take the others with it.
            Err(_) if steps.len() > 1 => {
                let mut left = Vec::new();
                for step in steps {
                    left.extend(Box::pin(self.commit_group(vec![step])).await);
                }
                left
            }
            Err(error) => {
                self.fatal.raise(error);
                steps.into_iter().filter(Step::is_paid).collect()
            }
        }
    }
}
