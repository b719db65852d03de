//! A job as the file holds it: what was asked for, which no step writes again, apart from what the job has become.
//!
//! What is nothing is left out, so that a step writes few bytes.

use std::borrow::Cow;

use reelq_model::{BatchName, Charge, Job, JobId, JobSpec, Money, Stage, TaskId, Timestamp, Troubles};
use reelq_store::{Error, rules::bounds};
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

/// What it has become. The names are the job's own.
#[derive(Debug, Serialize, Deserialize)]
struct StateRecord<'a> {
    stage: Cow<'a, Stage>,
    #[serde(default, skip_serializing_if = "is_zero")]
    submissions: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    setbacks: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    link_refreshes: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    polls: u32,
    #[serde(default, skip_serializing_if = "<[Charge]>::is_empty")]
    charges: Cow<'a, [Charge]>,
    #[serde(default, skip_serializing_if = "<[u32]>::is_empty")]
    doubtful: Cow<'a, [u32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    troubles: Option<Cow<'a, Troubles>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeded_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outputs_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    candidate: Option<Cow<'a, TaskId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shares_task_with: Option<JobId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
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
        let state: Option<StateRecord<'_>> = self.state.map(serde_json::from_slice).transpose().map_err(unreadable)?;
        let state = state.unwrap_or_else(StateRecord::fresh);
        Ok(bounds::sound(Job {
            id: self.id,
            batch: asked.batch.into_owned(),
            spec: asked.spec.into_owned(),
            price: Some(self.price).filter(|price| *price != bounds::NO_PRICE).map(Money::from_micros),
            priority: i32::try_from(self.priority).unwrap_or(if self.priority < 0 { i32::MIN } else { i32::MAX }),
            stage: state.stage.into_owned(),
            submissions: state.submissions,
            retries: state.retries,
            setbacks: state.setbacks,
            link_refreshes: state.link_refreshes,
            polls: state.polls,
            charges: state.charges.into_owned(),
            doubtful: state.doubtful.into_owned(),
            queued_at: asked.queued_at,
            submitted_at: state.submitted_at,
            finished_at: state.finished_at,
            stored_at: state.stored_at,
            orphan_of: asked.orphan_of,
            troubles: state.troubles.map(Cow::into_owned),
            succeeded_at: state.succeeded_at,
            outputs_until: state.outputs_until,
            candidate: state.candidate.map(Cow::into_owned),
            shares_task_with: state.shares_task_with,
        }))
    }
}

impl<'a> StateRecord<'a> {
    /// Of a job that nothing has happened to.
    fn fresh() -> Self {
        Self {
            stage: Cow::Owned(Stage::Ready),
            submissions: 0,
            retries: 0,
            setbacks: 0,
            link_refreshes: 0,
            polls: 0,
            charges: Cow::default(),
            doubtful: Cow::default(),
            submitted_at: None,
            finished_at: None,
            stored_at: None,
            troubles: None,
            succeeded_at: None,
            outputs_until: None,
            candidate: None,
            shares_task_with: None,
        }
    }

    /// Of a job. Each field is named, so that a new one is not forgotten here.
    fn of(job: &'a Job) -> Self {
        let Job {
            id: _,
            batch: _,
            spec: _,
            price: _,
            priority: _,
            queued_at: _,
            orphan_of: _,
            stage,
            submissions,
            retries,
            setbacks,
            link_refreshes,
            polls,
            charges,
            doubtful,
            submitted_at,
            finished_at,
            stored_at,
            troubles,
            succeeded_at,
            outputs_until,
            candidate,
            shares_task_with,
        } = job;
        Self {
            stage: Cow::Borrowed(stage),
            submissions: *submissions,
            retries: *retries,
            setbacks: *setbacks,
            link_refreshes: *link_refreshes,
            polls: *polls,
            charges: Cow::Borrowed(charges),
            doubtful: Cow::Borrowed(doubtful),
            submitted_at: *submitted_at,
            finished_at: *finished_at,
            stored_at: *stored_at,
            troubles: troubles.as_ref().map(Cow::Borrowed),
            succeeded_at: *succeeded_at,
            outputs_until: *outputs_until,
            candidate: candidate.as_ref().map(Cow::Borrowed),
            shares_task_with: *shares_task_with,
        }
    }
}

/// What was asked for, as it is written once.
pub(super) fn spec(job: &Job) -> Result<String> {
    let (batch, spec) = (Cow::Borrowed(&job.batch), Cow::Borrowed(&job.spec));
    write(&SpecRecord { batch, spec, queued_at: job.queued_at, orphan_of: job.orphan_of })
}

/// What the job has become, as each step writes it.
pub(super) fn state(job: &Job) -> Result<String> {
    write(&StateRecord::of(job))
}

fn write(record: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(record).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))?)
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
            assert_eq!(parts.job().unwrap(), bounds::sound(job));
            assert!(spec.len() + state.len() < line.len(), "{spec} {state}");
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
