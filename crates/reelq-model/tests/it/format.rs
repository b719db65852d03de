//! The stored form of a job, version 1: files written by it must be read for ever.

use reelq_model::{Charge, Job, Money, Settlement, TaskId, Timestamp, Trouble, TroubleKind, Troubles};

use super::table::{job, later_stages, sample_stages};

const GOLDEN: &str = include_str!("../golden/jobs_v1.jsonl");
/// Format 1 with the members that were added since; a job that has none of them is written as before.
const GOLDEN_LATER: &str = include_str!("../golden/jobs_v1_later.jsonl");

/// One job a stage, each with something in every field.
fn jobs() -> Vec<Job> {
    let full = |stage| {
        let mut job = job();
        job.stage = stage;
        (job.submissions, job.retries, job.setbacks, job.link_refreshes, job.polls) = (2, 1, 3, 4, 5);
        let task = TaskId::new("task-1").unwrap();
        let amount = Some(Money::from_micros(280_000));
        job.charges = vec![Charge { task, submission: 1, amount, settlement: Settlement::Charged, at: None }];
        job.submitted_at = Some(Timestamp::from_millis(1_795_226_402_000));
        job.finished_at = Some(Timestamp::from_millis(1_795_226_462_000));
        job.stored_at = Some(Timestamp::from_millis(1_795_226_470_000));
        job.orphan_of = Some(job.id);
        job
    };
    sample_stages().into_iter().map(|(_, stage)| full(stage)).chain([job()]).collect()
}

/// Jobs with something in every member that was added since.
fn later_jobs() -> Vec<Job> {
    let full = |stage| {
        let mut job = job();
        job.stage = stage;
        let at = Timestamp::from_millis(1_795_226_463_000);
        let last = Trouble::new(TroubleKind::Fetch, "404");
        job.troubles = Some(Troubles { last, since: at, at, count: 1 });
        (job.succeeded_at, job.outputs_until) = (Some(at), Some(at));
        job.candidate = Some(TaskId::new("task-9").unwrap());
        job.shares_task_with = Some(job.id);
        job
    };
    later_stages().into_iter().map(|(_, stage)| full(stage)).collect()
}

#[test]
fn members_that_were_added_later_are_read_and_written() {
    let written: Vec<String> = later_jobs().iter().map(|job| serde_json::to_string(job).unwrap()).collect();
    assert_eq!(written, GOLDEN_LATER.lines().collect::<Vec<_>>());
    let read: Vec<Job> = GOLDEN_LATER.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, later_jobs());
}

#[test]
fn jobs_of_format_1_are_read() {
    let read: Vec<Job> = GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, jobs());
}

#[test]
fn jobs_are_written_in_format_1() {
    let written: Vec<String> = jobs().iter().map(|job| serde_json::to_string(job).unwrap()).collect();
    let golden: Vec<&str> = GOLDEN.lines().collect();
    assert_eq!(written, golden, "a change of the written form needs a new golden file; the old one must still be read");
}

#[test]
fn a_field_that_is_not_known_yet_is_passed_over() {
    let line = GOLDEN.lines().last().unwrap().replacen('{', r#"{"from_the_future":1,"#, 1);
    assert_eq!(serde_json::from_str::<Job>(&line).unwrap(), job());
}
