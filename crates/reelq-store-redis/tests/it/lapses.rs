//! The ends of leases: a commit that keeps one moves it, and a claim of tasks takes back what has lapsed.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{sync::Arc, time::Duration};

use crate::kit::{purchases, way::Way};
use reelq_model::{Clock as _, Event, Failure, FailureKind, ManualClock, SharedClock, Status, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage, Commit, Committed, Lease, Store as _};
use reelq_store_conformance::kit::{
    LEASE, accepted, account, batch, draft, finished, lines, plenty, running, sending, stored, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

/// A store whose time stands still, with one job claimed to be bought.
async fn begin(server: &RedisServer) -> (RedisStore, Arc<ManualClock>, Lease) {
    begin_on(server, Way::Short).await
}

async fn begin_on(server: &RedisServer, way: Way) -> (RedisStore, Arc<ManualClock>, Lease) {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let (address, namespace) = (server.socket_url().parse().unwrap(), "test".parse().unwrap());
    let shared: SharedClock = clock.clone();
    let store = way.of(RedisStore::open_at(address, namespace, LinkOptions::default(), shared).await.unwrap());
    let load = store.begin_import(&draft(&batch("b"))).await.unwrap();
    store.add_to_import(&load, &lines(&batch("b"), &wishes(1))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    let lease = store.claim(&purchases(1)).await.unwrap().leases.remove(0);
    (store, clock, lease)
}

/// Commits; the lease, where it was kept.
async fn commit(store: &RedisStore, lease: &Lease, event: Event, keep: bool) -> Option<Lease> {
    match store.commit(&[Commit { lease: lease.clone(), event, keep }]).await.unwrap().remove(0) {
        Committed::Done(kept) => kept,
        _ => None,
    }
}

#[tokio::test]
async fn a_lease_that_a_commit_keeps_lasts_from_then_on() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    clock.advance(LEASE * 2 / 3);
    let sent = commit(&store, &lease, sending(&lease), true).await.unwrap();
    clock.advance(LEASE * 2 / 3);
    assert_eq!(store.heartbeat(&worker("w2")).await.unwrap(), 0, "nothing has lapsed");
    let event = accepted(&sent, "t1");
    assert!(commit(&store, &sent, event, true).await.is_some());
}

#[tokio::test]
async fn a_lease_that_is_kept_though_someone_wants_the_job_cancelled_lasts_from_then_on() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    let sent = commit(&store, &lease, sending(&lease), true).await.unwrap();
    store.cancel(sent.job.id).await.unwrap();
    clock.advance(LEASE * 2 / 3);
    let kept = commit(&store, &sent, accepted(&sent, "t1"), true).await.unwrap();
    assert!(kept.cancel_requested, "the wish was seen");
    clock.advance(LEASE * 2 / 3);
    assert_eq!(store.heartbeat(&worker("w2")).await.unwrap(), 0, "nothing has lapsed");
}

#[tokio::test]
async fn a_claim_of_tasks_takes_back_those_whose_lease_has_lapsed() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    let sent = commit(&store, &lease, sending(&lease), true).await.unwrap();
    commit(&store, &sent, accepted(&sent, "t1"), false).await;
    clock.advance(Duration::from_hours(1));
    let polls = Claim { stage: ClaimStage::Poll, ..purchases(1) };
    let lost = store.claim(&polls).await.unwrap().leases.remove(0);
    clock.advance(LEASE * 2);
    let found = store.claim(&Claim { worker: worker("w2"), ..polls }).await.unwrap().leases;
    assert_eq!(found.len(), 1);
    assert!(commit(&store, &lost, running("running", LEASE), true).await.is_none());
}

#[tokio::test]
async fn a_claimed_job_is_not_counted_among_those_that_wait_at_its_price() {
    let server = RedisServer::start();
    let (_store, _clock, _lease) = begin(&server).await;
    let reply = server.command(&["EVAL", "return table.concat(redis.call('HVALS', 'reelq:{test}:pr:1'), ' ')", "0"]);
    assert_eq!(reply.text(), "0");
}

