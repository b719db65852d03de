//! [`Link`]: calls of scripts and plain reads over connections that mend themselves.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, RedisError, Value};
use reelq_model::SharedClock;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    address::Address,
    connect::Connector,
    durable::{Lanes, Syncing},
    everywhere, faults,
    lane::{Lane, Live, Shared},
    options::LinkOptions,
    script::Call,
    server::Answer,
    slot,
};
use crate::{Error, Result, Spread, redis::Namespace};

/// The way to the server, for every task of a process; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: Namespace,
    shared: Shared,
    lane: Lane,
    places: Semaphore,
    durable: Lanes,
    fence: String,
}

impl Link {
    /// Connects. Fails where the server is away, refuses the login, or cannot keep the promised durability.
    pub(crate) async fn open(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let connector = Arc::new(Connector::new(address, options, slot::of(namespace.name()))?);
        let shared = Shared { connector, clock, refusals: Arc::default() };
        let options = &shared.connector.options;
        let durable = (0..options.durable_calls.max(1)).map(|_| Arc::new(Lane::new(shared.clone())));
        let link = Self(Arc::new(Inner {
            places: Semaphore::new(options.calls.max(1)),
            durable: Lanes::new(durable.collect()),
            lane: Lane::new(shared.clone()),
            fence: format!("{}fence", namespace.prefix()),
            namespace,
            shared,
        }));
        link.0.lane.live().await?;
        Ok(link)
    }

    /// The clock that its waits go by.
    pub(crate) fn clock(&self) -> &SharedClock {
        &self.0.shared.clock
    }

    /// How long a call is repeated while the server is unreachable.
    pub(crate) fn patience(&self) -> Duration {
        self.0.shared.connector.options.patience.get()
    }

    /// Whose keys this link touches.
    pub(crate) fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Calls a script; where the answer is lost it is unavailable, done or not.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer> {
        let _place = self.place(&self.0.places).await?;
        let live = self.0.lane.live().await?;
        let outcome = self.run(&live, call).await;
        let value = self.settle(outcome, &self.0.lane, &live, call.script.name()).await?;
        Ok(Answer { value, server: live.server })
    }

    /// Calls a script, and under strict durability answers only once what it did is on the server's disk.
    ///
    /// A repeat waits for the disk as well, also where the script finds that all was done before.
    pub(crate) async fn call_durable(&self, call: &Call) -> Result<Answer> {
        if self.0.lane.live().await?.syncing == Syncing::ByItself {
            return self.call(call).await;
        }
        let _place = self.place(&self.0.durable.places).await?;
        let borrowed = self.0.durable.take().ok_or_else(|| Error::unavailable("no connection is free"))?;
        let lane = &borrowed.lane;
        let live = lane.live().await?;
        let outcome = self.run(&live, call).await;
        let value = self.settle(outcome, lane, &live, call.script.name()).await?;
        let outcome = self.wait_for_disk(&live).await;
        match self.settle(outcome, lane, &live, "the wait for its disk").await? {
            0 => Err(Error::unavailable(format!(
                "{} did not write to its disk within {} s",
                self.0.shared.connector.shown(),
                self.sync_limit().as_secs_f32()
            ))),
            _ => Ok(Answer { value, server: live.server }),
        }
    }

    /// Waits until everything that was done before is on the server's disk and on every replica that is connected.
    pub(crate) async fn everywhere(&self) -> Result<Spread> {
        let _place = self.place(&self.0.durable.places).await?;
        let borrowed = self.0.durable.take().ok_or_else(|| Error::unavailable("no connection is free"))?;
        let lane = &borrowed.lane;
        let live = lane.live().await?;
        let mut connection = live.wire.connection.clone();
        let outcome = everywhere::wait(&mut connection, &self.0.fence, self.sync_limit()).await;
        self.settle(outcome, lane, &live, "the wait for its replicas").await
    }

    /// Runs one plain command.
    pub(crate) async fn query(&self, command: &Cmd) -> Result<Value> {
        let _place = self.place(&self.0.places).await?;
        let live = self.0.lane.live().await?;
        let outcome = command.query_async(&mut live.wire.connection.clone()).await;
        self.settle(outcome, &self.0.lane, &live, "a query").await
    }

    /// Runs several plain commands in one round trip; not atomic together.
    pub(crate) async fn read(&self, pipeline: &Pipeline) -> Result<Vec<Value>> {
        let _place = self.place(&self.0.places).await?;
        let live = self.0.lane.live().await?;
        let outcome = pipeline.query_async(&mut live.wire.connection.clone()).await;
        self.settle(outcome, &self.0.lane, &live, "queries").await
    }

    /// Calls by hash, and teaches the server the script where it does not know it.
    async fn run(&self, live: &Live, call: &Call) -> Result<Value, RedisError> {
        let mut connection = live.wire.connection.clone();
        match call.command.query_async(&mut connection).await {
            Err(error) if faults::is_unknown_script(&error) => {
                let mut teach = redis::cmd("SCRIPT");
                teach.arg("LOAD").arg(call.script.text()).query_async::<()>(&mut connection).await?;
                call.command.query_async(&mut connection).await
            }
            outcome => outcome,
        }
    }

    /// How many disks hold all that was done before, so one or none.
    ///
    /// The server waits for the last write of this connection, and a script that found its work done wrote nothing:
    /// the write in front makes the wait cover everything older.
    async fn wait_for_disk(&self, live: &Live) -> Result<u32, RedisError> {
        let limit = u64::try_from(self.sync_limit().as_millis()).unwrap_or(u64::MAX).max(1);
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(&self.0.fence).arg("").ignore();
        pipeline.cmd("WAITAOF").arg(1).arg(0).arg(limit);
        let ((disks, _),) = pipeline.query_async::<((u32, u32),)>(&mut live.wire.connection.clone()).await?;
        Ok(disks)
    }

    /// Shorter than an answer may take, so that the server gives up first and the connection stays good.
    fn sync_limit(&self) -> Duration {
        self.0.shared.connector.options.response_timeout.mul_f32(0.75)
    }

    async fn place<'a>(&self, places: &'a Semaphore) -> Result<SemaphorePermit<'a>> {
        let limit = self.0.shared.connector.options.response_timeout;
        let place = tokio::time::timeout(limit, places.acquire()).await;
        let place = place.map_err(|_| Error::unavailable("too many calls of the store are under way"))?;
        place.map_err(Error::unavailable)
    }

    async fn settle<T>(&self, outcome: Result<T, RedisError>, lane: &Lane, live: &Live, doing: &str) -> Result<T> {
        match outcome {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let fault = self.0.shared.weigh(faults::judge(&error, self.0.shared.connector.shown(), doing));
                if fault.reconnect {
                    lane.discard(live).await;
                }
                Err(fault.error)
            }
        }
    }
}
