//! Budgets of an account, in all and for each UTC day of the store's time.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, JobId, Money, Settlement};

use super::{
    Kit, Subject,
    kit::{SECOND, acceptance, account, batch, cents, ids, limits, one, wish, wishes},
};
use reelq_store::{AccountCap, AccountLimits, ClaimStage, HeldBatch, Lease};

room! { ($) budgets_cases: budgets {
    an_accounts_budget_is_never_passed,
    another_account_is_not_delayed_by_a_spent_budget,
    what_an_accounts_budget_cannot_pay_is_passed_over_for_what_it_can,
    a_days_budget_starts_anew_at_midnight_with_what_is_open,
    a_refund_of_today_buys_again_today,
    a_refund_of_yesterday_buys_nothing_today,
    the_end_of_the_day_is_told_where_it_alone_holds_work_back,
    what_no_day_can_pay_waits_for_no_day,
    a_charge_above_the_price_counts_against_account_and_day,
    a_charge_that_nobody_expected_counts_against_account_and_day,
    a_price_that_is_not_known_waits_under_any_budget_of_the_account,
    a_budget_that_is_raised_or_lifted_lets_work_go_on,
    a_view_names_the_batches_that_wait_for_money,
} }

/// Limits that let everything go but for money, in cents.
async fn caps(kit: &Kit<'_>, budget: Option<i64>, daily: Option<i64>) {
    let (budget, daily_budget) = (budget.map(cents), daily.map(cents));
    let limits = AccountLimits { budget, daily_budget, ..limits(1000.0, 1000, 1000) };
    kit.store.set_limits(&account("acct"), &limits).await.unwrap();
}

fn rejected() -> Event {
    Event::Rejected { failure: Failure::new(FailureKind::Content, "no") }
}

/// What the account has used, and what of it today, in cents.
async fn used(kit: &Kit<'_>) -> (i64, i64) {
    let view = kit.account("acct").await;
    let used = |spent: Money| (spent + view.reserved).micros() / 10_000;
    (used(view.spent), used(view.spent_today))
}

/// Buys the next job that is ready and lets its task fail, charged or refunded.
async fn fail_next(kit: &Kit<'_>, task: &str, settlement: Settlement) {
    let job = kit.start_next(task).await;
    fail(kit, job, settlement).await;
}

async fn fail(kit: &Kit<'_>, job: JobId, settlement: Settlement) {
    kit.advance(SECOND);
    let polls = kit.polls(9).await;
    let (wanted, others): (Vec<Lease>, Vec<Lease>) = polls.into_iter().partition(|lease| lease.job.id == job);
    kit.store.release(&others).await.unwrap();
    let failure = Failure::new(FailureKind::Provider, "broken");
    kit.end(&one(wanted), Event::Failed { failure, settlement, cost: None, retry_after: None }).await;
}

pub async fn an_accounts_budget_is_never_passed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(35), None).await;
    kit.load("one", &wishes(9)).await;
    kit.load("two", &wishes(9)).await;
    let leases = kit.submits(9).await;
    assert_eq!((leases.len(), used(&kit).await.0), (3, 30), "claimed");
    assert!(kit.another().submits(9).await.is_empty(), "for all processes together");
    let sent = kit.send(&leases[0]).await;
    assert!(kit.submits(9).await.is_empty(), "reserved");
    kit.end(&sent, super::kit::accepted(&sent, "t")).await;
    assert!(kit.submits(9).await.is_empty(), "spent");
    kit.end(&leases[1], rejected()).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!(claimed.leases.len(), 1, "money that was not spent is there again");
    assert_eq!((claimed.retry_in, claimed.until_day_ends), (None, false), "no day brings more");
    kit.store.release(&claimed.leases).await.unwrap();
    assert_eq!(used(&kit).await.0, 20);
}

