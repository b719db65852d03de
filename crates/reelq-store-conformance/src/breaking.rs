//! The breaker: kept by version, and its pause with it in one step.

use std::time::Duration;

use super::{
    Kit, Subject,
    kit::{SECOND, account, limits, stranger, wishes},
};
use reelq_store::{Ask, Begun, Breaker, BreakerPolicy, BreakerView, ClaimStage, Fault, PauseReason, Told, Verdict};

room! { ($) breaking_cases: breaking {
    a_breaker_is_kept_by_its_version,
    an_open_breaker_holds_submissions_until_its_probe_and_no_longer,
    a_closed_breaker_lets_everybody_go_on_at_once,
    a_person_resets_the_breaker_and_a_run_does_not,
} }

const POLICY: BreakerPolicy = BreakerPolicy {
    after: 1,
    lost_after: 1,
    slots: false,
    wait: Duration::from_secs(10),
    longest: Duration::from_secs(10),
};

async fn view(kit: &Kit<'_>) -> BreakerView {
    kit.store.breaker(&account("acct")).await.unwrap()
}

/// One bad outcome is enough here.
async fn open(kit: &Kit<'_>) -> Breaker {
    let view = view(kit).await;
    let verdict = Verdict::Bad { fault: Fault::NotSent, reason: "refused".to_owned(), wait: None };
    let told = Told { job: stranger(), number: 1, verdict };
    let breaker = view.breaker.settle(&told, &POLICY, view.now, 0.0).unwrap();
    assert!(kit.store.set_breaker(&account("acct"), view.version, &breaker).await.unwrap());
    breaker
}

pub async fn a_breaker_is_kept_by_its_version(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let nothing = view(&kit).await;
    assert_eq!((nothing.version, &nothing.breaker), (0, &Breaker::default()), "an account that no one has named");
    let breaker = open(&kit).await;
    let seen = view(&kit.another()).await;
    assert_eq!(seen.breaker, breaker);
    assert!(seen.version > nothing.version);
    assert!(!kit.store.set_breaker(&account("acct"), nothing.version, &Breaker::default()).await.unwrap(), "older");
    assert_eq!(view(&kit).await.breaker, breaker, "and with it its pause stays");
    assert_eq!(kit.account("acct").await.pauses.len(), 1);
}

pub async fn an_open_breaker_holds_submissions_until_its_probe_and_no_longer(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    kit.store.set_limits(&account("acct"), &limits(1000.0, 100, 100)).await.unwrap();
    kit.start_next("t1").await;
    let breaker = open(&kit).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(SECOND * 10)));
    kit.advance(SECOND);
    assert_eq!(kit.polls(9).await.len(), 1, "what was bought is followed");
    let pause = kit.account("acct").await.pauses.remove(0);
    let PauseReason::Breaker { fault, message, count, probes } = &pause.reason else { panic!("{pause:?}") };
    assert_eq!((*fault, message.as_str(), *count, *probes), (Fault::NotSent, "refused", 1, 0));
    assert_eq!((pause.since, pause.until), breaker.open.map(|open| (open.since, Some(open.next))).unwrap());
    kit.advance(SECOND * 9);
    assert_eq!(kit.submits(1).await.len(), 1, "the probe is due");
    let seen = view(&kit).await;
    let ask = Ask { job: stranger(), number: 1, lasts: SECOND * 5 };
    let Begun::Taken(probing, _) = seen.breaker.begin(&ask, &POLICY, seen.now) else { panic!("the probe is due") };
    assert!(kit.store.set_breaker(&account("acct"), seen.version, &probing).await.unwrap());
    assert_eq!(kit.claim(ClaimStage::Submit, 9).await.retry_in, Some(SECOND * 5), "one at a time");
}

pub async fn a_closed_breaker_lets_everybody_go_on_at_once(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    kit.store.set_limits(&account("acct"), &limits(1000.0, 100, 100)).await.unwrap();
    open(&kit).await;
    assert!(kit.submits(9).await.is_empty());
    let mark = kit.store.watch(0, Duration::ZERO).await.unwrap();
    let seen = view(&kit.another()).await;
    let told = Told { job: stranger(), number: 2, verdict: Verdict::Good };
    let closed = seen.breaker.settle(&told, &POLICY, seen.now, 0.0).unwrap();
    assert!(kit.another().store.set_breaker(&account("acct"), seen.version, &closed).await.unwrap());
    assert_ne!(kit.store.watch(mark, SECOND * 5).await.unwrap(), mark, "who waits hears of it");
    assert_eq!(kit.submits(9).await.len(), 3);
    assert!(kit.account("acct").await.pauses.is_empty());
}

pub async fn a_person_resets_the_breaker_and_a_run_does_not(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let slots = BreakerPolicy { slots: true, after: 2, lost_after: 2, ..POLICY };
    let seen = view(&kit).await;
    let ask = Ask { job: stranger(), number: 9, lasts: SECOND * 60 };
    let Begun::Taken(taken, _) = seen.breaker.begin(&ask, &slots, seen.now) else { panic!("it is closed") };
    assert!(kit.store.set_breaker(&account("acct"), seen.version, &taken).await.unwrap());
    open(&kit).await;
    kit.store.resume_account(&account("acct"), false).await.unwrap();
    assert!(kit.submits(9).await.is_empty(), "the next run of a schedule must not begin the outage anew");
    kit.store.resume_account(&account("acct"), true).await.unwrap();
    let after = view(&kit).await.breaker;
    assert_eq!(after.open, None);
    assert!(!after.is_quiet(), "a purchase under way is not forgotten");
    assert_eq!(kit.submits(9).await.len(), 3);
}
