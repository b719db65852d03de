//! A person's change to one job, which may be in a worker's hands for the moment.

use std::time::Duration;

use reelq_model::{Event, JobId};
use reelq_store::{Edited, Store};

use crate::failure::Failure;

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It was made, or will be by whoever has the job in hand.
    Yes,
    /// The job had moved on meanwhile.
    MovedOn,
    /// A worker had the job in hand all the time.
    InHand,
}

/// Makes changes; how long it waits for workers, over all of them, has an end.
#[derive(Debug)]
pub(crate) struct Editor<'a> {
    store: &'a dyn Store,
    waits: u32,
}

const WAIT: Duration = Duration::from_millis(100);
/// A worker has a job in hand while a request of its is under way: most take less.
const WAITS: u32 = 100;

impl<'a> Editor<'a> {
    pub(crate) const fn new(store: &'a dyn Store) -> Self {
        Self { store, waits: WAITS }
    }

    /// Makes the change as soon as nobody has the job in hand.
    pub(crate) async fn apply(&mut self, job: JobId, event: &Event) -> Result<Changed, Failure> {
        loop {
            match self.store.edit(job, event.clone()).await? {
                Edited::Done | Edited::Requested => return Ok(Changed::Yes),
                Edited::Refused(_) if !self.is_in_hand(job).await? => return self.last_try(job, event).await,
                Edited::Refused(_) if self.waits == 0 => return Ok(Changed::InHand),
                Edited::Refused(_) => {}
            }
            self.waits -= 1;
            tokio::time::sleep(WAIT).await;
        }
    }

    /// It may have been given back between the change and the look.
    async fn last_try(&self, job: JobId, event: &Event) -> Result<Changed, Failure> {
        match self.store.edit(job, event.clone()).await? {
            Edited::Done | Edited::Requested => Ok(Changed::Yes),
            Edited::Refused(_) => Ok(Changed::MovedOn),
        }
    }

    async fn is_in_hand(&self, job: JobId) -> Result<bool, Failure> {
        Ok(self.store.job(job).await?.is_some_and(|view| view.worker.is_some()))
    }
}
