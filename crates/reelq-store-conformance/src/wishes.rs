//! What people want of jobs that someone has in hand, or that were bought: it is done, and nothing is bought for it blindly.

use reelq_model::{Event, Failure, FailureKind, Money, Resolution, Settlement, Stage, Status, Trouble, TroubleKind};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, cents, finished, lines, one, running, stored, wish, wishes},
};
use reelq_store::{Committed, Edited, LateAcceptance};

room! { ($) wishes_cases: wishes {
    a_running_job_is_given_up_and_a_poll_in_flight_does_not_undo_it,
    a_fetching_job_is_given_up_whoever_has_it,
    a_submitting_job_is_given_up_and_its_yes_is_still_a_fact,
    a_job_that_was_not_sent_cannot_be_given_up,
    a_retry_looks_at_a_known_task_before_anything_is_bought,
    a_retry_without_a_task_needs_a_yes_to_buy,
    an_output_that_is_gone_is_bought_again_only_with_a_yes,
    a_cancelled_task_that_is_retried_takes_its_place_again,
    a_task_that_waits_for_its_next_look_is_due_once_someone_wants_it_cancelled,
    a_result_inside_the_acceptance_goes_straight_to_the_fetch,
    links_that_are_asked_for_later_are_due_later,
    a_row_that_comes_back_is_looked_at_before_it_is_bought,
    every_new_event_says_why_in_the_history,
} }

const GIVE_UP: Event = Event::Resolved { resolution: Resolution::GiveUp };
const LOOK: Event = Event::Retry { buy: false };
const BUY: Event = Event::Retry { buy: true };

fn refunded(retry_after: Option<std::time::Duration>) -> Event {
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after }
}

pub async fn a_running_job_is_given_up_and_a_poll_in_flight_does_not_undo_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t").await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert_eq!(kit.store.apply_event(job, GIVE_UP).await.unwrap(), Edited::Done);
    for event in [running("rendering", SECOND), finished(None)] {
        assert!(matches!(kit.commit(&poll, event, false).await, Committed::Stale));
    }
    let view = kit.view(job).await;
    let Stage::Failed { failure, task } = &view.job.stage else { panic!("{:?}", view.job.stage) };
    assert_eq!((failure.kind, task.as_ref().map(|task| task.id.as_str())), (FailureKind::GivenUp, Some("t")));
    assert_eq!((view.worker, kit.in_flight().await), (None, 0));
    let batch = kit.batch("b").await;
    assert_eq!((batch.spent, batch.reserved, batch.finished_at.is_some()), (cents(10), Money::ZERO, true));
    kit.advance(LEASE * 2);
    assert!(kit.polls(1).await.is_empty(), "no one asks about it any more");
    assert_eq!(kit.store.history(job).await.unwrap().last().unwrap().reason, "given up");
}

pub async fn a_fetching_job_is_given_up_whoever_has_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let (free, held) = (kit.finish_next("t1", None).await, kit.finish_next("t2", None).await);
    let fetches = kit.fetches(2).await;
    let (one, other) = (&fetches[0], &fetches[1]);
    let (held_lease, free_lease) = if one.job.id == held { (one, other) } else { (other, one) };
    kit.store.release(std::slice::from_ref(free_lease)).await.unwrap();
    for job in [free, held] {
        assert_eq!(kit.store.apply_event(job, GIVE_UP).await.unwrap(), Edited::Done);
    }
    assert!(matches!(kit.commit(held_lease, stored(), false).await, Committed::Stale));
    assert_eq!(kit.batch("b").await.counts.of(Status::Failed), 2);
    assert!(kit.fetches(9).await.is_empty());
    assert_eq!(kit.batch("b").await.next_link_deadline, None);
}

pub async fn a_submitting_job_is_given_up_and_its_yes_is_still_a_fact(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    assert_eq!(kit.store.apply_event(sent.job.id, GIVE_UP).await.unwrap(), Edited::Done);
    let reserved = kit.batch("b").await.reserved;
    assert_eq!((kit.in_flight().await, reserved), (0, cents(10)), "it may have been bought all the same");
    assert!(matches!(kit.commit(&sent, accepted(&sent, "t"), false).await, Committed::Done(None)));
    let view = kit.batch("b").await;
    assert_eq!((view.spent, view.reserved, view.orphans), (cents(10), cents(0), 0), "what was in doubt is known");
    assert_eq!((kit.view(sent.job.id).await.job.status(), kit.in_flight().await), (Status::Running, 1));
    kit.advance(SECOND);
    assert_eq!(one(kit.polls(1).await).job.id, sent.job.id, "what is paid for is followed");
}

