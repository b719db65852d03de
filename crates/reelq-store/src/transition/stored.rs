//! A job and what a store keeps around it.

use reelq_model::{Job, Stage, Timestamp};

use crate::{
    Lease,
    rules::{bounds, cancel::CancelWish, figures, hold},
};

/// A job as a store has it, as far as the rules need it. A view: it borrows the job and copies the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredJob<'a> {
    /// The job.
    pub job: &'a Job,
    /// The lease's fence: every change that ends or gives a lease raises it.
    pub version: u64,
    /// When it is due; `None` where nothing but an event brings work.
    pub due: Option<Timestamp>,
    /// When its lease ends; `None` where no one holds it.
    pub lease_until: Option<Timestamp>,
    /// Who wants it cancelled.
    pub cancel: CancelWish,
    /// It waits for a person after an event that could not happen to it.
    pub parked: bool,
    /// It has a line in its batch's manifest.
    pub listed: bool,
}

impl<'a> StoredJob<'a> {
    /// The job as the holder of a lease knows it. Whether the lease still holds, and whether anyone wants the job cancelled,
    /// is for the engine to judge when it writes the change.
    pub fn as_leased(lease: &'a Lease) -> Self {
        Self {
            job: &lease.job,
            version: lease.version,
            due: None,
            lease_until: Some(Timestamp::from_millis(i64::MAX)),
            cancel: CancelWish::NONE,
            parked: false,
            listed: false,
        }
    }

    /// A record of a job that is new to the store.
    pub const fn new(job: &'a Job) -> Self {
        let (due, lease_until, cancel) = (None, None, CancelWish::NONE);
        Self { job, version: 0, due, lease_until, cancel, parked: false, listed: false }
    }

    /// Whether the lease of this version still holds. That on a followed job holds until it is taken back.
    pub fn holds(&self, version: u64, now: Timestamp) -> bool {
        self.version == version && self.lease_until.is_some_and(|until| until > now)
    }

    /// Whether a worker has it; its lease may have run out and not been taken back yet.
    pub const fn is_leased(&self) -> bool {
        self.lease_until.is_some()
    }

    /// Whether it is held: it would be bought, if a person let it.
    pub fn is_held(&self) -> bool {
        matches!(self.job.stage, Stage::Ready) && hold::is_held(self.job.priority) && !self.parked && !self.is_leased()
    }

    /// Whether its task stays with the worker that has it, until that worker is gone or someone else does something to the job.
    pub fn is_followed(&self) -> bool {
        self.lease_until == Some(bounds::FOLLOWED)
    }

    /// Whether a worker has it in hand, so that others wait for that one.
    pub fn is_in_hand(&self) -> bool {
        self.is_leased() && !self.is_followed()
    }

    /// Whether a wish to cancel it can be granted now.
    pub fn cancel_is_due(&self) -> bool {
        self.cancel.is_due(&self.job.stage)
    }

    /// Whether its worker is to withdraw it.
    pub fn cancel_is_requested(&self) -> bool {
        self.cancel.is_requested(&self.job.stage)
    }

    /// Whether users see it.
    pub fn is_shown(&self) -> bool {
        figures::shown(self.job, self.listed)
    }
}
