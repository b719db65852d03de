//! What journals tell of each job, put together.

use std::collections::BTreeMap;

use reelq_model::{Acceptance, Job, JobId, Money, Submission, TaskId, Timestamp, believable_cost};

use super::entry::{Entry, Line};
use reelq_store::{AbsentJob, AbsentPurchase, Stake};

/// What is told of one submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// It may have left, and nothing says that it bought nothing.
    pub(super) sent: Option<Submission>,
    /// The yeses to it, one a task.
    pub(super) yes: Vec<Yes>,
}

/// A yes, and what became of its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Yes {
    pub(super) acceptance: Acceptance,
    /// The wait before the first status request in milliseconds.
    pub(super) first_poll_ms: u64,
    /// What the task cost, as it was last told.
    pub(super) cost: Option<Money>,
    /// The task is over.
    pub(super) is_over: bool,
    /// Only its end is told here: the yes was another process's, or a person's word.
    pub(super) is_end_only: bool,
}

impl Yes {
    fn hear(&mut self, other: Self) {
        if other.is_over || !self.is_over {
            self.cost = other.cost.or(self.cost);
        }
        self.is_over |= other.is_over;
        if self.is_end_only && !other.is_end_only {
            (self.acceptance, self.first_poll_ms) = (other.acceptance, other.first_poll_ms);
            self.is_end_only = false;
        }
    }

    /// Whether the store lacks it. An end alone speaks only where the whole submission was forgotten: a person may have taken
    /// the task from the job since.
    pub(super) fn is_news_to(&self, job: &Job) -> bool {
        let Acceptance { task, submission, .. } = &self.acceptance;
        let is_settled = self.is_end_only && job.knows_submission(*submission);
        !is_settled && !job.knows_task(task)
    }
}

impl Told {
    fn hear(&mut self, yes: Yes) {
        match self.yes.iter_mut().find(|known| known.acceptance.task == yes.acceptance.task) {
            Some(known) => known.hear(yes),
            None => self.yes.push(yes),
        }
    }

    /// What it bought, or may have bought, at this price where nothing else is known.
    fn purchases(&self, number: u32, price: Option<Money>) -> Vec<AbsentPurchase> {
        let one = |task: Option<TaskId>, amount, at, is_over| AbsentPurchase { number, task, amount, at, is_over };
        if let (Some(sent), []) = (&self.sent, self.yes.as_slice()) {
            return vec![one(None, price, sent.at, false)];
        }
        let yes = self.yes.iter().map(|yes| {
            let cost = believable_cost(yes.cost, price).or(price);
            // By the store's time where that was written down, else by that of the worker.
            let at = self.sent.as_ref().map_or(yes.acceptance.at, |sent| sent.at);
            one(Some(yes.acceptance.task.clone()), cost, at, yes.is_over)
        });
        yes.collect()
    }
}

/// A job's submissions by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Replay {
    pub(super) submissions: BTreeMap<u32, Told>,
    pub(super) last: Timestamp,
    /// Whose money it is; `None` where no line says so.
    pub(super) stake: Option<Stake>,
}

impl Replay {
    /// What the store is told where it does not know the job.
    pub(super) fn absent(&self, id: JobId) -> AbsentJob {
        let price = self.stake.as_ref().and_then(|stake| stake.price);
        let purchases = self.submissions.iter().flat_map(|(number, told)| told.purchases(*number, price)).collect();
        let owner = self.stake.as_ref().map(|stake| (stake.account.clone(), Some(stake.batch.clone())));
        AbsentJob { id, owner, purchases }
    }
}

/// What these lines tell to be spent, by account: each task once, by the process that heard its yes.
pub(super) fn spent(lines: &[Line]) -> BTreeMap<String, i64> {
    let mut stories = Stories::new();
    tell(&mut stories, lines, |_, _| false);
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for replay in stories.into_values() {
        let Some(stake) = replay.stake else { continue };
        let yes = replay.submissions.values().flat_map(|told| &told.yes).filter(|yes| !yes.is_end_only);
        let costs = yes.filter_map(|yes| believable_cost(yes.cost, stake.price).or(stake.price));
        let sum = sums.entry(stake.account.to_string()).or_default();
        *sum = costs.fold(*sum, |sum, cost| sum.saturating_add(cost.micros().max(0)));
    }
    sums
}

pub(super) type Stories = BTreeMap<JobId, Replay>;

/// Adds what one journal tells. `left` says of a submission whose intent is written whether it may have left, where the
/// journal does not say that it did.
pub(super) fn tell(stories: &mut Stories, lines: &[Line], left: impl Fn(JobId, u32) -> bool) {
    for (job, of_job) in by_job(lines) {
        let replay = stories.entry(job).or_default();
        for (number, (told, has_left)) in of_job.submissions {
            let known = replay.submissions.entry(number).or_default();
            told.yes.into_iter().for_each(|yes| known.hear(yes));
            if let Some(submission) = told.sent.filter(|_| has_left || left(job, number)) {
                known.sent = Some(submission);
            }
        }
        replay.last = replay.last.max(of_job.last);
        replay.stake = of_job.stake.or(replay.stake.take());
    }
}

#[derive(Default)]
struct Reading {
    submissions: BTreeMap<u32, (Told, bool)>,
    last: Timestamp,
    stake: Option<Stake>,
}

fn by_job(lines: &[Line]) -> BTreeMap<JobId, Reading> {
    let mut jobs: BTreeMap<JobId, Reading> = BTreeMap::new();
    for line in lines {
        let reading = jobs.entry(line.job).or_default();
        reading.last = reading.last.max(line.at);
        reading.stake = line.stake.clone().or(reading.stake.take());
        let number = match &line.entry {
            Entry::Sending { submission } => submission.number,
            Entry::Left { number } | Entry::Closed { number } => *number,
            Entry::Accepted { acceptance, .. } => acceptance.submission,
        };
        let (told, left) = reading.submissions.entry(number).or_default();
        match &line.entry {
            Entry::Sending { submission } => (told.sent, *left) = (Some(submission.clone()), false),
            Entry::Left { .. } => *left = true,
            Entry::Closed { .. } => told.sent = None,
            Entry::Accepted { acceptance, first_poll_ms, over } => told.hear(Yes {
                acceptance: acceptance.clone(),
                first_poll_ms: *first_poll_ms,
                cost: acceptance.cost,
                is_over: *over,
                is_end_only: *over,
            }),
        }
    }
    jobs
}
