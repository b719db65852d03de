//! Group commit: steps that wait for the store go there together, and are repeated until it answers.

use std::{sync::Arc, time::Duration};

use reelq_model::SharedClock;
use reelq_store::{Commit, Committed, SharedStore};
use tokio::sync::{mpsc, oneshot};

use crate::{Dice, fault::Fault, steady::until_answered};

/// The most steps in one round trip.
pub(crate) const GROUP: usize = 256;

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
}

/// The task that commits.
#[derive(Debug)]
pub(crate) struct CommitTask {
    store: SharedStore,
    clock: SharedClock,
    fault: Arc<Fault>,
    dice: Dice,
    steps: mpsc::Receiver<Step>,
}

impl Committer {
    pub(crate) fn new(store: SharedStore, clock: SharedClock, fault: Arc<Fault>, dice: Dice) -> (Self, CommitTask) {
        let (sender, receiver) = mpsc::channel(4 * GROUP);
        (Self { steps: sender }, CommitTask { store, clock, fault, dice, steps: receiver })
    }

    /// Waits until the store has answered. `None` where it never will: the runtime is ending on a fault.
    pub(crate) async fn commit(&self, commit: Commit) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.steps.send(Step { commit, answer }).await.ok()?;
        answered.await.ok()
    }
}

impl CommitTask {
    /// Commits until every [`Committer`] is gone.
    pub(crate) async fn run(mut self) {
        let mut steps = Vec::with_capacity(GROUP);
        while self.steps.recv_many(&mut steps, GROUP).await > 0 {
            self.commit(std::mem::take(&mut steps)).await;
        }
    }

    async fn commit(&self, steps: Vec<Step>) {
        let (commits, answers): (Vec<_>, Vec<_>) = steps.into_iter().map(|step| (step.commit, step.answer)).unzip();
        let asked = self.clock.monotonic();
        match until_answered(&self.dice, || self.store.commit(&commits)).await {
            Ok(done) => {
                for (committed, answer) in done.into_iter().zip(answers) {
                    // Whoever asked may have been cut off; the step is made all the same.
                    answer.send(Answer { committed, asked }).ok();
                }
            }
            Err(error) => self.fault.raise(error),
        }
    }
}
