//! What a purchase needs of the journal: its lines are written before the store is asked, and closed by its answers.

use std::time::Duration;

use reelq_model::{Acceptance, Event, Job, Money, Settlement, Stage};
use reelq_store::{Claim, Claimed, Commit, Committed, Lease, Result, Stake};

use super::{
    entry::{Entry, Line},
    journaled::Journaled,
};

/// How soon to ask again while nothing may be bought.
const BLOCKED: Duration = Duration::from_secs(2);

impl Journaled {
    /// Claims purchases on a store that has been told everything.
    pub(super) async fn claim_purchases(&self, claim: &Claim) -> Result<Claimed> {
        if !self.manager.is_writable().await {
            return Ok(blocked());
        }
        self.manager.settle().await?;
        if self.manager.is_waited_for() {
            self.manager.confirm_again().await?;
        }
        if !self.manager.is_known_everywhere().await? {
            return Ok(blocked());
        }
        let mut claimed = self.inner.claim(claim).await?;
        if let Err(error) = self.manager.note_newcomers(claimed.roster).await {
            self.inner.release(&claimed.leases).await?;
            return Err(error);
        }
        let forgetful = !self.manager.is_settled();
        let is_risky = |lease: &Lease| forgetful || self.manager.misses(lease.job.id);
        let (risky, safe): (Vec<_>, Vec<_>) =
            claimed.leases.into_iter().partition(|lease| lease.job.stage == Stage::Ready && is_risky(lease));
        claimed.leases = safe;
        if !risky.is_empty() {
            self.manager.unsettle();
            self.inner.release(&risky).await?;
            claimed.retry_in = Some(Duration::ZERO);
        }
        if forgetful {
            claimed.retry_in = Some(Duration::ZERO);
        }
        self.take_over(claimed).await
    }

    /// Submissions of others that are sent again from here are this process's to remember.
    pub(super) async fn take_over(&self, claimed: Claimed) -> Result<Claimed> {
        let lines: Vec<Line> = claimed.leases.iter().filter_map(|lease| self.taken_over(lease)).collect();
        if self.manager.write(&lines).await {
            // The store has these intents: they are its own.
            let left = lines.iter().filter_map(|line| match &line.entry {
                Entry::Sending { submission } => {
                    Some(self.manager.line(line.job, None, Entry::Left { number: submission.number }))
                }
                _ => None,
            });
            self.manager.answered(&left.collect::<Vec<_>>());
            return Ok(claimed);
        }
        self.inner.release(&claimed.leases).await?;
        Ok(blocked())
    }

    pub(super) fn taken_over(&self, lease: &Lease) -> Option<Line> {
        let Stage::Submitting { submission } = &lease.job.stage else { return None };
        Some(self.manager.line_of(&lease.job, Entry::Sending { submission: submission.clone() }))
    }

    pub(super) fn intent(&self, commit: &Commit) -> Option<Line> {
        let entry = match &commit.event {
            Event::Sending { submission } => Entry::Sending { submission: submission.clone() },
            Event::Accepted { acceptance, first_poll } => Entry::accepted(acceptance, *first_poll),
            _ => return None,
        };
        Some(self.manager.line_of(&commit.lease.job, entry))
    }

    /// Commits all but new submissions: those are given back, for nothing is sent without its line.
    pub(super) async fn commit_unwritten(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let sends = |commit: &&Commit| matches!(commit.event, Event::Sending { .. });
        let others: Vec<Commit> = commits.iter().filter(|commit| !sends(commit)).cloned().collect();
        let mut answers = self.inner.commit(&others).await?.into_iter();
        let unsent: Vec<Lease> = commits.iter().filter(sends).map(|commit| commit.lease.clone()).collect();
        self.inner.release(&unsent).await?;
        Ok(commits
            .iter()
            .map(|commit| if sends(&commit) { Committed::Stale } else { answers.next().unwrap_or(Committed::Stale) })
            .collect())
    }

    pub(super) fn note_answers(&self, commits: &[Commit], answers: &[Committed]) {
        let notes: Vec<Line> =
            commits.iter().zip(answers).filter_map(|(commit, answer)| self.note(commit, answer)).collect();
        self.manager.answered(&notes);
    }

    /// What an answer of the store says about a submission.
    pub(super) fn note(&self, commit: &Commit, answer: &Committed) -> Option<Line> {
        let entry = match (&commit.event, answer) {
            (Event::Sending { submission }, Committed::Done(_)) => Entry::Left { number: submission.number },
            (Event::Sending { submission }, _) => Entry::Closed { number: submission.number },
            (Event::Accepted { acceptance, first_poll }, Committed::Done(_)) => {
                Entry::accepted(acceptance, *first_poll)
            }
            _ => return None,
        };
        Some(self.manager.line_of(&commit.lease.job, entry))
    }

    /// Notes which tasks are over: should the store lose their jobs, they take no places in flight.
    pub(super) fn note_ends(&self, commits: &[Commit], answers: &[Committed]) {
        let done = commits.iter().zip(answers).filter(|(_, answer)| matches!(answer, Committed::Done(_)));
        let ends: Vec<Line> = done
            .filter_map(|(commit, _)| {
                let job = &commit.lease.job;
                let of = job.orphan_of.unwrap_or(job.id);
                Some(self.manager.line(of, Some(Stake::of(job)), ended(job, &commit.event)?))
            })
            .collect();
        self.manager.note(&ends);
    }

    /// Submissions that certainly bought nothing; written before the store is told, so that they are never recalled.
    pub(super) fn closing(&self, commit: &Commit) -> Option<Line> {
        let Stage::Submitting { submission } = &commit.lease.job.stage else { return None };
        let closes = matches!(
            commit.event,
            Event::NotSent { .. } | Event::Throttled { .. } | Event::TurnedAway { .. } | Event::Rejected { .. }
        );
        closes.then(|| self.manager.line_of(&commit.lease.job, Entry::Closed { number: submission.number }))
    }
}

/// Nothing for now: the journal cannot be written.
fn blocked() -> Claimed {
    Claimed { retry_in: Some(BLOCKED), ..Claimed::default() }
}

/// The task that the event ends at the vendor, with what it cost.
fn ended(job: &Job, event: &Event) -> Option<Entry> {
    let Stage::Running { task } = &job.stage else { return None };
    let charge = job.charges.iter().rfind(|charge| charge.task == task.id)?;
    let cost = match event {
        Event::Failed { settlement: Settlement::Refunded, .. } => Some(Money::ZERO),
        Event::Finished { cost, .. } | Event::Failed { cost, .. } => cost.or(charge.amount),
        _ => return None,
    };
    let (number, at) = (charge.submission, charge.at.unwrap_or(job.queued_at));
    let acceptance = Acceptance { task: task.id.clone(), submission: number, cost, at, outputs: Vec::new() };
    Some(Entry::Accepted { acceptance, first_poll_ms: 0, over: true })
}
