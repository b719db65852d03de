//! Finished batches are kept until they are purged, and then go whole.

use reelq_model::{Event, Failure, FailureKind, JobId, Resolution, Status};

use super::{
    Kit, Subject,
    kit::{
        LEASE, SECOND, acceptance, accepted, account, batch, cents, draft, finished, lines, one, stored, wish, wishes,
        worker,
    },
};
use reelq_store::{Commit, Committed, Edit, Edited, Error, JobFilter, LateAcceptance, Page, Purge, Unfinished, first};

room! { ($) retention_cases: retention {
    a_finished_batch_is_purged_whole,
    a_batch_with_work_left_is_not_purged,
    a_batch_of_which_only_an_unknown_fate_is_left_is_not_purged,
    a_batch_that_is_being_loaded_is_not_purged,
    a_batch_that_was_never_whole_is_purged,
    a_purge_that_died_halfway_is_finished_by_the_next,
    a_load_after_a_purge_begins_anew,
    a_charge_that_comes_while_a_batch_is_purged_is_followed,
    a_yes_for_a_purged_job_fails_no_other_commit,
    a_batch_tells_when_its_last_job_ended,
} }

const ALL: Page = Page { after: 0, limit: 10 };

async fn purge(kit: &Kit<'_>, name: &str) -> Purge {
    kit.store.purge(&batch(name)).await.unwrap()
}

/// Purges to the end; how many jobs went.
async fn purge_whole(kit: &Kit<'_>, name: &str) -> u64 {
    let mut removed = 0;
    loop {
        match purge(kit, name).await {
            Purge::Going { jobs } => removed += jobs,
            Purge::Done { jobs } => return removed + jobs,
            Purge::Refused(unfinished) => panic!("{unfinished:?}"),
        }
    }
}

/// Buys the next job and stores its file.
async fn buy(kit: &Kit<'_>, task: &str) -> JobId {
    let job = kit.finish_next(task, None).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    job
}

/// Cancels many jobs in one call.
async fn cancel(kit: &Kit<'_>, jobs: impl Iterator<Item = &JobId>) {
    let edits: Vec<_> = jobs.map(|job| (*job, Edit::Cancel)).collect();
    let answers = kit.store.edit_all(&edits).await.unwrap();
    assert!(answers.iter().all(|edited| *edited == Edited::Done));
}

pub async fn a_finished_batch_is_purged_whole(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let other = kit.load("other", &[wish("x").account("else")]).await;
    let jobs = kit.load("b", &wishes(3)).await;
    let bought = buy(&kit, "t1").await;
    let LateAcceptance::Orphan(orphan) =
        kit.store.record_acceptance(bought, &acceptance("t2", 1), SECOND).await.unwrap()
    else {
        panic!("no orphan")
    };
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    kit.store.cancel(jobs[1]).await.unwrap();
    let lease = kit.submit().await;
    kit.end(&lease, Event::Rejected { failure: Failure::new(FailureKind::Content, "no") }).await;
    assert_eq!(purge_whole(&kit, "b").await, 4);
    assert!(kit.store.batch(&batch("b")).await.unwrap().is_none());
    for job in jobs.iter().chain([&orphan]) {
        assert!(kit.store.job(*job).await.unwrap().is_none());
        assert!(kit.store.history(*job).await.unwrap().is_empty());
    }
    assert_eq!(kit.store.lookup(&batch("b"), &jobs).await.unwrap(), [None; 3]);
    assert!(matches!(kit.store.results(&batch("b"), ALL).await, Err(Error::NoBatch(_))));
    assert!(matches!(kit.store.purge(&batch("b")).await, Err(Error::NoBatch(_))));
    let left = first(&*kit.store, &JobFilter::default(), 10_000).await.unwrap();
    assert_eq!(left.iter().map(|view| view.job.id).collect::<Vec<_>>(), other);
    let accounts = kit.store.accounts().await.unwrap();
    let spent = accounts.iter().find(|view| view.name == account("acct")).unwrap().spent;
    assert_eq!(spent, cents(20), "what was paid stays in the account's sum");
}

pub async fn a_batch_with_work_left_is_not_purged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(4)).await;
    let refused = Unfinished { outstanding: 4, ..Unfinished::default() };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused));
    let (cancelled, doubtful) = (jobs[3], kit.send(&kit.submit().await).await);
    kit.store.cancel(cancelled).await.unwrap();
    kit.end(&doubtful, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    buy(&kit, "t1").await;
    let in_hand = kit.submit().await;
    let refused = Unfinished { outstanding: 1, unconfirmed: 1, loading: false };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused), "one in hand, one unconfirmed");
    kit.start(&in_hand, "t2").await;
    kit.load("b", &wishes(0)).await;
    let resolved = Event::Resolved { resolution: Resolution::GiveUp };
    kit.store.apply_event(doubtful.job.id, resolved).await.unwrap();
    let refused = Unfinished { outstanding: 1, ..Unfinished::default() };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused), "it runs, though its line is gone");
    assert_eq!(kit.store.results(&batch("b"), ALL).await.unwrap().len(), 3, "nothing was removed");
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    assert_eq!(purge_whole(&kit, "b").await, 4);
}

pub async fn a_batch_of_which_only_an_unknown_fate_is_left_is_not_purged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let doubtful = kit.send(&kit.submit().await).await;
    kit.end(&doubtful, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    let refused = Unfinished { unconfirmed: 1, ..Unfinished::default() };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused), "it may have been bought");
    assert_eq!(kit.store.results(&batch("b"), ALL).await.unwrap().len(), 1, "nothing was removed");
}

