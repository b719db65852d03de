//! Reading and watching.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Status};

use super::{
    Kit, Subject,
    kit::{SECOND, account, batch, limits, one, running, wish, wishes, worker},
};
use reelq_store::{JobFilter, PauseReason, first};

room! { ($) reading_cases: reading {
    filters_mean_what_they_name,
    a_view_tells_who_has_the_job_in_hand,
    batches_come_newest_first_and_count_what_is_overdue,
    a_history_does_not_grow_without_end,
    watch_hears_of_changes_here,
    watch_hears_of_changes_by_other_processes,
    a_claim_that_brings_nothing_is_no_news,
    another_process_sees_the_same_state,
} }

const SOON: Duration = Duration::from_secs(20);

pub async fn filters_mean_what_they_name(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let one = kit.load("one", &wishes(4)).await;
    kit.load("two", &[wish("x").account("other")]).await;
    let lease = kit.submit().await;
    kit.end(&lease, Event::Rejected { failure: Failure::new(FailureKind::Content, "no") }).await;
    kit.start_next("t1").await;
    let count = async |filter: JobFilter| first(&*kit.store, &filter, 10_000).await.unwrap().len();
    assert_eq!(count(JobFilter::default()).await, 5);
    assert_eq!(count(JobFilter { batch: Some(batch("one")), ..JobFilter::default() }).await, 4);
    assert_eq!(count(JobFilter { account: Some(account("other")), ..JobFilter::default() }).await, 1);
    let statuses = vec![Status::Failed, Status::Running];
    assert_eq!(count(JobFilter { statuses, ..JobFilter::default() }).await, 2);
    assert_eq!(count(JobFilter { failures: vec![FailureKind::Content], ..JobFilter::default() }).await, 1);
    assert_eq!(count(JobFilter { failures: vec![FailureKind::Invalid], ..JobFilter::default() }).await, 0);
    assert_eq!(count(JobFilter { ids: one[1..3].to_vec(), ..JobFilter::default() }).await, 2);
    let rows = JobFilter { batch: Some(batch("one")), rows: vec![2, 4, 9], ..JobFilter::default() };
    let found = first(&*kit.store, &rows, 10_000).await.unwrap();
    assert_eq!(found.iter().map(|view| view.job.id).collect::<Vec<_>>(), [one[1], one[3]]);
    let all = first(&*kit.store, &JobFilter::default(), 4).await.unwrap();
    assert_eq!(all.iter().map(|view| view.job.id).collect::<Vec<_>>(), one, "the older batch first, by its lines");
}

pub async fn a_view_tells_who_has_the_job_in_hand(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(1)).await;
    assert_eq!(kit.view(jobs[0]).await.worker, None);
    let lease = kit.submit().await;
    assert_eq!(kit.view(jobs[0]).await.worker, Some(worker("w1")));
    kit.send(&lease).await;
    assert_eq!(kit.view(jobs[0]).await.line.unwrap().label.unwrap(), "label-1");
}

pub async fn batches_come_newest_first_and_count_what_is_overdue(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("old", &wishes(1)).await;
    kit.advance(SECOND);
    kit.load("new", &[]).await;
    kit.start_next("t1").await;
    kit.advance(SECOND);
    let Event::Running { word, progress, next_poll, .. } = running("queued", SECOND) else { return };
    let event = Event::Running { next_poll, word, progress, overdue: true, answered: true, trouble: None };
    kit.end(&one(kit.polls(1).await), event).await;
    let names: Vec<_> = kit.store.batches().await.unwrap().into_iter().map(|view| view.batch.name).collect();
    assert_eq!(names, [batch("new"), batch("old")]);
    assert_eq!(kit.batch("old").await.overdue, 1);
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), super::kit::finished(None)).await;
    assert_eq!(kit.batch("old").await.overdue, 0);
}

pub async fn a_history_does_not_grow_without_end(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    for number in 0..200 {
        kit.advance(SECOND);
        kit.end(&one(kit.polls(1).await), running(&format!("word {number}"), SECOND)).await;
    }
    let history = kit.store.history(job).await.unwrap();
    assert!(history.len() <= 100, "{}", history.len());
    assert_eq!(history.last().unwrap().event, "running");
    assert!(history.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

pub async fn watch_hears_of_changes_here(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let mark = kit.store.watch(0, SOON).await.unwrap();
    assert_ne!(mark, 0);
    kit.load("b", &wishes(1)).await;
    let next = kit.store.watch(mark, SOON).await.unwrap();
    assert_ne!(next, mark);
    assert_eq!(kit.store.watch(next, Duration::from_millis(1)).await.unwrap(), next, "nothing new");
}

pub async fn watch_hears_of_changes_by_other_processes(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let mark = kit.store.watch(0, SOON).await.unwrap();
    kit.another().store.pause_account(&account("acct"), &PauseReason::Operator, None).await.unwrap();
    assert_ne!(kit.store.watch(mark, SOON).await.unwrap(), mark);
}

pub async fn a_claim_that_brings_nothing_is_no_news(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.store.set_limits(&account("acct"), &limits(1.0, 1, 1)).await.unwrap();
    kit.store.heartbeat(&worker("w1")).await.unwrap();
    let mark = kit.store.watch(0, SOON).await.unwrap();
    kit.submits(1).await;
    kit.polls(1).await;
    kit.fetches(1).await;
    kit.store.set_limits(&account("acct"), &limits(1.0, 1, 1)).await.unwrap();
    assert_eq!(kit.store.watch(mark, Duration::from_millis(10)).await.unwrap(), mark);
}

pub async fn another_process_sees_the_same_state(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    kit.start_next("t1").await;
    let other = kit.another();
    assert_eq!(other.view(jobs[0]).await, kit.view(jobs[0]).await);
    assert_eq!(other.batch("b").await, kit.batch("b").await);
    assert_eq!(other.store.cancel(jobs[1]).await.unwrap(), reelq_store::Edited::Done);
    assert!(kit.submits(1).await.is_empty());
}
