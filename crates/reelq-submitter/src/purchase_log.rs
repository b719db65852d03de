//! A line of the log for each purchase.

use reelq_model::{Acceptance, Job};

/// Logs that the provider took a job. Where it does not say what it charged, the catalogue's price stands there.
pub(crate) fn log_purchase(job: &Job, acceptance: &Acceptance) {
    let usd = || acceptance.cost.or(job.price).map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    tracing::info!(
        batch = %job.batch, job = %job.id, account = %job.spec.account, model = %job.spec.model,
        submission = acceptance.submission, task = %acceptance.task, usd = usd(), "bought"
    );
}
