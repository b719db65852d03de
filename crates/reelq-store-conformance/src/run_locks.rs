//! One run at a time holds a batch.

use reelq_store::BatchHold;

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, batch},
};

room! { ($) run_locks_cases: run_locks {
    one_run_at_a_time_holds_a_batch,
    a_hold_that_is_not_renewed_ends,
} }

pub async fn one_run_at_a_time_holds_a_batch(subject: &dyn Subject) {
    let (kit, other) = (Kit::new(subject), Kit::new(subject).another());
    let now = kit.store.now().await.unwrap();
    let hold = |kit: &Kit<'_>, name| {
        let (store, me) = (kit.store.clone(), kit.me.clone());
        async move { store.acquire_run_lock(&batch(name), &me, LEASE).await.unwrap() }
    };
    assert_eq!(hold(&kit, "b").await, BatchHold::Held);
    kit.advance(SECOND);
    let taken = BatchHold::Taken { worker: kit.me.clone(), since: now, ends_in: LEASE.saturating_sub(SECOND) };
    assert_eq!(hold(&other, "b").await, taken);
    assert_eq!(hold(&other, "c").await, BatchHold::Held, "another batch is another matter");
    assert_eq!(hold(&kit, "b").await, BatchHold::Held, "renewed");
    let renewed = BatchHold::Taken { worker: kit.me.clone(), since: now, ends_in: LEASE };
    assert_eq!(hold(&other, "b").await, renewed);
    other.store.leave_batch(&batch("b"), &other.me).await.unwrap();
    assert_eq!(hold(&other, "b").await, renewed, "who does not have it cannot give it up");
    kit.store.leave_batch(&batch("b"), &kit.me).await.unwrap();
    assert_eq!(hold(&other, "b").await, BatchHold::Held);
}

pub async fn a_hold_that_is_not_renewed_ends(subject: &dyn Subject) {
    let (kit, other) = (Kit::new(subject), Kit::new(subject).another());
    assert_eq!(kit.store.acquire_run_lock(&batch("b"), &kit.me, LEASE).await.unwrap(), BatchHold::Held);
    kit.advance(LEASE);
    assert_eq!(other.store.acquire_run_lock(&batch("b"), &other.me, LEASE).await.unwrap(), BatchHold::Held);
    let since = kit.store.now().await.unwrap();
    let lost = kit.store.acquire_run_lock(&batch("b"), &kit.me, LEASE).await.unwrap();
    assert_eq!(lost, BatchHold::Taken { worker: other.me.clone(), since, ends_in: LEASE });
}
