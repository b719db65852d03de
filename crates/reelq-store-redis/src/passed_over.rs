//! Jobs that are passed over because their record cannot be read: each is reported once by a process.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use reelq_model::JobId;
use reelq_store::Error;

/// The jobs that were reported.
#[derive(Debug, Default)]
pub(super) struct PassedOver(Mutex<BTreeSet<JobId>>);

impl PassedOver {
    /// Reports that a job is passed over, and why.
    pub(super) fn report(&self, job: JobId, error: &Error) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job) {
            tracing::error!(%job, %error, "a job is passed over: its record is damaged, or of a newer version");
        }
    }
}
