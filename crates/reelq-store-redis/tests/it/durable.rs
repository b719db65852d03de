//! Strict durability: what of a purchase waits for the server's disk.

use std::{sync::Arc, time::Duration};

use reelq_model::SystemClock;
use reelq_redis_server::{Disk, Newer};
use reelq_store::{Commit, Committed, Store as _};
use reelq_store_conformance::kit::{account, batch, draft, limits, sending, wish};
use reelq_store_redis::{Durability, LinkOptions, RedisStore};

use crate::kit::purchases;

fn strict() -> LinkOptions {
    LinkOptions {
        durability: Durability::Strict,
        connect_timeout: Duration::from_secs(10),
        longest_pause: Duration::from_millis(100),
        ..LinkOptions::default()
    }
}

#[tokio::test]
async fn purchase_waits_until_its_intent_is_on_disk_and_nothing_else_does() {
    let newer = Newer::start(Disk::Ready).await;
    let (address, namespace) = (newer.url().parse().unwrap(), "test".parse().unwrap());
    let store = RedisStore::open(address, namespace, strict(), Arc::new(SystemClock::default())).await.unwrap();
    let name = batch("b");
    let load = store.begin_import(&draft(&name)).await.unwrap();
    store.add_to_import(&load, &[wish("a cat").line(&name, 1)]).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.set_limits(&account("acct"), &limits(100.0, 10, 10)).await.unwrap();
    let lease = store.claim(&purchases(1)).await.unwrap().leases.remove(0);
    assert_eq!(newer.waits(), 1, "only the first connection was examined so far");
    newer.disk.send_replace(Disk::Late);
    let commit = Commit { event: sending(&lease), lease, keep: true };
    let error = store.commit(std::slice::from_ref(&commit)).await.unwrap_err();
    assert!(error.is_transient());
    newer.disk.send_replace(Disk::Ready);
    let waits = newer.waits();
    assert!(matches!(store.commit(&[commit]).await.unwrap()[..], [Committed::Done(Some(_))]));
    assert_eq!(newer.waits(), waits + 1, "a repeat waits as well, though it finds all done");
}
