//! Being told of changes: over a connection of its own the server says once, unasked, that a key which was read over it has changed.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
};

use redis::{Cmd, PushInfo, RedisError, Value, aio::MultiplexedConnection};
use tokio::sync::watch;

use super::{
    connect::Connector,
    faults::{self, Fault},
    lent::get,
    pool::{Maker, Places},
};
use reelq_model::SharedClock;
use reelq_store::Result;

/// How many may read at once; they share the one connection.
const READERS: usize = 16;

/// What counts whatever the server said unasked, and the loss of the connection over which it would.
pub(super) type Told = watch::Sender<u64>;

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
pub(crate) struct Ear(watch::Receiver<u64>);

impl Ear {
    /// Waits until something was told.
    pub(crate) async fn told(&mut self) {
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

/// Has the server tell of what is read over the connection from now on.
pub(super) async fn begin(connection: &mut MultiplexedConnection, at: &str) -> Result<(), Fault> {
    let tracking = redis::cmd("CLIENT").arg("TRACKING").arg("ON").query_async::<()>(connection).await;
    tracking.map_err(|error| faults::judge(&error, at, "CLIENT TRACKING"))
}

/// Takes in what the server says unasked: every word of it may be the awaited one.
pub(super) fn sender(told: Told) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
    move |_| {
        told.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}
