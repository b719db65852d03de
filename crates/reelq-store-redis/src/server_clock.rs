//! The server's time as this process believes it to be: informational only, for what is compared is worked out by
//! scripts from the server's own clock.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{SharedClock, Timestamp};

/// The last answer's time, carried on by the process's monotonic clock.
#[derive(Debug)]
pub(super) struct ServerClock {
    clock: SharedClock,
    /// Stands for the server's clock, in tests.
    fixed: Option<SharedClock>,
    heard: Mutex<Option<(Timestamp, Duration)>>,
}

impl ServerClock {
    pub(super) const fn new(clock: SharedClock, fixed: Option<SharedClock>) -> Self {
        Self { clock, fixed, heard: Mutex::new(None) }
    }

    /// The time that scripts are handed: what this process expects it to be, from the last answer on, so that a step of the
    /// server's clock is seen; nothing before the first answer. In tests, the time itself.
    pub(super) fn argument(&self) -> String {
        match (&self.fixed, self.heard()) {
            (Some(clock), _) => clock.now().millis().to_string(),
            (None, Some(expected)) => format!("~{}", expected.millis().max(0)),
            (None, None) => String::new(),
        }
    }

    /// The last answer's time and what passed since.
    fn heard(&self) -> Option<Timestamp> {
        let (then, at) = (*self.heard.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(then.after(self.clock.monotonic().saturating_sub(at)))
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
        self.heard().unwrap_or_else(|| self.clock.now())
    }
}
