//! A server whose memory is full: what was paid for goes on, and nothing new is bought.

use std::sync::Arc;

use reelq_model::{Event, Status, SystemClock};
use reelq_redis_server::RedisServer;
use reelq_store::{Claimed, Commit, Committed, Lease, Store as _};
use reelq_store_conformance::kit::{
    LEASE, SECOND, accepted, account, batch, draft, lines, plenty, running, sending, wishes,
};
use reelq_store_redis::{LinkOptions, RedisStore};

use super::purchases;
use crate::kit::way::Way;

const NAME: &str = "b";

/// A namespace with so many jobs to buy.
async fn with_jobs(server: &RedisServer, way: Way, count: usize) -> RedisStore {
    let (address, namespace) = (server.socket_url().parse().unwrap(), "test".parse().unwrap());
    let clock = Arc::new(SystemClock::default());
    let store = way.of(RedisStore::open(address, namespace, LinkOptions::default(), clock).await.unwrap());
    let load = store.begin_import(&draft(&batch(NAME))).await.unwrap();
    store.add_to_import(&load, &lines(&batch(NAME), &wishes(count))).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store
}

async fn claim(store: &RedisStore, limit: usize) -> Claimed {
    store.claim(&purchases(limit)).await.unwrap()
}

fn step(lease: &Lease, event: Event) -> Commit {
    Commit { lease: lease.clone(), event, keep: true }
}

async fn commit(store: &RedisStore, lease: &Lease, event: Event) -> Lease {
    match store.commit(&[step(lease, event)]).await.unwrap().remove(0) {
        Committed::Done(Some(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

on_each_way!(a_group_of_steps_on_a_full_server_keeps_what_was_paid_for_and_gives_back_what_was_to_be_bought);

async fn a_group_of_steps_on_a_full_server_keeps_what_was_paid_for_and_gives_back_what_was_to_be_bought(way: Way) {
    let server = RedisServer::with().directive("maxmemory-policy noeviction").start();
    let store = with_jobs(&server, way, 3).await;
    let [paid, claimed] = claim(&store, 2).await.leases.try_into().unwrap();
    let sent = commit(&store, &paid, sending(&paid)).await;
    let followed = commit(&store, &sent, accepted(&sent, "t1")).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let followed = commit(&store, &followed, running("waiting", SECOND)).await;

    let steps = [step(&claimed, sending(&claimed)), step(&followed, running("processing", SECOND))];
    let answers = store.commit(&steps).await.unwrap();
    assert!(matches!(answers[..], [Committed::Stale, Committed::Done(Some(_))]), "{answers:?}");
    let given_back = store.job(claimed.job.id).await.unwrap().unwrap();
    assert_eq!((given_back.job.status(), given_back.worker), (Status::Queued, None));
    // What was paid for is followed.
    store.keep_following(&paid.worker, LEASE).await.unwrap();
    assert_eq!(store.poll_tokens(&account("acct"), 3).await.unwrap().granted, 3);
    let refused = claim(&store, 9).await;
    assert!(refused.leases.is_empty() && refused.retry_in.is_some(), "{refused:?}");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(claim(&store, 9).await.leases.len(), 2);
}
