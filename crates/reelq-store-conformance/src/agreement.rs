//! Where engines once answered differently: second charges under a lease, batches that are being purged, and repeats.

use reelq_model::{Event, Failure, FailureKind, JobId, Resolution, Settlement, Status};

use super::{
    Kit, Subject,
    kit::{SECOND, acceptance, batch, cents, draft, finished, lines, one, sending, wishes},
};
use reelq_store::{Commit, Committed, Edit, Edited, Error, Imported, LateAcceptance, Purge};

room! { ($) agreement_cases: agreement {
    a_second_charge_under_a_lease_that_holds_is_set_aside_no_longer,
    a_batch_that_is_being_purged_lets_jobs_end_and_brings_none_back,
    an_import_that_is_committed_again_answers_its_lines,
    a_commit_that_is_repeated_is_done_once,
} }

const GIVE_UP: Event = Event::Resolved { resolution: Resolution::GiveUp };
const NOT_BOUGHT: Event = Event::Resolved { resolution: Resolution::NotBought };
const BUY_AGAIN: Event = Event::Retry { buy: true };

pub async fn a_second_charge_under_a_lease_that_holds_is_set_aside_no_longer(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let job = kit.send(&kit.submit().await).await.job.id;
    assert_eq!(kit.store.apply_event(job, GIVE_UP).await.unwrap(), Edited::Done);
    assert_eq!(kit.store.apply_event(job, BUY_AGAIN).await.unwrap(), Edited::Done);
    let second = kit.send(&kit.submit().await).await;
    assert_eq!(kit.batch("b").await.reserved, cents(20), "the first one may have been bought, too");
    let first = Event::Accepted { acceptance: acceptance("t1", 1), first_poll: SECOND };
    assert!(matches!(kit.commit(&second, first, true).await, Committed::Done(None)), "the lease ends with it");
    let view = kit.batch("b").await;
    assert_eq!((view.spent, view.reserved, view.orphans), (cents(10), cents(10), 1));
    let again = kit.submit().await;
    assert_eq!((again.job.id, again.job.status()), (job, Status::Submitting), "the second one is still open");
    assert_eq!(again.job.reserved(), cents(10));
}

/// A batch of which a part was purged, and what is left of it.
struct HalfPurged<'a> {
    kit: Kit<'a>,
    removed: u64,
    /// Given up while it was unknown whether they were bought.
    given_up: Vec<JobId>,
    /// Failed without a charge.
    rejected: Vec<JobId>,
}

/// More jobs than any store removes in one step, and how many of them are given up. Those are the first lines and the
/// dearest: each store begins elsewhere.
const JOBS: usize = 2_500;
const GIVEN_UP: usize = 20;

