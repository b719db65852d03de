//! Rates, caps, pauses and budgets: exact over all workers, and never a hold-up for those they do not concern.

use std::time::Duration;

use reelq_model::{BlockReason, Event, Failure, FailureKind, Money};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, account, batch, cents, ids, limits, one, running, sending, wish, wishes},
};
use reelq_store::{AccountLimits, ClaimStage, Claimed, PauseReason};

room! { ($) limiting_cases: limiting {
    tokens_are_handed_out_exactly,
    tokens_of_released_jobs_are_spent,
    a_claim_that_brings_nothing_takes_no_token,
    status_requests_have_a_rate_of_their_own,
    the_cap_counts_what_is_claimed_submitting_and_running,
    an_unconfirmed_job_takes_no_place_but_holds_its_money,
    throttling_holds_submissions_and_status_requests_until_it_ends,
    a_blocked_account_submits_nothing_until_a_person_resumes_it,
    a_paused_batch_never_holds_up_another,
    a_budget_is_never_passed_and_holds_up_no_other_batch,
    what_a_budget_cannot_pay_is_passed_over_for_what_it_can,
    a_price_that_is_not_known_waits_under_a_budget_only,
    a_charge_above_the_price_counts_against_the_budget,
    a_claim_can_be_narrowed_to_a_batch,
    a_job_held_back_for_a_while_holds_up_no_other,
} }

async fn limit(kit: &Kit<'_>, limits: AccountLimits) {
    kit.store.set_limits(&account("acct"), &limits).await.unwrap();
}

pub async fn tokens_are_handed_out_exactly(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(30)).await;
    limit(&kit, limits(4.0, 3, 100)).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!(claimed.leases.len(), 3, "the burst");
    assert_eq!(claimed.retry_in, Some(Duration::from_millis(250)));
    kit.advance(Duration::from_millis(249));
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(Duration::from_millis(1))));
    kit.advance(Duration::from_millis(1));
    assert_eq!(kit.submits(9).await.len(), 1);
    kit.advance(Duration::from_millis(500));
    assert_eq!(kit.another().submits(9).await.len(), 2, "over all processes together");
    kit.advance(SECOND * 60);
    assert_eq!(kit.submits(9).await.len(), 3, "a quiet time saves no more than the burst");
}

pub async fn tokens_of_released_jobs_are_spent(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    limit(&kit, limits(1.0, 1, 100)).await;
    let lease = kit.submit().await;
    kit.store.release(&[lease]).await.unwrap();
    assert!(kit.submits(1).await.is_empty());
    kit.advance(SECOND);
    kit.submit().await;
}

pub async fn a_claim_that_brings_nothing_takes_no_token(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    limit(&kit, limits(1.0, 2, 100)).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None), "only news can bring work");
    kit.load("b", &wishes(3)).await;
    assert_eq!(kit.submits(9).await.len(), 2);
}

pub async fn status_requests_have_a_rate_of_their_own(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(5)).await;
    limit(&kit, AccountLimits { polls_per_second: 2.0, ..limits(1000.0, 100, 100) }).await;
    for task in ["t1", "t2", "t3", "t4", "t5"] {
        kit.start_next(task).await;
    }
    kit.advance(SECOND);
    let claimed = kit.claim(ClaimStage::Poll, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (2, Some(SECOND / 2)));
    kit.advance(SECOND / 2);
    assert_eq!(kit.polls(9).await.len(), 1);
}

pub async fn the_cap_counts_what_is_claimed_submitting_and_running(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(5)).await;
    limit(&kit, limits(1000.0, 100, 2)).await;
    let leases = kit.submits(9).await;
    assert_eq!(leases.len(), 2);
    assert!(kit.submits(9).await.is_empty(), "claimed");
    let sent = kit.send(&leases[0]).await;
    assert!(kit.submits(9).await.is_empty(), "submitting");
    kit.end(&sent, super::kit::accepted(&sent, "t")).await;
    assert!(kit.submits(9).await.is_empty(), "running");
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), super::kit::finished(None)).await;
    assert_eq!(kit.submits(9).await.len(), 1, "fetching takes no place");
    let rejected = Event::Rejected { failure: Failure::new(FailureKind::Invalid, "no") };
    kit.end(&leases[1], rejected).await;
    assert_eq!(kit.submits(9).await.len(), 1);
}

pub async fn an_unconfirmed_job_takes_no_place_but_holds_its_money(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("b", 15, &wishes(2)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    assert_eq!(kit.in_flight().await, 0);
    let view = kit.batch("b").await;
    assert_eq!((view.reserved, view.budget_reached), (cents(10), true));
    assert!(kit.submits(1).await.is_empty());
}

pub async fn throttling_holds_submissions_and_status_requests_until_it_ends(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    kit.start_next("t1").await;
    kit.advance(SECOND);
    let acct = account("acct");
    kit.store.pause_account(&acct, &PauseReason::Throttled, Some(SECOND * 9)).await.unwrap();
    kit.store.pause_account(&acct, &PauseReason::Throttled, Some(SECOND * 3)).await.unwrap();
    for stage in [ClaimStage::Submit, ClaimStage::Poll] {
        let claimed = kit.another().claim(stage, 1).await;
        assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(SECOND * 9)), "the longer one stands");
    }
    kit.store.resume_account(&acct, false).await.unwrap();
    assert_eq!(
        kit.store.accounts().await.unwrap()[0].pauses.len(),
        1,
        "only a person lifts what the provider asked for"
    );
    kit.advance(SECOND * 9);
    let (submits, poll) = (kit.submits(1).await, one(kit.polls(1).await));
    assert_eq!(submits.len(), 1);
    kit.end(&poll, running("rendering", SECOND)).await;
    assert!(kit.store.accounts().await.unwrap()[0].pauses.is_empty());
    kit.store.pause_account(&acct, &PauseReason::Throttled, Some(SECOND * 3_600)).await.unwrap();
    let held = kit.claim(ClaimStage::Poll, 1).await;
    assert_eq!((held.leases.len(), held.retry_in), (0, Some(SECOND * 300)), "what is paid for is not silenced");
    kit.advance(SECOND * 300);
    assert_eq!((kit.submits(1).await.len(), kit.polls(1).await.len()), (0, 1));
    kit.store.resume_account(&acct, true).await.unwrap();
    assert_eq!(kit.submits(1).await.len(), 1);
}