#[tokio::test]
async fn a_commit_that_ends_a_batch_is_news_and_notes_when_it_was() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    clock.advance(LEASE / 2);
    let failure = Failure::new(FailureKind::Invalid, "no");
    commit(&store, &lease, Event::Rejected { failure }, false).await;
    assert_ne!(store.watch(mark, Duration::ZERO).await.unwrap(), mark);
    let ended = store.batch(&batch("b")).await.unwrap().unwrap().finished_at;
    assert_eq!(ended, Some(clock.now()));
}

/// Takes the one job to where it is asked about.
async fn started(store: &RedisStore, clock: &ManualClock, lease: &Lease) {
    let sent = commit(store, lease, sending(lease), true).await.unwrap();
    commit(store, &sent, accepted(&sent, "t1"), false).await;
    clock.advance(Duration::from_hours(1));
}

#[tokio::test]
async fn a_claim_of_tasks_tells_of_jobs_to_be_withdrawn() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    started(&store, &clock, &lease).await;
    let load = store.begin_import(&draft(&batch("c"))).await.unwrap();
    let drafts = lines(&batch("c"), &wishes(1));
    store.add_to_import(&load, &drafts).await.unwrap();
    store.commit_import(&load).await.unwrap();
    let held = store.claim(&purchases(1)).await.unwrap().leases.remove(0);
    store.cancel(held.job.id).await.unwrap();
    // Whoever gives it back dies before it withdraws it.
    server.command(&["EVAL", GIVE_BACK, "0", &held.job.id.to_string()]);
    let polls = Claim { stage: ClaimStage::Poll, ..purchases(1) };
    assert_eq!(store.claim(&polls).await.unwrap().leases.len(), 1);
    assert_eq!(store.job(held.job.id).await.unwrap().unwrap().job.status(), Status::Cancelled);
}

/// What the end of a lease leaves of a job that someone wants cancelled.
const GIVE_BACK: &str = "\
    local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
    redis.call('ZREM', 'reelq:{test}:leases', id) \
    redis.call('HDEL', 'reelq:{test}:holders', id) \
    redis.call('SREM', 'reelq:{test}:l:w1', id) \
    redis.call('SADD', 'reelq:{test}:withdraw', id)";

#[tokio::test]
async fn a_wait_for_status_requests_that_is_too_long_ends_though_no_one_gets_any() {
    let server = RedisServer::start();
    let (store, clock, lease) = begin(&server).await;
    started(&store, &clock, &lease).await;
    let one_a_second = reelq_store::AccountLimits { polls_per_second: 1.0, ..plenty() };
    store.set_limits(&account("acct"), &one_a_second).await.unwrap();
    let far = format!("{} 0", clock.now().millis() + 86_400_000);
    let set = "return redis.call('HSET', redis.call('KEYS', 'reelq:{test}:a:*')[1], 'poll_tat', ARGV[1])";
    server.command(&["EVAL", set, "0", &far]);
    let polls = Claim { stage: ClaimStage::Poll, ..purchases(1) };
    let none = store.claim(&polls).await.unwrap();
    assert!(none.leases.is_empty());
    clock.advance(none.retry_in.unwrap());
    assert_eq!(store.claim(&polls).await.unwrap().leases.len(), 1);
}

