//! Loads over Redis alone: what becomes of them when their client dies, and how fast and large they are.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{collections::BTreeSet, time::Duration};

use crate::kit::open;
use reelq_model::{JobId, Status};
use reelq_redis_server::{RedisServer, Reply};
use reelq_store::{Claim, ClaimStage, Imported, LineDraft, Page, Store as _};
use reelq_store_conformance::kit::{Wish, account, batch, draft, lines, plenty, wish, wishes, worker};
use reelq_store_redis::RedisStore;

const NAME: &str = "b";
/// Each life of a client lasts longer than the one before, until one lives to the end.
const FIRST_LIFE: Duration = Duration::from_millis(2);
const LONGER: f32 = 1.3;
/// More than one part of a load, and of its end.
const JOBS: usize = 1_300;

async fn load(store: &RedisStore, wishes: &[Wish]) -> Imported {
    let load = store.begin_import(&draft(&batch(NAME))).await.unwrap();
    for chunk in lines(&batch(NAME), wishes).chunks(1_000) {
        store.add_to_import(&load, chunk).await.unwrap();
    }
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    store.commit_import(&load).await.unwrap()
}

fn ids(wishes: &[Wish]) -> Vec<JobId> {
    lines(&batch(NAME), wishes).iter().map(LineDraft::id).collect()
}

/// Repeats a load whose client dies a little later each time; how often it died.
async fn load_between_deaths(store: &RedisStore, wishes: &[Wish], mut after_death: impl AsyncFnMut()) -> u32 {
    let mut life = FIRST_LIFE;
    let mut deaths = 0;
    loop {
        // Whatever the client was waiting for when it died may have been done or not.
        if tokio::time::timeout(life, load(store, wishes)).await.is_ok() {
            return deaths;
        }
        (life, deaths) = (life.mul_f32(LONGER), deaths + 1);
        after_death().await;
    }
}

async fn results(store: &RedisStore) -> Vec<(JobId, Status)> {
    let lines = store.results(&batch(NAME), Page { after: 0, limit: usize::MAX }).await.unwrap();
    lines.into_iter().map(|line| (line.view.job.id, line.view.job.status())).collect()
}

async fn claim(store: &RedisStore, limit: usize) -> Vec<JobId> {
    let claim = Claim {
        stage: ClaimStage::Submit,
        account: account("acct"),
        limit,
        worker: worker("w1"),
        lease: Duration::from_mins(5),
        batch: None,
        except: Vec::new(),
        only_open: false,
    };
    store.claim(&claim).await.unwrap().leases.iter().map(|lease| lease.job.id).collect()
}

/// Claims until nothing is left; nothing may come twice.
async fn claim_all(store: &RedisStore) -> BTreeSet<JobId> {
    let mut claimed = BTreeSet::new();
    loop {
        let part = claim(store, 200).await;
        if part.is_empty() {
            return claimed;
        }
        for job in part {
            assert!(claimed.insert(job), "{job} was given twice");
        }
    }
}

#[tokio::test]
async fn a_load_whose_client_died_anywhere_is_whole_when_it_is_repeated() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let wishes = wishes(JOBS);
    let deaths = load_between_deaths(&store, &wishes, async || {
        // A client that died between the end of its load and the answer has loaded the batch whole.
        if store.batch(&batch(NAME)).await.unwrap().is_none_or(|view| !view.whole) {
            assert!(claim(&store, 9).await.is_empty(), "nothing starts before the load is finished");
        }
    })
    .await;
    assert!(deaths > 3, "{deaths}");
    let wanted: Vec<_> = ids(&wishes).into_iter().map(|job| (job, Status::Queued)).collect();
    assert_eq!(results(&store).await, wanted);
    let view = store.batch(&batch(NAME)).await.unwrap().unwrap();
    assert_eq!(view.counts.total(), u64::try_from(JOBS).unwrap());
    assert_eq!(claim_all(&store).await, ids(&wishes).into_iter().collect());
}

#[tokio::test]
async fn leavings_of_dead_loads_are_cleared_away() {
    let server = RedisServer::start();
    let store = open(&server).await;
    load_between_deaths(&store, &wishes(JOBS), async || {}).await;
    let few = wishes(1);
    load(&store, &few).await;
    for job in ids(&wishes(JOBS)).into_iter().skip(1) {
        assert_eq!(store.job(job).await.unwrap().unwrap().job.status(), Status::Cancelled);
    }
    assert_eq!(claim_all(&store).await, ids(&few).into_iter().collect());
    let dead = store.begin_import(&draft(&batch("dead"))).await.unwrap();
    store.add_to_import(&dead, &lines(&batch("dead"), &wishes(JOBS))).await.unwrap();
    let number = server.command(&["ZSCORE", "reelq:{test}:batches", "dead"]).text().to_owned();
    let keys = |kind: &str| server.command(&["KEYS", &format!("reelq:{{test}}:{kind}")]);
    let kinds = [format!("lines:{number}:*"), format!("staged:{number}:*"), format!("f:*:{number}:*")];
    for kind in &kinds {
        assert_ne!(keys(kind), Reply::List(Vec::new()), "{kind}");
    }
    store.begin_import(&draft(&batch("dead"))).await.unwrap();
    for kind in &kinds {
        assert_eq!(keys(kind), Reply::List(Vec::new()), "{kind}");
    }
}