pub async fn a_blocked_account_submits_nothing_until_a_person_resumes_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    kit.start_next("t1").await;
    kit.advance(SECOND);
    let acct = account("acct");
    let blocked = PauseReason::Blocked { block: BlockReason::NoCredit, message: "top up".to_owned() };
    kit.store.pause_account(&acct, &blocked, None).await.unwrap();
    kit.store.pause_account(&acct, &PauseReason::Operator, None).await.unwrap();
    kit.advance(LEASE * 1000);
    let claimed = kit.claim(ClaimStage::Submit, 1).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None));
    assert_eq!(kit.polls(1).await.len(), 1, "what was bought is followed");
    kit.store.resume_account(&acct, false).await.unwrap();
    assert!(kit.submits(1).await.is_empty(), "the person's pause stands");
    kit.store.resume_account(&acct, true).await.unwrap();
    assert_eq!(kit.submits(1).await.len(), 1);
}

pub async fn a_paused_batch_never_holds_up_another(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let urgent: Vec<_> = wishes(50).into_iter().map(|wish| wish.priority(9)).collect();
    kit.load("paused", &urgent).await;
    let jobs = kit.load("open", &wishes(2)).await;
    kit.store.pause_batch(&batch("paused"), true).await.unwrap();
    assert_eq!(ids(&kit.submits(9).await), jobs);
    assert!(kit.batch("paused").await.paused);
    kit.store.pause_batch(&batch("paused"), false).await.unwrap();
    assert_eq!(kit.submits(99).await.len(), 50);
}

pub async fn a_budget_is_never_passed_and_holds_up_no_other_batch(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let poor = kit.load_with_budget("poor", 25, &wishes(9)).await;
    let rich = kit.load("rich", &wishes(2)).await;
    let leases = kit.submits(9).await;
    assert_eq!(ids(&leases), [poor[0], rich[0], poor[1], rich[1]]);
    let view = kit.batch("poor").await;
    assert!(view.budget_reached);
    assert!(!kit.batch("rich").await.budget_reached);
    let rejected = Event::Rejected { failure: Failure::new(FailureKind::Content, "no") };
    kit.end(&leases[0], rejected).await;
    assert_eq!(ids(&kit.submits(9).await), poor[2..3], "money that was not spent is there again");
}

pub async fn what_a_budget_cannot_pay_is_passed_over_for_what_it_can(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let mixed =
        [wish("dear").cents(90).priority(5), wish("fair").cents(40), wish("more").cents(40), wish("last").cents(20)];
    let jobs = kit.load_with_budget("b", 60, &mixed).await;
    assert_eq!(ids(&kit.submits(9).await), [jobs[1], jobs[3]]);
    assert!(kit.batch("b").await.budget_reached);
}

pub async fn a_price_that_is_not_known_waits_under_a_budget_only(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("capped", 100, &[wish("unknown").unpriced()]).await;
    let free = kit.load("free", &[wish("unknown").unpriced()]).await;
    assert_eq!(ids(&kit.submits(9).await), free);
    let view = kit.batch("capped").await;
    assert_eq!((view.unpriced, view.to_spend, view.budget_reached), (1, Money::ZERO, true));
    assert_eq!(kit.batch("free").await.unpriced, 1);
}

pub async fn a_charge_above_the_price_counts_against_the_budget(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("b", 20, &wishes(2)).await;
    let sent = kit.send(&kit.submit().await).await;
    let mut acceptance = super::kit::acceptance("t1", 1);
    acceptance.cost = Some(cents(15));
    kit.end(&sent, Event::Accepted { acceptance, first_poll: SECOND }).await;
    assert_eq!(kit.batch("b").await.spent, cents(15));
    assert!(kit.submits(1).await.is_empty());
}

pub async fn a_claim_can_be_narrowed_to_a_batch(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("one", &wishes(2)).await;
    let two = kit.load("two", &wishes(2)).await;
    let mut claim = kit.claim_of(ClaimStage::Submit, 9);
    claim.batch = Some(batch("two"));
    assert_eq!(ids(&kit.store.claim(&claim).await.unwrap().leases), two);
    claim.batch = Some(batch("none"));
    let Claimed { leases, retry_in, .. } = kit.store.claim(&claim).await.unwrap();
    assert_eq!((leases.len(), retry_in), (0, None));
}

pub async fn a_job_held_back_for_a_while_holds_up_no_other(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let lease = kit.submit().await;
    kit.end(&lease, Event::Throttled { reason: "429".to_owned(), after: SECOND * 2 }).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!(ids(&claimed.leases), jobs[1..]);
    assert_eq!(claimed.retry_in, Some(SECOND * 2));
    kit.advance(SECOND * 2);
    let again = kit.submit().await;
    assert_eq!(again.job.id, jobs[0]);
    assert_eq!(
        sending(&again),
        sending(&reelq_store::Lease { granted_at: again.granted_at, ..lease }),
        "the same number and key"
    );
}
