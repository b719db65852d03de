//! Removing a finished batch, a bounded part in each step. A batch that is being removed can only be removed further.

use reelq_model::{BatchName, Job, JobId, Status};
use reelq_store::{Purge, Result, StatusCounts, Unfinished, rules::bounds};

use super::state::State;

/// At most this many jobs go in one step.
const STEP: usize = 2_000;

impl State {
    pub(super) fn purge(&mut self, name: &BatchName) -> Result<Purge> {
        let unfinished = self.unfinished(name)?;
        if !unfinished.is_finished() {
            return Ok(Purge::Refused(unfinished));
        }
        let batch = self.known_batch(name)?;
        (batch.purging, batch.staged) = (true, None);
        self.changes += 1;
        let gone: Vec<JobId> = self.of_batch(name).map(|record| record.job.id).take(STEP).collect();
        for id in &gone {
            self.histories.remove(id);
            if let Some(record) = self.jobs.remove(id) {
                self.keep_cost(&record.job);
            }
        }
        let jobs = gone.len() as u64;
        if gone.len() == STEP {
            return Ok(Purge::Going { jobs });
        }
        if let Some(batch) = self.batches.remove(name) {
            self.accounts.values_mut().for_each(|account| account.passes.retain(|serial, _| *serial != batch.serial));
        }
        Ok(Purge::Done { jobs })
    }

    /// Judged anew at each step: a charge that no one expected may have come since.
    fn unfinished(&mut self, name: &BatchName) -> Result<Unfinished> {
        let batch = self.known_batch(name)?;
        let loading = batch.whole && batch.staged.is_some();
        let sums = self.batch_sums(name);
        let sum = |of: fn(&StatusCounts) -> u64| of(&sums.listed) + of(&sums.others);
        let unconfirmed = sum(|counts| counts.of(Status::Unconfirmed));
        Ok(Unfinished { outstanding: sum(StatusCounts::outstanding), unconfirmed, loading })
    }

    /// The sums of its account keep what a job has cost.
    fn keep_cost(&mut self, job: &Job) {
        let today = self.now.day();
        let account = self.account(&job.spec.account);
        account.purged += bounds::amount(job.spent());
        for (_, spent) in job.spent_by_day().filter(|(day, _)| *day == today) {
            account.purged_today = account.purged_today.plus(today, bounds::amount(spent));
        }
    }
}
