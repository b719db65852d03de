//! Whose turn it is: start-time fair queueing between the batches of an account, in whole numbers.

use std::collections::BTreeSet;

/// The batches that wait for a turn.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// The account's virtual time: where the job that was taken last began.
    time: i64,
    /// By the number at which each begins its next job.
    waiting: BTreeSet<Turn>,
    /// Batches that had a turn, and where they stand now.
    moved: std::collections::BTreeMap<i64, i64>,
}

/// A batch's place among those that wait. In this order, so that the older of two equal batches goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    start: i64,
    batch: i64,
    stride: i64,
}

impl Turns {
    /// Nobody waits yet.
    pub(super) const fn at(time: i64) -> Self {
        Self { time, waiting: BTreeSet::new(), moved: std::collections::BTreeMap::new() }
    }

    /// Adds a batch. One that did not wait for a while begins at the present virtual time: nothing is saved up.
    pub(super) fn add(&mut self, batch: i64, pass: Option<i64>, stride: i64) {
        self.waiting.insert(Turn { start: pass.unwrap_or(0).max(self.time), batch, stride });
    }

    /// The batch whose turn it is.
    pub(super) fn next(&self) -> Option<i64> {
        self.waiting.first().map(|turn| turn.batch)
    }

    /// It gave a job.
    pub(super) fn served(&mut self) {
        if let Some(turn) = self.waiting.pop_first() {
            let pass = turn.start.saturating_add(turn.stride);
            self.time = turn.start;
            self.moved.insert(turn.batch, pass);
            self.waiting.insert(Turn { start: pass, ..turn });
        }
    }

    /// It has nothing that may be taken now.
    pub(super) fn passed_over(&mut self) {
        self.waiting.pop_first();
    }

    /// The account's virtual time now.
    pub(super) const fn time(&self) -> i64 {
        self.time
    }

    /// The batches that had a turn, and their passes now.
    pub(super) fn moved(&self) -> impl Iterator<Item = (i64, i64)> {
        self.moved.iter().map(|(batch, pass)| (*batch, *pass))
    }
}
