//! Tasks that stay with the worker that follows them. A store may decline: then the job is given back with its due time.

use reelq_model::{Event, JobId, Resolution, Status};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, account, batch, finished, ids, limits, one, running, wish, wishes},
};
use reelq_store::{
    ClaimStage, Commit, Committed, Edit, Edited, Followed, LateAcceptance, Lease, PauseReason, PollTokens, Purge,
};

room! { ($) following_cases: following {
    a_followed_task_is_due_to_no_one_else_and_its_looks_need_no_commit,
    a_worker_follows_nothing_before_it_says_so,
    what_a_worker_follows_that_is_not_heard_is_due_to_others_and_it_is_told_so,
    a_worker_that_is_heard_keeps_what_it_follows,
    a_follower_that_says_less_keeps_what_it_said_before,
    a_worker_that_signs_off_leaves_nothing_that_it_followed,
    a_follower_gives_a_task_back_with_its_due_time,
    an_end_of_a_followed_task_is_committed_under_its_version,
    a_cancel_of_a_followed_job_reaches_a_worker_at_once,
    what_a_person_does_to_a_followed_job_is_done_and_its_follower_is_stale,
    facts_beside_a_followed_job_are_kept,
    a_load_leaves_followed_jobs_with_their_followers,
    those_who_claim_come_again_when_a_follower_may_be_gone,
    looks_of_followed_tasks_take_tokens_of_claims_and_stand_still_with_them,
} }

/// Claims the next job and buys it as `kit`'s worker, which follows the task; `None` where the store declines.
async fn follow_next(kit: &Kit<'_>, task: &str) -> Option<Lease> {
    kit.store.keep_following(&kit.me, LEASE).await.unwrap();
    let sent = kit.send(&kit.submit().await).await;
    let event = accepted(&sent, task);
    let followed = kept(kit, &sent, event).await;
    let view = kit.view(sent.job.id).await;
    assert_eq!(view.job.status(), Status::Running);
    if followed.is_none() {
        assert_eq!((view.worker, view.due), (None, Some(kit.store.now().await.unwrap().after(SECOND))));
    }
    followed
}

/// Commits an event and asks to follow the task from then on.
async fn kept(kit: &Kit<'_>, lease: &Lease, event: Event) -> Option<Lease> {
    let lease = Lease { lasts: Lease::FOLLOWED, ..lease.clone() };
    match kit.store.commit(&[Commit { lease, event, keep: true }]).await.unwrap().remove(0) {
        Committed::Done(kept) => kept,
        other => panic!("{other:?}"),
    }
}

/// The lease as its holder has it after so many looks that brought nothing.
fn looked(lease: &Lease, times: u32) -> Lease {
    Lease { job: lease.job.looked_at(times).into(), ..lease.clone() }
}

async fn ended(kit: &Kit<'_>) -> Followed {
    kit.store.keep_following(&kit.me, LEASE).await.unwrap()
}

fn only(lease: &Lease) -> Followed {
    Followed { all_ended: false, ended: vec![(lease.job.id, lease.version)] }
}

async fn is_stale(kit: &Kit<'_>, lease: &Lease) -> bool {
    matches!(kit.commit(lease, running("late", SECOND), false).await, Committed::Stale)
}

pub async fn a_followed_task_is_due_to_no_one_else_and_its_looks_need_no_commit(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    assert!(lease.is_followed() && lease.worker == kit.me);
    let view = kit.view(lease.job.id).await;
    assert_eq!((view.due, view.worker.as_ref(), kit.in_flight().await), (None, Some(&kit.me), 1));
    let in_hand = async || kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>();
    assert_eq!(in_hand().await, 1);
    kit.advance(SECOND * 2);
    assert!(kit.polls(9).await.is_empty() && kit.another().polls(9).await.is_empty());
    let lease = kept(&kit, &looked(&lease, 3), running("busy", SECOND)).await.unwrap();
    assert_eq!((lease.job.polls, kit.view(lease.job.id).await.job.polls), (4, 4));
    kit.end(&looked(&lease, 2), finished(None)).await;
    let view = kit.view(lease.job.id).await;
    assert_eq!((view.job.status(), view.job.polls, in_hand().await), (Status::Fetching, 7, 0));
    assert_eq!(kit.another().claim(ClaimStage::Poll, 1).await.retry_in, None, "nothing is followed any more");
    assert_eq!(ended(&kit).await, Followed::default(), "its own steps are no news to it");
    assert_eq!(view.job.stage.task().unwrap().polls, 7);
    let events: Vec<_> = kit.store.history(lease.job.id).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, ["sending", "accepted", "running", "finished"]);
}

pub async fn a_worker_follows_nothing_before_it_says_so(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    let event = accepted(&sent, "t");
    assert!(kept(&kit, &sent, event).await.is_none());
    let view = kit.view(sent.job.id).await;
    assert_eq!((view.worker, view.due), (None, Some(kit.store.now().await.unwrap().after(SECOND))));
    let first = ended(&kit).await;
    assert!(first.ended.is_empty(), "{first:?}");
}

