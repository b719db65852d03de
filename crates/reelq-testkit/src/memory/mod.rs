//! A store in memory that keeps the whole contract: for tests, and as a pattern for whoever writes another store.
//!
//! Simple over fast: one lock, plain maps, and sums that are added up whenever they are asked for. A verb reads the records,
//! lets a pure function of the contract judge, and writes what came of it.

mod account;
mod batch;
mod claims;
mod imports;
mod limits;
mod purge;
mod reading;
mod record;
mod schedule;
mod schedules;
mod state;
mod steps;
mod store;
mod submissions;
mod views;

use std::sync::{Arc, Mutex, PoisonError};

use reelq_model::{SharedClock, Timestamp};
use reelq_store::Result;
use tokio::sync::watch;

use state::State;

/// Zero asks for the present mark, and so is none itself.
const FIRST_MARK: u64 = 1;

/// A store that lives as long as its handles do; a clone is another handle on the same state.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: SharedClock,
    /// The store's time when the clock's monotonic time began.
    origin: Timestamp,
    state: Mutex<State>,
    mark: watch::Sender<u64>,
}

impl MemoryStore {
    /// Makes an empty store. Its time starts at the clock's and goes on with the clock's monotonic time.
    pub fn new(clock: SharedClock) -> Self {
        let origin = clock.now().before(clock.monotonic());
        let (state, mark) = (Mutex::default(), watch::Sender::new(FIRST_MARK));
        Self { shared: Arc::new(Shared { clock, origin, state, mark }) }
    }

    /// Does one verb while no other is done, and wakes those that watch where it changed something.
    #[expect(clippy::unnecessary_wraps, reason = "verbs answer so, also those that cannot fail here")]
    fn step<T>(&self, verb: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.now, state.wall) = (self.present(), self.shared.clock.now());
        let answer = verb(&mut state);
        let present = FIRST_MARK + state.changes;
        self.shared.mark.send_if_modified(|mark| std::mem::replace(mark, present) != present);
        Ok(answer)
    }

    fn present(&self) -> Timestamp {
        self.shared.origin.after(self.shared.clock.monotonic())
    }
}
