//! What scripts need to know of a job without understanding it, and the numbers that stand for words. These are never
//! given another meaning.

use reelq_model::{BlockReason, Job, Money, Stage, Status};

use super::codec::Packer;
use reelq_store::rules::bounds;
use reelq_store::rules::figures;
use reelq_store::{Error, PauseReason, Result};

/// The job is parked after an event that could not happen to it.
pub(super) const PARKED: i64 = 1;
/// It was, or may have been, bought.
pub(super) const BOUGHT: i64 = 2;
/// Its price or charge is not known.
pub(super) const UNPRICED: i64 = 4;
/// It runs past `running_timeout`.
pub(super) const OVERDUE: i64 = 8;
/// It follows a charge that nobody expected.
pub(super) const ORPHAN: i64 = 16;

/// Nobody wants the job cancelled.
pub(super) const CANCEL_NONE: i64 = 0;
/// A person wants it cancelled.
pub(super) const CANCEL_ASKED: i64 = 1;
/// Its line is gone; a line that comes back revives it.
pub(super) const CANCEL_GONE: i64 = 2;

/// Stands for a price that is not known.
pub(super) const NO_PRICE: i64 = bounds::NO_PRICE;

pub(super) fn status(status: Status) -> i64 {
    Status::ALL.iter().zip(0..).find_map(|(each, code)| (*each == status).then_some(code)).unwrap_or(-1)
}

pub(super) fn read_status(code: i64) -> Result<Status> {
    let found = usize::try_from(code).ok().and_then(|index| Status::ALL.get(index).copied());
    found.ok_or_else(|| Error::broken(format!("`{code}` stands for no status")))
}

/// One number a reason, whatever its details: at most one pause of each stands.
pub(super) const fn pause(reason: &PauseReason) -> i64 {
    match reason {
        PauseReason::Throttled => 1,
        PauseReason::Blocked {
            block: BlockReason::Unauthorized | BlockReason::NoCredit | BlockReason::Forbidden,
            ..
        } => 2,
        PauseReason::Operator => 3,
        PauseReason::Breaker { .. } => 4,
    }
}

/// Packs `{ status, flags, price, spent, reserved, deadline, days }`; days: of what was spent, day and amount in turn.
pub(super) fn write(packer: &mut Packer, job: &Job, parked: bool) {
    packer
        .list(7)
        .int(status(job.status()))
        .int(flags(job, parked))
        .int(bounds::price(job.price))
        .int(bounds::amount(job.spent()))
        .int(bounds::amount(job.reserved()))
        .int(job.link_deadline().map_or(0, |at| bounds::time(at).millis()));
    let days: Vec<(i64, Money)> = job.spent_by_day().collect();
    packer.list(2 * days.len());
    for (day, amount) in days {
        packer.int(day).int(bounds::amount(amount));
    }
}

fn flags(job: &Job, parked: bool) -> i64 {
    [
        (PARKED, parked),
        (BOUGHT, figures::bought(job)),
        (UNPRICED, figures::unpriced(job)),
        (OVERDUE, figures::overdue(job)),
        (ORPHAN, job.orphan_of.is_some()),
    ]
    .into_iter()
    .filter_map(|(flag, stands)| stands.then_some(flag))
    .sum()
}

/// Which wishes to cancel the job have been granted, or can no longer be, as it stands now.
pub(super) fn wishes_over(job: &Job) -> i64 {
    let ended = job.stage.is_terminal();
    let asked = ended || matches!(job.stage, Stage::Fetching { .. });
    // A withdrawn job keeps it, so that a line that comes back revives it.
    let gone = ended && !matches!(job.stage, Stage::Cancelled { task: None });
    i64::from(asked) * CANCEL_ASKED + i64::from(gone) * CANCEL_GONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_keep_their_numbers() {
        let codes = Status::ALL.map(|each| (each.as_str(), status(each)));
        insta::assert_compact_debug_snapshot!(codes);
        for each in Status::ALL {
            assert_eq!(read_status(status(each)).unwrap(), each);
        }
        assert!(read_status(8).is_err());
    }
}
