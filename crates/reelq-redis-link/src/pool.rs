//! Connections in pools: made by whoever needs one, examined before their first call, and made again once they broke.
//!
//! Plain calls share one connection, each with a place of its own; calls that wait for the disk have one each, because
//! the wait holds up everything behind it.

use std::{
    future::Future,
    ops::Deref,
    result,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::{
    Runtime,
    managed::{self, Hook, HookError, Metrics, PoolConfig, QueueMode, RecycleError},
};
use redis::aio::MultiplexedConnection;
use reelq_model::SharedClock;

use super::{
    attempts::Attempts,
    connect::{Connector, Wire},
    durable::{self, Syncing},
    faults::{self, Fault},
    handshake,
    lent::get,
    options::Durability,
    refusals::Refusals,
    told,
};
use reelq_store::{Error, Result};

/// Connections of one call each.
pub(super) type Connections = managed::Pool<Maker>;
/// Places on one connection that all of them share.
pub(super) type Places = managed::Pool<Sharer>;

/// A connection; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    wire: Wire,
    pub(super) syncing: Syncing,
    is_broken: Arc<AtomicBool>,
    /// When it began to be made.
    began: Duration,
}

impl Connection {
    /// What commands are sent over.
    pub(super) fn channel(&self) -> MultiplexedConnection {
        self.wire.connection.clone()
    }

    /// No one gets it any more.
    pub(super) fn give_up(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    fn recycle(&self) -> managed::RecycleResult<Error> {
        if self.is_broken() { Err(RecycleError::message("it broke")) } else { Ok(()) }
    }
}

/// Makes connections, for all pools of a link.
#[derive(Debug, Clone)]
pub(super) struct Maker(Arc<Parts>);

/// What making a connection takes.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) connector: Connector,
    pub(super) clock: SharedClock,
    refusals: Refusals,
    attempts: Attempts,
}

impl Deref for Maker {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl managed::Manager for Maker {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        Box::pin(self.make()).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> managed::RecycleResult<Error> {
        connection.recycle()
    }
}

impl Maker {
    pub(super) fn new(connector: Connector, clock: SharedClock) -> Self {
        let attempts = Attempts::new(connector.options.longest_pause, connector.options.seed);
        Self(Arc::new(Parts { connector, clock, refusals: Refusals::default(), attempts }))
    }

    /// A pool of so many connections, at least one. Those that were used last are used first: after a quiet time the rest of
    /// them stays unused.
    pub(super) fn pool(&self, size: usize) -> Result<Connections> {
        let maker = self.clone();
        let examined = Hook::async_fn(move |connection: &mut Connection, _| {
            let maker = maker.clone();
            Box::pin(async move { maker.examine(connection).await.map_err(HookError::Backend) })
        });
        build(Connections::builder(self.clone()).post_create(examined), self.settings(size))
    }

    /// So many places, at least one, on one connection.
    pub(super) fn places(&self, size: usize) -> Result<Places> {
        build(Places::builder(Sharer(self.pool(1)?)), self.settings(size))
    }

    /// What a fault means now.
    pub(super) fn weigh(&self, fault: Fault) -> Fault {
        self.refusals.weigh(fault, self.clock.monotonic(), self.connector.options.login_patience)
    }

    fn settings(&self, size: usize) -> PoolConfig {
        let mut settings = PoolConfig::new(size.max(1));
        settings.queue_mode = QueueMode::Lifo;
        // How long a connection may take to be made is bounded by `in_time`: the pool's own bound ends before its hooks.
        settings.timeouts.wait = Some(self.connector.options.response_timeout);
        settings
    }

    async fn make(&self) -> Result<Connection> {
        let began = self.clock.monotonic();
        self.attempts.may_begin(began)?;
        let wire = self.in_time(began, self.connector.connect()).await?;
        Ok(Connection { wire, syncing: Syncing::ByItself, is_broken: Arc::default(), began })
    }

    /// Shakes hands: whether the server lets us in, and keeps what strict durability promises. One that does not is refused.
    async fn examine(&self, connection: &mut Connection) -> Result<()> {
        let (mut channel, at) = (connection.channel(), self.connector.shown());
        connection.syncing = self
            .in_time(connection.began, async {
                handshake::lets_us_in(&mut channel).await.map_err(|error| faults::judge(&error, at, "PING"))?;
                if self.connector.told.is_some() {
                    told::begin(&mut channel, at).await?;
                    return Ok(Syncing::ByItself);
                }
                match self.connector.options.durability {
                    Durability::Strict => durable::examine(&mut channel, at).await,
                    Durability::Normal => Ok(Syncing::ByItself),
                }
            })
            .await?;
        self.refusals.taken();
        self.attempts.succeeded();
        tracing::debug!(server = at, "connected to the store");
        Ok(())
    }

    /// A step of making a connection that began at `began`; all of them have the same time together.
    async fn in_time<T>(&self, began: Duration, step: impl Future<Output = result::Result<T, Fault>>) -> Result<T> {
        let spent = self.clock.monotonic().saturating_sub(began);
        let left = self.connector.options.connect_timeout.saturating_sub(spent);
        let outcome = tokio::time::timeout(left, step).await.unwrap_or_else(|_| Err(self.silent()));
        outcome.map_err(|fault| {
            let error = self.weigh(fault).error;
            self.attempts.failed(&error, began, self.clock.monotonic());
            error
        })
    }

    fn silent(&self) -> Fault {
        let (shown, limit) = (self.connector.shown(), self.connector.options.connect_timeout);
        let doubt =
            if self.connector.address.tls { "; neither does a server that speaks no TLS: check `rediss`" } else { "" };
        faults::passes(format!("{shown} does not answer within {} s{doubt}", limit.as_secs_f32()), true)
    }
}

/// Hands out shares of the one connection of its pool.
#[derive(Debug)]
pub(super) struct Sharer(pub(super) Connections);

impl managed::Manager for Sharer {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        Ok(Box::pin(get(&self.0)).await?.connection())
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> managed::RecycleResult<Error> {
        connection.recycle()
    }
}

fn build<M: managed::Manager>(builder: managed::PoolBuilder<M>, settings: PoolConfig) -> Result<managed::Pool<M>> {
    builder.config(settings).runtime(Runtime::Tokio1).build().map_err(|error| Error::broken(error.to_string()))
}
