//! Numbers of any size in any field of a job: they are kept, shown and added up, and stop nothing.

use std::time::Duration;

use reelq_model::{Acceptance, Event, Money, OutputKind, OutputLink, Status, Timestamp};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, account, batch, draft, limits, lines, one, running, stored, wishes},
};
use reelq_store::{AccountLimits, BatchDraft, JobFilter, Line, Page, first};

room! { ($) extremes_cases: extremes {
    costs_of_any_size_stop_nothing,
    links_that_end_at_any_time_are_fetched,
    waits_of_any_length_end_before_the_year_10000,
    leases_of_any_length_are_held,
    prices_budgets_and_rows_of_any_size_are_loaded,
} }

const ALL: Page = Page { after: 0, limit: 100 };
const HUGE: [i64; 4] = [i64::MIN, -1, 4_611_686_018_427_387_903, i64::MAX];

/// Whatever anybody asks for is answered.
async fn all_is_answered(kit: &Kit<'_>, jobs: usize) {
    assert_eq!(first(&*kit.store, &JobFilter::default(), 10_000).await.unwrap().len(), jobs);
    assert_eq!(kit.store.results(&batch("b"), ALL).await.unwrap().len(), jobs);
    assert_eq!(kit.store.batches().await.unwrap().len(), 1);
    let view = kit.batch("b").await;
    let sums = [view.spent, view.reserved, view.to_spend];
    assert!(sums.iter().all(|sum| (Money::ZERO..=Money::from_micros(1 << 52)).contains(sum)), "{sums:?}");
    kit.store.accounts().await.unwrap();
    kit.store.workers().await.unwrap();
    assert!(kit.store.unreadable_records().await.unwrap().is_empty());
}

pub async fn costs_of_any_size_stop_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(HUGE.len())).await;
    for (at, cost) in HUGE.into_iter().enumerate() {
        let sent = kit.send(&kit.submit().await).await;
        let acceptance = Acceptance {
            cost: Some(Money::from_micros(cost)),
            ..acceptance(&format!("t{at}"), sent.job.next_submission())
        };
        kit.end(&sent, Event::Accepted { acceptance, first_poll: SECOND }).await;
        all_is_answered(&kit, HUGE.len()).await;
    }
    kit.advance(SECOND);
    for (poll, cost) in kit.polls(9).await.into_iter().zip(HUGE) {
        let link =
            OutputLink { url: "https://c/v".to_owned(), kind: OutputKind::Video, expires_at: None, assumed: false };
        kit.end(&poll, Event::Finished { outputs: vec![link], cost: Some(Money::from_micros(cost)) }).await;
        all_is_answered(&kit, HUGE.len()).await;
    }
    for fetch in kit.fetches(9).await {
        kit.end(&fetch, stored()).await;
    }
    assert_eq!(kit.batch("b").await.counts.of(Status::Succeeded), 4);
}

pub async fn links_that_end_at_any_time_are_fetched(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(HUGE.len())).await;
    for (at, end) in HUGE.into_iter().enumerate() {
        kit.finish_next(&format!("t{at}"), Some(Timestamp::from_millis(end))).await;
        all_is_answered(&kit, HUGE.len()).await;
    }
    let next = kit.batch("b").await.next_link_deadline.unwrap();
    assert_eq!(next.millis(), 1, "the first of them is long past");
    let fetches = kit.fetches(9).await;
    assert_eq!(fetches.len(), HUGE.len());
    for fetch in fetches {
        kit.end(&fetch, stored()).await;
    }
    assert_eq!(kit.batch("b").await.next_link_deadline, None);
}

pub async fn waits_of_any_length_end_before_the_year_10000(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let lease = kit.submit().await;
    kit.end(&lease, Event::Throttled { reason: String::new(), after: Duration::MAX }).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.end(&sent, Event::Accepted { acceptance: acceptance("t", 1), first_poll: Duration::MAX }).await;
    let third = kit.start_next("u").await;
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), running("rendering", Duration::MAX)).await;
    for job in [lease.job.id, sent.job.id, third] {
        let due = kit.view(job).await.due.unwrap();
        assert!(due < Timestamp::from_millis(253_402_300_800_000), "{due}");
    }
    all_is_answered(&kit, 3).await;
    kit.store.pause_account(&account("acct"), &reelq_store::PauseReason::Throttled, Some(Duration::MAX)).await.unwrap();
    kit.claim(reelq_store::ClaimStage::Submit, 9).await;
    kit.claim(reelq_store::ClaimStage::Poll, 9).await;
    all_is_answered(&kit, 3).await;
}

pub async fn leases_of_any_length_are_held(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let mut claim = kit.claim_of(reelq_store::ClaimStage::Submit, 1);
    claim.lease = Duration::MAX;
    let lease = one(kit.store.claim(&claim).await.unwrap().leases);
    kit.advance(LEASE * 1000);
    assert_eq!(kit.store.extend(std::slice::from_ref(&lease), Duration::MAX).await.unwrap(), [true]);
    kit.start(&lease, "t").await;
    all_is_answered(&kit, 1).await;
}

pub async fn prices_budgets_and_rows_of_any_size_are_loaded(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    for budget in HUGE {
        let name = BatchDraft { budget: Some(Money::from_micros(budget)), ..draft(&batch("b")) };
        let load = kit.store.begin_import(&name).await.unwrap();
        let mut drafts = lines(&batch("b"), &wishes(HUGE.len()));
        for (draft, number) in drafts.iter_mut().zip(HUGE) {
            draft.job.price = Some(Money::from_micros(number));
            draft.job.priority = if number < 0 { i32::MIN } else { i32::MAX };
            draft.line = Line { row: number.unsigned_abs(), copy: u32::MAX, ..draft.line.clone() };
        }
        kit.store.add_to_import(&load, &drafts).await.unwrap();
        kit.store.commit_import(&load).await.unwrap();
        all_is_answered(&kit, HUGE.len()).await;
        kit.claim(reelq_store::ClaimStage::Submit, 9).await;
        kit.advance(LEASE);
        kit.store.heartbeat(&kit.me).await.unwrap();
    }
    let caps = AccountLimits { budget: Some(Money::from_micros(i64::MAX)), ..limits(f64::MAX, u32::MAX, u32::MAX) };
    kit.store.set_limits(&account("acct"), &caps).await.unwrap();
    kit.claim(reelq_store::ClaimStage::Submit, 9).await;
    all_is_answered(&kit, HUGE.len()).await;
}
