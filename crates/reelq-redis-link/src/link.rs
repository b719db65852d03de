//! [`Link`]: calls of scripts and plain reads over connections that restore themselves.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, RedisError, Value};
use reelq_model::SharedClock;

use super::{
    address::Address,
    connect::Connector,
    durable::Syncing,
    everywhere, faults,
    fence::fenced,
    hearing::{Ear, Hearing},
    lent::{drop_broken, get},
    namespace::Namespace,
    options::LinkOptions,
    pool::{Connection, Connections, Maker, Places},
    script::Call,
    slot,
};
use reelq_store::{Error, Result, Spread};

/// The way to the server, for every task of a process; clones share it.
#[derive(Debug, Clone)]
pub struct Link(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: Namespace,
    maker: Maker,
    plain: Places,
    durable: Connections,
    hearing: Hearing,
    fence: String,
}

impl Link {
    /// Connects to the server at `address`, for the keys of `namespace`; may be repeated.
    ///
    /// # Errors
    ///
    /// Where the server is unreachable, refuses the login, or cannot keep the promised durability.
    pub async fn open(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let connector = || Connector::new(address.clone(), options.clone(), slot::of(namespace.name()));
        let hearing = Hearing::new(connector()?, clock.clone())?;
        let maker = Maker::new(connector()?, clock);
        let options = &maker.connector.options;
        let link = Self(Arc::new(Inner {
            plain: maker.places(options.calls)?,
            durable: maker.pool(options.durable_calls)?,
            hearing,
            fence: format!("{}fence", namespace.prefix()),
            namespace,
            maker: maker.clone(),
        }));
        _ = get(&link.0.plain).await?;
        Ok(link)
    }

    /// The clock that its waits go by.
    pub fn clock(&self) -> &SharedClock {
        &self.0.maker.clock
    }

    /// How long a call is to be repeated while the server is unreachable; the link itself repeats none.
    pub fn patience(&self) -> Duration {
        self.0.maker.connector.options.patience.get()
    }

    /// Whose keys this link touches.
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Calls a script once; the caller repeats it.
    ///
    /// # Errors
    ///
    /// Unavailable where the answer is lost, done or not, or where the server cannot do it now; broken where it refuses.
    pub async fn call(&self, call: &Call) -> Result<Value> {
        let connection = get(&self.0.plain).await?;
        let outcome = self.run(&connection, call).await;
        self.settle(outcome, &connection, call.script.name())
    }

    /// Calls a script, and under strict durability answers only once what it did is on the server's disk.
    ///
    /// A repeat waits for the disk as well, also where the script finds that all was done before.
    ///
    /// # Errors
    ///
    /// As [`Self::call`]; and unavailable, though done, where the disk does not have it in time.
    pub async fn call_durable(&self, call: &Call) -> Result<Value> {
        if get(&self.0.plain).await?.syncing == Syncing::ByItself {
            return self.call(call).await;
        }
        let connection = get(&self.0.durable).await?;
        let outcome = self.run(&connection, call).await;
        let value = self.settle(outcome, &connection, call.script.name())?;
        let outcome = self.wait_for_disk(&connection).await;
        match self.settle(outcome, &connection, "the wait for its disk")? {
            0 => Err(Error::unavailable(format!(
                "{} did not write to its disk within {} s",
                self.0.maker.connector.shown(),
                self.sync_limit().as_secs_f32()
            ))),
            _ => Ok(value),
        }
    }

    /// Waits until everything that was done before is on the server's disk and on every replica that is connected.
    ///
    /// What did not get there in time is told, and is no error. May be repeated.
    ///
    /// # Errors
    ///
    /// Where the server cannot be asked.
    pub async fn everywhere(&self) -> Result<Spread> {
        let connection = get(&self.0.durable).await?;
        let outcome = everywhere::wait(&mut connection.channel(), &self.0.fence, self.sync_limit()).await;
        self.settle(outcome, &connection, "the wait for its replicas")
    }

    /// Runs one plain command.
    ///
    /// # Errors
    ///
    /// As [`Self::call`].
    pub async fn query(&self, command: &Cmd) -> Result<Value> {
        let connection = get(&self.0.plain).await?;
        let outcome = command.query_async(&mut connection.channel()).await;
        self.settle(outcome, &connection, "a query")
    }

    /// Hears what the server tells from now on of keys that were read by [`Self::query_and_hear`].
    pub fn ear(&self) -> Ear {
        self.0.hearing.ear()
    }

    /// Runs one plain read, and has it told when what it read changes; nothing where the server does not tell.
    ///
    /// May be repeated. Hear with [`Self::ear`] from before the read: a change may be told before this returns.
    ///
    /// # Errors
    ///
    /// Unavailable where the server does not answer.
    pub async fn query_and_hear(&self, read: &Cmd) -> Result<Option<Value>> {
        self.0.hearing.read(read).await
    }

    /// Calls by hash, and teaches the server the script where it does not know it.
    async fn run(&self, connection: &Connection, call: &Call) -> Result<Value, RedisError> {
        let mut wire = connection.channel();
        match call.command.query_async(&mut wire).await {
            Err(error) if faults::is_unknown_script(&error) => {
                let mut teach = redis::cmd("SCRIPT");
                teach.arg("LOAD").arg(call.script.text()).query_async::<()>(&mut wire).await?;
                call.command.query_async(&mut wire).await
            }
            outcome => outcome,
        }
    }

    /// How many disks hold all that was done before, so one or none.
    async fn wait_for_disk(&self, connection: &Connection) -> Result<u32, RedisError> {
        let limit = u64::try_from(self.sync_limit().as_millis()).unwrap_or(u64::MAX).max(1);
        let (mut channel, mut wait) = (connection.channel(), redis::cmd("WAITAOF"));
        wait.arg(1).arg(0).arg(limit);
        let (disks, _): (u32, u32) = fenced(&mut channel, &self.0.fence, &wait).await?;
        Ok(disks)
    }

    /// Shorter than an answer may take, so that the server gives up first and the connection stays good.
    fn sync_limit(&self) -> Duration {
        self.0.maker.connector.options.response_timeout.mul_f32(0.75)
    }

    fn settle<T>(&self, outcome: Result<T, RedisError>, connection: &Connection, doing: &str) -> Result<T> {
        outcome.map_err(|error| {
            let fault = self.0.maker.weigh(faults::judge(&error, self.0.maker.connector.shown(), doing));
            if fault.reconnect {
                connection.give_up();
                self.drop_broken();
            }
            fault.error
        })
    }

    fn drop_broken(&self) {
        drop_broken(&self.0.plain);
        drop_broken(&self.0.plain.manager().0);
        drop_broken(&self.0.durable);
        self.0.hearing.drop_broken();
    }
}
