//! A task that a person names can be exchanged and taken back, and nothing that was paid for is forgotten.

use reelq_model::{Event, Job, Resolution, Stage, Status, Submission, TaskId, Timestamp};

fn standing(stage: Stage) -> Job {
    let mut job = super::table::job();
    job.stage = stage;
    job
}

fn unconfirmed() -> Job {
    let job = standing(Stage::Submitting { submission: super::table::submission(1) });
    let event = Event::Unresolved { reason: "no reply".to_owned(), candidate: None };
    job.apply(event, Timestamp::default()).unwrap().job
}

fn submission(job: &Job) -> Submission {
    match &job.stage {
        Stage::Unconfirmed { submission, .. } => submission.clone(),
        other => panic!("{other:?}"),
    }
}

fn named(task: &str, submission: &Submission) -> Event {
    let (task, submission) = (TaskId::new(task).unwrap(), submission.clone());
    Event::Resolved { resolution: Resolution::Follows { task, submission, at: Timestamp::default() } }
}

fn after(job: &Job, event: Event) -> Option<Job> {
    job.apply(event, Timestamp::default()).ok().map(|applied| applied.job)
}

const WRONG: Event = Event::Resolved { resolution: Resolution::WrongTask };

#[test]
fn a_named_task_is_exchanged_with_its_charge() {
    let job = unconfirmed();
    let submission = submission(&job);
    let first = after(&job, named("t-9", &submission)).unwrap();
    assert_eq!((first.status(), first.charges.len()), (Status::Running, 1));
    let other = after(&first, named("t-10", &submission)).unwrap();
    let tasks: Vec<_> = other.charges.iter().map(|charge| charge.task.as_str()).collect();
    assert_eq!((other.status(), tasks), (Status::Running, vec!["t-10"]));
    assert!(after(&other, named("t-10", &submission)).is_none(), "it is followed already");
}

#[test]
fn a_task_that_was_named_wrongly_is_taken_back_and_its_price_stays_set_aside() {
    let job = unconfirmed();
    let back = after(&after(&job, named("t-9", &submission(&job))).unwrap(), WRONG).unwrap();
    assert_eq!((back.status(), back.charges.len(), back.reserved()), (Status::Unconfirmed, 0, job.reserved()));
    assert_eq!(submission(&back), submission(&job), "it may be said of it what could be said before");
}

#[test]
fn a_task_that_the_provider_named_is_neither_exchanged_nor_taken_back() {
    let job = standing(Stage::Running { task: super::table::task(1) });
    let submission = submission(&unconfirmed());
    assert!(after(&job, WRONG).is_none());
    assert!(after(&job, named("t-9", &submission)).is_none());
}
