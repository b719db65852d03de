//! Cancelling whole batches, walks along cursors, and changes to many jobs.

use reelq_model::{Event, Failure, FailureKind, JobId, Status};

use super::{
    Kit, Subject,
    kit::{SECOND, batch, draft, lines, sending, stranger, wish, wishes},
};
use reelq_store::{ClaimStage, Committed, Cursor, Edit, Edited, Error, JobFilter, Purge, Shown};

room! { ($) bulk_cases: bulk {
    a_walk_meets_each_job_once,
    a_walk_is_in_the_order_of_the_manifest_wherever_the_jobs_stand,
    a_walk_goes_on_behind_a_batch_that_is_gone,
    jobs_that_move_make_a_walk_miss_no_other,
    a_batch_that_is_being_cancelled_buys_nothing_from_the_first_step_on,
    a_batch_is_not_loaded_while_it_is_being_cancelled,
    only_a_known_batch_is_cancelled,
    edits_of_one_call_are_answered_one_by_one,
    a_word_on_a_job_as_it_was_shown_is_none_on_what_it_became,
    a_job_that_is_woken_is_due_at_once_and_else_unchanged,
    nothing_is_bought_on_an_account_without_limits,
} }

/// The jobs of a batch with one of these statuses, met along a cursor in parts of this size; `between` runs after each part.
async fn walked(
    kit: &Kit<'_>,
    statuses: &[Status],
    limit: usize,
    mut between: impl AsyncFnMut(&[JobId]),
) -> Vec<JobId> {
    let filter = JobFilter { batch: Some(batch("b")), statuses: statuses.to_vec(), ..JobFilter::default() };
    let (mut from, mut met) = (Some(Cursor::default()), Vec::new());
    while let Some(cursor) = from {
        let part = kit.store.scan(&filter, &cursor, limit).await.unwrap();
        let ids: Vec<_> = part.views.iter().map(|view| view.job.id).collect();
        assert!(ids.len() <= limit);
        between(&ids).await;
        met.extend(ids);
        from = part.next;
    }
    met
}

fn sorted(mut ids: Vec<JobId>) -> Vec<JobId> {
    ids.sort_unstable();
    ids
}

pub async fn a_walk_meets_each_job_once(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("a", &wishes(3)).await;
    let jobs = kit.load("b", &wishes(7)).await;
    kit.load("c", &wishes(2)).await;
    assert_eq!(sorted(walked(&kit, &[], 3, async |_| {}).await), sorted(jobs.clone()));
    let filter = JobFilter { rows: vec![2, 5], batch: Some(batch("b")), ..JobFilter::default() };
    let part = kit.store.scan(&filter, &Cursor::default(), 100).await.unwrap();
    assert_eq!(part.views.iter().map(|view| view.job.id).collect::<Vec<_>>(), [jobs[1], jobs[4]]);
    let (mut from, mut all) = (Some(Cursor::default()), 0);
    while let Some(cursor) = from {
        let part = kit.store.scan(&JobFilter::default(), &cursor, 2).await.unwrap();
        all += part.views.len();
        from = part.next;
    }
    assert_eq!(all, 12, "of all batches");
}

pub async fn a_walk_is_in_the_order_of_the_manifest_wherever_the_jobs_stand(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let mut all = wishes(9);
    all[3] = all[3].clone().account("other");
    all[8] = all[8].clone().account("other");
    let mut jobs = kit.load("b", &all).await;
    kit.start_next("t1").await;
    for job in [jobs[3], jobs[7]] {
        kit.store.cancel(job).await.unwrap();
    }
    // Another order, in which the last one has no line any more: it runs, so it is followed.
    all.reverse();
    jobs.reverse();
    kit.load("b", &all[..8]).await;
    assert_eq!(walked(&kit, &[], 2, async |_| {}).await, jobs);
    let met = walked(&kit, &[Status::Running, Status::Cancelled], 1, async |_| {}).await;
    assert_eq!(met, [jobs[1], jobs[5], jobs[8]]);
    let filter = JobFilter { account: Some(super::kit::account("other")), ..JobFilter::default() };
    let found = reelq_store::first(&*kit.store, &filter, 9).await.unwrap();
    assert_eq!(found.iter().map(|view| view.job.id).collect::<Vec<_>>(), [jobs[0], jobs[5]]);
}

pub async fn a_walk_goes_on_behind_a_batch_that_is_gone(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let gone = kit.load("a", &wishes(3)).await;
    let jobs = kit.load("b", &wishes(4)).await;
    for job in &gone {
        kit.store.cancel(*job).await.unwrap();
    }
    let all = JobFilter::default();
    let part = kit.store.scan(&all, &Cursor::default(), 2).await.unwrap();
    assert_eq!(part.views.iter().map(|view| view.job.id).collect::<Vec<_>>(), gone[..2]);
    while matches!(kit.store.purge(&batch("a")).await.unwrap(), Purge::Going { .. }) {}
    let (mut from, mut met) = (part.next, Vec::new());
    while let Some(cursor) = from {
        let part = kit.store.scan(&all, &cursor, 3).await.unwrap();
        met.extend(part.views.iter().map(|view| view.job.id));
        from = part.next;
    }
    assert_eq!(met, jobs);
}

