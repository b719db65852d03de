//! How much there is to send, and by whom: little, in bursts, or by processes that die.

use super::{STEP_MS, World};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Requests a second that there are.
    pub(super) wanted: f64,
    /// Seconds of work, and idle seconds after them.
    pub(super) bursts: Option<(i64, i64)>,
    /// The longest life of the processes, and how long none lives then, in milliseconds.
    pub(super) lives: Option<(i64, i64)>,
}

impl Load {
    /// Always more than is allowed.
    pub(super) const ALL: Self = Self { wanted: f64::INFINITY, bursts: None, lives: None };
}

impl World {
    /// Lets time pass over what is wanted, and over the processes.
    pub(super) fn live_and_die(&mut self) {
        if self.is_busy() {
            self.backlog += self.load.wanted * STEP_MS as f64 / 1000.0;
        }
        if let Some((longest, dead)) = self.load.lives
            && self.now >= self.live_until
        {
            self.dead_until = self.now + dead;
            self.live_until = self.dead_until + self.roll(20, longest);
        }
    }

    fn is_busy(&self) -> bool {
        self.load.bursts.is_none_or(|(busy, idle)| self.now / 1000 % (busy + idle) < busy)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.now >= self.dead_until && self.is_busy() && self.backlog >= 1.0
    }
}
