//! One real `redis-server` for the whole run, and what it says of itself.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use reelq_model::SystemClock;
use reelq_redis_server::RedisServer;
use reelq_store::SharedStore;
use reelq_store_redis::{LinkOptions, Namespace, RedisStore};

/// A server that keeps nothing on disk, so that what is measured is not the disk.
pub(super) struct Server {
    pub(super) redis: RedisServer,
}

/// Counters of the server at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// Commands answered; those inside scripts are not counted.
    pub(super) commands: u64,
    /// Bytes in use.
    pub(super) memory: u64,
}

impl Server {
    pub(super) async fn start() -> Result<Self> {
        let server = Self { redis: RedisServer::start() };
        // Scripts and connections are there before the first figure is taken.
        server.store().await?.batches().await.context("ask the store")?;
        Ok(server)
    }

    /// The store as one more process has it open.
    pub(super) async fn store(&self) -> Result<SharedStore> {
        let address = self.redis.socket_url().parse()?;
        let namespace: Namespace = "bench".parse()?;
        let store = RedisStore::open(address, namespace, LinkOptions::default(), Arc::new(SystemClock::new()));
        Ok(Arc::new(store.await.context("open the store")?))
    }

    /// Removes everything.
    pub(super) fn clear(&self) {
        self.redis.command(&["FLUSHALL"]);
    }

    pub(super) fn counted(&self) -> Result<Counted> {
        let info = self.info();
        let number = |name: &str| info.get(name).and_then(|text| text.parse().ok()).context(name.to_owned());
        Ok(Counted { commands: number("total_commands_processed")?, memory: number("used_memory")? })
    }

    fn info(&self) -> BTreeMap<String, String> {
        let mut info = BTreeMap::new();
        for section in ["stats", "memory"] {
            let reply = self.redis.command(&["INFO", section]);
            let pairs = reply.text().lines().filter_map(|line| line.split_once(':'));
            info.extend(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        }
        info
    }
}