pub async fn jobs_that_move_make_a_walk_miss_no_other(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(9)).await;
    // Two more without a line: they are still worked on, and leave that list while it is walked.
    let bought = kit.start_next("t1").await;
    kit.load("b", &wishes(9).split_off(2)).await;
    let open = [Status::Queued, Status::Submitting, Status::Running];
    let met = walked(&kit, &open, 2, async |ids| {
        for id in ids {
            let edits = [(*id, Edit::Cancel)];
            kit.store.edit_all(&edits).await.unwrap();
        }
        if let Some(lease) = kit.submits(1).await.first() {
            kit.send(lease).await;
        }
    })
    .await;
    for job in jobs.iter().filter(|job| **job != jobs[1]) {
        assert!(met.contains(job), "each of them was open all the time before it was met");
    }
    assert_eq!(met.iter().filter(|job| **job == bought).count(), 1);
    let view = kit.batch("b").await;
    assert_eq!(view.counts.of(Status::Queued) + view.others.of(Status::Queued), 0);
}

pub async fn a_batch_that_is_being_cancelled_buys_nothing_from_the_first_step_on(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(4)).await;
    kit.load("other", &[wish("another")]).await;
    let claimed = kit.submits(1).await.remove(0);
    assert_eq!(claimed.job.id, jobs[0]);
    kit.store.begin_cancel(&batch("b")).await.unwrap();
    let answer = kit.commit(&claimed, sending(&claimed), true).await;
    assert!(matches!(answer, Committed::Stale), "what was claimed is not sent: {answer:?}");
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Cancelled);
    let others = kit.submits(9).await;
    assert_eq!(others.len(), 1, "another batch goes on");
    assert_eq!(others[0].job.batch, batch("other"));
    assert!(kit.batch("b").await.cancelling);
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 3, "nothing is lost before it is withdrawn");
    kit.store.begin_cancel(&batch("b")).await.unwrap();
}

pub async fn a_batch_is_not_loaded_while_it_is_being_cancelled(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&load, &lines(&batch("b"), &wishes(5))).await.unwrap();
    kit.store.begin_cancel(&batch("b")).await.unwrap();
    assert!(matches!(kit.store.commit_import(&load).await, Err(Error::ImportSuperseded)), "a load under way ends here");
    let refused = kit.store.begin_import(&draft(&batch("b"))).await;
    assert!(matches!(refused, Err(Error::BeingCancelled(_))), "{refused:?}");
    let jobs = walked(&kit, &[Status::Queued], 9, async |_| {}).await;
    let edits: Vec<_> = jobs.into_iter().map(|job| (job, Edit::Cancel)).collect();
    assert_eq!(kit.store.edit_all(&edits).await.unwrap(), [Edited::Done, Edited::Done]);
    kit.store.end_cancel(&batch("b")).await.unwrap();
    kit.load("b", &wishes(5)).await;
    let view = kit.batch("b").await;
    let counts = (view.counts.of(Status::Cancelled), view.counts.of(Status::Queued), view.cancelling);
    assert_eq!(counts, (2, 3, false), "its cancelled rows stay so, and its new ones are queued");
    assert_eq!(kit.submits(9).await.len(), 3);
}

pub async fn only_a_known_batch_is_cancelled(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    assert!(matches!(kit.store.begin_cancel(&batch("b")).await, Err(Error::NoBatch(_))));
}

pub async fn edits_of_one_call_are_answered_one_by_one(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(4)).await;
    let lease = kit.submits(1).await.remove(0);
    let retry = || Edit::Event(Event::Retry { buy: true });
    let edits = [(jobs[0], Edit::Cancel), (jobs[1], Edit::Cancel), (jobs[2], retry()), (jobs[3], Edit::Cancel)];
    let answers = kit.store.edit_all(&edits).await.unwrap();
    assert!(matches!(answers.as_slice(), [Edited::Requested, Edited::Done, Edited::Refused(_), Edited::Done]));
    assert_eq!(lease.job.id, jobs[0]);
    let answers = kit.store.edit_all(&[(jobs[1], retry()), (jobs[3], retry())]).await.unwrap();
    assert_eq!(answers, [Edited::Done, Edited::Done]);
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 4);
    assert!(matches!(kit.store.edit_all(&[(stranger(), Edit::Cancel)]).await, Err(Error::NoJob(_))));
}

