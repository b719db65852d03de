//! What lies in the server: formats that are refused, the hold on purchases, and what a purge leaves behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::kit::open;
use reelq_model::{Event, Failure, FailureKind, ManualClock, SharedClock, SystemClock, Timestamp};
use reelq_redis_server::{RedisServer, Reply};
use reelq_store::{
    Claim, ClaimStage, Claimed, Commit, Error, FolderDraft, GuardStep, Lease, LineDraft, Purge, Store as _,
};
use reelq_store_conformance::kit::{
    LEASE, Wish, acceptance, accepted, account, batch, draft, finished, lines, plenty, sending, stored, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

const NAME: &str = "b";

async fn load(store: &RedisStore, wishes: &[Wish]) -> Vec<LineDraft> {
    let load = store.begin_import(&draft(&batch(NAME))).await.unwrap();
    let lines = lines(&batch(NAME), wishes);
    store.add_to_import(&load, &lines).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    lines
}

async fn claim(store: &RedisStore, stage: ClaimStage) -> Result<Claimed, Error> {
    let (account, worker) = (account("acct"), worker("w1"));
    store
        .claim(&Claim {
            stage,
            account,
            limit: 10,
            worker,
            lease: LEASE,
            batch: None,
            except: Vec::new(),
            only_open: false,
        })
        .await
}

async fn commit(store: &RedisStore, lease: &Lease, event: Event, keep: bool) {
    _ = store.commit(&[Commit { lease: lease.clone(), event, keep }]).await.unwrap();
}

async fn try_to_open(server: &RedisServer) -> Result<RedisStore, Error> {
    let (address, namespace) = (server.socket_url().parse().unwrap(), "test".parse().unwrap());
    RedisStore::open(address, namespace, LinkOptions::default(), Arc::new(SystemClock::default())).await
}

fn keys(server: &RedisServer) -> BTreeSet<String> {
    let Reply::List(found) = server.command(&["KEYS", "*"]) else { return BTreeSet::new() };
    found.iter().map(|key| key.text().to_owned()).collect()
}

#[tokio::test]
async fn a_namespace_of_a_newer_format_is_refused() {
    let server = RedisServer::start();
    drop(open(&server).await);
    assert_eq!(server.command(&["HGET", "reelq:{test}:guard", "format"]).text(), "4", "the first to come notes it");
    server.command(&["HSET", "reelq:{test}:guard", "format", "5"]);
    assert!(matches!(try_to_open(&server).await, Err(Error::Format { found: 5, supported: 4 })));
}

#[tokio::test]
async fn a_newer_format_that_the_old_key_alone_tells_is_not_written_over() {
    let server = RedisServer::start();
    server.command(&["SET", "reelq:{test}:format", "5"]);
    assert!(matches!(try_to_open(&server).await, Err(Error::Format { found: 5, supported: 4 })));
    assert_eq!(server.command(&["GET", "reelq:{test}:format"]).text(), "5");
}

#[tokio::test]
async fn whoever_is_at_work_does_nothing_in_a_namespace_whose_format_was_raised() {
    let server = RedisServer::start();
    let store = open(&server).await;
    load(&store, &wishes(2)).await;
    let lease = claim(&store, ClaimStage::Submit).await.unwrap().leases.remove(0);
    server.command(&["HSET", "reelq:{test}:guard", "format", "5"]);
    let sends = Commit { lease: lease.clone(), event: sending(&lease), keep: true };
    let refused = store.commit(&[sends]).await;
    assert!(matches!(refused, Err(Error::Format { found: 5, supported: 4 })), "{refused:?}");
    assert!(matches!(claim(&store, ClaimStage::Submit).await, Err(Error::Format { .. })));
    assert!(matches!(store.batches().await, Err(Error::Format { .. })));
}

#[tokio::test]
async fn a_namespace_of_the_format_before_is_taken_over_and_programs_of_it_stop() {
    let server = RedisServer::start();
    load(&open(&server).await, &wishes(1)).await;
    server.command(&["DEL", "reelq:{test}:guard", "reelq:{test}:hold_until"]);
    server.command(&["SET", "reelq:{test}:format", "1"]);
    let store = open(&server).await;
    assert_eq!(server.command(&["GET", "reelq:{test}:format"]).text(), "4", "they refuse it when they open it");
    let held = server.command(&["GET", "reelq:{test}:hold_until"]);
    assert!(matches!(&held, Reply::Error(text) if text.contains("WRONGTYPE")), "each claim of theirs fails: {held:?}");
    assert_eq!(claim(&store, ClaimStage::Submit).await.unwrap().leases.len(), 1);
}

#[tokio::test]
async fn a_namespace_of_the_last_format_is_taken_over_as_it_stands() {
    let server = RedisServer::start();
    let before = open(&server).await;
    load(&before, &wishes(1)).await;
    server.command(&["HSET", "reelq:{test}:guard", "format", "3"]);
    server.command(&["SET", "reelq:{test}:j:0123456789abcdef", "of no format"]);
    let store = open(&server).await;
    assert_eq!(server.command(&["HGET", "reelq:{test}:guard", "format"]).text(), "4");
    assert_eq!(server.command(&["HEXISTS", "reelq:{test}:guard", "moving"]), Reply::Int(0));
    assert_eq!(server.command(&["GET", "reelq:{test}:j:0123456789abcdef"]).text(), "of no format");
    assert_eq!(claim(&store, ClaimStage::Submit).await.unwrap().leases.len(), 1);
}

#[tokio::test]
async fn a_record_of_a_newer_format_is_not_touched() {
    const RAISE: &str = "\
        local key = redis.call('KEYS', 'reelq:{test}:k:*')[1] \
        local raw = redis.call('GET', key) \
        redis.call('SET', key, string.sub(raw, 1, 1) .. string.char(3) .. string.sub(raw, 3))";
    let server = RedisServer::start();
    let store = open(&server).await;
    load(&store, &wishes(1)).await;
    server.command(&["EVAL", RAISE, "0"]);
    let error = claim(&store, ClaimStage::Submit).await.unwrap_err();
    assert!(error.to_string().contains("a record of format 3"), "{error}");
}

#[tokio::test]
async fn a_namespace_that_waits_for_a_journal_polls_and_buys_nothing_new() {
    let server = RedisServer::start();
    let store = open(&server).await;
    load(&store, &wishes(2)).await;
    let leases = claim(&store, ClaimStage::Submit).await.unwrap().leases;
    commit(&store, &leases[0], sending(&leases[0]), false).await;
    store.release(&leases[1..]).await.unwrap();
    let gone = FolderDraft { id: "f".to_owned(), host: "gone".to_owned(), path: "/journal".to_owned() };
    let guard = store.guard(&GuardStep::Enter(vec![gone.clone()])).await.unwrap();
    assert_eq!(guard.awaited().map(|view| &view.folder).collect::<Vec<_>>(), [&gone]);
    let claimed = claim(&store, ClaimStage::Submit).await.unwrap();
    let ids: Vec<_> = claimed.leases.iter().map(|lease| lease.job.id).collect();
    assert_eq!(ids, [leases[0].job.id], "what was begun is sent again, and nothing new is");
    assert!(claimed.retry_in.is_some(), "it is asked again");
    commit(&store, &claimed.leases[0], accepted(&claimed.leases[0], "t1"), false).await;
    tokio::time::timeout(Duration::from_secs(20), async {
        while claim(&store, ClaimStage::Poll).await.unwrap().leases.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    store.guard(&GuardStep::Release(vec![gone.id])).await.unwrap();
    assert_eq!(claim(&store, ClaimStage::Submit).await.unwrap().leases[0].job.id, leases[1].job.id);
}

#[tokio::test]
async fn a_purge_leaves_no_key_of_the_batch() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let jobs = load(&store, &wishes(4)).await;
    store.cancel(jobs[0].id()).await.unwrap();
    load(&store, &wishes(3)).await;
    for lease in claim(&store, ClaimStage::Submit).await.unwrap().leases {
        let failure = Failure::new(FailureKind::Invalid, "no");
        commit(&store, &lease, Event::Rejected { failure }, false).await;
    }
    // A charge that no one expected is followed to its end.
    store.record_acceptance(jobs[1].id(), &acceptance("t", 1), Duration::ZERO).await.unwrap();
    for (stage, event) in [(ClaimStage::Poll, finished(None)), (ClaimStage::Collect, stored())] {
        let lease = claim(&store, stage).await.unwrap().leases.remove(0);
        commit(&store, &lease, event, false).await;
    }
    let of_the_batch = keys(&server).into_iter().filter(|key| is_of_a_batch(key)).count();
    assert!(of_the_batch > 10, "records, histories, lines, sums");
    while !matches!(store.purge(&batch(NAME)).await.unwrap(), Purge::Done { .. }) {}
    let left: Vec<String> = keys(&server).into_iter().filter(|key| is_of_a_batch(key)).collect();
    assert!(left.is_empty(), "{left:?}");
    let Reply::List(holders) = server.command(&["HKEYS", "reelq:{test}:holders"]) else { panic!("a hash") };
    assert_eq!(holders.iter().map(Reply::text).collect::<Vec<_>>(), [""], "no job's");
}

/// Whether the key goes with its batch, by its first word behind the namespace.
fn is_of_a_batch(key: &str) -> bool {
    let word = key.split("}:").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
    let others = [
        "format",
        "hold_until",
        "guard",
        "clock",
        "folders",
        "absent",
        "absent_sums",
        "fence",
        "numbers",
        "sequence",
        "accounts",
        "a",
        "s",
        "c",
        "news",
        "workers",
        "holders",
    ];
    !others.contains(&word)
}

#[tokio::test]
async fn a_worker_that_was_silent_for_long_is_forgotten_once_it_holds_nothing() {
    let server = RedisServer::start();
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let (address, namespace) = (server.socket_url().parse().unwrap(), "test".parse().unwrap());
    let shared: SharedClock = clock.clone();
    let store = RedisStore::open_at(address, namespace, LinkOptions::default(), shared).await.unwrap();
    load(&store, &wishes(1)).await;
    let names = async || {
        let views = store.workers().await.unwrap();
        views.into_iter().map(|view| view.id).collect::<BTreeSet<_>>()
    };
    store.heartbeat(&worker("idle")).await.unwrap();
    let (account, limit) = (account("acct"), 1);
    let lease = Duration::from_mins(12);
    let busy = Claim {
        stage: ClaimStage::Submit,
        account,
        limit,
        worker: worker("busy"),
        lease,
        batch: None,
        except: Vec::new(),
        only_open: false,
    };
    assert_eq!(store.claim(&busy).await.unwrap().leases.len(), 1);
    clock.advance(Duration::from_mins(11));
    store.heartbeat(&worker("live")).await.unwrap();
    assert_eq!(names().await, [worker("busy"), worker("live")].into());
    clock.advance(Duration::from_mins(2));
    store.heartbeat(&worker("live")).await.unwrap();
    assert_eq!(names().await, [worker("live")].into());
}

#[tokio::test]
async fn time_is_the_servers_in_milliseconds() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let seconds = || {
        let Reply::List(time) = server.command(&["TIME"]) else { return 0 };
        time[0].text().parse::<i64>().unwrap()
    };
    let before = seconds();
    let now = store.now().await.unwrap().millis();
    assert!((before * 1000..(seconds() + 1) * 1000).contains(&now), "{now}");
}
