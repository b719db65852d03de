//! Leases that were replaced by later ones.

use reelq_model::{Event, Status};
use reelq_store::Committed;

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, accepted, wishes},
};

room! { ($) fences_cases: fences {
    a_step_that_keeps_the_lease_ends_the_one_before_it,
    a_lease_that_was_replaced_is_not_extended,
} }

pub async fn a_step_that_keeps_the_lease_ends_the_one_before_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let first = kit.submit().await;
    let sent = kit.send(&first).await;
    let not_sent = Event::NotSent { reason: "no route".to_owned(), after: SECOND };
    let late = kit.commit(&first, not_sent, false).await;
    assert!(matches!(late, Committed::Stale), "{late:?}");
    assert_eq!(kit.view(first.job.id).await.job.status(), Status::Submitting);
    kit.end(&sent, accepted(&sent, "t1")).await;
}

pub async fn a_lease_that_was_replaced_is_not_extended(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let first = kit.submit().await;
    let sent = kit.send(&first).await;
    assert_eq!(kit.store.extend(&[first, sent], LEASE * 2).await.unwrap(), [false, true]);
}
