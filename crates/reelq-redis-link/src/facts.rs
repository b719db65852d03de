//! What a server says about itself, asked without touching a key.

use std::collections::BTreeMap;

use redis::{InfoDict, RedisError, aio::MultiplexedConnection};
use reelq_model::{SharedClock, Timestamp};
use serde::Serialize;

use super::{
    address::{Address, Place},
    connect::Connector,
    faults, handshake,
    options::LinkOptions,
};
use reelq_store::{Error, Result};

/// The settings that are asked for; what each puts at risk is judged elsewhere.
const SETTINGS: [&str; 6] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory-policy",
    "min-replicas-to-write",
    "stop-writes-on-bgsave-error",
];

/// What a server says about itself; nothing where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServerFacts {
    /// Its address, without user and password.
    pub address: String,
    /// Whether sentinels name the server.
    pub by_sentinel: bool,
    /// Its version, such as `7.0.15`.
    pub version: Option<String>,
    /// `master` or `slave`, in the server's words.
    pub role: Option<String>,
    /// Whether it is a node of a cluster.
    pub is_cluster: bool,
    /// Bytes that its data may take; zero is no limit.
    pub max_memory: Option<u64>,
    /// Bytes that its data takes.
    pub used_memory: Option<u64>,
    /// Bytes that its machine has.
    pub machine_memory: Option<u64>,
    /// Keys that it has dropped for want of memory since it started.
    pub dropped_keys: Option<u64>,
    /// Scripts that it has dropped since it started.
    pub dropped_scripts: Option<u64>,
    /// Whether it keeps an append-only file.
    pub appends: Option<bool>,
    /// Whether the last write to that file succeeded.
    pub append_succeeds: Option<bool>,
    /// Whether the last snapshot succeeded.
    pub snapshot_succeeds: Option<bool>,
    /// Whether it can be asked to sync (`WAITAOF`).
    pub syncs_on_demand: bool,
    /// Replicas that are connected to it.
    pub replicas: Option<u64>,
    /// Settings by name; empty where it does not show them.
    pub settings: BTreeMap<String, String>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub clock_ahead_ms: i64,
    /// How long a question took, in milliseconds.
    pub round_trip_ms: u64,
}

impl ServerFacts {
    /// Asks the server at `address`. Fails where it cannot be reached or refuses the login.
    pub async fn ask(address: Address, options: LinkOptions, clock: SharedClock) -> Result<Self> {
        let by_sentinel = matches!(address.place, Place::Sentinel { .. });
        let limit = options.connect_timeout + options.response_timeout;
        // Any slot will do: no key is touched.
        let connector = Connector::new(address, options, 0)?;
        let asked = tokio::time::timeout(limit, async {
            let wire = connector.connect().await.map_err(|fault| fault.error)?;
            let facts = gather(&mut wire.connection.clone(), &clock).await;
            facts.map_err(|error| faults::judge(&error, connector.shown(), "the examination").error)
        });
        let asked = Box::pin(asked).await;
        let facts = asked.map_err(|_| Error::unavailable(format!("{} does not answer", connector.shown())))??;
        Ok(Self { address: connector.shown().to_owned(), by_sentinel, ..facts })
    }

    /// A setting, where the server shows it.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

async fn gather(connection: &mut MultiplexedConnection, clock: &SharedClock) -> Result<ServerFacts, RedisError> {
    let (clock_ahead_ms, round_trip_ms) = compare_clocks(connection, clock).await?;
    let mut facts = ServerFacts { clock_ahead_ms, round_trip_ms, ..ServerFacts::default() };
    let asked = redis::cmd("INFO").query_async::<InfoDict>(connection).await;
    if let Some(info) = handshake::allowed(asked)? {
        describe(&mut facts, &info);
    }
    for name in SETTINGS {
        let asked = redis::cmd("CONFIG").arg("GET").arg(name).query_async::<Vec<String>>(connection).await;
        if let Some(value) = handshake::allowed(asked)?.and_then(|mut pair| pair.pop()) {
            facts.settings.insert(name.to_owned(), value);
        }
    }
    let asked = redis::cmd("COMMAND").arg("INFO").arg("WAITAOF").query_async::<Vec<redis::Value>>(connection).await;
    let known = handshake::allowed(asked)?.and_then(|mut commands| commands.pop());
    facts.syncs_on_demand = known.is_some_and(|command| command != redis::Value::Nil);
    Ok(facts)
}

fn describe(facts: &mut ServerFacts, info: &InfoDict) {
    let number = |name: &str| info.get::<u64>(name);
    let text = |name: &str| info.get::<String>(name);
    let succeeds = |name: &str| text(name).map(|status| status == "ok");
    facts.version = text("redis_version");
    facts.role = text("role");
    facts.is_cluster = number("cluster_enabled") == Some(1);
    facts.max_memory = number("maxmemory");
    facts.used_memory = number("used_memory");
    facts.machine_memory = number("total_system_memory");
    facts.dropped_keys = number("evicted_keys");
    facts.dropped_scripts = number("evicted_scripts");
    facts.appends = number("aof_enabled").map(|enabled| enabled == 1);
    facts.append_succeeds = succeeds("aof_last_write_status");
    facts.snapshot_succeeds = succeeds("rdb_last_bgsave_status");
    facts.replicas = number("connected_slaves");
}

/// How far the server's clock is ahead, and how long the question took; the answer is taken to be from its middle.
async fn compare_clocks(connection: &mut MultiplexedConnection, clock: &SharedClock) -> Result<(i64, u64), RedisError> {
    let (before, started) = (clock.now(), clock.monotonic());
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(connection).await?;
    let took = clock.monotonic().saturating_sub(started);
    let theirs = Timestamp::from_millis(seconds * 1000 + micros / 1000);
    let ahead = theirs.millis().saturating_sub(before.after(took / 2).millis());
    Ok((ahead, u64::try_from(took.as_millis()).unwrap_or(u64::MAX)))
}
