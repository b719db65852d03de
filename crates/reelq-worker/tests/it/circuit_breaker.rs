//! The breaker as two processes share it.

use std::time::Duration;

use reelq_model::{AccountName, JobId, Timestamp};
use reelq_store::{Ask, BreakerPolicy, Fault, Told, Verdict};
use reelq_testkit::TestStore;
use reelq_worker::{Admission, CircuitBreaker, SharedRng};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const UNKEYED: BreakerPolicy = BreakerPolicy {
    after: 5,
    lost_after: 3,
    slots: true,
    wait: Duration::from_secs(5),
    longest: Duration::from_mins(10),
};

fn account() -> AccountName {
    AccountName::new("acct").unwrap()
}

fn ask(job: u8) -> Ask {
    Ask { job: JobId::from_bytes([job; 16]), number: 1, lasts: Duration::from_secs(30) }
}

fn outcome(job: u8, verdict: Verdict) -> Told {
    Told { job: JobId::from_bytes([job; 16]), number: 1, verdict }
}

/// Two processes on one store.
fn two(own: &TestStore, policy: BreakerPolicy) -> [CircuitBreaker; 2] {
    [1, 2].map(|seed| CircuitBreaker::new(account(), own.another(), policy, SharedRng::seeded(seed)))
}

#[tokio::test]
async fn two_processes_never_have_more_under_way_than_the_threshold() {
    let own = TestStore::with_standing_clock();
    let [one, other] = two(&own, UNKEYED);
    let asks: Vec<_> = (1..=8).map(ask).collect();
    let begun =
        asks.iter().enumerate().map(|(at, ask)| if at % 2 == 0 { one.admit(ask, NOW) } else { other.admit(ask, NOW) });
    let admitted = futures_util::future::join_all(begun).await;
    let through = admitted.iter().filter(|admission| **admission != Admission::Refused).count();
    assert_eq!(through, 3, "{admitted:?}");
}

#[tokio::test]
async fn what_one_process_is_told_holds_the_other() {
    let own = TestStore::with_standing_clock();
    let keyed = BreakerPolicy { slots: false, lost_after: 5, ..UNKEYED };
    let [one, other] = two(&own, keyed);
    let bad = || Verdict::Bad { fault: Fault::NotSent, reason: "refused".to_owned(), wait: None };
    for job in 1..=5 {
        let reporter = if job % 2 == 0 { &one } else { &other };
        reporter.record(&outcome(job, bad()), NOW).await;
    }
    for breaker in [&one, &other] {
        assert_eq!(breaker.admit(&ask(9), NOW).await, Admission::Refused);
    }
    one.record(&outcome(10, Verdict::Good), NOW).await;
    assert_eq!(other.admit(&ask(9), NOW).await, Admission::Free, "a late success is everybody's");
}

#[tokio::test]
async fn good_outcomes_cost_no_write_where_all_is_well() {
    let own = TestStore::with_standing_clock();
    let keyed = BreakerPolicy { slots: false, lost_after: 5, ..UNKEYED };
    let [one, _] = two(&own, keyed);
    one.record(&outcome(1, Verdict::Good), NOW).await;
    let noted = own.store.breaker(&account()).await.unwrap().version;
    for job in 2..50 {
        assert_eq!(one.admit(&ask(job), NOW).await, Admission::Free);
        one.record(&outcome(job, Verdict::Good), NOW).await;
        one.record_fetch(JobId::from_bytes([job; 16]), Ok(()), NOW).await;
    }
    assert_eq!(own.store.breaker(&account()).await.unwrap().version, noted);
}
