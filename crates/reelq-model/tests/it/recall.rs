//! What a job makes of submissions and acceptances that the store had forgotten.

use proptest::prelude::*;
use reelq_model::{Event, Job, Status, Timestamp};

use super::table::{EVENTS, job, sample_event, submission};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn recalled(number: u32) -> Event {
    Event::RestoredSubmission { submission: submission(number) }
}

fn after(events: &[Event]) -> Job {
    events.iter().zip(1..).fold(job(), |job, (event, second)| job.apply(event.clone(), at(second)).unwrap().job)
}

#[test]
fn a_recalled_submission_stands_where_it_stood() {
    let forgot = after(&[recalled(1)]);
    assert_eq!(forgot, after(&[Event::Sending { submission: submission(1) }]));
    assert_eq!(forgot.reserved(), forgot.price.unwrap());
}

#[test]
fn submissions_before_a_recalled_one_are_used_up() {
    let job = after(&[recalled(3)]);
    assert_eq!((job.status(), job.next_submission()), (Status::Submitting, 3));
    let job = job.apply(Event::Unresolved { reason: String::new(), candidate: None }, at(9)).unwrap().job;
    assert_eq!(job.next_submission(), 4);
}

#[test]
fn an_orphan_takes_no_submission_in() {
    let Event::Accepted { acceptance, .. } = sample_event(5, 1, 1) else { panic!("no yes") };
    let orphan = job().orphan(&acceptance, at(1));
    assert!(orphan.apply(recalled(2), at(2)).is_err());
}

#[test]
fn the_end_of_a_task_that_was_forgotten_follows_from_the_submission_after_it() {
    let running = after(&[recalled(1), sample_event(5, 1, 1)]);
    assert!(running.apply(recalled(1), at(5)).is_err());
    let again = running.apply(recalled(2), at(5)).unwrap().job;
    assert_eq!((again.status(), again.charges.len()), (Status::Submitting, 1));
    let job = running.apply(sample_event(5, 2, 2), at(5)).unwrap().job;
    assert_eq!((job.charges.len(), job.next_submission()), (2, 3));
    assert_eq!(job.stage.task().unwrap().id.as_str(), "task-2");
}

proptest! {
    #[test]
    fn nothing_that_is_known_is_recalled(events in proptest::collection::vec((0..EVENTS, 1..4_u32, 1..4_u32), 0..60)) {
        let mut job = job();
        for (kind, number, task) in events {
            let mut event = sample_event(kind, number, task);
            if let Event::Sending { submission } = &mut event {
                (submission.number, submission.key) = (job.next_submission(), job.next_key());
            }
            let before = job.clone();
            let Ok(applied) = job.apply(event.clone(), at(1)) else { continue };
            job = applied.job;
            if let Event::RestoredSubmission { submission } = &event {
                prop_assert!(!before.knows_submission(submission.number));
                prop_assert_eq!(&job.charges, &before.charges, "no charge is invented");
                prop_assert!(job.next_submission() >= before.next_submission());
                let again = job.apply(Event::RestoredSubmission { submission: submission.clone() }, at(2));
                prop_assert!(again.is_err());
            }
        }
    }
}