/// A second batch of two jobs, of which the first is in hand.
async fn with_another_in_hand(store: &RedisStore) -> Lease {
    let load = store.begin_import(&draft(&batch("d"))).await.unwrap();
    store.add_to_import(&load, &lines(&batch("d"), &wishes(2))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.claim(&purchases(1)).await.unwrap().leases.remove(0)
}

/// Puts the job's bytes, `id`, to where `then` says; `queue` is one of those that jobs are bought from.
fn misplace(server: &RedisServer, lease: &Lease, then: &str) {
    let script = format!(
        "local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
         local queue = redis.call('KEYS', 'reelq:{{test}}:q:1:*')[1] \
         return {then}"
    );
    server.command(&["EVAL", &script, "0", &lease.job.id.to_string()]);
}

on_each_way!(
    a_job_in_hand_that_stands_in_a_list_is_not_given_again,
    a_job_in_hand_that_stands_in_a_queue_is_not_given_again,
    a_job_that_is_asked_about_is_not_bought_again_where_it_stands_among_those_to_be_bought,
    a_job_of_another_queue_is_put_where_it_belongs,
);

/// Sees that of the other batch's two jobs only the one that waits is given, and that no one asks in vain afterwards.
async fn only_the_one_that_waits_is_given(store: &RedisStore, misplaced: &Lease) {
    let given = store.claim(&purchases(9)).await.unwrap().leases;
    assert_eq!(given.len(), 1);
    assert_ne!(given[0].job.id, misplaced.job.id);
    let none = store.claim(&purchases(9)).await.unwrap();
    assert_eq!((none.leases.len(), none.retry_in), (0, None), "it stands there no more");
}

async fn in_hand_and_misplaced(way: Way, then: &str) {
    let server = RedisServer::start();
    let (store, _clock, _lease) = begin_on(&server, way).await;
    let first = with_another_in_hand(&store).await;
    misplace(&server, &first, then);
    only_the_one_that_waits_is_given(&store, &first).await;
}

async fn a_job_in_hand_that_stands_in_a_list_is_not_given_again(way: Way) {
    in_hand_and_misplaced(way, "redis.call('LPUSH', (string.gsub(queue, ':q:1:', ':f:')), id)").await;
}

async fn a_job_in_hand_that_stands_in_a_queue_is_not_given_again(way: Way) {
    in_hand_and_misplaced(way, "redis.call('ZADD', queue, 1, id)").await;
}

async fn a_job_that_is_asked_about_is_not_bought_again_where_it_stands_among_those_to_be_bought(way: Way) {
    let server = RedisServer::start();
    let (store, _clock, _lease) = begin_on(&server, way).await;
    let bought = with_another_in_hand(&store).await;
    let sent = commit(&store, &bought, sending(&bought), true).await.unwrap();
    commit(&store, &sent, accepted(&sent, "t2"), false).await;
    misplace(&server, &bought, "redis.call('ZADD', queue, 1, id)");
    only_the_one_that_waits_is_given(&store, &bought).await;
}

async fn a_job_of_another_queue_is_put_where_it_belongs(way: Way) {
    let server = RedisServer::start();
    let (store, clock, first) = begin_on(&server, way).await;
    let other = with_another_in_hand(&store).await;
    started(&store, &clock, &first).await;
    let sent = commit(&store, &other, sending(&other), true).await;
    assert!(sent.is_none(), "its lease has lapsed");
    let polls = Claim { stage: ClaimStage::Poll, ..purchases(9) };
    let asked = store.claim(&polls).await.unwrap().leases.remove(0);
    commit(&store, &asked, finished(None), false).await;
    let mut bought = store.claim(&purchases(1)).await.unwrap().leases.remove(0);
    bought = commit(&store, &bought, sending(&bought), true).await.unwrap();
    commit(&store, &bought, accepted(&bought, "t2"), false).await;
    clock.advance(LEASE / 2);
    let key = |queue: u8| format!("redis.call('KEYS', 'reelq:{{test}}:q:{queue}:*')[1]");
    let then = format!("redis.call('ZREM', {}, id) and redis.call('ZADD', {}, 0, id)", key(5), key(4));
    misplace(&server, &asked, &then);
    let given = store.claim(&polls).await.unwrap();
    let ids: Vec<_> = given.leases.iter().map(|lease| lease.job.id).collect();
    assert_eq!((ids, given.retry_in), (vec![bought.job.id], Some(Duration::ZERO)));
    assert!(store.claim(&polls).await.unwrap().leases.is_empty());
    let fetches = Claim { stage: ClaimStage::Collect, ..polls };
    let fetched = store.claim(&fetches).await.unwrap().leases;
    assert_eq!(fetched.iter().map(|lease| lease.job.id).collect::<Vec<_>>(), [asked.job.id]);
    let done = store.commit(&[Commit { lease: fetched[0].clone(), event: stored(), keep: false }]).await.unwrap();
    assert!(matches!(done[..], [Committed::Done(None)]), "{done:?}");
}

#[tokio::test]
async fn a_worker_that_signs_off_takes_no_others_job_with_it() {
    let server = RedisServer::start();
    let (store, _clock, lease) = begin(&server).await;
    misplace(&server, &lease, "redis.call('SADD', 'reelq:{test}:l:w2', id)");
    store.deregister(&worker("w2")).await.unwrap();
    assert!(commit(&store, &lease, sending(&lease), true).await.is_some());
}
