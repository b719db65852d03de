//! Headers of the records that this process's workers hold, as they were answered: what a commit changes is worked out from
//! them, and the script compares them with what is there.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use reelq_model::JobId;

use super::header::Header;

/// More than any process holds. Leases that were lost are never taken out one by one.
const MOST: usize = 1 << 16;

/// The headers, by job.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<JobId, Header>>);

impl Held {
    fn headers(&self) -> MutexGuard<'_, HashMap<JobId, Header>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a record stands now. What is forgotten costs a commit another way.
    pub(super) fn note(&self, job: JobId, header: Header) {
        let mut headers = self.headers();
        if headers.len() >= MOST {
            headers.clear();
        }
        headers.insert(job, header);
    }

    /// The header of a job that is to be changed: it is another one afterwards.
    pub(super) fn take(&self, job: JobId) -> Option<Header> {
        self.headers().remove(&job)
    }

    /// Notes that a lease of this version now ends then.
    pub(super) fn lengthen(&self, job: JobId, version: u64, until: i64) {
        if let Some(header) = self.headers().get_mut(&job).filter(|header| header.version == version) {
            header.lease_until = header.lease_until.max(until);
        }
    }
}
