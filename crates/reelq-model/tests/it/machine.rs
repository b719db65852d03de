//! What holds for every sequence of events.

use proptest::prelude::*;
use reelq_model::{Event, Job, Money, Stage, Status, Timestamp};

use super::table::{EVENTS, job, sample_event};

/// Sequences of events, each with the number of a submission and of a task.
fn events() -> impl Strategy<Value = Vec<(usize, u32, u32)>> {
    proptest::collection::vec((0..EVENTS, 1..4_u32, 1..4_u32), 0..60)
}

/// Applies what can be applied; the events that could.
fn run(start: &Job, events: &[(usize, u32, u32)]) -> (Job, Vec<(Event, Timestamp)>) {
    let (mut job, mut taken) = (start.clone(), Vec::new());
    for ((kind, submission, task), second) in events.iter().zip(1..) {
        let mut event = sample_event(*kind, *submission, *task);
        if let Event::Sending { submission } = &mut event {
            // A worker takes number and key from the job.
            (submission.number, submission.key) = (job.next_submission(), job.next_key());
        }
        let at = Timestamp::from_millis(second * 1_000);
        if let Ok(applied) = job.apply(event.clone(), at) {
            job = applied.job;
            taken.push((event, at));
        }
    }
    (job, taken)
}

proptest! {
    #[test]
    fn nothing_but_a_retry_or_the_answer_to_a_doubt_leaves_an_end(events in events()) {
        let mut job = job();
        for (kind, submission, task) in events {
            let event = sample_event(kind, submission, task);
            let Ok(applied) = job.apply(event.clone(), Timestamp::from_millis(1)) else { continue };
            let may = match &event {
                Event::Retry { .. } => true,
                Event::Accepted { acceptance, .. } => {
                    job.stage.task().is_none() && job.doubtful.contains(&acceptance.submission)
                }
                _ => false,
            };
            prop_assert!(!job.stage.is_terminal() || may);
            job = applied.job;
        }
    }

    #[test]
    fn the_same_events_make_the_same_job(events in events()) {
        let (end, taken) = run(&job(), &events);
        let replayed = taken.into_iter().fold(job(), |job, (event, at)| {
            let stored: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
            job.apply(stored, at).unwrap().job
        });
        prop_assert_eq!(replayed, end);
    }

    #[test]
    fn money_is_conserved(events in events()) {
        let (end, taken) = run(&job(), &events);
        let charges: Money = end.charges.iter().map(reelq_model::Charge::spent).sum();
        prop_assert_eq!(end.spent(), charges);
        let mut tasks: Vec<_> = taken.iter().filter_map(|(event, _)| match event {
            Event::Accepted { acceptance, .. } => Some(acceptance.task.clone()),
            _ => None,
        }).collect();
        tasks.sort();
        tasks.dedup();
        let mut charged: Vec<_> = end.charges.iter().map(|charge| charge.task.clone()).collect();
        charged.sort();
        prop_assert_eq!(charged, tasks, "one charge for each task that was accepted");
    }

    #[test]
    fn no_submission_number_is_used_again_once_the_provider_may_have_it(events in events()) {
        let mut job = job();
        let mut used = 0;
        for (kind, submission, task) in events {
            let mut event = sample_event(kind, submission, task);
            if let Event::Sending { submission } = &mut event {
                (submission.number, submission.key) = (job.next_submission(), job.next_key());
            }
            let Ok(applied) = job.apply(event.clone(), Timestamp::from_millis(1)) else { continue };
            if let (Event::Sending { submission }, Stage::Submitting { .. }) = (&event, &applied.job.stage) {
                prop_assert!(submission.number > used);
            }
            let spent = matches!(event, Event::Unresolved { .. } | Event::Rejected { .. });
            if let (true, Stage::Submitting { submission }) = (spent, &job.stage) {
                used = used.max(submission.number);
            }
            if let Event::Accepted { acceptance, .. } = &event {
                used = used.max(acceptance.submission);
            }
            job = applied.job;
        }
    }

    #[test]
    fn a_job_reads_back_as_it_was_written(events in events()) {
        let (end, _) = run(&job(), &events);
        let text = serde_json::to_string(&end).unwrap();
        prop_assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), end);
    }
}

#[test]
fn a_row_that_was_given_up_follows_its_late_task_and_is_not_bought_again_by_itself() {
    let at = Timestamp::from_millis(1);
    let [sending, accepted, give_up, again, end] = [0, 5, 10, 16, 15].map(|kind| sample_event(kind, 1, 1));
    let followed = [sending, give_up, accepted].into_iter().fold(job(), |job, event| job.apply(event, at).unwrap().job);
    assert_eq!(followed.status(), Status::Running, "what may be paid for is followed");
    assert!(followed.apply(again, at).is_err(), "a refund buys nothing");
    assert_eq!(followed.apply(end, at).unwrap().job.status(), Status::Failed);
}
