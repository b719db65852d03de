//! The breaker's part: places before a request leaves, and what outcomes say of the account.

use std::time::Duration;

use reelq_model::{Event, FailureKind, JobId, Setback, SubmitOutcome, Timestamp, Trouble, TroubleKind, Troubles};
use reelq_store::{Ask, Begun, Breaker, BreakerPolicy, Fault, PauseReason};
use reelq_testkit::{
    Steps,
    sample::{self, NOW},
};
use reelq_worker::Finish;

use crate::stand::Stand;

const HOUR: Duration = Duration::from_hours(1);

fn accepted() -> SubmitOutcome {
    SubmitOutcome::Accepted(sample::acceptance("task-1"))
}

fn turned_away() -> SubmitOutcome {
    SubmitOutcome::TurnedAway(Setback::new("HTTP 403 with a page"))
}

/// The job was turned away so often, the first time at `since`.
fn was_turned_away(stand: &mut Stand, count: u32, since: Timestamp) {
    let last = Trouble::new(TroubleKind::TurnedAway, "HTTP 403 with a page");
    stand.context.edit(|job| job.troubles = Some(Troubles { last, since, at: NOW, count }));
}

async fn breaker(stand: &Stand) -> Breaker {
    stand.store.breaker(&sample::account()).await.unwrap().breaker
}

/// A fresh job at the same account.
async fn next(stand: &mut Stand, outcome: SubmitOutcome) -> Finish {
    stand.turn_to_a_new_job(u8::try_from(stand.log.all().len()).unwrap());
    stand.exchange.outcomes.push(outcome);
    stand.handle().await
}

#[tokio::test]
async fn row_that_is_turned_away_goes_back_and_is_not_judged() {
    let mut stand = Stand::new().answering(turned_away());
    let finish = stand.handle().await;
    assert!(matches!(&finish, Finish::Event(Event::TurnedAway { reason, .. }) if reason.contains("403")), "{finish:?}");
    assert_eq!(stand.pauses().await, [], "one row says nothing of the account");
}

#[tokio::test]
async fn row_that_alone_is_turned_away_for_an_hour_ends_with_advice() {
    let mut stand = Stand::new().answering(accepted());
    stand.handle().await;
    let mut stand = stand.anew().answering(turned_away());
    was_turned_away(&mut stand, 9, NOW.before(HOUR));
    let finish = stand.handle().await;
    let Finish::Event(Event::Rejected { failure }) = finish else { panic!("{finish:?}") };
    assert_eq!(failure.kind, FailureKind::Provider);
    assert!(
        failure.message.contains("10 times in 60 minutes") && failure.message.contains("never bought"),
        "{failure}"
    );
}

#[tokio::test]
async fn neither_a_count_nor_a_time_alone_ends_a_row_that_is_turned_away() {
    for (count, since) in [(500, NOW.before(HOUR / 2)), (8, NOW.before(HOUR * 100))] {
        let mut stand = Stand::new().answering(accepted());
        stand.handle().await;
        let mut stand = stand.anew().answering(turned_away());
        was_turned_away(&mut stand, count, since);
        let finish = stand.handle().await;
        assert!(matches!(finish, Finish::Event(Event::TurnedAway { .. })), "{finish:?}");
    }
}

#[tokio::test]
async fn where_nobody_gets_through_no_row_is_at_fault() {
    let mut stand = Stand::new().answering(turned_away());
    was_turned_away(&mut stand, 500, NOW.before(HOUR * 100));
    let finish = stand.handle().await;
    assert!(matches!(finish, Finish::Event(Event::TurnedAway { .. })), "{finish:?}");
}

#[tokio::test]
async fn bad_outcomes_of_a_few_rows_hold_the_account() {
    let mut stand = Stand::new();
    for _ in 0..4 {
        next(&mut stand, SubmitOutcome::NotSent(Setback::new("connection refused"))).await;
        stand.log.add("another");
    }
    assert_eq!(stand.pauses().await, []);
    next(&mut stand, turned_away()).await;
    let pauses = stand.pauses().await;
    let PauseReason::Breaker { fault, count, .. } = &pauses[0].reason else { panic!("{pauses:?}") };
    assert_eq!((*fault, *count), (Fault::TurnedAway, 5));
    stand.log.add("another");
    let sent = stand.log.all().len();
    assert_eq!(stand.handle().await, Finish::GiveBack, "not before its probe is due");
    assert_eq!(stand.log.all().len(), sent, "nothing was sent");
}

#[tokio::test]
async fn place_is_given_back_with_every_outcome_and_where_nothing_is_sent() {
    let outcomes = [
        accepted(),
        SubmitOutcome::Throttled(Setback::new("429")),
        SubmitOutcome::Rejected(reelq_model::Failure::new(FailureKind::Invalid, "no")),
    ];
    for outcome in outcomes {
        let mut stand = Stand::new().without_keys().answering(outcome);
        stand.handle().await;
        assert!(breaker(&stand).await.is_quiet());
    }
    let mut stand = Stand::new().without_keys();
    stand.context.steps = Steps::Lost;
    assert_eq!(stand.handle().await, Finish::Lost);
    assert!(breaker(&stand).await.is_quiet(), "the lease was lost before anything was sent");
    let mut stand = Stand::new().without_keys();
    stand.submission_gate.close(reelq_worker::Scope::Account(sample::account()), "lag", "full");
    stand.handle().await;
    assert!(breaker(&stand).await.is_quiet(), "the gate was closed");
}

#[tokio::test]
async fn purchase_waits_where_as_many_as_may_be_are_under_way() {
    let mut stand = Stand::new().without_keys();
    let policy = BreakerPolicy {
        after: 5,
        lost_after: 3,
        slots: true,
        wait: Duration::from_secs(1),
        longest: Duration::from_secs(1),
    };
    for number in 1..=3 {
        let view = stand.store.breaker(&sample::account()).await.unwrap();
        let ask = Ask { job: JobId::from_bytes([number; 16]), number: 1, lasts: HOUR };
        let Begun::Taken(taken, _) = view.breaker.begin(&ask, &policy, view.now) else { panic!("there is a place") };
        assert!(stand.store.set_breaker(&sample::account(), view.version, &taken).await.unwrap());
    }
    assert_eq!(stand.handle().await, Finish::GiveBack, "it spends no attempt, and is no one's setback");
    assert_eq!(stand.log.all(), [""; 0]);
}

#[tokio::test]
async fn what_an_earlier_worker_left_under_way_counts_once() {
    let stand = Stand::new().without_keys();
    stand.context.set_times_left([Duration::from_mins(1)]);
    let submission = reelq_model::Submission {
        number: 1,
        key: stand.context.job.next_key(),
        body: reelq_model::Digest::of(b"v1 a cat"),
        at: NOW,
        mark: None,
    };
    let view = stand.store.breaker(&sample::account()).await.unwrap();
    let ask = Ask { job: stand.context.job.id, number: 1, lasts: HOUR };
    let policy = stand.settings.breaker_policy(&stand.provider.capability);
    let Begun::Taken(taken, _) = view.breaker.begin(&ask, &policy, view.now) else { panic!("there is a place") };
    assert!(stand.store.set_breaker(&sample::account(), view.version, &taken).await.unwrap());
    let mut stand = stand.after(Event::Sending { submission });
    assert!(matches!(stand.handle().await, Finish::Event(Event::Unresolved { .. })));
    let counted = breaker(&stand).await;
    assert!(!counted.is_quiet());
    assert_eq!(counted.lost_one(stand.context.job.id, 1, &policy, NOW), None, "it was counted");
}
