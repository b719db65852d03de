//! What scripts need to know of a job without understanding it, and the numbers that stand for words. These are never
//! given another meaning.

use reelq_model::{Job, Money};

use super::codec::Packer;
use reelq_store::rules::bounds;
use reelq_store::rules::figures;

/// The job is parked after an event that could not happen to it.
pub(super) const PARKED: i64 = 1;
/// It was, or may have been, bought.
pub(super) const BOUGHT: i64 = 2;
/// Its price or charge is not known.
pub(super) const UNPRICED: i64 = 4;
/// It runs past `running_timeout`.
pub(super) const OVERDUE: i64 = 8;
/// It follows a charge that no one expected.
pub(super) const ORPHAN: i64 = 16;

pub(super) use reelq_store::rules::{
    bounds::NO_PRICE,
    codes::{pause, read_status, status},
};

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