pub async fn what_a_worker_follows_that_is_not_heard_is_due_to_others_and_it_is_told_so(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(5)).await;
    let mut followed = Vec::new();
    for number in 0..jobs.len() {
        let Some(lease) = follow_next(&kit, &format!("t{number}")).await else { return };
        followed.push(lease);
    }
    // What others took is not told of apart, once all has ended.
    kit.store.cancel(jobs[4]).await.unwrap();
    kit.advance(LEASE);
    let other = kit.another();
    assert_eq!(other.store.heartbeat(&other.me).await.unwrap(), 4, "none is left out");
    let mut claimed = ids(&other.polls(9).await);
    claimed.sort();
    let mut all = jobs.clone();
    all.sort();
    assert_eq!(claimed, all, "they are due at once");
    assert!(is_stale(&kit, &followed[0]).await);
    assert_eq!(ended(&kit).await, Followed { all_ended: true, ended: Vec::new() });
    assert_eq!(ended(&kit).await, Followed::default(), "it is told once");
    kit.store.release(&followed).await.unwrap();
    assert!(kit.polls(9).await.is_empty(), "what it gives back is not its own any more");
}

pub async fn a_worker_that_is_heard_keeps_what_it_follows(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    let other = kit.another();
    for _beat in 0..5 {
        kit.advance(LEASE / 2);
        assert_eq!(ended(&kit).await, Followed::default());
        assert_eq!(other.store.heartbeat(&other.me).await.unwrap(), 0);
        assert!(other.polls(1).await.is_empty());
    }
    assert_eq!(kit.store.extend(std::slice::from_ref(&lease), SECOND).await.unwrap(), [true]);
    kit.advance(SECOND * 2);
    kit.end(&lease, finished(None)).await;
}

pub async fn a_follower_that_says_less_keeps_what_it_said_before(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    assert_eq!(kit.store.keep_following(&kit.me, SECOND).await.unwrap(), Followed::default());
    kit.advance(SECOND * 2);
    let other = kit.another();
    assert_eq!(other.store.heartbeat(&other.me).await.unwrap(), 0);
    kit.end(&lease, finished(None)).await;
}

pub async fn a_worker_that_signs_off_leaves_nothing_that_it_followed(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    kit.store.deregister(&kit.me).await.unwrap();
    kit.advance(SECOND);
    assert_eq!(ids(&kit.another().polls(9).await), [lease.job.id]);
    assert!(is_stale(&kit, &lease).await);
    let sent = kit.send(&kit.submit().await).await;
    let event = accepted(&sent, "t2");
    assert!(kept(&kit, &sent, event).await.is_none(), "nor does it go on following");
}

pub async fn a_follower_gives_a_task_back_with_its_due_time(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let Some(first) = follow_next(&kit, "t1").await else { return };
    let Some(second) = follow_next(&kit, "t2").await else { return };
    kit.store.release(std::slice::from_ref(&first)).await.unwrap();
    kit.end(&looked(&second, 4), running("busy", SECOND * 5)).await;
    assert_eq!(kit.claim(ClaimStage::Poll, 9).await.retry_in, Some(SECOND));
    kit.advance(SECOND);
    assert_eq!(ids(&kit.polls(9).await), [first.job.id]);
    kit.advance(SECOND * 4);
    let due = one(kit.polls(9).await);
    assert_eq!((due.job.id, due.job.polls), (second.job.id, 5));
}

pub async fn an_end_of_a_followed_task_is_committed_under_its_version(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(before) = follow_next(&kit, "t").await else { return };
    let after = kept(&kit, &before, running("busy", SECOND)).await.unwrap();
    assert!(after.version > before.version);
    // It goes on to a collector under a lease of its own, which ends by time.
    let fetch = Commit { lease: Lease { lasts: LEASE, ..after.clone() }, event: finished(None), keep: true };
    let Committed::Done(Some(fetching)) = kit.store.commit(&[fetch]).await.unwrap().remove(0) else {
        panic!("it is kept")
    };
    assert!(!fetching.is_followed() && kit.fetches(1).await.is_empty());
    assert_eq!(kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>(), 1);
    assert!(is_stale(&kit, &before).await);
    kit.advance(LEASE);
    assert_eq!(ids(&kit.fetches(1).await), [after.job.id]);
}

pub async fn a_cancel_of_a_followed_job_reaches_a_worker_at_once(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    let other = kit.another();
    assert_eq!(other.store.cancel(lease.job.id).await.unwrap(), Edited::Requested);
    assert!(is_stale(&kit, &lease).await);
    let claimed = one(other.polls(9).await);
    assert!(claimed.cancel_requested && claimed.job.id == lease.job.id);
    assert_eq!(ended(&kit).await, only(&lease));
    assert_eq!(ended(&kit).await, Followed::default());
}

