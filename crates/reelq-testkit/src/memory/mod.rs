//! A store in memory that keeps the whole contract: for tests, and as a pattern for whoever writes another store.
//!
//! Simple over fast: one lock, plain maps, and sums that are added up whenever they are asked for.
//! Each verb is one step of [`State`], a method of the verb's name.
//! It reads the records, lets a pure function of the contract judge, and writes what came of it.

#![expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "verbs have the contract's signatures")]

mod accounts;
mod batches;
mod claims;
mod follow;
mod imports;
mod reading;
mod schedules;
mod state;
mod steps;

use std::time::Duration;

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, SharedClock, Submission,
    Timestamp, WorkerId,
};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Followed, HistoryEntry, Import, Imported, ImportsSeen, JobFilter,
    JobView, Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason, PollTokens,
    Purge, RequestNote, RestoredSubmission, Result, ResultLine, Scanned, Store, TickClaim, TickClaimed, TickLease,
    TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord, WorkerView,
};
use tokio::sync::watch;

use state::State;

/// A store that lives as long as its handles do; a clone is another handle on the same state.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    clock: SharedClock,
    /// The store's time when the clock's monotonic time began.
    origin: Timestamp,
    /// The lock of the state, which wakes those that watch, too.
    state: watch::Sender<State>,
}

impl MemoryStore {
    /// Makes an empty store. Its time starts at the clock's and goes on with the clock's monotonic time.
    pub fn new(clock: SharedClock) -> Self {
        Self { origin: clock.now().before(clock.monotonic()), clock, state: watch::Sender::default() }
    }

    /// Does one verb while no other is done, and wakes those that watch where it changed something.
    fn step<T>(&self, verb: impl FnOnce(&mut State) -> T) -> T {
        let mut answer = None;
        self.state.send_if_modified(|state| {
            let before = state.mark();
            (state.now, state.wall) = (self.time(), self.clock.now());
            answer = Some(verb(state));
            state.mark() != before
        });
        answer.expect("the step was done")
    }
}

macro_rules! steps {
    ($(async fn $verb:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for MemoryStore {
            $(async fn $verb(&self $(, $argument: $type)*) -> $answer {
                self.step(|state| state.$verb($($argument),*))
            })*

            async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
                let mut listener = self.state.subscribe();
                // Either way the present mark is the answer.
                drop(tokio::time::timeout(limit, listener.wait_for(|state| state.mark() != mark)).await);
                Ok(self.state.borrow().mark())
            }

            async fn keep_following(&self, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
                Ok(self.step(|state| state.keep_following(worker, lasts)))
            }

            async fn poll_tokens(&self, account: &AccountName, most: usize) -> Result<PollTokens> {
                self.step(|state| state.poll_tokens(account, most))
            }

            fn time(&self) -> Timestamp {
                self.origin.after(self.clock.monotonic())
            }
        }
    };
}
reelq_store::each_verb!(steps);