/// Every third line goes, every third changes its price, as many are new.
fn changed() -> Vec<Wish> {
    let old = wishes(JOBS).into_iter().enumerate().filter(|(at, _)| at % 3 != 0);
    let old = old.map(|(at, wish)| if at % 3 == 1 { wish.cents(25) } else { wish });
    old.chain((0..JOBS / 3).map(|number| wish(format!("new {number}")))).rev().collect()
}

#[tokio::test]
async fn a_reload_whose_client_died_anywhere_ends_as_if_it_had_lived() {
    let server = RedisServer::start();
    let store = open(&server).await;
    load(&store, &wishes(JOBS)).await;
    let deaths = load_between_deaths(&store, &changed(), async || {
        let view = store.batch(&batch(NAME)).await.unwrap().unwrap();
        assert!(view.whole);
    })
    .await;
    assert!(deaths > 3, "{deaths}");
    let wanted: Vec<_> = ids(&changed()).into_iter().map(|job| (job, Status::Queued)).collect();
    assert_eq!(results(&store).await, wanted);
    let view = store.batch(&batch(NAME)).await.unwrap().unwrap();
    assert_eq!(view.counts.of(Status::Queued), u64::try_from(changed().len()).unwrap());
    assert_eq!(view.others.total(), 0, "what was never bought leaves no trace");
    let prices: i64 = changed().iter().filter_map(|wish| wish.cents).sum();
    assert_eq!(view.to_spend, reelq_store_conformance::kit::cents(prices));
    assert_eq!(claim_all(&store).await, ids(&changed()).into_iter().collect());
    let settled = store.batch(&batch(NAME)).await.unwrap().unwrap();
    assert_eq!((settled.to_spend, settled.counts), (view.to_spend, view.counts));
}

#[tokio::test]
async fn nothing_of_a_batch_is_claimed_while_its_reload_is_settled() {
    let server = RedisServer::start();
    let store = open(&server).await;
    load(&store, &wishes(JOBS)).await;
    let mut settling = 0;
    load_between_deaths(&store, &changed(), async || {
        // What the dead client had asked for is done before this is answered, for both go over one connection.
        store.batch(&batch(NAME)).await.unwrap();
        let mark = server.command(&["HEXISTS", "reelq:{test}:b:1", "settling"]);
        if mark == Reply::Int(1) {
            settling += 1;
            assert!(claim(&store, 9).await.is_empty());
        }
    })
    .await;
    assert!(settling > 0, "no client died while it settled the load");
    assert_eq!(claim(&store, 9).await.len(), 9);
}

#[tokio::test]
async fn jobs_behind_a_thousand_cancelled_ones_are_claimed_in_their_turn() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let first: Vec<Wish> = wishes(2_150).into_iter().map(|wish| wish.priority(5)).collect();
    let rest = (0..20).map(|number| wish(format!("later {number}")));
    let all: Vec<Wish> = first.iter().cloned().chain(rest).collect();
    load(&store, &all).await;
    for job in &ids(&all)[..2_140] {
        store.cancel(*job).await.unwrap();
    }
    let mut claimed = Vec::new();
    for _ in 0..4 {
        claimed.extend(claim(&store, 10).await);
    }
    assert_eq!(claimed[..10], ids(&all)[2_140..2_150], "the higher priority goes first");
}

fn used_memory(server: &RedisServer) -> u64 {
    let info = server.command(&["INFO", "memory"]);
    let (_, from) = info.text().split_once("used_memory:").unwrap();
    let digits: String = from.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

fn payload(line: &LineDraft) -> usize {
    serde_json::to_vec(&line.job.spec.fields).unwrap().len() + line.line.label.as_ref().map_or(0, String::len)
}

#[tokio::test]
async fn a_waiting_job_takes_little_beside_its_own_words() {
    const LARGE: usize = 20_000;
    let server = RedisServer::start();
    let store = open(&server).await;
    // What the server keeps of the scripts is no job's.
    let first = store.begin_import(&draft(&batch("first"))).await.unwrap();
    store.add_to_import(&first, &lines(&batch("first"), &wishes(1))).await.unwrap();
    store.commit_import(&first).await.unwrap();
    let before = used_memory(&server);
    // Lengths vary, for the server's memory comes in steps.
    let wishes: Vec<Wish> = (0..LARGE).map(|number| wish(format!("{} {number}", "x".repeat(number % 300)))).collect();
    load(&store, &wishes).await;
    let payload: usize = lines(&batch(NAME), &wishes).iter().map(payload).sum();
    let payload = u64::try_from(payload).unwrap();
    let beyond = || (used_memory(&server) - before).saturating_sub(payload) / u64::try_from(LARGE).unwrap();
    // The server gives the connections' buffers back a while after the last large command.
    let mut looks = 0;
    while beyond() >= 250 && looks < 100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        looks += 1;
    }
    assert!(beyond() < 250, "{} bytes a job", beyond());
}