pub async fn a_batch_that_is_being_loaded_is_not_purged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    buy(&kit, "t1").await;
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let refused = Unfinished { loading: true, ..Unfinished::default() };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused), "its jobs would be bought again");
    kit.store.add_to_import(&load, &lines(&batch("b"), &wishes(1))).await.unwrap();
    assert_eq!(kit.store.commit_import(&load).await.unwrap().lines, 1);
    assert_eq!(purge_whole(&kit, "b").await, 1);
}

pub async fn a_batch_that_was_never_whole_is_purged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let dead = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&dead, &lines(&batch("b"), &wishes(3))).await.unwrap();
    purge_whole(&kit, "b").await;
    assert!(kit.store.batch(&batch("b")).await.unwrap().is_none());
    let late = kit.store.add_to_import(&dead, &lines(&batch("b"), &wishes(3))).await;
    assert!(matches!(late, Err(Error::ImportSuperseded)), "{late:?}");
    let late = kit.store.commit_import(&dead).await;
    assert!(matches!(late, Err(Error::ImportSuperseded)), "{late:?}");
}

pub async fn a_purge_that_died_halfway_is_finished_by_the_next(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2_500)).await;
    cancel(&kit, jobs.iter()).await;
    let Purge::Going { jobs: first } = purge(&kit, "b").await else { panic!("too much for one step") };
    let kit = kit.another();
    assert!(kit.batch("b").await.purging);
    let refused = kit.store.begin_import(&draft(&batch("b"))).await;
    assert!(matches!(refused, Err(Error::BeingPurged(_))), "{refused:?}");
    let left: Vec<_> = reelq_store::first(&*kit.store, &JobFilter::default(), 10_000).await.unwrap();
    let refused = kit.store.apply_event(left[0].job.id, Event::Retry { buy: true }).await;
    assert!(matches!(refused, Err(Error::BeingPurged(_))), "{refused:?}");
    assert_eq!(first + purge_whole(&kit, "b").await, 2_500);
    assert!(reelq_store::first(&*kit.store, &JobFilter::default(), 10_000).await.unwrap().is_empty());
}

pub async fn a_load_after_a_purge_begins_anew(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("b", 10, &wishes(1)).await;
    let bought = buy(&kit, "t1").await;
    purge_whole(&kit, "b").await;
    let jobs = kit.load_with_budget("b", 10, &wishes(2)).await;
    assert_eq!(jobs[0], bought, "the same row is the same job");
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Queued), view.spent, view.budget_reached), (2, cents(0), false));
    assert_eq!(kit.submit().await.job.id, bought, "it is bought again, for no one remembers");
    assert_eq!(kit.store.results(&batch("b"), ALL).await.unwrap().len(), 2);
}

pub async fn a_charge_that_comes_while_a_batch_is_purged_is_followed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2_500)).await;
    let bought = buy(&kit, "t1").await;
    cancel(&kit, jobs.iter().filter(|job| **job != bought)).await;
    assert!(matches!(purge(&kit, "b").await, Purge::Going { .. }));
    let known: Vec<_> = kit.store.lookup(&batch("b"), &jobs).await.unwrap();
    let Some(left) = jobs.iter().zip(known).find_map(|(job, known)| known.map(|_| *job)) else { return };
    assert!(matches!(
        kit.store.record_acceptance(left, &acceptance("t2", 1), SECOND).await.unwrap(),
        LateAcceptance::Orphan(_)
    ));
    let refused = Unfinished { outstanding: 1, ..Unfinished::default() };
    assert_eq!(purge(&kit, "b").await, Purge::Refused(refused));
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    purge_whole(&kit, "b").await;
}

pub async fn a_yes_for_a_purged_job_fails_no_other_commit(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let purged = kit.send(&kit.submit().await).await;
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    kit.end(&kit.submit().await, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    kit.store.apply_event(purged.job.id, Event::Resolved { resolution: Resolution::NotBought }).await.unwrap();
    kit.store.cancel(purged.job.id).await.unwrap();
    assert_eq!(purge_whole(&kit, "b").await, 1);
    kit.load("c", &wishes(2)).await;
    let [first, last] = [kit.submit().await, kit.submit().await];
    let [first, last] = [kit.send(&first).await, kit.send(&last).await];
    let commits = [(&first, "t1"), (&purged, "t2"), (&last, "t3")].map(|(lease, task)| Commit {
        lease: lease.clone(),
        event: accepted(lease, task),
        keep: false,
    });
    let answers = kit.store.commit(&commits).await.unwrap();
    assert!(matches!(&answers[..], [Committed::Done(None), Committed::Stale, Committed::Done(None)]), "{answers:?}");
    assert_eq!(kit.batch("c").await.counts.of(Status::Running), 2);
}

pub async fn a_batch_tells_when_its_last_job_ended(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let start = kit.store.now().await.unwrap();
    kit.load("empty", &[]).await;
    assert_eq!(kit.batch("empty").await.finished_at, Some(start));
    kit.advance(SECOND);
    let jobs = kit.load("b", &wishes(2)).await;
    assert_eq!(kit.batch("b").await.finished_at, None);
    buy(&kit, "t1").await;
    assert_eq!(kit.batch("b").await.finished_at, None);
    kit.advance(SECOND);
    kit.store.cancel(jobs[1]).await.unwrap();
    let ended = kit.store.now().await.unwrap();
    kit.advance(SECOND);
    assert_eq!(kit.batch("b").await.finished_at, Some(ended));
    kit.load("b", &wishes(2)).await;
    assert_eq!(kit.batch("b").await.finished_at, Some(ended), "a load that brings nothing new changes nothing");
    kit.store.apply_event(jobs[1], Event::Retry { buy: true }).await.unwrap();
    assert_eq!(kit.batch("b").await.finished_at, None);
}
