//! What people do to jobs and batches.

use reelq_model::{BatchName, JobId, Money};
use reelq_store::{
    Edit, Edited, Result,
    rules::cancel::CancelWish,
    transition::{self, EditStep},
};

use super::state::{Batch, State};

impl State {
    pub(super) fn edit(&mut self, job: JobId, edit: &Edit) -> Result<Edited> {
        let record = self.record(job)?;
        if !matches!(edit, Edit::Cancel) {
            self.batches.get(&record.job.batch).map_or(Ok(()), Batch::refuse_purging)?;
        }
        Ok(match transition::edit(self.now, &record.stored(), edit) {
            EditStep::Refused(illegal) => Edited::Refused(illegal),
            EditStep::Change(change) => {
                self.save(&record, *change);
                Edited::Done
            }
            EditStep::Note(wish) => {
                self.note_wish(job, wish);
                Edited::Requested
            }
        })
    }

    /// Whoever has the job in hand keeps it.
    pub(super) fn note_wish(&mut self, job: JobId, wish: CancelWish) {
        if let Some(record) = self.jobs.get_mut(&job) {
            record.cancel = wish;
            self.changes += 1;
        }
    }

    /// A load that is under way ends here.
    pub(super) fn begin_cancel(&mut self, name: &BatchName) -> Result<()> {
        let batch = self.known_batch(name)?;
        batch.refuse_purging()?;
        (batch.cancelling, batch.staged) = (true, None);
        self.changes += 1;
        Ok(())
    }

    pub(super) fn end_cancel(&mut self, name: &BatchName) {
        if let Some(batch) = self.batches.get_mut(name) {
            batch.cancelling = false;
        }
        self.changes += 1;
    }

    pub(super) fn pause_batch(&mut self, name: &BatchName, paused: bool) -> Result<()> {
        self.known_batch(name)?.paused = paused;
        self.changes += 1;
        Ok(())
    }

    pub(super) fn set_budget(&mut self, name: &BatchName, budget: Option<Money>) -> Result<()> {
        self.known_batch(name)?.draft.budget = budget;
        self.changes += 1;
        Ok(())
    }
}
