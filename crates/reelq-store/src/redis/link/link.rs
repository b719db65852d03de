//! [`Link`]: calls of scripts and plain reads over a connection that mends itself.

use std::sync::Arc;

use redis::{Cmd, Pipeline, RedisError, Value};
use reelq_model::SharedClock;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::{
    address::Address,
    connect::Connector,
    faults,
    greet::{Greeter, Standing},
    lane::{Lane, Live},
    options::LinkOptions,
    script::Call,
};
use crate::{Error, Result, redis::Namespace};

/// The way to the server, for every task of a process; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: Namespace,
    connector: Arc<Connector>,
    greeter: Arc<Greeter>,
    standing: Arc<watch::Sender<Standing>>,
    lane: Lane,
    places: Semaphore,
}

impl Link {
    /// Connects. Fails where the server is away, refuses the login, or cannot keep the promised durability.
    pub(crate) async fn open(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let places = Semaphore::new(options.calls.max(1));
        let greeter = Arc::new(Greeter::new(&namespace, &options));
        let connector = Arc::new(Connector::new(address, options));
        let standing = Arc::new(watch::Sender::new(Standing::default()));
        let lane = Lane::new(&connector, &greeter, &clock, &standing);
        let link = Self(Arc::new(Inner { namespace, connector, greeter, standing, lane, places }));
        link.0.lane.live().await?;
        Ok(link)
    }

    /// Whose keys this link touches.
    pub(crate) fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Calls a script; an answer that is lost makes it unavailable, done or not.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value> {
        let _place = self.place().await?;
        let live = self.0.lane.live().await?;
        let mut connection = live.wire.connection.clone();
        let first = call.command.query_async(&mut connection).await;
        let outcome = match first {
            Err(error) if faults::is_unknown_script(&error) => match self.0.greeter.teach(&live, call.script).await {
                Ok(epoch) => {
                    self.observe_epoch(epoch);
                    call.command.query_async(&mut connection).await
                }
                Err(error) => Err(error),
            },
            first => first,
        };
        self.settle(outcome, &live, call.script.name()).await
    }

    /// Runs one plain command.
    pub(crate) async fn query(&self, command: &Cmd) -> Result<Value> {
        let _place = self.place().await?;
        let live = self.0.lane.live().await?;
        let outcome = command.query_async(&mut live.wire.connection.clone()).await;
        self.settle(outcome, &live, "a query").await
    }

    /// Runs several plain commands in one round trip; not atomic together.
    pub(crate) async fn read(&self, pipeline: &Pipeline) -> Result<Vec<Value>> {
        let _place = self.place().await?;
        let live = self.0.lane.live().await?;
        let outcome = pipeline.query_async(&mut live.wire.connection.clone()).await;
        self.settle(outcome, &live, "queries").await
    }

    /// Tells every new connection and every change of the epoch.
    pub(crate) fn changes(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
    }

    /// The epoch as last seen.
    pub(crate) fn epoch(&self) -> u64 {
        self.0.standing.borrow().epoch
    }

    /// Takes note of an epoch that a script's answer held.
    pub(crate) fn observe_epoch(&self, epoch: u64) {
        self.0.standing.send_if_modified(|standing| {
            let news = standing.epoch != epoch;
            standing.epoch = epoch;
            news
        });
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>> {
        let limit = self.0.connector.options().response_timeout;
        let place = tokio::time::timeout(limit, self.0.places.acquire()).await;
        let place = place.map_err(|_| Error::unavailable("too many calls of the store are under way"))?;
        place.map_err(Error::unavailable)
    }

    async fn settle<T>(&self, outcome: Result<T, RedisError>, live: &Live, doing: &str) -> Result<T> {
        match outcome {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let fault = faults::judge(&error, self.0.connector.shown(), doing);
                if fault.reconnect {
                    self.0.lane.discard(live).await;
                }
                Err(fault.error)
            }
        }
    }
}
