//! The task of one poll, and what its job remembers of earlier ones.

use std::time::Duration;

use reelq_model::{Job, RemoteTask, Settlement, Timestamp, Trouble, TroubleKind, Troubles};

/// One poll of a task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollContext<'a> {
    pub(crate) job: &'a Job,
    pub(crate) task: &'a RemoteTask,
    /// Since its acceptance was recorded, by the store's time.
    pub(crate) age: Duration,
    /// The store's time.
    pub(crate) now: Timestamp,
    /// A person asked for the job to be cancelled.
    pub(crate) is_unwanted: bool,
}

impl PollContext<'_> {
    /// Until when its output is waited for, where the provider said that the task succeeded and that time is still to
    /// come. Until then no answer ends the job: its clip exists, and is paid for.
    pub(crate) fn awaited(&self) -> Option<Duration> {
        let until = self.job.succeeded_at.and(self.job.outputs_awaited_until())?;
        (self.now < until).then(|| until.since(self.now))
    }

    /// Whether links that it named before are to be tried once more: while their time lasts, and once after it, or after a
    /// person asked for a poll.
    pub(crate) fn has_links_to_try(&self) -> bool {
        let has_links = !self.task.earlier_links.is_empty();
        has_links && (self.awaited().is_some() || self.job.link_refreshes == 0 || self.tried_only_in_time())
    }

    /// Whether the last attempt at a link was within its time.
    fn tried_only_in_time(&self) -> bool {
        let last = self.job.troubles.as_ref().filter(|troubles| troubles.last.kind == TroubleKind::Fetch);
        last.zip(self.job.outputs_awaited_until()).is_some_and(|(last, until)| last.at <= until)
    }

    /// Whether the provider ever said that the task succeeded. Jobs of versions that did not note the time were at least
    /// sent back for fresh links.
    pub(crate) const fn has_succeeded(&self) -> bool {
        self.job.succeeded_at.is_some() || self.job.link_refreshes > 0
    }

    /// Whether its charge was reported as refunded.
    pub(crate) fn was_refunded(&self) -> bool {
        let refunded = |charge: &reelq_model::Charge| charge.settlement == Settlement::Refunded;
        self.job.charges.iter().any(|charge| charge.task == self.task.id && refunded(charge))
    }

    /// Whether its row of troubles is one that ends the job when it lasts.
    pub(crate) fn counts_an_end(&self) -> bool {
        let ends = [TroubleKind::NotFound, TroubleKind::NoOutput, TroubleKind::SaysFailed];
        self.job.troubles.as_ref().is_some_and(|troubles| ends.contains(&troubles.last.kind))
    }

    /// The row of troubles as it is with this one.
    pub(crate) fn troubles_with(&self, trouble: &Trouble) -> Troubles {
        Troubles::after(self.job.troubles.as_ref(), trouble.clone(), self.now)
    }
}
