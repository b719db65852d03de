//! A server whose memory is full takes what stops buying, gives back what was claimed and frees room.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use reelq_model::JobId;
use reelq_redis_server::RedisServer;
use reelq_store::{Edited, Lease, LineDraft, PauseReason, Purge, Store as _};
use reelq_store_conformance::kit::{LEASE, account, batch, draft, ids, lines, plenty, wishes, worker};
use reelq_store_redis::RedisStore;

use crate::kit::{open, purchases};

async fn load(store: &RedisStore, name: &str, count: usize) -> Vec<JobId> {
    let load = store.begin_import(&draft(&batch(name))).await.unwrap();
    let lines = lines(&batch(name), &wishes(count));
    store.add_to_import(&load, &lines).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    store.commit_import(&load).await.unwrap();
    lines.iter().map(LineDraft::id).collect()
}

async fn claim(store: &RedisStore, limit: usize) -> Vec<Lease> {
    store.claim(&purchases(limit)).await.unwrap().leases
}

#[tokio::test]
async fn what_stops_buying_gives_back_and_frees_room_is_done_on_a_full_server() {
    let server = RedisServer::with().directive("maxmemory-policy noeviction").start();
    let store = open(&server).await;
    let jobs = load(&store, "b", 4).await;
    let over = load(&store, "over", 1).await;
    assert_eq!(store.cancel(over[0]).await.unwrap(), Edited::Done);
    let leases = claim(&store, 2).await;
    assert_eq!(ids(&leases), jobs[..2]);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);

    let acct = account("acct");
    store.pause_account(&acct, &PauseReason::Operator, None).await.unwrap();
    store.pause_batch(&batch("b"), true).await.unwrap();
    assert_eq!(store.extend(&leases, LEASE).await.unwrap(), [true, true]);
    store.release(&leases[..1]).await.unwrap();
    assert_eq!(store.cancel(jobs[3]).await.unwrap(), Edited::Done);
    store.heartbeat(&worker("w2")).await.unwrap();
    store.deregister(&worker("w1")).await.unwrap();
    while !matches!(store.purge(&batch("over")).await.unwrap(), Purge::Done { .. }) {}

    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert!(claim(&store, 9).await.is_empty(), "the account is paused");
    store.resume_account(&acct, true).await.unwrap();
    assert!(claim(&store, 9).await.is_empty(), "and the batch");
    store.pause_batch(&batch("b"), false).await.unwrap();
    assert_eq!(ids(&claim(&store, 9).await), jobs[..3]);
    assert!(store.batch(&batch("over")).await.unwrap().is_none());
}
