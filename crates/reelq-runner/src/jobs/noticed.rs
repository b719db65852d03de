//! What only the jobs themselves tell of their batches and accounts: tasks that rows share, and unknown charges.

use std::collections::{BTreeMap, BTreeSet};

use reelq_console::{CommandError, grouped, plural};
use reelq_model::{AccountName, BatchName, Job, Status};
use reelq_store::{JobFilter, JobView, ResultLine, Store, Walk};
use serde::Serialize;

/// At most so many jobs are looked at: beyond, it is "at least".
const LOOKED_AT: usize = 10_000;
/// Only what was bought shares a task or has a charge.
const BOUGHT: [Status; 5] = [Status::Running, Status::Fetching, Status::Succeeded, Status::Failed, Status::Cancelled];

/// What was noticed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Noticed {
    /// Rows of each batch whose task stands for another row, too.
    pub shared_tasks: BTreeMap<BatchName, u64>,
    /// Accounts with a charge of unknown amount: it is not in their sums.
    pub unpriced_accounts: BTreeSet<AccountName>,
    /// Every job was looked at.
    #[serde(skip)]
    whole: bool,
}

impl Noticed {
    /// Nothing yet, for whoever [shows](Self::see) it every line.
    pub fn of_all() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Looks at a line's jobs.
    pub fn see(&mut self, line: &ResultLine) {
        if !line.view.is_unreadable() {
            let jobs = std::iter::once(&line.view.job).chain(&line.orphans);
            jobs.filter(|job| BOUGHT.contains(&job.status())).for_each(|job| self.note_job(job));
        }
    }

    /// Looks at the jobs of these batches.
    pub async fn read(store: &dyn Store, batches: impl IntoIterator<Item = &BatchName>) -> Result<Self, CommandError> {
        let mut noticed = Self::of_all();
        let mut left = LOOKED_AT;
        for batch in batches {
            noticed.look(store, batch, &mut left).await?;
        }
        Ok(noticed)
    }

    async fn look(&mut self, store: &dyn Store, batch: &BatchName, left: &mut usize) -> Result<(), CommandError> {
        let filter = JobFilter { batch: Some(batch.clone()), statuses: BOUGHT.to_vec(), ..JobFilter::default() };
        let mut walk = Walk::new(store, &filter);
        while let Some(view) = walk.next().await? {
            if *left == 0 {
                self.whole = false;
                return Ok(());
            }
            self.note(&view);
            *left -= 1;
        }
        Ok(())
    }

    fn note(&mut self, view: &JobView) {
        // What stands in for a record that cannot be read says nothing of its charges: the sums still have them.
        if !view.is_unreadable() {
            self.note_job(&view.job);
        }
    }

    fn note_job(&mut self, job: &Job) {
        if job.shares_task_with.is_some() {
            *self.shared_tasks.entry(job.batch.clone()).or_default() += 1;
        }
        if job.cost().is_none() {
            self.unpriced_accounts.insert(job.spec.account.clone());
        }
    }

    /// How many rows of a batch share their task.
    pub fn shared(&self, batch: &BatchName) -> u64 {
        self.shared_tasks.get(batch).copied().unwrap_or(0)
    }

    /// Says so of every batch, loudly: money was paid for nothing.
    pub fn alarms(&self, flags: &str) -> Vec<String> {
        let at_least = if self.whole { "" } else { "at least " };
        let line = |(batch, count): (&BatchName, &u64)| format!("{at_least}{}", alarm(batch, *count, flags));
        self.shared_tasks.iter().map(line).collect()
    }
}

/// That rows of a batch share their task.
pub fn alarm(batch: &BatchName, count: u64, flags: &str) -> String {
    let (rows, s) = (grouped(count), plural(count));
    format!(
        "{rows} row{s} of {batch} SHARE A TASK with another row: two purchases, and one of them has brought nothing of its own\n    \
         which: the column `note` of reelq results {batch}{flags}"
    )
}

#[cfg(test)]
mod tests {
    use reelq_model::{Charge, Job, JobDraft, JobId, JobSpec, ModelName, ProviderName, Settlement, TaskId, Timestamp};

    use super::*;

    fn view(account: &str) -> JobView {
        let spec = JobSpec {
            account: AccountName::new(account).unwrap(),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("m").unwrap(),
            mode: String::new(),
            fields: reelq_model::Fields::new(),
        };
        let batch = BatchName::new("films").unwrap();
        let id = JobId::derive(&batch, &spec.digest(), 1);
        let job = Job::new(JobDraft { id, spec, price: None, priority: 0 }, batch, Timestamp::default());
        JobView { job, line: None, due: None, worker: None, cancel_requested: false, parked: false, unread: None }
    }

    #[test]
    fn shared_tasks_are_counted_by_batch_and_unknown_charges_by_account() {
        let (plain, mut shared, mut unpriced) = (view("main"), view("main"), view("other"));
        shared.job.shares_task_with = Some(plain.job.id);
        let task = TaskId::new("t-1").unwrap();
        unpriced.job.charges =
            vec![Charge { task, submission: 1, amount: None, settlement: Settlement::Charged, at: None }];
        let mut noticed = Noticed { whole: true, ..Noticed::default() };
        for view in [&plain, &shared, &shared, &unpriced] {
            noticed.note(view);
        }
        assert_eq!(noticed.shared(&plain.job.batch), 2);
        assert_eq!(noticed.unpriced_accounts.iter().map(AccountName::as_str).collect::<Vec<_>>(), ["other"]);
        let alarm = noticed.alarms(" --simulate").remove(0);
        assert!(alarm.starts_with("2 rows of films SHARE A TASK with another row"), "{alarm}");
        assert!(alarm.ends_with("reelq results films --simulate"), "{alarm}");
        noticed.whole = false;
        assert!(noticed.alarms("")[0].starts_with("at least 2 rows"));
    }
}