impl<'a> HalfPurged<'a> {
    async fn new(subject: &'a dyn Subject) -> Self {
        let kit = Kit::new(subject);
        let mut wanted = wishes(JOBS);
        for wish in &mut wanted[..GIVEN_UP] {
            *wish = wish.clone().cents(20).priority(5);
        }
        let mut given_up = kit.load("b", &wanted).await;
        let mut rejected = given_up.split_off(GIVEN_UP);
        for lease in kit.submits(GIVEN_UP).await {
            let sent = kit.send(&lease).await;
            kit.end(&sent, Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
            assert_eq!(kit.store.apply_event(lease.job.id, GIVE_UP).await.unwrap(), Edited::Done);
        }
        let event = Event::Rejected { failure: Failure::new(FailureKind::Content, "no") };
        while rejected.len() + GIVEN_UP > kit.batch("b").await.counts.of(Status::Failed).try_into().unwrap() {
            let leases = kit.submits(JOBS).await;
            let commits = leases.into_iter().map(|lease| Commit { lease, event: event.clone(), keep: false });
            kit.store.commit(&commits.collect::<Vec<_>>()).await.unwrap();
        }
        let Purge::Going { jobs: removed } = kit.store.purge(&batch("b")).await.unwrap() else {
            panic!("too much for one step")
        };
        for jobs in [&mut given_up, &mut rejected] {
            let mut known = kit.store.lookup(&batch("b"), jobs).await.unwrap().into_iter();
            jobs.retain(|_| known.next().flatten().is_some());
        }
        Self { kit, removed, given_up, rejected }
    }

    async fn edit(&self, job: JobId, event: Event) -> [reelq_store::Result<Edited>; 2] {
        let many = self.kit.store.edit_all(&[(job, Edit::Event(event.clone()))]).await;
        [self.kit.store.apply_event(job, event).await, many.map(|mut answers| answers.remove(0))]
    }

    /// Purges the rest; how many jobs went in all.
    async fn purge(&self) -> u64 {
        let mut removed = self.removed;
        loop {
            match self.kit.store.purge(&batch("b")).await.unwrap() {
                Purge::Going { jobs } => removed += jobs,
                Purge::Done { jobs } => return removed + jobs,
                Purge::Refused(unfinished) => panic!("{unfinished:?}"),
            }
        }
    }
}

pub async fn a_batch_that_is_being_purged_lets_jobs_end_and_brings_none_back(subject: &dyn Subject) {
    let batch = HalfPurged::new(subject).await;
    let kit = &batch.kit;
    let rejected = batch.rejected[0];
    for refused in batch.edit(rejected, NOT_BOUGHT).await {
        assert!(matches!(refused, Ok(Edited::Refused(_))), "it is impossible wherever it stands: {refused:?}");
    }
    for refused in batch.edit(rejected, BUY_AGAIN).await {
        assert!(matches!(refused, Err(Error::BeingPurged(_))), "{refused:?}");
    }

    for (task, in_hand) in [("t1", true), ("t2", false)] {
        let late = kit.store.record_acceptance(rejected, &acceptance(task, 1), SECOND).await.unwrap();
        let LateAcceptance::Orphan(orphan) = late else { panic!("{late:?}") };
        kit.advance(SECOND);
        let poll = if in_hand { Some(one(kit.polls(1).await)) } else { None };
        let woken = kit.store.edit_all(&[(orphan, Edit::Wake)]).await;
        assert_eq!(woken.is_ok(), in_hand, "a worker's job cannot be woken: {woken:?}");
        assert_eq!(kit.store.apply_event(orphan, GIVE_UP).await.unwrap(), Edited::Done, "it is all that can be done");
        if let Some(poll) = poll {
            assert!(matches!(kit.commit(&poll, finished(None), false).await, Committed::Stale));
        }
    }

    // Nothing in such a batch is queued any more: what was given up is followed, and a refund does not buy it again.
    let given_up = batch.given_up[0];
    let late = kit.store.record_acceptance(given_up, &acceptance("t3", 1), SECOND).await.unwrap();
    assert_eq!(late, LateAcceptance::Settled);
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert!(poll.job.stage.task().is_some_and(|task| task.only_looked_at));
    assert_eq!(kit.store.cancel(given_up).await.unwrap(), Edited::Requested, "a cancel is always heard");
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    let refunded = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: None };
    kit.end(&poll, refunded).await;
    assert_eq!(kit.view(given_up).await.job.status(), Status::Failed);
    assert_eq!(batch.purge().await, JOBS as u64 + 2, "and two charges that no one expected");
}

pub async fn an_import_that_is_committed_again_answers_its_lines(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&load, &lines(&batch("b"), &wishes(4)[1..])).await.unwrap();
    let first = kit.store.commit_import(&load).await.unwrap();
    assert_eq!(first, Imported { lines: 3, cancelled: 1, revived: 0 });
    let again = kit.store.commit_import(&load).await.unwrap();
    let forgetful = Imported { cancelled: 0, ..first };
    assert!(again == first || again == forgetful, "a store need not know what it did: {again:?}");
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 3, "nothing is done twice");
}

pub async fn a_commit_that_is_repeated_is_done_once(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let claimed = kit.submit().await;
    let sent = kit.send(&claimed).await;
    match kit.commit(&claimed, sending(&claimed), true).await {
        // Its worker sends nothing: the lease ends by time, and the submission is looked at.
        Committed::Stale => {}
        Committed::Done(Some(lease)) => assert_eq!((lease.version, &lease.job), (sent.version, &sent.job)),
        other => panic!("{other:?}"),
    }
    for _ in 0..2 {
        kit.end(&sent, super::kit::accepted(&sent, "t1")).await;
    }
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    kit.end(&poll, finished(None)).await;
    let again = kit.commit(&poll, finished(None), false).await;
    assert!(matches!(again, Committed::Stale | Committed::Done(None)), "{again:?}");
    let view = kit.batch("b").await;
    assert_eq!((view.spent, view.reserved, view.orphans), (cents(10), cents(0), 0));
    let events: Vec<_> = kit.store.history(sent.job.id).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, ["sending", "accepted", "finished"]);
}
