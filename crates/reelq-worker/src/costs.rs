//! Costs that cannot be meant.

use reelq_model::{Job, Money, believable_cost};

/// Logs that the cost which the provider reported is not believed. The job's price is used in its place.
pub fn warn_of_unbelievable_cost(job: &Job, reported: Option<Money>) {
    if let Some(cost) = reported.filter(|_| believable_cost(reported, job.price).is_none()) {
        tracing::warn!(job = %job.id, %cost, price = ?job.price, "the provider reported a cost that cannot be meant; it is not counted");
    }
}
