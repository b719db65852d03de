//! Claims, and the leases that they bring.

use std::{sync::Arc, time::Duration};

use reelq_model::{AccountName, Job, Timestamp, WorkerId};

use crate::Line;

/// Which work a claim asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimStage {
    /// Jobs to submit, under pauses, the in-flight cap, rate tokens and budgets.
    ///
    /// Before them come replays: submissions whose lease ended or whose replay is due. They take a token, and have their place
    /// in flight and their reserve already.
    Submit,
    /// Tasks whose next status request is due, under the account's status-request tokens.
    Poll,
    /// Outputs to fetch, the earliest link deadline first.
    Collect,
}

/// A request for work.
///
/// Jobs to submit are taken in turns (start-time fair queueing). Each pair of account and batch has a whole number, its
/// *pass*, and the account has a *virtual time*. The next job is of the batch with the lowest
/// `max(pass, virtual time)`, and of the older batch where two are equal. That number becomes the virtual time, and the
/// batch's pass is that number plus its [`crate::stride`]. So a batch that was idle, paused or short of money begins at
/// the present virtual time. Inside a batch, the highest priority goes first, then the oldest job. Replays come before
/// all turns, by due time. Polls go by due time, fetches by the deadline of their links.
///
/// Tokens: each job to submit takes one, a replay too, and each poll takes one of the account's status requests, whose
/// burst is one second's worth, rounded up. A claim that gives nothing takes none. The token of a job that is released
/// is spent.
///
/// Money: a job is taken only if its price fits into what the batch's budget, the account's budget and its daily budget
/// have left. An unknown price fits into no budget. What is used of a budget is what was spent, plus what is set aside
/// for submissions under way and for jobs that are claimed. Of the daily budget it is what was charged on the present
/// UTC day (by [`reelq_model::Charge::at`]), plus all that is set aside, whenever that was.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which work.
    pub stage: ClaimStage,
    /// Whose work: an account's.
    pub account: AccountName,
    /// At most this many jobs; the caller has a free slot for each. A store may give fewer in one step.
    pub limit: usize,
    /// Who asks.
    pub worker: WorkerId,
    /// How long the leases last from the claim, unless they are extended.
    pub lease: Duration,
    /// Only jobs of this batch, where given.
    pub batch: Option<reelq_model::BatchName>,
    /// Nothing new of these batches: no job to submit but replays, and no output to fetch. Replays and polls go on. What is
    /// left out does not count for [`Claimed::retry_in`] either.
    pub except: Vec<reelq_model::BatchName>,
    /// Of jobs to submit, only replays: nothing is bought anew.
    pub only_open: bool,
}

/// A worker's right to act on a job, until it ends by time or with a commit.
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
    /// How long it lasts from then. The holder counts on its own monotonic clock, from before it asked.
    pub lasts: Duration,
    /// The job is to be cancelled: a person asked for it, or it stands at `ready` and its line is gone.
    pub cancel_requested: bool,
    /// The line that the job stands for, as its files are named by it. It is there where the job stands at `fetching` and has
    /// one, and only then.
    pub line: Option<Arc<Line>>,
}

impl Lease {
    /// What [`Lease::lasts`] is of a task that stays with the worker that follows it: it is due to no one else, and the lease
    /// lasts as long as the worker follows tasks ([`Store::keep_following`](crate::Store::keep_following)).
    ///
    /// Whoever commits a step that leaves the job running, with [`Commit::keep`](crate::Commit::keep), may ask for it. A store
    /// may decline: then the job is given back with its due time. What others do to the job takes it from its follower, and
    /// makes it due. Looks that bring nothing ([`rules::figures::brings_nothing`](crate::rules::figures::brings_nothing)) need
    /// no commit: the next one adds those that the lease's job counts more than the stored one.
    pub const FOLLOWED: Duration = Duration::from_secs(u64::MAX);

    /// Whether it lasts as long as its worker follows tasks, or is to.
    pub fn is_followed(&self) -> bool {
        self.lasts == Self::FOLLOWED
    }
}

/// What a claim brought.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// The leased jobs, in the order in which to start them.
    pub leases: Vec<Lease>,
    /// When to ask again, counted from now, where fewer jobs than asked for were given: the soonest of these.
    ///
    /// - Where a job is due later: its due time, or the next token where that is later. Where tokens are lacking: the next token.
    /// - Where workers follow tasks: when one of them would lose what it follows, unless it is heard.
    /// - Under pauses: the end of the last one. For polls only where a task waits to be asked about.
    /// - Where the daily budget alone holds work back: the end of the day ([`Claimed::until_day_ends`]).
    /// - `None` where only news (a commit, a load, a resume) can bring work: the cap or a budget is reached, a pause has no end,
    ///   or nothing waits. Also where all that was asked for was given, or nothing was asked for.
    pub retry_in: Option<Duration>,
    /// [`Claimed::retry_in`] is the end of the day whose budget is reached. Before that, only news can bring work.
    pub until_day_ends: bool,
    /// The store lacks limits of the account, so nothing is bought on it. Whoever has it in the configuration is to set them
    /// ([`Store::set_limits`](crate::Store::set_limits)). Only a claim of jobs to submit reports this.
    pub limits_missing: bool,
    /// Changes whenever a folder of journals joins the namespace: a buyer first notes which folder that is.
    pub roster: u64,
}
