//! Heads of the jobs that this process's workers hold, as they were answered: what a commit changes is worked out from them, and
//! the script looks only at who holds each.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use reelq_model::{JobId, WorkerId};

use super::header::Header;

/// More than any process holds. Leases that were lost are never taken out one by one.
const MOST: usize = 1 << 16;

/// A job in hand.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub header: Header,
    /// What the server knows the lease by.
    pub holder: Vec<u8>,
}

impl Hold {
    /// Whether it is the lease that its holder was given with this version.
    pub(super) fn is_of(&self, version: u64, worker: &WorkerId) -> bool {
        self.header.version + 1 == version && self.holder.get(8..) == Some(worker.as_str().as_bytes())
    }
}

/// What a lease is known by: eight bytes that no other one has, and the worker.
pub(super) fn holder(token: [u8; 8], worker: &WorkerId) -> Vec<u8> {
    [&token, worker.as_str().as_bytes()].concat()
}

/// The heads, by job.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<JobId, Hold>>);

impl Held {
    fn holds(&self) -> MutexGuard<'_, HashMap<JobId, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a job stands now. What is forgotten costs a commit another way.
    pub(super) fn note(&self, job: JobId, hold: Hold) {
        let mut holds = self.holds();
        if holds.len() >= MOST {
            holds.clear();
        }
        holds.insert(job, hold);
    }

    /// The head of a job that is to be changed: it is another one afterwards.
    pub(super) fn take(&self, job: JobId) -> Option<Hold> {
        self.holds().remove(&job)
    }
}
