//! Taking jobs in hand: claims and leases.

use std::{sync::Arc, time::Duration};

use reelq_model::{AccountName, Job, Timestamp, WorkerId};

/// Which work is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimStage {
    /// Jobs to submit, under pause, in-flight cap, rate tokens and budgets; and, first, submissions whose lease ended
    /// or whose replay is due (they hold their place in flight and their reserve already, and take a token).
    Submit,
    /// Tasks whose next status request is due, under the account's status-request tokens.
    Poll,
    /// Outputs to fetch, the earliest link deadline first.
    Collect,
}

/// A request for work.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which work.
    pub stage: ClaimStage,
    /// Whose work.
    pub account: AccountName,
    /// At most this many jobs; the caller has a free slot for each.
    pub limit: usize,
    /// Who asks.
    pub worker: WorkerId,
    /// How long the leases last unless extended.
    pub lease: Duration,
    /// Only jobs of this batch, where given.
    pub batch: Option<reelq_model::BatchName>,
    /// Nothing new of these batches: no job to submit that was never sent, no output to fetch. What was sent goes on.
    pub except: Vec<reelq_model::BatchName>,
    /// Of jobs to submit, only those whose submission is open already: nothing is bought anew.
    pub only_open: bool,
}

/// The right to act on a job until it runs out or the job is committed.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The job as it stood when the lease, or the commit that kept it, was given.
    pub job: Arc<Job>,
    /// The fencing token: a commit under any other version than the stored one changes nothing.
    pub version: u64,
    /// Who holds it.
    pub worker: WorkerId,
    /// The store's time when it was given.
    pub granted_at: Timestamp,
    /// How long it lasts from then. The holder counts this on its own monotonic clock, from before it asked.
    pub lasts: Duration,
    /// A person asked for the job to be cancelled.
    pub cancel_requested: bool,
}

/// What a claim brought.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// The jobs in hand, in the order in which to start them.
    pub leases: Vec<Lease>,
    /// When to ask again where fewer than asked for were given: the next due time, the next rate token or the end of a
    /// pause, counted from now. `None` where only news (a commit, an enqueue, a resume) can bring work.
    pub retry_in: Option<Duration>,
    /// `retry_in` is the end of the day whose budget is reached: before, only news can bring work.
    pub until_day_ends: bool,
    /// The store has no limits for the account, or not all of them: nothing is bought on it before whoever has it in its
    /// configuration sets them ([`Store::set_limits`](crate::Store::set_limits)).
    pub limits_missing: bool,
    /// Changes whenever a folder of journals joins the namespace: whoever buys notes who that is, first.
    pub roster: u64,
}
