//! Which batch has the next turn: start-time fair queueing between the batches of an account, in whole numbers.

use std::collections::{BTreeMap, BTreeSet};

/// The batches that wait for a turn.
#[derive(Debug, Clone)]
pub struct FairQueue<B> {
    /// The account's virtual time: where the job that was taken last began.
    time: i64,
    /// By the number at which each begins its next job.
    waiting: BTreeSet<Turn<B>>,
    /// Batches that had a turn, and where they stand now.
    moved: BTreeMap<B, i64>,
}

/// A batch's place among those that wait. In this order, so that the older of two equal batches goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn<B> {
    start: i64,
    batch: B,
    stride: i64,
}

impl<B: Copy + Ord> FairQueue<B> {
    /// An empty queue at the account's virtual time.
    pub const fn at(time: i64) -> Self {
        Self { time, waiting: BTreeSet::new(), moved: BTreeMap::new() }
    }

    /// Adds a batch. One that did not wait for a while begins at the present virtual time: nothing is saved up.
    pub fn add(&mut self, batch: B, pass: Option<i64>, stride: i64) {
        self.waiting.insert(Turn { start: pass.unwrap_or(0).max(self.time), batch, stride });
    }

    /// Takes at most `most` jobs, each from the batch whose turn it is. `give` answers the batch's next job, or none where it
    /// has nothing that may be taken now: then it has no further turn.
    ///
    /// # Errors
    /// What `give` fails with.
    pub fn take<J, E>(&mut self, most: usize, mut give: impl FnMut(B) -> Result<Option<J>, E>) -> Result<Vec<J>, E> {
        let mut jobs = Vec::new();
        while jobs.len() < most
            && let Some(batch) = self.next()
        {
            match give(batch)? {
                Some(job) => {
                    jobs.push(job);
                    self.served();
                }
                None => drop(self.waiting.pop_first()),
            }
        }
        Ok(jobs)
    }

    /// The batch whose turn it is.
    fn next(&self) -> Option<B> {
        self.waiting.first().map(|turn| turn.batch)
    }

    /// It gave a job.
    fn served(&mut self) {
        if let Some(turn) = self.waiting.pop_first() {
            let pass = turn.start.saturating_add(turn.stride);
            self.time = turn.start;
            self.moved.insert(turn.batch, pass);
            self.waiting.insert(Turn { start: pass, ..turn });
        }
    }

    /// The account's virtual time now.
    pub const fn time(&self) -> i64 {
        self.time
    }

    /// The batches that had a turn, and their passes now.
    pub fn moved(&self) -> impl Iterator<Item = (B, i64)> {
        self.moved.iter().map(|(batch, pass)| (*batch, *pass))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stride;

    /// One claim: how many jobs, and which batches may be worked on.
    fn claims() -> impl Strategy<Value = Vec<(usize, u8)>> {
        prop::collection::vec((1..9_usize, prop_oneof![4 => Just(0b1111_u8), 1 => any::<u8>()]), 1..200)
    }

    #[test]
    fn a_batch_with_nothing_to_give_has_no_further_turn() {
        let mut fair_queue = FairQueue::at(0);
        for batch in [1, 2] {
            fair_queue.add(batch, None, stride(0));
        }
        let mut left = BTreeMap::from([(1, 1), (2, 5)]);
        let mut asked = Vec::new();
        let taken = fair_queue.take(4, |batch| {
            asked.push(batch);
            let jobs = left.get_mut(&batch).ok_or("no such batch")?;
            *jobs -= 1;
            Ok::<_, &str>((*jobs >= 0).then_some(batch))
        });
        assert_eq!(taken, Ok(vec![1, 2, 2, 2]));
        assert_eq!(asked, [1, 2, 1, 2, 2]);
    }

    #[test]
    fn a_failure_to_give_ends_the_turns() {
        let mut fair_queue = FairQueue::at(0);
        fair_queue.add(1, None, stride(0));
        assert_eq!(fair_queue.take(2, |_| Err::<Option<u8>, _>("lost")), Err("lost"));
        assert_eq!(fair_queue.moved().count(), 0);
    }

    proptest! {
        /// Whatever is paused meanwhile and however large the claims are: between two batches that may both go, what each had
        /// by its weight stays within a job of each.
        #[test]
        fn error_of_shares_is_bounded(priorities in prop::array::uniform4(-9..9_i32), claims in claims()) {
            let strides = priorities.map(stride);
            let (mut time, mut passes) = (0, BTreeMap::new());
            let (mut before, mut had) = (0, [0_i64; 4]);
            for (size, open) in claims {
                if open != before {
                    (before, had) = (open, [0; 4]);
                }
                let mut fair_queue = FairQueue::at(time);
                let may_go: Vec<usize> = (0..4).filter(|index| open & (1 << index) != 0).collect();
                for index in &may_go {
                    let batch = i64::try_from(*index).unwrap();
                    fair_queue.add(batch, passes.get(&batch).copied(), strides[*index]);
                }
                for _ in 0..size {
                    if let Some(batch) = fair_queue.next() {
                        had[usize::try_from(batch).unwrap()] += 1;
                        fair_queue.served();
                    }
                }
                prop_assert!(fair_queue.time() >= time, "the virtual time never goes back");
                time = fair_queue.time();
                passes.extend(fair_queue.moved());
                for one in &may_go {
                    for other in &may_go {
                        let apart = (had[*one] * strides[*one] - had[*other] * strides[*other]).abs();
                        prop_assert!(apart <= strides[*one] + strides[*other], "{one} and {other} are {apart} apart");
                    }
                }
            }
        }
    }
}
