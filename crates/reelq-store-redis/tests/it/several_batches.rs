//! Claims over the queues of several batches: by due time over all of them, and of one alone where they are narrowed.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use crate::kit::{open, purchases};
use reelq_model::{BatchName, Event, JobId};
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage, Commit, Committed, Store as _};
use reelq_store_conformance::kit::{accepted, account, batch, draft, ids, lines, plenty, sending, wishes};
use reelq_store_redis::RedisStore;

/// Buys two jobs of a batch, whose tasks are due so much later; their ids.
async fn buy(store: &RedisStore, name: &BatchName, due: [u64; 2]) -> Vec<JobId> {
    let load = store.begin_import(&draft(name)).await.unwrap();
    store.add_to_import(&load, &lines(name, &wishes(2))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    let leases = store.claim(&purchases(2)).await.unwrap().leases;
    for (lease, due) in leases.iter().zip(due) {
        let sends = Commit { lease: lease.clone(), event: sending(lease), keep: true };
        let sent = match store.commit(&[sends]).await.unwrap().remove(0) {
            Committed::Done(kept) => kept.unwrap(),
            _ => continue,
        };
        let mut event = accepted(&sent, &sent.job.id.to_string());
        if let Event::Accepted { first_poll, .. } = &mut event {
            *first_poll = Duration::from_millis(due);
        }
        store.commit(&[Commit { lease: sent, event, keep: false }]).await.unwrap();
    }
    ids(&leases)
}

fn polls(limit: usize, batch: Option<BatchName>) -> Claim {
    Claim { stage: ClaimStage::Poll, batch, ..purchases(limit) }
}

#[tokio::test]
async fn tasks_of_several_batches_come_by_their_due_time_and_a_narrowed_claim_takes_its_own() {
    let server = RedisServer::start();
    let store = open(&server).await;
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    let one = buy(&store, &batch("one"), [1, 400]).await;
    let other = buy(&store, &batch("other"), [100, 600]).await;
    // All of them are due once the last one is.
    let last = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let found = store.claim(&polls(9, Some(batch("other")))).await.unwrap().leases;
            if found.len() == 2 {
                return found;
            }
            store.release(&found).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let narrowed = last.await.unwrap();
    assert_eq!(ids(&narrowed), other, "the other batch has the earliest");
    store.release(&narrowed).await.unwrap();
    let first = store.claim(&polls(3, None)).await.unwrap().leases;
    assert_eq!(ids(&first), [one[0], other[0], one[1]]);
}
