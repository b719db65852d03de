//! Rates that are changed, and rates that give nothing.

use std::time::Duration;

use super::{
    Kit, Subject,
    kit::{SECOND, account, limits, wishes},
};
use reelq_store::{AccountLimits, ClaimStage};

room! { ($) rates_cases: rates {
    a_rate_of_none_gives_no_tokens,
    a_raised_rate_is_what_the_next_wait_goes_by,
} }

async fn limit(kit: &Kit<'_>, limits: AccountLimits) {
    kit.store.set_limits(&account("acct"), &limits).await.unwrap();
}

pub async fn a_rate_of_none_gives_no_tokens(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    kit.start_next("t").await;
    limit(&kit, AccountLimits { polls_per_second: 0.0, ..limits(0.0, 5, 100) }).await;
    kit.advance(SECOND);
    for stage in [ClaimStage::Submit, ClaimStage::Poll] {
        let claimed = kit.claim(stage, 9).await;
        assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None), "only other limits can bring work");
    }
    limit(&kit, limits(1000.0, 5, 100)).await;
    assert_eq!((kit.submits(9).await.len(), kit.polls(9).await.len()), (2, 1));
}

pub async fn a_raised_rate_is_what_the_next_wait_goes_by(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(9)).await;
    limit(&kit, limits(0.1, 3, 100)).await;
    assert_eq!(kit.submits(9).await.len(), 3);
    assert_eq!(kit.claim(ClaimStage::Submit, 9).await.retry_in, Some(SECOND * 10));
    limit(&kit, limits(10.0, 3, 100)).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    let next = Duration::from_millis(100);
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(next)), "a bucket of the new rate, and empty");
}
