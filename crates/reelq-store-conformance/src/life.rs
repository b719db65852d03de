//! A job's way from its line to its file.

use reelq_model::{Event, Failure, FailureKind, Money, Settlement, Status};

use super::{
    Kit, Subject,
    kit::{SECOND, accepted, batch, cents, finished, ids, one, running, stored, wish, wishes},
};
use reelq_store::{ClaimStage, Committed, Page};

room! { ($) life_cases: life {
    a_job_goes_from_its_line_to_its_file,
    money_is_reserved_while_a_submission_is_open,
    a_refund_gives_the_money_back_and_the_job_is_bought_again,
    polls_without_news_are_counted_and_not_listed,
    commits_of_one_call_are_judged_one_by_one,
    results_follow_the_manifest,
    an_output_comes_with_its_line,
} }

pub async fn a_job_goes_from_its_line_to_its_file(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(1)).await;
    let job = kit.finish_next("t1", None).await;
    assert_eq!(jobs, [job]);
    let fetch = one(kit.fetches(5).await);
    kit.end(&fetch, stored()).await;
    let view = kit.view(job).await;
    assert_eq!(view.job.status(), Status::Succeeded);
    assert_eq!(view.due, None);
    let sums = kit.batch("b").await;
    assert_eq!(sums.counts.of(Status::Succeeded), 1);
    assert_eq!((sums.spent, sums.reserved, sums.to_spend), (cents(10), Money::ZERO, Money::ZERO));
    assert_eq!(kit.in_flight().await, 0);
    let events: Vec<String> = kit.store.history(job).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, ["sending", "accepted", "finished", "stored"]);
}

pub async fn money_is_reserved_while_a_submission_is_open(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let lease = kit.submit().await;
    assert_eq!(kit.in_flight().await, 1, "a claimed job takes its place");
    let sent = kit.send(&lease).await;
    let sums = kit.batch("b").await;
    assert_eq!((sums.spent, sums.reserved, sums.to_spend), (Money::ZERO, cents(10), cents(10)));
    kit.end(&sent, accepted(&sent, "t")).await;
    let sums = kit.batch("b").await;
    assert_eq!((sums.spent, sums.reserved, sums.to_spend), (cents(10), Money::ZERO, cents(10)));
}

pub async fn a_refund_gives_the_money_back_and_the_job_is_bought_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    let event = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(SECOND) };
    kit.end(&poll, event).await;
    assert_eq!(kit.batch("b").await.spent, Money::ZERO);
    let claimed = kit.claim(ClaimStage::Submit, 1).await;
    assert!(claimed.leases.is_empty(), "it waits for its time");
    assert_eq!(claimed.retry_in, Some(SECOND));
    kit.advance(SECOND);
    let again = kit.submit().await;
    assert_eq!(again.job.id, job);
    assert_eq!(again.job.next_submission(), 2);
}

pub async fn polls_without_news_are_counted_and_not_listed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.start_next("t1").await;
    for word in ["queued", "queued", "queued", "rendering"] {
        kit.advance(SECOND);
        kit.end(&one(kit.polls(1).await), running(word, SECOND)).await;
    }
    assert_eq!(kit.view(job).await.job.polls, 4);
    let history = kit.store.history(job).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.event == "running").count(), 2);
}

pub async fn commits_of_one_call_are_judged_one_by_one(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let leases = kit.submits(3).await;
    kit.store.release(&leases[1..2]).await.unwrap();
    let commits: Vec<_> = leases
        .iter()
        .zip([super::kit::sending(&leases[0]), super::kit::sending(&leases[1]), stored()])
        .map(|(lease, event)| reelq_store::Commit { lease: lease.clone(), event, keep: true })
        .collect();
    let answers = kit.store.commit(&commits).await.unwrap();
    assert!(matches!(answers[0], Committed::Done(Some(_))), "{answers:?}");
    assert!(matches!(answers[1], Committed::Stale), "{answers:?}");
    assert!(matches!(answers[2], Committed::Illegal(_)), "{answers:?}");
    assert!(kit.view(leases[2].job.id).await.parked);
}

pub async fn results_follow_the_manifest(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &[wish("z"), wish("a"), wish("m")]).await;
    let page = |after, limit| Page { after, limit };
    let all = kit.store.results(&batch("b"), page(0, 10)).await.unwrap();
    assert_eq!(all.iter().map(|line| line.view.job.id).collect::<Vec<_>>(), jobs);
    let rows: Vec<u64> = all.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
    assert_eq!(rows, [1, 2, 3]);
    let rest = kit.store.results(&batch("b"), page(1, 1)).await.unwrap();
    assert_eq!(rest.iter().map(|line| line.view.job.id).collect::<Vec<_>>(), jobs[1..2]);
    assert_eq!(ids(&kit.submits(3).await), jobs, "and so does the queue");
}

pub async fn an_output_comes_with_its_line(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(3)).await;
    let leases = kit.submits(3).await;
    assert!(leases.iter().all(|lease| lease.line.is_none()), "a purchase needs none");
    for (lease, task) in leases.iter().zip(["t1", "t2", "t3"]) {
        let sent = kit.send(lease).await;
        assert!(sent.line.is_none(), "nor does what is about to be sent");
        kit.end(&sent, super::kit::accepted(&sent, task)).await;
    }
    kit.advance(SECOND);
    let polls = kit.polls(3).await;
    assert!(polls.iter().all(|lease| lease.line.is_none()), "nor does a status request");
    let row = |lease: &reelq_store::Lease| lease.line.as_ref().map(|line| (line.row, line.copy));
    let row_of =
        |lease: &reelq_store::Lease| jobs.iter().position(|job| *job == lease.job.id).map(|at| (at as u64 + 1, 1));
    let Committed::Done(Some(kept)) = kit.commit(&polls[0], finished(None), true).await else { panic!("kept") };
    assert!(row(&kept).is_some());
    assert_eq!(row(&kept), row_of(&kept), "a lease that is kept over the end of the task");
    for lease in &polls[1..] {
        kit.end(lease, finished(None)).await;
    }
    let fetches = kit.fetches(5).await;
    assert_eq!(fetches.iter().map(row).collect::<Vec<_>>(), fetches.iter().map(row_of).collect::<Vec<_>>());
    assert_eq!(fetches.len(), 2);
    kit.load("b", &[]).await;
    kit.store.release(&fetches).await.unwrap();
    assert_eq!(row(&one(kit.fetches(1).await)), None, "its line is gone");
}
