//! A batch as a store keeps it, and how people see it.

use reelq_model::{Money, Timestamp};

use crate::{BatchDraft, BatchView, StatusCounts, rules::ledger::BatchSums};

/// What a store keeps of a batch beside its lines, its jobs and their sums.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is set by itself, and all may hold at once")]
pub struct BatchRecord {
    /// The batch as its manifest describes it.
    pub draft: BatchDraft,
    /// [`BatchView::whole`].
    pub whole: bool,
    /// [`BatchView::paused`].
    pub paused: bool,
    /// [`BatchView::purging`].
    pub purging: bool,
    /// [`BatchView::cancelling`].
    pub cancelling: bool,
    /// [`BatchView::created_at`].
    pub created_at: Timestamp,
    /// When a job of it ended last, or it was first loaded, whatever moves since.
    pub ended_at: Option<Timestamp>,
}

impl BatchRecord {
    /// A batch whose first load begins.
    pub const fn new(draft: BatchDraft, created_at: Timestamp) -> Self {
        let (whole, paused, purging, cancelling, ended_at) = (false, false, false, false, None);
        Self { draft, whole, paused, purging, cancelling, created_at, ended_at }
    }

    /// The batch as people see it. `counts` are those of its lines' jobs, and those of the others that are shown.
    pub fn view(
        self,
        sums: &BatchSums,
        counts: [StatusCounts; 2],
        budget_reached: bool,
        next_link_deadline: Option<Timestamp>,
    ) -> BatchView {
        let Self { draft, whole, paused, purging, cancelling, created_at, ended_at } = self;
        let is_finished = whole && counts.iter().all(StatusCounts::is_ended);
        let [counts, others] = counts;
        BatchView {
            batch: draft,
            whole,
            paused,
            counts,
            others,
            spent: Money::from_micros(sums.spent),
            reserved: Money::from_micros(sums.reserved),
            to_spend: Money::from_micros(sums.to_spend),
            unpriced: count(sums.unpriced),
            budget_reached,
            orphans: count(sums.orphans),
            overdue: count(sums.overdue),
            held: count(sums.held),
            next_link_deadline,
            created_at,
            finished_at: ended_at.filter(|_| is_finished),
            purging,
            cancelling,
        }
    }
}

/// A sum that is a count.
fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reelq_model::Status;

    use super::*;
    use crate::transition::samples::{at, batch_draft};

    #[test]
    fn a_batch_is_finished_once_it_is_whole_and_every_job_that_is_shown_has_ended() {
        let counts = |status| StatusCounts(BTreeMap::from([(status, 1)]));
        let (done, ready) = (counts(Status::Succeeded), counts(Status::Queued));
        let new = BatchRecord { ended_at: Some(at(9)), ..BatchRecord::new(batch_draft("port"), at(1)) };
        let whole = BatchRecord { whole: true, ..new.clone() };
        let cases = [
            (&whole, [done.clone(), done.clone()], Some(at(9))),
            (&whole, [ready.clone(), done.clone()], None),
            (&whole, [done.clone(), ready], None),
            (&new, [done.clone(), done], None),
        ];
        for (record, counts, expected) in cases {
            let view = record.clone().view(&BatchSums::default(), counts.clone(), false, None);
            assert_eq!(view.finished_at, expected, "{counts:?}");
        }
    }
}
