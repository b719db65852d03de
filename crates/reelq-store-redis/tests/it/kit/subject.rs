//! A server of its own, as the subject of the conformance kit.

use std::{sync::Arc, thread, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::SharedStore;
use reelq_store_conformance::Subject;
use reelq_store_redis::{LinkOptions, RedisStore};
use tokio::runtime::Runtime;

use super::way::Way;

/// The namespace `n` of a server that can be reached over TCP as well, at a time that stands still.
pub(crate) struct Redis {
    pub(crate) server: RedisServer,
    clock: Arc<ManualClock>,
    way: Way,
    /// Drives the connections that are made outside of the test's own runtime.
    runtime: Option<Runtime>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Redis {
    pub(crate) fn new() -> Self {
        Self::going(Way::Short)
    }

    pub(crate) fn going(way: Way) -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { server: RedisServer::with().tcp().start(), clock, way, runtime: Some(runtime) }
    }

    /// Opens the namespace at an address that leads to the server.
    pub(crate) fn open(&self, url: &str) -> SharedStore {
        let runtime = self.runtime.as_ref().unwrap();
        let clock: SharedClock = self.clock.clone();
        let opening = RedisStore::open_at(url.parse().unwrap(), "n".parse().unwrap(), LinkOptions::default(), clock);
        let store = thread::scope(|scope| scope.spawn(|| runtime.block_on(opening)).join().unwrap());
        Arc::new(self.way.of(store.unwrap()))
    }
}

impl Subject for Redis {
    fn store(&self) -> SharedStore {
        self.open(&self.server.socket_url())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}
