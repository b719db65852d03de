//! Jobs whose record cannot be read: each is told once by a process, however often it is met.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use reelq_model::JobId;

use crate::Error;

/// The jobs that were told.
#[derive(Debug, Default)]
pub(super) struct Unreadable(Mutex<BTreeSet<JobId>>);

impl Unreadable {
    /// Says that a job is passed over, and why.
    pub(super) fn tell(&self, job: JobId, error: &Error) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job) {
            tracing::error!(%job, %error, "a job is passed over: its record is damaged, or of a newer version");
        }
    }
}
