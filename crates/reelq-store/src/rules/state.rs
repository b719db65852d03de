//! What a job has become, as stores keep it apart from what was asked for: what is nothing is left out, so that a step writes
//! few bytes.

use std::borrow::Cow;

use reelq_model::{Charge, Job, JobId, Stage, TaskId, Timestamp, Troubles};
use serde::{Deserialize, Serialize};

use super::bounds;

/// The record. The names are the job's own. Later versions read it: fields are added with a default, never renamed or reused.
/// `shares_task_with` stays the last: scripts add it at the end.
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
    orphan_of: Option<JobId>,
    /// Of an orphan: what was asked for stands there since its parent was enqueued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued_at: Option<Timestamp>,
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

/// A job's state as JSON.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn write(job: &Job) -> serde_json::Result<String> {
    serde_json::to_string(&StateRecord::of(job))
}

/// The job that `loaded` has become, with figures that cannot be meant brought to what can.
///
/// # Errors
/// Where the state is damaged, or of a newer version.
pub fn read(loaded: Job, state: &[u8]) -> serde_json::Result<Job> {
    Ok(bounds::sound(serde_json::from_slice::<StateRecord<'_>>(state)?.of_loaded(loaded)))
}

impl<'a> StateRecord<'a> {
    /// Each field of the job is named, so that a new one is not forgotten here.
    fn of(job: &'a Job) -> Self {
        let Job {
            id: _,
            batch: _,
            spec: _,
            price: _,
            priority: _,
            queued_at,
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
            orphan_of,
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
            orphan_of: *orphan_of,
            queued_at: orphan_of.map(|_| *queued_at),
            troubles: troubles.as_ref().map(Cow::Borrowed),
            succeeded_at: *succeeded_at,
            outputs_until: *outputs_until,
            candidate: candidate.as_ref().map(Cow::Borrowed),
            shares_task_with: *shares_task_with,
        }
    }

    fn of_loaded(self, loaded: Job) -> Job {
        Job {
            id: loaded.id,
            batch: loaded.batch,
            spec: loaded.spec,
            price: loaded.price,
            priority: loaded.priority,
            queued_at: self.queued_at.unwrap_or(loaded.queued_at),
            stage: self.stage.into_owned(),
            submissions: self.submissions,
            retries: self.retries,
            setbacks: self.setbacks,
            link_refreshes: self.link_refreshes,
            polls: self.polls,
            charges: self.charges.into_owned(),
            doubtful: self.doubtful.into_owned(),
            submitted_at: self.submitted_at,
            finished_at: self.finished_at,
            stored_at: self.stored_at,
            orphan_of: self.orphan_of.or(loaded.orphan_of),
            troubles: self.troubles.map(Cow::into_owned),
            succeeded_at: self.succeeded_at,
            outputs_until: self.outputs_until,
            candidate: self.candidate.map(Cow::into_owned),
            shares_task_with: self.shares_task_with,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs of all kinds, as the first version wrote them.
    const JOBS: &str = include_str!("../../../reelq-model/tests/golden/jobs_v1.jsonl");

    #[test]
    fn a_job_is_what_its_load_and_its_state_say() {
        let mut jobs = 0;
        for line in JOBS.lines() {
            let job: Job = serde_json::from_str(line).unwrap();
            let draft =
                reelq_model::JobDraft { id: job.id, spec: job.spec.clone(), price: job.price, priority: job.priority };
            let loaded = Job::new(draft, job.batch.clone(), job.queued_at);
            let state = write(&job).unwrap();
            assert_eq!(read(loaded, state.as_bytes()).unwrap(), bounds::sound(job));
            assert!(state.len() < line.len(), "{state}");
            jobs += 1;
        }
        assert!(jobs > 5, "{jobs}");
    }
}
