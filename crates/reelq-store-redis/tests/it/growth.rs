//! No script sends more commands where there is more in the state.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::SharedStore;
use reelq_store_conformance::{
    Kit, Subject,
    growth::{Size, each_verb, grown},
};
use reelq_store_redis::{LinkOptions, RedisStore};
use tokio::runtime::Runtime;

/// A server of its own: what it counts are this test's commands alone.
struct Redis {
    server: RedisServer,
    clock: Arc<ManualClock>,
    store: SharedStore,
    runtime: Option<Runtime>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn open(runtime: &Runtime, server: &RedisServer, clock: &Arc<ManualClock>) -> SharedStore {
    let clock: SharedClock = clock.clone();
    let address = server.socket_url().parse().unwrap();
    let opening = RedisStore::open_at(address, "growth".parse().unwrap(), LinkOptions::default(), clock);
    let store = thread::scope(|scope| scope.spawn(|| runtime.block_on(opening)).join().unwrap());
    Arc::new(store.unwrap())
}

impl Redis {
    fn new() -> Self {
        let server = RedisServer::start();
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let store = open(&runtime, &server, &clock);
        Self { server, clock, store, runtime: Some(runtime) }
    }
}

impl Subject for Redis {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        open(self.runtime.as_ref().unwrap(), &self.server, &self.clock)
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// How often each command was done since the server began to count.
fn taken(server: &RedisServer) -> BTreeMap<String, u64> {
    let stats = server.command(&["INFO", "commandstats"]).text().to_owned();
    server.command(&["CONFIG", "RESETSTAT"]);
    let calls = stats.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let (calls, _) = rest.split_once(',')?;
        Some((name.to_owned(), calls.parse().ok()?))
    });
    // What the test and the connection say for themselves.
    calls.filter(|(name, _)| !["info", "config|resetstat", "ping", "publish"].contains(&name.as_str())).collect()
}

async fn counted(size: Size) -> BTreeMap<(String, String), u64> {
    let subject = Redis::new();
    let mut all = BTreeMap::new();
    let note = |what: &str| {
        for (command, calls) in taken(&subject.server).into_iter().filter(|_| !what.is_empty()) {
            let most = all.entry((what.to_owned(), command)).or_insert(0);
            *most = calls.max(*most);
        }
    };
    each_verb(&Kit::new(&subject), size, note).await;
    all
}

/// Whose answer has all batches in it.
const TELL_OF_BATCHES: [&str; 6] =
    ["batches", "unnoted", "imports_seen", "scan of all", "scan of a status in all", "scan of another account"];

#[tokio::test]
async fn no_verb_sends_more_commands_where_there_are_more_jobs_or_batches() {
    let small = counted(Size { jobs: 256, batches: 4 }).await;
    assert!(small.len() > 200, "the commands of all verbs are seen: {}", small.len());
    let large = counted(Size { jobs: 2_048, batches: 4 }).await;
    let told = |((what, command), before, after): ((String, String), u64, u64)| {
        format!("{what}: {before} -> {after} {command}")
    };
    let by_jobs: Vec<_> = grown(&small, &large, 8).into_iter().map(told).collect();
    assert!(by_jobs.is_empty(), "with more jobs:\n{}", by_jobs.join("\n"));
    let many = counted(Size { jobs: 256, batches: 64 }).await;
    let is_of_all = |what: &str| TELL_OF_BATCHES.iter().any(|of| what.starts_with(of));
    let by_batches = grown(&small, &many, 8).into_iter().filter(|found| !is_of_all(&found.0.0));
    let by_batches: Vec<_> = by_batches.map(told).collect();
    assert!(by_batches.is_empty(), "with more batches:\n{}", by_batches.join("\n"));
}
