//! Held jobs: they have their lines, and no one buys them before a load brings them released.

use reelq_model::Status;
use reelq_store::{ClaimStage, JobFilter, Page, first, rules::hold};

use super::{
    Kit, Subject,
    kit::{SECOND, Wish, batch, cents, draft, ids, wish, wishes},
    recount::recount,
};

room! { ($) holding_cases: holding {
    held_jobs_are_listed_and_counted_and_bought_by_no_one,
    a_load_releases_what_was_held_and_keeps_its_priority,
    a_load_holds_what_waits_and_nothing_that_was_bought,
    a_held_job_can_be_cancelled_and_its_line_may_go_and_come_back,
    held_jobs_hold_up_no_other_batch_and_no_claim_asks_again_for_them,
    what_is_held_is_held_in_every_part_of_a_long_load,
} }

fn held(wish: Wish) -> Wish {
    Wish { priority: hold::held(wish.priority), ..wish }
}

/// The first `open` of the wishes as they are, and the others held.
fn opened(wishes: &[Wish], open: usize) -> Vec<Wish> {
    wishes.iter().cloned().enumerate().map(|(at, wish)| if at < open { wish } else { held(wish) }).collect()
}

/// The sums are what the jobs add up to.
async fn check_sums(kit: &Kit<'_>) {
    let view = kit.batch("b").await;
    let jobs =
        first(&*kit.store, &JobFilter { batch: Some(batch("b")), ..JobFilter::default() }, 10_000).await.unwrap();
    assert_eq!(view.held, recount(&view, &jobs).held);
    assert_eq!(view.to_spend, recount(&view, &jobs).to_spend);
}

pub async fn held_jobs_are_listed_and_counted_and_bought_by_no_one(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &opened(&wishes(5), 2)).await;
    let view = kit.batch("b").await;
    assert_eq!((view.held, view.counts.of(Status::Queued), view.to_spend), (3, 5, cents(50)));
    assert_eq!(ids(&kit.submits(9).await), jobs[..2]);
    let lines = kit.store.results(&batch("b"), Page { after: 0, limit: 10 }).await.unwrap();
    assert_eq!(lines.len(), 5);
    let filter = JobFilter { statuses: vec![Status::Queued], ..JobFilter::default() };
    assert_eq!(first(&*kit.store, &filter, 10).await.unwrap().len(), 5);
    check_sums(&kit).await;
}

pub async fn a_load_releases_what_was_held_and_keeps_its_priority(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let all = [wish("low").priority(-3), wish("usual"), wish("high").priority(9)];
    let jobs = kit.load("b", &opened(&all, 0)).await;
    assert!(kit.submits(9).await.is_empty());
    kit.load("b", &all).await;
    assert_eq!(kit.batch("b").await.held, 0);
    assert_eq!(ids(&kit.submits(9).await), [jobs[2], jobs[1], jobs[0]]);
    check_sums(&kit).await;
}

pub async fn a_load_holds_what_waits_and_nothing_that_was_bought(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(4)).await;
    let bought = kit.start_next("t1").await;
    kit.load("b", &opened(&wishes(4), 0)).await;
    assert_eq!(kit.batch("b").await.held, 3);
    assert!(kit.submits(9).await.is_empty());
    assert_eq!(kit.view(bought).await.job.priority, 0);
    kit.advance(SECOND);
    assert_eq!(ids(&kit.polls(9).await), [bought]);
    let jobs = kit.load("b", &opened(&wishes(4), 3)).await;
    assert_eq!(ids(&kit.submits(9).await), jobs[1..3]);
    assert_eq!(kit.batch("b").await.held, 1);
    check_sums(&kit).await;
}

pub async fn a_held_job_can_be_cancelled_and_its_line_may_go_and_come_back(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let all = opened(&wishes(3), 0);
    let jobs = kit.load("b", &all).await;
    kit.store.cancel(jobs[0]).await.unwrap();
    assert_eq!((kit.view(jobs[0]).await.job.status(), kit.batch("b").await.held), (Status::Cancelled, 2));
    kit.load("b", &all[..2]).await;
    assert_eq!((kit.view(jobs[2]).await.job.status(), kit.batch("b").await.held), (Status::Cancelled, 1));
    kit.load("b", &all).await;
    assert_eq!((kit.view(jobs[2]).await.job.status(), kit.batch("b").await.held), (Status::Queued, 2));
    assert!(kit.submits(9).await.is_empty());
    kit.load("b", &wishes(3)).await;
    let mut claimed = ids(&kit.submits(9).await);
    claimed.sort_unstable();
    let mut expected = jobs[1..].to_vec();
    expected.sort_unstable();
    assert_eq!(claimed, expected, "what a person cancelled is not queued again");
    check_sums(&kit).await;
}

pub async fn held_jobs_hold_up_no_other_batch_and_no_claim_asks_again_for_them(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("held", &opened(&[wish("a"), wish("b").cents(20)], 0)).await;
    let claimed = kit.store.claim(&kit.claim_of(ClaimStage::Submit, 5)).await.unwrap();
    assert!(claimed.leases.is_empty());
    assert_eq!(claimed.retry_in, None, "only news can bring work");
    let open = kit.load("open", &[wish("c")]).await;
    assert_eq!(ids(&kit.submits(5).await), open);
    let narrowed = reelq_store::Claim { batch: Some(batch("held")), ..kit.claim_of(ClaimStage::Submit, 5) };
    let claimed = kit.store.claim(&narrowed).await.unwrap();
    assert!(claimed.leases.is_empty() && claimed.retry_in.is_none());
    assert!(!kit.batch("held").await.budget_reached);
}

pub async fn what_is_held_is_held_in_every_part_of_a_long_load(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let all = wishes(250);
    let jobs = kit.load_as(&draft(&batch("b")), &opened(&all, 3)).await.1;
    assert_eq!(ids(&kit.submits(20).await), jobs[..3]);
    assert_eq!(kit.batch("b").await.held, 247);
    kit.load("b", &opened(&all, 200)).await;
    assert!(kit.batch("b").await.held == 50 && !kit.submits(100).await.is_empty());
}
