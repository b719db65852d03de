//! The store over Redis keeps the contract. The cases share a server, and each has a namespace of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{sync::Arc, thread, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::SharedServer;
use reelq_store::SharedStore;
use reelq_store_conformance::Subject;
use reelq_store_redis::{LinkOptions, Namespace, RedisStore};
use tokio::runtime::Runtime;

use crate::kit::way::Way;

struct Redis {
    server: SharedServer,
    namespace: Namespace,
    clock: Arc<ManualClock>,
    store: SharedStore,
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

fn open(
    runtime: &Runtime,
    server: &SharedServer,
    namespace: &Namespace,
    clock: &Arc<ManualClock>,
    way: Way,
) -> SharedStore {
    let clock: SharedClock = clock.clone();
    let address = server.socket_url().parse().unwrap();
    let opening = RedisStore::open_at(address, namespace.clone(), LinkOptions::default(), clock);
    // A case runs on a runtime of its own, where nothing may block.
    let store = thread::scope(|scope| scope.spawn(|| runtime.block_on(opening)).join().unwrap());
    Arc::new(way.of(store.unwrap()))
}

fn subject_of(way: Way) -> Redis {
    let server = SharedServer::join();
    let namespace = server.fresh_name().parse().unwrap();
    // Later than the machine's clock, by which a fresh server is held.
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = open(&runtime, &server, &namespace, &clock, way);
    Redis { server, namespace, clock, store, way, runtime: Some(runtime) }
}

fn subject() -> Redis {
    subject_of(Way::Short)
}

impl Subject for Redis {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        open(self.runtime.as_ref().unwrap(), &self.server, &self.namespace, &self.clock, self.way)
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

reelq_store_conformance::conformance_tests!(subject);

/// What is left to scripts that judge anything is seldom; the suite sees that they do the same.
mod whole {
    use super::*;

    fn subject() -> Redis {
        subject_of(Way::Whole)
    }

    reelq_store_conformance::conformance_tests!(subject);
}
