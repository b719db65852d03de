//! The tasks that run, by when their ends will be noticed.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::queue::Ticket;

/// When an end will be noticed, and in the lower half whose it is: one number, for most of a play's time goes into comparing
/// them.
type Ending = u128;

/// The tasks of one account that run. Times are in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    running: BinaryHeap<Reverse<Ending>>,
    places: usize,
}

impl Flight {
    pub(crate) fn new(places: u32) -> Self {
        Self { running: BinaryHeap::new(), places: places as usize }
    }

    /// When there is a place: at once (0), or when the next end is noticed.
    pub(crate) fn opens_at(&self) -> u64 {
        if self.running.len() < self.places { 0 } else { self.next_end().unwrap_or(0) }
    }

    /// When the next end is noticed; `None` where nothing runs.
    pub(crate) fn next_end(&self) -> Option<u64> {
        self.running.peek().map(|Reverse(ending)| at(*ending))
    }

    pub(crate) fn start(&mut self, ends: u64, ticket: Ticket) {
        self.running.push(Reverse((u128::from(ends) << 64) | u128::from(ticket.number())));
    }

    /// The next task that ended by `now`, and when.
    pub(crate) fn ended(&mut self, now: u64) -> Option<(u64, Ticket)> {
        let at = self.next_end().filter(|at| *at <= now)?;
        self.running.pop().map(|Reverse(ending)| (at, Ticket::of(lower(ending))))
    }
}

fn at(ending: Ending) -> u64 {
    lower(ending >> 64)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half alone is meant")]
const fn lower(number: u128) -> u64 {
    number as u64
}
