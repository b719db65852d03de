//! Jobs for this crate's own tests.

use reelq_model::{AccountName, BatchName, Job, JobDraft, JobId, JobSpec, ModelName, ProviderName, Timestamp};
use serde_json::json;

/// A queued job of batch `films`.
pub(crate) fn job(prompt: &str) -> Job {
    let fields = json!({ "prompt": prompt }).as_object().cloned().unwrap();
    let spec = JobSpec {
        account: AccountName::new("main").unwrap(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    };
    let batch = BatchName::new("films").unwrap();
    let id = JobId::derive(&batch, &spec.digest(), 1);
    let draft = JobDraft { id, spec, price: None, priority: 0 };
    Job::new(draft, batch, Timestamp::from_millis(1_700_000_000_000))
}
