//! Changes of jobs: commits under a lease, edits by people, and facts that came without a lease.

use reelq_model::{Event, IllegalTransition, JobId};

use crate::Lease;

/// One job's step under its lease.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The right to do it.
    pub lease: Lease,
    /// What happened.
    pub event: Event,
    /// Keep the lease for the next step, as `Sending` does, or give it back with the commit.
    ///
    /// A kept lease lasts [`Lease::lasts`] from the commit. It is not kept where the job has ended or is to be withdrawn.
    pub keep: bool,
}

impl Commit {
    /// What comes of it where its job is gone, as purged ones are. A charge that no record can hold is logged.
    pub fn homeless(&self) -> Committed {
        if let Event::Accepted { acceptance, .. } = &self.event {
            let (job, task) = (self.lease.job.id, &acceptance.task);
            tracing::error!(%job, %task, "a task was accepted for a job that the store does not have: it was purged, or lost with what a server forgot");
        }
        Committed::Stale
    }

    /// What comes of it where its job's record cannot be read, nor be written anew from the lease.
    pub fn unheard(&self, reason: &str) -> Committed {
        if let Event::Accepted { acceptance, .. } = &self.event {
            let (job, task) = (self.lease.job.id, &acceptance.task);
            tracing::error!(%job, %task, reason, "a task was accepted for a job that cannot be read: no one follows it");
        }
        Committed::Stale
    }
}

/// What came of a commit.
#[derive(Debug, Clone)]
pub enum Committed {
    /// It was done. The lease for the next step, where it was kept.
    ///
    /// An acceptance under a stale lease is recorded as [`Store::record_acceptance`](crate::Store::record_acceptance) does,
    /// and answered so, without a lease. So is one that the leased job cannot take in: then the lease ends.
    ///
    /// Where the account has another job that is charged for the same task, both are marked (`Job::shares_task_with`), here
    /// and in every other verb that brings a charge.
    Done(Option<Lease>),
    /// The lease ended or passed to another, and nothing changed.
    ///
    /// Also `Sending`, where the job is not wanted any more: a person cancelled it or its batch, or its line is gone. It is
    /// withdrawn, and nothing may be sent.
    Stale,
    /// The event cannot happen to the job: a bug. The job stays where it is, parked until a person retries it.
    Illegal(IllegalTransition),
}

/// What came of recording an acceptance that arrived without a valid lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LateAcceptance {
    /// It settled its own submission: the job runs.
    Settled,
    /// The task was known already.
    Known,
    /// The job was settled otherwise. A record of its own, with this id, keeps the charge and follows its task.
    Orphan(JobId),
}

/// What came of a person's change to one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It was done.
    Done,
    /// The wish is noted, and the job's worker acts on it: a cancel of a job that a worker has, or that is at the provider.
    Requested,
    /// The job's stage, or the worker that has it, does not allow it. Nothing changed.
    Refused(IllegalTransition),
}

impl Edited {
    /// What comes of a change to a job whose record cannot be read: it is refused, and the others go on.
    pub const fn unreadable(event: &'static str) -> Self {
        Self::Refused(IllegalTransition { stage: "unreadable (see `reelq doctor`)", event })
    }
}

/// What came of restoring a submission that the store may have forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredSubmission {
    /// The store had forgotten it. The job stands at `submitting` with that submission, due at once, and no worker has it.
    Restored,
    /// The store knows it, or has settled it. Nothing changed.
    Known,
    /// The job has gone another way, and can no longer take it in. Nothing changed.
    Refused(IllegalTransition),
}
