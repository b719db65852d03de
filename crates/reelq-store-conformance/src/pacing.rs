//! What is learned of an account's limits: kept by version, and kept to by every claim.

use std::time::Duration;

use reelq_model::Limit;

use super::{
    Kit, Subject,
    kit::{SECOND, account, limits, wishes},
};
use reelq_store::{AccountLimits, ClaimStage, Pace, PaceView, Present, Refused};

room! { ($) pacing_cases: pacing {
    what_is_learned_is_kept_by_its_version,
    claims_keep_to_the_learned_rate,
    claims_keep_to_the_learned_cap,
    an_open_limit_may_be_outgrown,
    use_of_the_limits_is_counted,
    a_token_that_is_fetched_late_costs_nothing,
    a_rate_that_is_raised_ends_the_old_wait,
} }

async fn view(kit: &Kit<'_>) -> PaceView {
    kit.store.pace(&account("acct")).await.unwrap()
}

/// More refusals at once than a configured number is believed through.
const BEYOND_DOUBT: usize = 8;

/// What a worker learns from refusals that are too many for chance.
async fn refuse(kit: &Kit<'_>, limits: &AccountLimits, limit: Limit) -> Pace {
    let view = view(kit).await;
    let present = Present { limits, usage: view.usage, now: view.now };
    let refused = Refused { limit: Some(limit), begun: view.now, wait: SECOND };
    let pace = (0..BEYOND_DOUBT).fold(view.pace, |pace, _| pace.on_throttled(&refused, &present));
    assert!(kit.store.set_pace(&account("acct"), view.version, &pace).await.unwrap());
    pace
}

pub async fn what_is_learned_is_kept_by_its_version(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let nothing = view(&kit).await;
    assert_eq!((nothing.version, &nothing.pace), (0, &Pace::default()), "an account that no one has named");
    let limits = limits(10.0, 1, 100);
    kit.store.set_limits(&account("acct"), &limits).await.unwrap();
    let learned = refuse(&kit, &limits, Limit::Rate).await;
    let seen = view(&kit.another()).await;
    assert_eq!(seen.pace, learned);
    assert!(seen.version > nothing.version);
    let late = Pace::default();
    assert!(!kit.store.set_pace(&account("acct"), nothing.version, &late).await.unwrap(), "an older version");
    assert_eq!(view(&kit).await, seen);
    assert_eq!(kit.store.accounts().await.unwrap()[0].pace, learned);
}

pub async fn claims_keep_to_the_learned_rate(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    let wide = limits(10.0, 1, 100);
    kit.store.set_limits(&account("acct"), &wide).await.unwrap();
    let learned = refuse(&kit, &wide, Limit::Rate).await.requests_per_second(&wide);
    assert!(learned < 10.0);
    assert_eq!(kit.submits(9).await.len(), 1);
    let next = Duration::from_secs_f64(learned.recip());
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    let wait = claimed.retry_in.unwrap();
    assert!(wait.abs_diff(next) <= Duration::from_millis(1), "{wait:?} where the learned rate gives {next:?}");
    kit.store.set_limits(&account("acct"), &limits(2.0, 1, 100)).await.unwrap();
    kit.advance(SECOND);
    assert_eq!(kit.submits(9).await.len(), 1);
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!(claimed.retry_in, Some(SECOND / 2), "the lower of what is learned and what is configured");
}

pub async fn claims_keep_to_the_learned_cap(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    let wide = limits(1000.0, 100, 5);
    kit.store.set_limits(&account("acct"), &wide).await.unwrap();
    assert_eq!(kit.submits(4).await.len(), 4);
    let learned = refuse(&kit, &wide, Limit::InFlight).await.max_in_flight(&wide).get();
    assert!(learned < 4, "{learned} places after a refusal with four jobs in flight");
    assert!(kit.submits(9).await.is_empty());
}

pub async fn an_open_limit_may_be_outgrown(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    let open = AccountLimits { open_rate: true, open_in_flight: true, ..limits(1.0, 1, 1) };
    kit.store.set_limits(&account("acct"), &open).await.unwrap();
    let mut pace = Pace::default();
    for second in 0..10 {
        let usage = reelq_store::Usage { tokens: second * 1000, in_flight: 1000 };
        let now = reelq_model::Timestamp::from_millis(i64::try_from(second).unwrap() * 5000);
        pace = pace.on_quiet(&Present { limits: &open, usage, now }).unwrap();
    }
    let version = view(&kit).await.version;
    assert!(kit.store.set_pace(&account("acct"), version, &pace).await.unwrap());
    assert_eq!(kit.submits(1).await.len(), 1);
    kit.advance(SECOND * 9 / 10);
    assert_eq!(kit.submits(1).await.len(), 1, "sooner than the configured rate, and more than the configured cap");
}

pub async fn use_of_the_limits_is_counted(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    kit.store.set_limits(&account("acct"), &limits(1000.0, 100, 100)).await.unwrap();
    let leases = kit.submits(3).await;
    kit.start(&leases[0], "t1").await;
    kit.store.release(&leases[1..2]).await.unwrap();
    let usage = view(&kit.another()).await.usage;
    assert_eq!((usage.tokens, usage.in_flight), (3, 2), "a token that is not used is spent");
    kit.advance(SECOND);
    kit.polls(1).await;
    kit.submits(1).await;
    assert_eq!(view(&kit).await.usage.tokens, 4, "status requests are none of it");
}

pub async fn a_token_that_is_fetched_late_costs_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    kit.store.set_limits(&account("acct"), &limits(10.0, 1, 100)).await.unwrap();
    assert_eq!(kit.submits(9).await.len(), 1);
    kit.advance(Duration::from_millis(190));
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (1, Some(Duration::from_millis(10))), "never two at once");
    kit.advance(Duration::from_millis(110));
    assert_eq!(kit.claim(ClaimStage::Submit, 9).await.retry_in, Some(Duration::from_millis(100)), "a whole one late");
}

pub async fn a_rate_that_is_raised_ends_the_old_wait(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    kit.store.set_limits(&account("acct"), &limits(0.01, 1, 100)).await.unwrap();
    assert_eq!(kit.submits(9).await.len(), 1);
    kit.store.set_limits(&account("acct"), &limits(10.0, 1, 100)).await.unwrap();
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(SECOND / 10)));
    kit.advance(SECOND / 10);
    assert_eq!(kit.submits(9).await.len(), 1, "once the new wait is over");
}
