//! What scripts need to know of a job without understanding it, and the numbers that stand for words. These are never
//! given another meaning.

use reelq_model::Job;

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

/// The facts themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub status: i64,
    pub flags: i64,
    pub price: i64,
    pub spent: i64,
    pub reserved: i64,
    /// When the first of its links dies; 0 where none does.
    pub deadline: i64,
    /// Of what was spent, day and amount in turn.
    pub days: Vec<i64>,
}

impl Facts {
    pub(super) fn of(job: &Job, parked: bool) -> Self {
        Self {
            status: status(job.status()),
            flags: flags(job, parked),
            price: bounds::price(job.price),
            spent: bounds::amount(job.spent()),
            reserved: bounds::amount(job.reserved()),
            deadline: job.link_deadline().map_or(0, |at| bounds::time(at).millis()),
            days: job.spent_by_day().flat_map(|(day, amount)| [day, bounds::amount(amount)]).collect(),
        }
    }

    /// Packs `{ status, flags, price, spent, reserved, deadline, days }`.
    pub(super) fn write(&self, packer: &mut Packer) {
        let Self { status, flags, price, spent, reserved, deadline, days } = self;
        packer.list(7).int(*status).int(*flags).int(*price).int(*spent).int(*reserved).int(*deadline);
        packer.list(days.len());
        for entry in days {
            packer.int(*entry);
        }
    }
}

/// Packs the facts of a job.
pub(super) fn write(packer: &mut Packer, job: &Job, parked: bool) {
    Facts::of(job, parked).write(packer);
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
