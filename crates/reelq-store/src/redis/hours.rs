//! The server's time as this process believes it to be: informational only, for what is compared is worked out by
//! scripts from the server's own clock.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{SharedClock, Timestamp};

/// The last answer's time, carried on by the process's monotonic clock.
#[derive(Debug)]
pub(super) struct Hours {
    clock: SharedClock,
    /// Stands for the server's clock, in tests.
    fixed: Option<SharedClock>,
    heard: Mutex<Option<(Timestamp, Duration)>>,
}

impl Hours {
    pub(super) const fn new(clock: SharedClock, fixed: Option<SharedClock>) -> Self {
        Self { clock, fixed, heard: Mutex::new(None) }
    }

    /// What scripts are told of the time: nothing, but for tests.
    pub(super) fn argument(&self) -> String {
        self.fixed.as_ref().map(|clock| clock.now().millis().to_string()).unwrap_or_default()
    }

    /// Notes the time in an answer that came just now.
    pub(super) fn hear(&self, now: Timestamp) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, self.clock.monotonic()));
    }

    /// The server's time, as far as is known; the machine's own before the first answer.
    pub(super) fn now(&self) -> Timestamp {
        if let Some(clock) = &self.fixed {
            return clock.now();
        }
        match *self.heard.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((then, at)) => then.after(self.clock.monotonic().saturating_sub(at)),
            None => self.clock.now(),
        }
    }
}
