//! Costs that cannot be meant.

use reelq_model::{Job, Money, believable_cost};

/// Warns of a cost that the provider told for a job and that is not believed: the job's price stands in its place.
pub fn warn_of_unbelievable_cost(job: &Job, told: Option<Money>) {
    if let Some(cost) = told.filter(|_| believable_cost(told, job.price).is_none()) {
        tracing::warn!(job = %job.id, %cost, price = ?job.price, "the provider told a cost that cannot be meant; it is not counted");
    }
}