pub async fn a_word_on_a_job_as_it_was_shown_is_none_on_what_it_became(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let invalid = || Event::Rejected { failure: Failure::new(FailureKind::Invalid, "too long") };
    for lease in kit.submits(2).await {
        let sent = kit.send(&lease).await;
        kit.end(&sent, invalid()).await;
    }
    let shown = Shown::of(&kit.view(jobs[0]).await.job);
    let said = |job, buy| (job, Edit::OfShown(Event::Retry { buy }, shown));
    assert_eq!(kit.store.edit_all(&[said(jobs[0], true)]).await.unwrap(), [Edited::Done]);
    let answers = kit.store.edit_all(&[said(jobs[0], true), said(jobs[1], true)]).await.unwrap();
    assert!(matches!(answers.as_slice(), [Edited::Refused(_), Edited::Done]), "the one is queued: {answers:?}");
    for lease in kit.submits(2).await {
        let sent = kit.send(&lease).await;
        kit.end(&sent, invalid()).await;
    }
    let answers = kit.store.edit_all(&[said(jobs[0], true), said(jobs[1], false)]).await.unwrap();
    assert!(matches!(answers.as_slice(), [Edited::Refused(_), Edited::Refused(_)]), "it was bought since: {answers:?}");
    let now = Shown::of(&kit.view(jobs[0]).await.job);
    let again = (jobs[0], Edit::OfShown(Event::Retry { buy: true }, now));
    assert_eq!(kit.store.edit_all(&[again]).await.unwrap(), [Edited::Done]);
}

pub async fn a_job_that_is_woken_is_due_at_once_and_else_unchanged(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(2)).await;
    let lease = kit.submits(1).await.remove(0);
    kit.end(&lease, Event::Throttled { reason: "busy".to_owned(), after: SECOND * 600 }).await;
    assert_eq!(kit.submits(9).await.len(), 1, "the other one");
    let (before, history) = (kit.view(jobs[0]).await, kit.store.history(jobs[0]).await.unwrap());
    assert_eq!(kit.store.edit_all(&[(jobs[0], Edit::Wake)]).await.unwrap(), [Edited::Done]);
    assert_eq!(kit.store.history(jobs[0]).await.unwrap(), history);
    assert_eq!(kit.view(jobs[0]).await.job, before.job);
    assert_eq!(kit.submits(9).await.len(), 1);
    let in_hand = kit.store.edit_all(&[(jobs[0], Edit::Wake)]).await.unwrap();
    assert!(matches!(in_hand[..], [Edited::Refused(_)]), "{in_hand:?}");
}

pub async fn nothing_is_bought_on_an_account_without_limits(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&load, &lines(&batch("b"), &wishes(2))).await.unwrap();
    kit.store.commit_import(&load).await.unwrap();
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert!(claimed.leases.is_empty() && claimed.limits_missing, "{claimed:?}");
    let mut unknown = kit.claim_of(ClaimStage::Submit, 9);
    unknown.account = super::kit::account("nobody");
    assert!(kit.store.claim(&unknown).await.unwrap().limits_missing, "not even the account is there");
    kit.allow(&[wish("any")]).await;
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert_eq!((claimed.leases.len(), claimed.limits_missing), (2, false));
}

/// Where a job stands whose record is then damaged.
const PLACES: [&str; 5] = ["queued", "claimed", "submitting", "running", "succeeded"];

async fn takes_its_place(kit: &Kit<'_>, place: &str) {
    match place {
        "claimed" => drop(kit.submits(1).await),
        "submitting" => drop(kit.send(&kit.submit().await).await),
        "running" => drop(kit.start_next("t1").await),
        "succeeded" => {
            kit.finish_next("t1", None).await;
            let fetch = super::kit::one(kit.fetches(1).await);
            kit.end(&fetch, super::kit::stored()).await;
        }
        _ => {}
    }
}

/// For stores' own tests: a record that `damage` makes unreadable is removed wherever its job stands, and holds nothing more.
pub async fn a_damaged_record_is_removed<S: Subject>(fresh: impl Fn() -> S, damage: impl Fn(&S, JobId)) {
    for place in PLACES {
        let subject = fresh();
        let kit = Kit::new(&subject);
        let jobs = kit.load("b", &wishes(3)).await;
        takes_its_place(&kit, place).await;
        assert!(!kit.store.remove_unreadable(jobs[0]).await.unwrap(), "{place}: what can be read stays");
        assert_eq!(kit.store.unreadable_record(jobs[0]).await.unwrap(), None);
        damage(&subject, jobs[0]);
        let held = kit.store.unreadable_record(jobs[0]).await.unwrap();
        assert!(held.is_some_and(|held| !held.is_empty()), "{place}");
        assert!(kit.store.remove_unreadable(jobs[0]).await.unwrap(), "{place}");
        assert!(!kit.store.remove_unreadable(jobs[0]).await.unwrap(), "{place}: once");
        let (view, account) = (kit.batch("b").await, kit.account("acct").await);
        assert_eq!((view.counts.total(), view.counts.of(Status::Queued)), (2, 2), "{place}: {view:?}");
        assert_eq!(
            (account.in_flight, account.reserved, view.reserved),
            (0, super::kit::cents(0), super::kit::cents(0)),
            "{place}"
        );
        let page = reelq_store::Page { after: 0, limit: 10 };
        let rows: Vec<_> = kit.store.results(&batch("b"), page).await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| row.view.line.as_ref().map(|line| line.row)).collect();
        assert_eq!(rows, [Some(1), Some(2), Some(3)], "{place}: its row is accounted for");
        kit.load("b", &wishes(3)).await;
        assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 3, "{place}: and new to the next load");
        assert_eq!(kit.submits(9).await.len(), 3, "{place}");
    }
}
