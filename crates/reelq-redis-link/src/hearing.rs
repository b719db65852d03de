//! Being told of changes: over a connection of its own the server says once, unasked, that a key which was read over it has changed.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
};

use redis::{Cmd, RedisError, Value};
use tokio::sync::watch;

use super::{
    connect::Connector,
    faults,
    lent::get,
    pool::{Maker, Places},
    told::Told,
};
use reelq_model::SharedClock;
use reelq_store::Result;

/// How many may read at once; they share the one connection.
const READERS: usize = 16;

/// Reads keys over a connection on which the server tells of their changes.
#[derive(Debug)]
pub(super) struct Hearing {
    places: Places,
    told: Told,
    /// The server does not tell, or not us: it is not asked again to.
    is_deaf: AtomicBool,
}

/// Hears what is told from now on.
#[derive(Debug)]
pub struct Ear(watch::Receiver<u64>);

impl Ear {
    /// Waits until something was told since the last wait; for good where the link is gone.
    pub async fn told(&mut self) {
        if self.0.changed().await.is_err() {
            pending::<()>().await;
        }
    }
}

impl Hearing {
    /// Connects with the first read only.
    pub(super) fn new(connector: Connector, clock: SharedClock) -> Result<Self> {
        let told = Told::default();
        let maker = Maker::new(connector.hearing(told.clone()), clock);
        Ok(Self { places: maker.places(READERS)?, told, is_deaf: AtomicBool::new(false) })
    }

    pub(super) fn ear(&self) -> Ear {
        Ear(self.told.subscribe())
    }

    /// Reads a key, and has it told when that changes; nothing where the server does not tell.
    pub(super) async fn read(&self, read: &Cmd) -> Result<Option<Value>> {
        if self.is_deaf.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match self.try_read(read).await {
            Err(error) if !error.is_transient() => {
                tracing::debug!(%error, "the store is asked for news: it does not tell them");
                self.is_deaf.store(true, Ordering::Relaxed);
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    async fn try_read(&self, read: &Cmd) -> Result<Value> {
        let connection = get(&self.places).await?;
        let outcome: Result<Value, RedisError> = read.query_async(&mut connection.channel()).await;
        outcome.map_err(|error| {
            let fault = faults::judge(&error, "the server", "a read");
            connection.give_up();
            self.drop_broken();
            fault.error
        })
    }

    /// As [`super::lent::drop_broken`], of the connection and its places.
    pub(super) fn drop_broken(&self) {
        super::lent::drop_broken(&self.places);
        super::lent::drop_broken(&self.places.manager().0);
    }
}