pub async fn another_account_is_not_delayed_by_a_spent_budget(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(5), Some(5)).await;
    kit.load("b", &[wish("poor"), wish("rich").account("other")]).await;
    assert!(kit.submits(9).await.is_empty());
    let mut claim = kit.claim_of(ClaimStage::Submit, 9);
    claim.account = account("other");
    assert_eq!(kit.store.claim(&claim).await.unwrap().leases.len(), 1);
    let view = kit.batch("b").await;
    assert!(!view.budget_reached, "the batch has no budget");
}

pub async fn what_an_accounts_budget_cannot_pay_is_passed_over_for_what_it_can(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(100), Some(60)).await;
    let mixed = [wish("dear").cents(90).priority(5), wish("fair").cents(40), wish("more").cents(40)];
    let jobs = kit.load("mixed", &mixed).await;
    let cheap = kit.load("cheap", &[wish("last").cents(20)]).await;
    assert_eq!(ids(&kit.submits(9).await), [jobs[1], cheap[0]]);
    assert_eq!(used(&kit).await, (60, 60));
}

pub async fn a_days_budget_starts_anew_at_midnight_with_what_is_open(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, None, Some(35)).await;
    kit.load("b", &wishes(9)).await;
    kit.start_next("charged").await;
    let open = kit.send(&kit.submit().await).await;
    kit.submit().await;
    assert!(kit.submits(9).await.is_empty());
    assert_eq!(used(&kit).await, (30, 30));
    let late = kit.another();
    kit.until_midnight().await;
    assert_eq!(kit.account("acct").await.spent_today, Money::ZERO, "yesterday's charge is yesterday's");
    assert_eq!(late.store.heartbeat(&late.me).await.unwrap(), 2, "the leases of the night have ended");
    assert_eq!(used(&kit).await, (20, 10), "the submission under way counts again, what was only claimed is free");
    assert_eq!(late.submits(9).await.len(), 3, "its replay, and two more");
    let replies = Event::Accepted { acceptance: acceptance("late", open.job.next_submission()), first_poll: SECOND };
    kit.end(&open, replies).await;
    assert_eq!(used(&kit).await, (40, 30), "charged today, however long ago it was set aside");
    assert!(kit.submits(9).await.is_empty());
    kit.until_midnight().await;
    late.store.heartbeat(&late.me).await.unwrap();
    assert_eq!((used(&kit).await, kit.submits(9).await.len()), ((20, 0), 3));
}

pub async fn a_refund_of_today_buys_again_today(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(15), Some(15)).await;
    kit.load("b", &wishes(9)).await;
    fail_next(&kit, "t1", Settlement::Refunded).await;
    assert_eq!(used(&kit).await, (0, 0));
    fail_next(&kit, "t2", Settlement::Charged).await;
    assert_eq!(used(&kit).await, (10, 10));
    assert!(kit.submits(9).await.is_empty());
}

pub async fn a_refund_of_yesterday_buys_nothing_today(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(25), Some(15)).await;
    kit.load("b", &wishes(9)).await;
    let old = kit.start_next("old").await;
    kit.until_midnight().await;
    kit.start_next("new").await;
    assert_eq!(used(&kit).await, (20, 10));
    fail(&kit, old, Settlement::Refunded).await;
    assert_eq!(used(&kit).await, (10, 10), "the account has it back, today has not");
    assert!(kit.submits(9).await.is_empty());
    kit.until_midnight().await;
    assert_eq!(kit.submits(9).await.len(), 1, "and tomorrow it is there");
}

pub async fn the_end_of_the_day_is_told_where_it_alone_holds_work_back(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, None, Some(15)).await;
    kit.load("b", &wishes(9)).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    let now = kit.store.now().await.unwrap();
    let rest = now.day_end().since(now);
    assert_eq!((claimed.leases.len(), claimed.retry_in, claimed.until_day_ends), (1, Some(rest), true));
    let after = Duration::from_secs(30);
    kit.end(&claimed.leases[0], Event::Throttled { reason: "429".to_owned(), after }).await;
    let other = kit.submit().await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!(
        (claimed.retry_in, claimed.until_day_ends),
        (Some(after), false),
        "a job that is due sooner is asked for"
    );
    kit.start(&other, "t").await;
    kit.until_midnight().await;
    assert_eq!(kit.submits(9).await.len(), 1);
}

