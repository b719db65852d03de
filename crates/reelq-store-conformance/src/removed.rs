//! Rows that are removed while someone works on their jobs.

use reelq_model::Status;

use super::{
    Kit, Subject,
    kit::{batch, draft, wishes},
};

room! { ($) removed_cases: removed {
    a_row_removed_while_in_hand_stays_in_hand_until_its_lease_ends,
} }

pub async fn a_row_removed_while_in_hand_stays_in_hand_until_its_lease_ends(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    kit.load_as(&draft(&batch("b")), &[]).await;
    let view = kit.view(lease.job.id).await;
    assert_eq!((view.job.status(), view.worker.as_ref()), (Status::Queued, Some(&kit.me)));
    assert!(view.cancel_requested);
    kit.store.release(&[lease]).await.unwrap();
    let view = kit.view(view.job.id).await;
    assert_eq!((view.job.status(), view.worker), (Status::Cancelled, None));
    assert!(kit.store.workers().await.unwrap().iter().all(|worker| worker.leases == 0));
}