pub async fn what_a_person_does_to_a_followed_job_is_done_and_its_follower_is_stale(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let Some(woken) = follow_next(&kit, "t1").await else { return };
    let Some(given_up) = follow_next(&kit, "t2").await else { return };
    let Some(restored) = follow_next(&kit, "t3").await else { return };
    let edits = [(woken.job.id, Edit::Wake)];
    assert_eq!(kit.store.edit_all(&edits).await.unwrap(), [Edited::Done]);
    assert_eq!(ids(&kit.polls(9).await), [woken.job.id]);
    let give_up = Event::Resolved { resolution: Resolution::GiveUp };
    assert_eq!(kit.store.apply_event(given_up.job.id, give_up).await.unwrap(), Edited::Done);
    assert_eq!(kit.view(given_up.job.id).await.worker, None);
    let Event::Sending { submission } = super::kit::sending(&restored) else { return };
    kit.store.restore_submission(restored.job.id, &submission).await.unwrap();
    assert_eq!(one(kit.submits(1).await).job.status(), Status::Submitting);
    let all = [woken, given_up, restored];
    for lease in &all {
        assert!(is_stale(&kit, lease).await);
    }
    let mut expected: Vec<(JobId, u64)> = all.iter().map(|lease| (lease.job.id, lease.version)).collect();
    expected.sort_unstable();
    let Followed { all_ended: false, ended: mut told } = ended(&kit).await else { panic!("it was heard in time") };
    told.sort_unstable();
    assert_eq!(told, expected);
}

pub async fn facts_beside_a_followed_job_are_kept(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let Some(lease) = follow_next(&kit, "t").await else { return };
    let charge = acceptance("another", 1);
    let late = kit.store.record_acceptance(lease.job.id, &charge, SECOND).await.unwrap();
    assert!(matches!(late, LateAcceptance::Orphan(_)), "{late:?}");
    assert_eq!(ended(&kit).await, Followed::default(), "its follower goes on");
    assert!(matches!(kit.store.purge(&batch("b")).await.unwrap(), Purge::Refused(_)));
    kit.end(&looked(&lease, 1), finished(None)).await;
    let entries = kit.store.history(lease.job.id).await.unwrap();
    assert!(entries.iter().any(|entry| entry.event == "second_charge"), "{entries:?}");
    assert_eq!(kit.view(lease.job.id).await.job.polls, 2);
}

pub async fn a_load_leaves_followed_jobs_with_their_followers(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let Some(kept) = follow_next(&kit, "t1").await else { return };
    let Some(gone) = follow_next(&kit, "t2").await else { return };
    kit.load("b", &[wish("new"), wish("prompt 0")]).await;
    assert_eq!(ended(&kit).await, Followed::default());
    for lease in [&kept, &gone] {
        kit.end(lease, finished(None)).await;
    }
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Fetching), view.others.of(Status::Fetching)), (1, 1));
}

pub async fn those_who_claim_come_again_when_a_follower_may_be_gone(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    kit.load("other", &[wish("else")]).await;
    if follow_next(&kit, "t").await.is_none() {
        return;
    }
    let other = kit.another();
    let claim = other.claim_of(ClaimStage::Poll, 1);
    assert_eq!(other.store.claim(&claim).await.unwrap().retry_in, Some(LEASE));
    let of = |name: &str| reelq_store::Claim { batch: Some(batch(name)), ..claim.clone() };
    assert_eq!(other.store.claim(&of("b")).await.unwrap().retry_in, Some(LEASE));
    assert_eq!(other.store.claim(&of("other")).await.unwrap().retry_in, None);
    kit.advance(LEASE);
    assert_eq!(other.store.claim(&claim).await.unwrap().leases.len(), 1);
}

pub async fn looks_of_followed_tasks_take_tokens_of_claims_and_stand_still_with_them(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let three = reelq_store::AccountLimits { polls_per_second: 3.0, ..limits(1000.0, 100, 100) };
    kit.store.set_limits(&account("acct"), &three).await.unwrap();
    if follow_next(&kit, "t").await.is_none() {
        return;
    }
    kit.start_next("t2").await;
    kit.start_next("t3").await;
    kit.advance(SECOND);
    let other = kit.another();
    assert_eq!(other.store.poll_tokens(&account("acct"), 2).await.unwrap().granted, 2);
    assert_eq!(other.polls(2).await.len(), 1, "one second's worth is three");
    let none = other.store.poll_tokens(&account("acct"), 2).await.unwrap();
    assert!(none.granted == 0 && none.retry_in.is_some_and(|wait| wait <= SECOND), "{none:?}");
    kit.advance(SECOND);
    let reason = PauseReason::Throttled;
    kit.store.pause_account(&account("acct"), &reason, Some(SECOND * 4)).await.unwrap();
    let held = other.store.poll_tokens(&account("acct"), 2).await.unwrap();
    assert_eq!(held, PollTokens { granted: 0, retry_in: Some(SECOND * 4) });
    kit.advance(SECOND * 4);
    assert_eq!(other.store.poll_tokens(&account("acct"), 2).await.unwrap(), PollTokens { granted: 2, retry_in: None });
    assert_eq!(kit.store.poll_tokens(&account("nobody"), 2).await.unwrap(), PollTokens::default());
}
