//! One real `redis-server`, and what it says of itself.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use anyhow::{Context as _, Result};
use reelq_model::{Clock as _, SystemClock};
use reelq_redis_server::{RedisReply, RedisServer};
use reelq_store::SharedStore;
use reelq_store_redis::{LinkOptions, Namespace, RedisStore};

/// How the server keeps what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing on disk, so that what is measured is not the disk.
    InMemory,
    /// In its append-only file, which is synced every second.
    EverySecond,
    /// In its append-only file, which is synced before it answers.
    Always,
}

impl Kept {
    /// For the names of figures.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InMemory => "redis",
            Self::EverySecond => "redis_everysec",
            Self::Always => "redis_always",
        }
    }
}

/// A server, and the namespace `bench` on it.
pub(crate) struct Server {
    pub(crate) redis: RedisServer,
}

/// Counters of the server at one moment, or between two.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// Commands run, those inside scripts among them.
    pub(crate) commands: f64,
    /// Bytes in use.
    pub(crate) memory: f64,
    /// User and system time of the thread that runs commands.
    pub(crate) cpu_us: f64,
    /// Bytes that came and went over its connections.
    pub(crate) traffic: f64,
}

/// What one job of many cost the server, and how many went through in a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) each: Counted,
    pub(crate) per_second: f64,
}

impl Server {
    pub(crate) async fn start(kept: Kept) -> Result<Self> {
        let redis = match kept {
            Kept::InMemory => RedisServer::start(),
            Kept::EverySecond => RedisServer::with().append_only("everysec").start(),
            Kept::Always => RedisServer::with().append_only("always").start(),
        };
        let server = Self { redis };
        // Scripts and connections are there before the first figure is taken.
        server.store().await?.batches().await.context("ask the store")?;
        Ok(server)
    }

    /// Two lines for the head of a configuration.
    pub(crate) fn configuration(&self) -> String {
        format!("store = \"{}\"\nnamespace = \"bench\"\n", self.redis.socket_url())
    }

    /// The store as one more process has it open.
    pub(crate) async fn store(&self) -> Result<SharedStore> {
        let address = self.redis.socket_url().parse()?;
        let namespace: Namespace = "bench".parse()?;
        let store = RedisStore::open(address, namespace, LinkOptions::default(), Arc::new(SystemClock::new()));
        Ok(Arc::new(store.await.context("open the store")?))
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        self.redis.command(&["FLUSHALL"]);
    }

    /// Does `work` on `jobs` jobs, and tells what one of them cost.
    pub(crate) async fn phase<T>(&self, jobs: usize, work: impl Future<Output = Result<T>>) -> Result<Phase> {
        let (before, clock) = (self.counted()?, SystemClock::new());
        work.await?;
        let (wall, after) = (clock.monotonic().as_secs_f64(), self.counted()?);
        Ok(Phase { each: after.since(before).divided(jobs as f64), per_second: jobs as f64 / wall })
    }

    pub(crate) fn counted(&self) -> Result<Counted> {
        let info = self.info();
        let number = |name: &str| {
            let text = info.get(name).with_context(|| format!("the server does not tell {name}"))?;
            text.parse::<f64>().with_context(|| format!("{name} is no number"))
        };
        Ok(Counted {
            commands: number("total_commands_processed")?,
            memory: number("used_memory")?,
            cpu_us: 1e6 * (number("used_cpu_user_main_thread")? + number("used_cpu_sys_main_thread")?),
            traffic: number("total_net_input_bytes")? + number("total_net_output_bytes")?,
        })
    }

    /// From now on, calls are noted that take longer than a tenth of a millisecond.
    pub(crate) fn watch_slow_calls(&self) {
        self.redis.command(&["CONFIG", "SET", "slowlog-log-slower-than", "100"]);
        self.redis.command(&["CONFIG", "SET", "slowlog-max-len", "100000"]);
        self.redis.command(&["SLOWLOG", "RESET"]);
    }

    /// The longest call since then, in milliseconds.
    pub(crate) fn longest_call_ms(&self) -> f64 {
        let RedisReply::List(calls) = self.redis.command(&["SLOWLOG", "GET", "-1"]) else { return 0.0 };
        let micros = |call: RedisReply| match call {
            RedisReply::List(fields) => fields.get(2).map_or(0, RedisReply::int),
            _ => 0,
        };
        calls.into_iter().map(micros).max().unwrap_or(0) as f64 / 1e3
    }

    fn info(&self) -> BTreeMap<String, String> {
        let mut info = BTreeMap::new();
        for section in ["stats", "memory", "cpu"] {
            let reply = self.redis.command(&["INFO", section]);
            let pairs = reply.text().lines().filter_map(|line| line.split_once(':'));
            info.extend(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        }
        info
    }
}

impl Counted {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            commands: self.commands - before.commands,
            memory: self.memory - before.memory,
            cpu_us: self.cpu_us - before.cpu_us,
            traffic: self.traffic - before.traffic,
        }
    }

    pub(crate) fn divided(self, by: f64) -> Self {
        let Self { commands, memory, cpu_us, traffic } = self;
        Self { commands: commands / by, memory: memory / by, cpu_us: cpu_us / by, traffic: traffic / by }
    }
}