pub async fn a_job_that_was_not_sent_cannot_be_given_up(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let held = kit.submit().await;
    for job in jobs {
        assert!(matches!(kit.store.apply_event(job, GIVE_UP).await.unwrap(), Edited::Refused(_)));
    }
    kit.start(&held, "t").await;
}

pub async fn a_retry_looks_at_a_known_task_before_anything_is_bought(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let jobs = [kit.start_next("t1").await, kit.start_next("t2").await];
    kit.advance(SECOND);
    for poll in kit.polls(2).await {
        kit.end(&poll, refunded(None)).await;
    }
    for (job, event) in jobs.into_iter().zip([LOOK, BUY]) {
        assert_eq!(kit.store.apply_event(job, event).await.unwrap(), Edited::Done);
    }
    assert_eq!((kit.in_flight().await, kit.batch("b").await.finished_at), (2, None));
    assert!(kit.submits(9).await.is_empty(), "nothing is bought");
    for poll in kit.polls(2).await {
        let buys = poll.job.stage.task().is_some_and(|task| task.buy_again);
        assert_eq!(buys, poll.job.id == jobs[1]);
        kit.end(&poll, refunded(buys.then_some(SECOND))).await;
    }
    kit.advance(SECOND);
    assert_eq!(one(kit.submits(9).await).job.id, jobs[1], "only what a person agreed to");
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Failed);
    let batch = kit.batch("b").await;
    assert_eq!((batch.spent, batch.to_spend), (Money::ZERO, cents(10)));
}

pub async fn a_retry_without_a_task_needs_a_yes_to_buy(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    kit.end(&lease, Event::Rejected { failure: Failure::new(FailureKind::Content, "no") }).await;
    assert!(matches!(kit.store.apply_event(lease.job.id, LOOK).await.unwrap(), Edited::Refused(_)));
    assert_eq!(kit.store.apply_event(lease.job.id, BUY).await.unwrap(), Edited::Done);
    assert_eq!(kit.submit().await.job.id, lease.job.id);
}

pub async fn an_output_that_is_gone_is_bought_again_only_with_a_yes(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t", None).await;
    let gone = || Event::FetchFailed { failure: Failure::new(FailureKind::Expired, "gone") };
    kit.end(&one(kit.fetches(1).await), gone()).await;
    assert_eq!(kit.view(job).await.job.status(), Status::Failed);
    kit.store.apply_event(job, BUY).await.unwrap();
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    kit.end(&one(kit.fetches(1).await), gone()).await;
    let batch = kit.batch("b").await;
    assert_eq!((batch.counts.of(Status::Queued), batch.spent, batch.to_spend), (1, cents(10), cents(10)));
    kit.start(&kit.submit().await, "t2").await;
    let batch = kit.batch("b").await;
    assert_eq!((batch.spent, batch.reserved, batch.to_spend), (cents(20), Money::ZERO, Money::ZERO));
}

pub async fn a_cancelled_task_that_is_retried_takes_its_place_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t").await;
    kit.store.cancel(job).await.unwrap();
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), Event::Cancelled { settlement: Some(Settlement::Refunded) }).await;
    assert_eq!((kit.in_flight().await, kit.batch("b").await.spent), (0, Money::ZERO));
    kit.store.apply_event(job, BUY).await.unwrap();
    assert_eq!(kit.in_flight().await, 1);
    kit.end(&one(kit.polls(1).await), Event::Cancelled { settlement: Some(Settlement::Refunded) }).await;
    assert_eq!((kit.view(job).await.job.status(), kit.in_flight().await), (Status::Queued, 0));
    assert_eq!(kit.batch("b").await.to_spend, cents(10));
}

pub async fn a_result_inside_the_acceptance_goes_straight_to_the_fetch(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    let Event::Finished { outputs, .. } = finished(None) else { panic!("a finished task") };
    let acceptance = reelq_model::Acceptance { outputs, ..acceptance("t", 1) };
    kit.end(&sent, Event::Accepted { acceptance, first_poll: SECOND }).await;
    assert_eq!(
        (kit.in_flight().await, kit.batch("b").await.spent, kit.batch("b").await.reserved),
        (0, cents(10), Money::ZERO)
    );
    kit.end(&one(kit.fetches(1).await), stored()).await;
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Succeeded);
}

