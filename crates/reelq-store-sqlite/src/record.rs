//! A job as the file holds it: what was asked for, which no step writes again, apart from what the job has become.
//!
//! What is nothing is left out, so that a step writes few bytes.

use std::borrow::Cow;

use reelq_model::{BatchName, Job, JobDraft, JobId, JobSpec, Money, Timestamp};
use reelq_store::{
    Error,
    rules::{bounds, state},
};
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What was asked for. Its price and priority are columns, and its id is the record's.
#[derive(Debug, Serialize, Deserialize)]
struct SpecRecord<'a> {
    batch: Cow<'a, BatchName>,
    spec: Cow<'a, JobSpec>,
    queued_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    orphan_of: Option<JobId>,
}

/// The parts that a job is put together from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub id: JobId,
    pub price: i64,
    pub priority: i64,
    pub spec: &'a [u8],
    /// `None` before the job's first event.
    pub state: Option<&'a [u8]>,
}

impl Parts<'_> {
    /// The job, with figures that cannot be meant brought to what can.
    ///
    /// # Errors
    /// One of the parts is damaged, or of a newer version.
    pub(super) fn job(&self) -> Result<Job> {
        let unreadable = |error: serde_json::Error| Error::broken(format!("a job cannot be read: {error}"));
        let asked: SpecRecord<'_> = serde_json::from_slice(self.spec).map_err(unreadable)?;
        let draft = JobDraft {
            id: self.id,
            spec: asked.spec.into_owned(),
            price: Some(self.price).filter(|price| *price != bounds::NO_PRICE).map(Money::from_micros),
            priority: i32::try_from(self.priority).unwrap_or(if self.priority < 0 { i32::MIN } else { i32::MAX }),
        };
        let loaded = Job { orphan_of: asked.orphan_of, ..Job::new(draft, asked.batch.into_owned(), asked.queued_at) };
        match self.state {
            Some(state) => Ok(state::read(loaded, state).map_err(unreadable)?),
            None => Ok(bounds::sound(loaded)),
        }
    }
}

/// What was asked for, as it is written once.
pub(super) fn spec(job: &Job) -> Result<String> {
    let (batch, spec) = (Cow::Borrowed(&job.batch), Cow::Borrowed(&job.spec));
    let record = SpecRecord { batch, spec, queued_at: job.queued_at, orphan_of: job.orphan_of };
    Ok(serde_json::to_string(&record).map_err(unwritable)?)
}

/// What the job has become, as each step writes it.
pub(super) fn state(job: &Job) -> Result<String> {
    Ok(state::write(job).map_err(unwritable)?)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::broken(format!("a job cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs of all kinds, as the first version wrote them.
    const JOBS: &str = include_str!("../../reelq-model/tests/golden/jobs_v1.jsonl");

    #[test]
    fn a_job_is_the_same_once_it_was_taken_apart_and_put_together() {
        let mut jobs = 0;
        for line in JOBS.lines() {
            let job: Job = serde_json::from_str(line).unwrap();
            let (spec, state) = (spec(&job).unwrap(), state(&job).unwrap());
            let parts = Parts {
                id: job.id,
                price: bounds::price(job.price),
                priority: job.priority.into(),
                spec: spec.as_bytes(),
                state: Some(state.as_bytes()),
            };
            // The state of an orphan repeats whose it is and how old, for stores where it stands beside its parent's request.
            assert!(job.orphan_of.is_some() || spec.len() + state.len() < line.len(), "{spec} {state}");
            assert_eq!(parts.job().unwrap(), bounds::sound(job));
            jobs += 1;
        }
        assert!(jobs > 5, "{jobs}");
    }

    #[test]
    fn a_job_that_nothing_happened_to_has_no_state() {
        let first = JOBS.lines().next().unwrap();
        let mut json: serde_json::Value = serde_json::from_str(first).unwrap();
        json["stage"] = serde_json::json!({"stage": "ready"});
        let job: Job = serde_json::from_value(json).unwrap();
        let fresh = Job::new(
            reelq_model::JobDraft { id: job.id, spec: job.spec.clone(), price: job.price, priority: job.priority },
            job.batch.clone(),
            job.queued_at,
        );
        let spec = spec(&fresh).unwrap();
        let price = bounds::price(fresh.price);
        let parts = Parts { id: job.id, price, priority: job.priority.into(), spec: spec.as_bytes(), state: None };
        assert_eq!(parts.job().unwrap(), bounds::sound(fresh));
    }

    #[test]
    fn a_state_without_its_stage_is_none() {
        let spec =
            br#"{"batch":"b","spec":{"account":"a","provider":"p","model":"m","mode":"x","fields":{}},"queued_at":1}"#;
        let id = JobId::from_bytes([1; 16]);
        for state in ["{}", "", "{\"id\":7}", "{\"polls\":1}"] {
            let parts = Parts { id, price: 1, priority: 0, spec, state: Some(state.as_bytes()) };
            assert!(parts.job().is_err(), "{state}");
        }
        assert!(Parts { id, price: 1, priority: 0, spec, state: None }.job().is_ok());
    }
}
