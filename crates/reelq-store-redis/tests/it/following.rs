//! Tasks that stay with a worker: what a loss leaves of that, and what is taken back in steps.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;

use crate::kit::{purchases, way::Way};
use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage, Commit, Committed, Followed, Lease, Store as _};
use reelq_store_conformance::kit::{
    LEASE, SECOND, accepted, account, batch, draft, finished, lines, plenty, sending, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

struct World {
    server: RedisServer,
    clock: Arc<ManualClock>,
    store: RedisStore,
}

/// A store whose time stands still, with so many jobs to buy.
async fn world(way: Way, jobs: usize) -> World {
    let (server, clock) = (RedisServer::start(), ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let clock = Arc::new(clock);
    let shared: SharedClock = clock.clone();
    let (address, namespace) = (server.socket_url().parse().unwrap(), "test".parse().unwrap());
    let store = way.of(RedisStore::open_at(address, namespace, LinkOptions::default(), shared).await.unwrap());
    let load = store.begin_import(&draft(&batch("b"))).await.unwrap();
    store.add_to_import(&load, &lines(&batch("b"), &wishes(jobs))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    World { server, clock, store }
}

impl World {
    async fn commit(&self, commits: Vec<Commit>) -> Vec<Lease> {
        let mut kept = Vec::new();
        for part in commits.chunks(500) {
            for committed in self.store.commit(part).await.unwrap() {
                kept.extend(if let Committed::Done(lease) = committed { lease } else { None });
            }
        }
        kept
    }

    /// Buys all that waits, as the worker that follows it from then on.
    async fn follow_all(&self) -> Vec<Lease> {
        self.store.keep_following(&purchases(1).worker, LEASE).await.unwrap();
        let mut leases = Vec::new();
        loop {
            let more = self.store.claim(&purchases(500)).await.unwrap().leases;
            if more.is_empty() {
                break;
            }
            leases.extend(more);
        }
        let sends = leases.into_iter().map(|lease| Commit { event: sending(&lease), lease, keep: true });
        let sent = self.commit(sends.collect()).await;
        let bought = sent.into_iter().map(|lease| {
            let event = accepted(&lease, &lease.job.id.to_string());
            Commit { event, lease: Lease { lasts: Lease::FOLLOWED, ..lease }, keep: true }
        });
        self.commit(bought.collect()).await
    }

    async fn kept(&self) -> Followed {
        self.store.keep_following(&purchases(1).worker, LEASE).await.unwrap()
    }

    async fn polls(&self) -> Vec<Lease> {
        let claim = Claim { stage: ClaimStage::Poll, worker: worker("w2"), ..purchases(500) };
        self.store.claim(&claim).await.unwrap().leases
    }
}

on_each_way!(
    what_is_followed_is_taken_back_after_a_loss_though_its_follower_is_heard,
    a_worker_that_followed_more_than_one_step_takes_back_begins_anew_after_the_last,
);

async fn what_is_followed_is_taken_back_after_a_loss_though_its_follower_is_heard(way: Way) {
    let world = world(way, 2).await;
    let followed = world.follow_all().await;
    assert_eq!(followed.len(), 2);
    // As if another server had taken over: it may lack what ended since.
    world.server.command(&["HSET", "reelq:{test}:guard", "server", "another"]);
    world.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(world.kept().await, Followed { all_ended: true, ended: Vec::new() });
    assert_eq!(world.kept().await, Followed::default(), "it may follow again");
    world.clock.advance(SECOND);
    assert_eq!(world.polls().await.len(), 2);
    let end = Commit { lease: followed[0].clone(), event: finished(None), keep: false };
    assert!(matches!(world.store.commit(&[end]).await.unwrap()[..], [Committed::Stale]));
}

async fn a_worker_that_followed_more_than_one_step_takes_back_begins_anew_after_the_last(way: Way) {
    let jobs = 1_200;
    let world = world(way, jobs).await;
    assert_eq!(world.follow_all().await.len(), jobs);
    world.clock.advance(LEASE);
    assert!(world.kept().await.all_ended);
    // Some are still to be taken back: nothing is followed meanwhile.
    assert!(world.kept().await.all_ended);
    assert!(!world.kept().await.all_ended);
    let mut found = 0;
    for _claim in 0..3 {
        world.clock.advance(SECOND);
        found += world.polls().await.len();
    }
    assert_eq!(found, jobs);
}