pub async fn links_that_are_asked_for_later_are_due_later(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t", None).await;
    let event = Event::LinksExpired { reason: "status 404".to_owned(), after: SECOND * 30 };
    kit.end(&one(kit.fetches(1).await), event).await;
    let now = kit.store.now().await.unwrap();
    let view = kit.view(job).await;
    assert_eq!((view.due, view.job.status()), (Some(now.after(SECOND * 30)), Status::Running));
    assert!(kit.polls(1).await.is_empty());
    let last = kit.store.history(job).await.unwrap().pop().unwrap();
    assert_eq!((last.event.as_str(), last.reason.as_str()), ("links_expired", "status 404"));
    kit.advance(SECOND * 30);
    let again = Event::FetchAgain { trouble: Trouble::new(TroubleKind::NotFound, "no such task"), answered: true };
    kit.end(&one(kit.polls(1).await), again).await;
    assert_eq!((kit.view(job).await.job.status(), kit.in_flight().await), (Status::Fetching, 0));
    kit.end(&one(kit.fetches(1).await), Event::LinksExpired { reason: "404".to_owned(), after: SECOND }).await;
    let Stage::Running { task } = kit.view(job).await.job.stage else { panic!("it asks once more") };
    assert_eq!(task.earlier_links.len(), 1, "the same link is remembered once");
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    assert_eq!(kit.batch("b").await.spent, cents(10), "one charge");
}

pub async fn a_row_that_comes_back_is_looked_at_before_it_is_bought(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let both = [wish("one"), wish("two")];
    kit.load("b", &both).await;
    let job = kit.start_next("t").await;
    kit.load("b", &both[1..]).await;
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), Event::Cancelled { settlement: None }).await;
    kit.load("b", &both).await;
    assert_eq!(lines(&super::kit::batch("b"), &both)[0].id(), job);
    let bought = kit.submits(9).await;
    assert!(bought.iter().all(|lease| lease.job.id != job), "its line is no agreement to buy it again");
    assert!(matches!(
        kit.store.record_acceptance(job, &acceptance("t", 1), SECOND).await.unwrap(),
        LateAcceptance::Known
    ));
}

pub async fn every_new_event_says_why_in_the_history(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t", None).await;
    kit.end(&one(kit.fetches(1).await), Event::LinksExpired { reason: "status 404".to_owned(), after: SECOND }).await;
    kit.advance(SECOND);
    for reason in ["status 502", "status 503"] {
        let trouble = Some(Trouble::new(TroubleKind::Status, reason));
        let event =
            Event::Running { next_poll: SECOND, word: None, progress: None, overdue: false, answered: false, trouble };
        kit.end(&one(kit.polls(1).await), event).await;
        kit.advance(SECOND);
    }
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    let later = Event::FetchLater { reason: "status 503".to_owned(), after: SECOND };
    kit.end(&one(kit.fetches(1).await), later).await;
    kit.store.apply_event(job, GIVE_UP).await.unwrap();
    kit.store.apply_event(job, LOOK).await.unwrap();
    let history = kit.store.history(job).await.unwrap();
    let told = |event: &str, reason: &str| history.iter().any(|entry| entry.event == event && entry.reason == reason);
    assert!(told("links_expired", "status 404"), "{history:#?}");
    assert!(told("running", "status 502") && !told("running", "status 503"), "once a kind: {history:#?}");
    assert!(told("fetch_later", "status 503") && told("resolved", "given up"), "{history:#?}");
    assert!(told("retry", "looked at again, and not bought again"), "{history:#?}");
}

pub async fn a_task_that_waits_for_its_next_look_is_due_once_someone_wants_it_cancelled(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let jobs = [kit.start_next("t1").await, kit.start_next("t2").await];
    assert!(kit.polls(9).await.is_empty(), "their first looks are still to come");
    assert_eq!(kit.store.cancel(jobs[0]).await.unwrap(), Edited::Requested);
    let due = one(kit.polls(9).await);
    assert!(due.job.id == jobs[0] && due.cancel_requested, "{due:?}");
    kit.end(&due, Event::Cancelled { settlement: Some(Settlement::Refunded) }).await;
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Cancelled);
}
