//! Who may run a batch.

use std::time::Duration;

use reelq_model::{Timestamp, WorkerId};

use crate::BatchHold;

/// The right to run a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLockRecord {
    /// Who has it.
    pub worker: WorkerId,
    /// Since when, however often it was renewed.
    pub since: Timestamp,
    /// When it ends unless it is renewed.
    pub until: Timestamp,
}

impl RunLockRecord {
    /// The right of `worker` for `lasts` from now. `held` is the right that was given last, and `is_dead` says whether a
    /// worker's process has certainly ended: it is not waited for.
    ///
    /// # Errors
    /// Another worker has it ([`BatchHold::Taken`]).
    pub fn acquire(
        now: Timestamp,
        held: Option<Self>,
        worker: &WorkerId,
        lasts: Duration,
        is_dead: impl FnOnce(&WorkerId) -> bool,
    ) -> Result<Self, BatchHold> {
        let since = match held {
            Some(own) if own.worker == *worker => own.since,
            Some(lock) if lock.until > now && !is_dead(&lock.worker) => {
                let (since, ends_in) = (lock.since, lock.until.since(now));
                return Err(BatchHold::Taken { worker: lock.worker, since, ends_in });
            }
            _ => now,
        };
        Ok(Self { worker: worker.clone(), since, until: now.after(lasts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::samples::{at, worker};

    #[test]
    fn a_run_lock_is_renewed_by_its_holder_and_taken_over_once_it_ends_or_its_holder_is_dead() {
        let lock =
            |holder: &str, since, until| RunLockRecord { worker: worker(holder), since: at(since), until: at(until) };
        let lasts = Duration::from_millis(50);
        let ask = |held: Option<RunLockRecord>, now, dead| {
            RunLockRecord::acquire(at(now), held, &worker("me"), lasts, |holder| dead && *holder == worker("other"))
        };
        let taken = |ends_in| BatchHold::Taken {
            worker: worker("other"),
            since: at(1),
            ends_in: Duration::from_millis(ends_in),
        };
        assert_eq!(ask(None, 10, false), Ok(lock("me", 10, 60)));
        assert_eq!(ask(Some(lock("me", 1, 20)), 10, false), Ok(lock("me", 1, 60)));
        assert_eq!(ask(Some(lock("me", 1, 5)), 10, false), Ok(lock("me", 1, 60)));
        assert_eq!(ask(Some(lock("other", 1, 20)), 10, false), Err(taken(10)));
        assert_eq!(ask(Some(lock("other", 1, 20)), 10, true), Ok(lock("me", 10, 60)));
        assert_eq!(ask(Some(lock("other", 1, 10)), 10, false), Ok(lock("me", 10, 60)));
    }
}
