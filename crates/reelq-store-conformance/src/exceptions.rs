//! A claim may leave batches aside, or take nothing new at all; what was sent goes on.

use reelq_model::{Event, Status};

use super::{
    Subject,
    kit::{Kit, LEASE, SECOND, batch, ids, one, wishes, worker},
};
use reelq_store::{Claim, ClaimStage};

room! { ($) exceptions_cases: exceptions {
    a_batch_that_is_left_aside_is_not_bought_and_holds_up_no_other,
    outputs_of_a_batch_that_is_left_aside_are_not_fetched,
    what_was_sent_goes_on_where_nothing_new_is_taken,
} }

fn except(kit: &Kit<'_>, stage: ClaimStage, names: &[&str]) -> Claim {
    Claim { except: names.iter().map(|name| batch(name)).collect(), ..kit.claim_of(stage, 9) }
}

pub async fn a_batch_that_is_left_aside_is_not_bought_and_holds_up_no_other(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let one_of = kit.load("one", &wishes(2)).await;
    let claimed = kit.store.claim(&except(&kit, ClaimStage::Submit, &["one"])).await.unwrap();
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None), "only news can bring work");
    let two = kit.load("two", &wishes(2)).await;
    let claimed = kit.store.claim(&except(&kit, ClaimStage::Submit, &["one", "unheard-of"])).await.unwrap();
    assert_eq!(ids(&claimed.leases), two);
    assert_eq!(claimed.retry_in, None);
    let later = Event::NotSent { reason: "no place".to_owned(), after: SECOND };
    let first = kit.submit().await;
    assert_eq!(first.job.id, one_of[0]);
    kit.end(&first, later).await;
    let claimed = kit.store.claim(&except(&kit, ClaimStage::Submit, &["one"])).await.unwrap();
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None), "what waits for its time is left aside, too");
    kit.advance(SECOND);
    assert_eq!(kit.submits(9).await.len(), 2);
}

pub async fn outputs_of_a_batch_that_is_left_aside_are_not_fetched(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("one", &wishes(2)).await;
    let (first, second) = (kit.finish_next("t1", None).await, kit.finish_next("t2", None).await);
    let lease = one(kit.fetches(1).await);
    assert!([first, second].contains(&lease.job.id), "links that die together are in no order");
    kit.end(&lease, Event::FetchLater { reason: "no place".to_owned(), after: SECOND }).await;
    let aside = except(&kit, ClaimStage::Collect, &["one"]);
    let claimed = kit.store.claim(&aside).await.unwrap();
    assert_eq!((claimed.leases.len(), claimed.retry_in), (0, None));
    kit.load("two", &wishes(1)).await;
    let other = kit.finish_next("t3", None).await;
    assert_eq!(ids(&kit.store.claim(&aside).await.unwrap().leases), [other]);
    kit.advance(SECOND);
    let mut found = ids(&kit.fetches(9).await);
    found.sort_unstable();
    let mut expected = [first, second];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

pub async fn what_was_sent_goes_on_where_nothing_new_is_taken(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let sent = kit.send(&kit.submit().await).await;
    kit.advance(LEASE);
    assert_eq!(kit.store.heartbeat(&worker("w2")).await.unwrap(), 1);
    for claim in [
        Claim { only_open: true, ..kit.claim_of(ClaimStage::Submit, 9) },
        Claim { only_open: true, ..except(&kit, ClaimStage::Submit, &["b"]) },
        except(&kit, ClaimStage::Submit, &["b"]),
    ] {
        let claimed = kit.store.claim(&claim).await.unwrap();
        let lease = one(claimed.leases);
        assert_eq!((lease.job.id, lease.job.status()), (sent.job.id, Status::Submitting));
        kit.store.release(&[lease]).await.unwrap();
    }
}