pub async fn what_no_day_can_pay_waits_for_no_day(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(1000), Some(15)).await;
    kit.load("dear", &[wish("dear").cents(16)]).await;
    kit.load("unknown", &[wish("unknown").unpriced()]).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.retry_in, claimed.until_day_ends), (0, None, false));
    let held = kit.account("acct").await.held;
    assert!(held.iter().all(|held| held.until.is_none()), "{held:?}");
    assert_eq!((held[0].by, held[1].by), (AccountCap::DailyBudget, AccountCap::Budget));
}

pub async fn a_charge_above_the_price_counts_against_account_and_day(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(100), Some(25)).await;
    kit.load("b", &wishes(3)).await;
    let sent = kit.send(&kit.submit().await).await;
    let mut acceptance = acceptance("t1", 1);
    acceptance.cost = Some(cents(20));
    kit.end(&sent, Event::Accepted { acceptance, first_poll: SECOND }).await;
    assert_eq!(used(&kit).await, (20, 20));
    assert!(kit.submits(1).await.is_empty());
}

pub async fn a_charge_that_nobody_expected_counts_against_account_and_day(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(100), Some(35)).await;
    kit.load("b", &wishes(3)).await;
    let job = kit.start_next("t1").await;
    kit.store.record_acceptance(job, &acceptance("twice", 1), SECOND).await.unwrap();
    assert_eq!(used(&kit).await, (20, 20));
    assert_eq!(kit.submits(9).await.len(), 1);
}

pub async fn a_price_that_is_not_known_waits_under_any_budget_of_the_account(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &[wish("unknown").unpriced()]).await;
    for (budget, daily) in [(Some(1000), None), (None, Some(1000))] {
        caps(&kit, budget, daily).await;
        assert!(kit.submits(1).await.is_empty());
    }
    caps(&kit, None, None).await;
    assert_eq!(kit.submits(1).await.len(), 1);
}

pub async fn a_budget_that_is_raised_or_lifted_lets_work_go_on(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    caps(&kit, Some(15), Some(15)).await;
    kit.load("b", &wishes(9)).await;
    assert_eq!(kit.submits(9).await.len(), 1);
    caps(&kit, Some(25), Some(15)).await;
    assert!(kit.submits(9).await.is_empty(), "both must allow it");
    caps(&kit, Some(25), Some(25)).await;
    assert_eq!(kit.submits(9).await.len(), 1);
    caps(&kit, None, None).await;
    assert_eq!(kit.submits(9).await.len(), 7);
    caps(&kit, Some(15), None).await;
    let view = kit.account("acct").await;
    assert_eq!((view.reserved, view.spent), (cents(90), Money::ZERO), "what is open stays open under a cap that falls");
}

pub async fn a_view_names_the_batches_that_wait_for_money(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("cheap", &[wish("c").cents(5)]).await;
    kit.load("dear", &[wish("d").cents(40)]).await;
    kit.load_with_budget("broke", 1, &[wish("x").cents(5)]).await;
    assert_eq!(kit.account("acct").await.held, [], "without a budget nothing waits for one");
    let ends = kit.account("acct").await.day_ends;
    assert_eq!(ends, kit.store.now().await.unwrap().day_end());
    let dear = |by, until| HeldBatch { batch: batch("dear"), by, until };
    caps(&kit, Some(30), Some(90)).await;
    assert_eq!(kit.account("acct").await.held, [dear(AccountCap::Budget, None)]);
    caps(&kit, Some(90), Some(30)).await;
    assert_eq!(kit.account("acct").await.held, [dear(AccountCap::DailyBudget, None)]);
    caps(&kit, Some(90), Some(40)).await;
    assert_eq!(kit.account("acct").await.held, []);
    kit.submit().await;
    assert_eq!(kit.account("acct").await.held, [dear(AccountCap::DailyBudget, Some(ends))]);
    let view = kit.account("acct").await;
    assert_eq!((view.reserved, view.limits.unwrap().daily_budget), (cents(5), Some(cents(40))));
}
