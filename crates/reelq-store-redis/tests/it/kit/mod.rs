//! What tests of the store over a real server begin with.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub(crate) mod front;
pub(crate) mod subject;
#[macro_use]
pub(crate) mod way;

use std::{sync::Arc, time::Duration};

use reelq_model::SystemClock;
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage};
use reelq_store_conformance::kit::{LEASE, account, worker};
use reelq_store_redis::{LinkOptions, RedisStore};

/// Opens the namespace `test`, whose time is the server's own.
pub(crate) async fn open(server: &RedisServer) -> RedisStore {
    open_at(&server.socket_url()).await
}

/// The same at an address.
pub(crate) async fn open_at(url: &str) -> RedisStore {
    let (address, namespace) = (url.parse().unwrap(), "test".parse().unwrap());
    let options = LinkOptions::default();
    RedisStore::open(address, namespace, options, Arc::new(SystemClock::default())).await.unwrap()
}

/// Looks again and again until it is so.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A claim of so many purchases.
pub(crate) fn purchases(limit: usize) -> Claim {
    Claim {
        stage: ClaimStage::Submit,
        account: account("acct"),
        limit,
        worker: worker("w1"),
        lease: LEASE,
        batch: None,
        except: Vec::new(),
        only_open: false,
    }
}
