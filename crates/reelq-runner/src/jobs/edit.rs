//! A person's changes to jobs, which may be in a worker's hands for the moment.

use std::time::Duration;

use reelq_console::CommandError;
use reelq_model::{Event, JobId};
use reelq_store::{Edit, Edited, Shown, Store};

use super::selection::AT_ONCE;

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It was made, or will be by whoever has leased the job.
    Yes,
    /// The job had moved on meanwhile.
    MovedOn,
    /// A worker had leased the job all the time.
    InHand,
}

/// Makes changes; how long it waits for workers, over all of them, has an end.
#[derive(Debug)]
pub struct Editor<'a> {
    store: &'a dyn Store,
    waits: u32,
}

const WAIT: Duration = Duration::from_millis(100);
/// A worker has leased a job while a request of its is under way: most take less.
const WAITS: u32 = 100;

impl<'a> Editor<'a> {
    /// An editor of this store's jobs.
    pub const fn new(store: &'a dyn Store) -> Self {
        Self { store, waits: WAITS }
    }

    /// Makes many changes, a bounded number in each step; one answer a change, in order. A job that is not as it was shown any
    /// more is left alone: a person's word on one purchase is none on the next.
    pub async fn apply_all(&mut self, changes: &[(JobId, Shown, Event)]) -> Result<Vec<Changed>, CommandError> {
        let mut done = Vec::with_capacity(changes.len());
        for part in changes.chunks(AT_ONCE) {
            let edits: Vec<_> = part.iter().map(edit_of).collect();
            for (edited, edit) in self.store.edit_all(&edits).await?.into_iter().zip(edits) {
                done.push(match edited {
                    Edited::Done | Edited::Requested => Changed::Yes,
                    Edited::Refused(_) => self.apply(edit).await?,
                });
            }
        }
        Ok(done)
    }

    /// Makes the change as soon as no one has leased the job.
    async fn apply(&mut self, edit: (JobId, Edit)) -> Result<Changed, CommandError> {
        loop {
            match self.once(&edit).await? {
                Edited::Done | Edited::Requested => return Ok(Changed::Yes),
                Edited::Refused(_) if !self.is_in_hand(edit.0).await? => return self.last_try(&edit).await,
                Edited::Refused(_) if self.waits == 0 => return Ok(Changed::InHand),
                Edited::Refused(_) => {}
            }
            self.waits -= 1;
            tokio::time::sleep(WAIT).await;
        }
    }

    /// It may have been given back between the change and the look.
    async fn last_try(&self, edit: &(JobId, Edit)) -> Result<Changed, CommandError> {
        match self.once(edit).await? {
            Edited::Done | Edited::Requested => Ok(Changed::Yes),
            Edited::Refused(_) => Ok(Changed::MovedOn),
        }
    }

    async fn once(&self, edit: &(JobId, Edit)) -> Result<Edited, CommandError> {
        let answers = self.store.edit_all(std::slice::from_ref(edit)).await?;
        answers
            .into_iter()
            .next()
            .ok_or_else(|| anyhow::anyhow!("change job {}: the store gave no answer", edit.0).into())
    }

    async fn is_in_hand(&self, job: JobId) -> Result<bool, CommandError> {
        Ok(self.store.job(job).await?.is_some_and(|view| view.worker.is_some()))
    }
}

fn edit_of((job, shown, event): &(JobId, Shown, Event)) -> (JobId, Edit) {
    (*job, Edit::OfShown(event.clone(), *shown))
}
