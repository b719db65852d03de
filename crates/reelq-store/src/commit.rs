//! Changing jobs: commits under a lease, edits by people, and acceptances that came late.

use reelq_model::{Event, IllegalTransition, JobId};

use crate::Lease;

/// One job's step under its lease.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The right to do it.
    pub lease: Lease,
    /// What happened.
    pub event: Event,
    /// Keep the lease for the next step (`Sending` does), or give it back with the commit.
    pub keep: bool,
}

impl Commit {
    /// What comes of it where its job is gone, as purged ones are. A charge that no record can hold is told to people.
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
            tracing::error!(%job, %task, reason, "a task was accepted for a job that cannot be read: nobody follows it");
        }
        Committed::Stale
    }
}

/// What came of a commit.
#[derive(Debug, Clone)]
pub enum Committed {
    /// It was done. The lease for the next step, where it was to be kept.
    Done(Option<Lease>),
    /// The lease had ended or passed to another: nothing was changed.
    Stale,
    /// The event cannot happen to the job: a bug. Nothing moved; the job is parked until a person retries it.
    Illegal(IllegalTransition),
}

/// What came of recording an acceptance that arrived without a valid lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LateAcceptance {
    /// It settled its own submission: the job runs.
    Settled,
    /// The task was known already.
    Known,
    /// The job had been settled otherwise: the charge is kept and its task followed under this id.
    Orphan(JobId),
}

/// What came of a person's change to one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It was done.
    Done,
    /// The request is recorded and will be acted on by whoever holds the job (a cancel of a job in hand or at the provider).
    Requested,
    /// The job's stage does not allow it; nothing was changed.
    Refused(IllegalTransition),
}

impl Edited {
    /// What comes of a change to a job whose record cannot be read: it is refused, and stops no other.
    pub const fn unreadable(event: &'static str) -> Self {
        Self::Refused(IllegalTransition { stage: "unreadable (see `reelq doctor`)", event })
    }
}

/// What came of telling the store about a submission that it may have forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoredSubmission {
    /// It had forgotten it: the job stands at `submitting` with that submission, due at once and in nobody's hands.
    Restored,
    /// The store knows it, or has settled it; nothing was changed.
    Known,
    /// The job has gone another way, and can no longer take it in; nothing was changed.
    Refused(IllegalTransition),
}
