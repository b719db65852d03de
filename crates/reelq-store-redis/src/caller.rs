//! Calls of scripts: arguments packed, answers unpacked, and a call whose answer was lost made again.

use std::{future::Future, mem, time::Duration};

use redis::{Cmd, Value};
use reelq_model::Timestamp;

use super::{
    codec::{Packer, Unpacker},
    full::Fullness,
    held::Held,
    kinds::Kinds,
    memory::{self, Epoch, Memory},
    passed_over::PassedOver,
    scripts,
    server_clock::ServerClock,
};
use reelq_redis_link::{Call, Link, LuaScript};
use reelq_store::{Error, Result, Spread};

/// How often a call is made again at once that brought no answer. Scripts are made to be repeated.
const REPEATS: usize = 2;
/// The first and the longest pause between further calls, where the link has patience.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// One call of a script.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    script: &'static LuaScript,
    packed: &'a [u8],
    /// Texts that stand beside the packed arguments: to pack long ones and take them out again costs a script as much as its work.
    beside: &'a [Vec<u8>],
    durable: bool,
    format: u32,
}

/// A script's answer, from behind its head.
#[derive(Debug)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    start: usize,
    /// Texts that stand beside what is packed.
    pub beside: Vec<Vec<u8>>,
    /// The time that the script worked with.
    pub now: Timestamp,
    /// What the namespace is known by.
    pub epoch: Epoch,
}

impl Reply {
    fn read(bytes: Vec<u8>, beside: Vec<Vec<u8>>) -> Result<Self> {
        let mut unpacker = Unpacker::new(&bytes);
        unpacker.list()?;
        let now = Timestamp::from_millis(unpacker.int()?);
        if unpacker.clone().flag().is_ok() {
            unpacker.flag()?;
            return Err(refused(unpacker.int()?));
        }
        let (identity, generation) = (unpacker.text()?.to_owned(), unpacker.text()?.to_owned());
        let (counter, roster, era) = (unpacker.count()?, unpacker.count()?, unpacker.count()?);
        let epoch = Epoch { identity, generation, counter, roster, era };
        let start = bytes.len() - unpacker.rest().len();
        Ok(Self { bytes, start, beside, now, epoch })
    }

    /// What follows the head.
    pub(super) fn unpack(&self) -> Unpacker<'_> {
        Unpacker::new(self.bytes.get(self.start..).unwrap_or_default())
    }
}

/// Why a script did nothing.
fn refused(found: i64) -> Error {
    if found == 0 { Error::unavailable("its records are being moved to a new format") } else { other_format(found) }
}

/// The namespace has a format that this version does not speak.
pub(super) fn other_format(found: i64) -> Error {
    Error::Format { found: u32::try_from(found).unwrap_or(u32::MAX), supported: memory::FORMAT }
}

/// One namespace on one server, and its time.
#[derive(Debug)]
pub(super) struct Caller {
    pub link: Link,
    pub server_clock: ServerClock,
    pub unreadable: PassedOver,
    pub memory: Memory,
    pub fullness: Fullness,
    pub held: Held,
    pub kinds: Kinds,
    /// Where nothing stands in the way, a script that judges little goes first.
    pub takes_short_ways: bool,
}

impl Caller {
    /// Over a link, with nothing heard yet.
    pub(super) fn new(link: Link, server_clock: ServerClock) -> Self {
        let (unreadable, fullness) = (PassedOver::default(), Fullness::default());
        Self {
            link,
            server_clock,
            unreadable,
            memory: Memory::new(),
            fullness,
            held: Held::default(),
            kinds: Kinds::default(),
            takes_short_ways: true,
        }
    }

    /// Runs a script on its packed arguments.
    ///
    /// # Errors
    /// [`Error::Format`] where the namespace has another format than this version's: nothing was done.
    pub(super) async fn call(&self, script: &'static LuaScript, arguments: &[u8]) -> Result<Reply> {
        self.call_with(script, arguments, &[], false).await
    }

    /// The same; where durability is strict, it answers only once all of it is on the server's disk.
    pub(super) async fn call_durable(&self, script: &'static LuaScript, arguments: &[u8]) -> Result<Reply> {
        self.call_with(script, arguments, &[], true).await
    }

    /// The same with texts beside the packed arguments, as durable as is said.
    pub(super) async fn call_with(
        &self,
        script: &'static LuaScript,
        packed: &[u8],
        beside: &[Vec<u8>],
        durable: bool,
    ) -> Result<Reply> {
        self.repeat(Request { script, packed, beside, durable, format: memory::FORMAT }).await
    }

    /// Runs a script that may meet any format.
    pub(super) async fn call_any_format(&self, script: &'static LuaScript, arguments: &[u8]) -> Result<Reply> {
        self.repeat(Request { script, packed: arguments, beside: &[], durable: false, format: 0 }).await
    }

    async fn repeat(&self, request: Request<'_>) -> Result<Reply> {
        let mut left = REPEATS;
        let reply = loop {
            match self.heard(request).await {
                Err(error) if error.is_transient() && left > 0 => left -= 1,
                Err(error) if error.is_transient() => break self.patiently(error, || self.heard(request)).await?,
                outcome => break outcome?,
            }
        };
        self.server_clock.hear(reply.now);
        Ok(reply)
    }

    /// Waits until everything that was done before is on the server's disk and its replicas, as patiently for the server itself.
    pub(super) async fn everywhere(&self) -> Result<Spread> {
        match self.link.everywhere().await {
            Err(error) if error.is_transient() => self.patiently(error, || self.link.everywhere()).await,
            outcome => outcome,
        }
    }

    /// Runs one plain command, as patiently.
    pub(super) async fn query(&self, command: &Cmd) -> Result<Value> {
        match self.link.query(command).await {
            Err(error) if error.is_transient() => self.patiently(error, || self.link.query(command)).await,
            outcome => outcome,
        }
    }

    /// Repeats `attempt` for as long as the link has patience; `error` came of the first one.
    async fn patiently<T, F>(&self, mut error: Error, attempt: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let (began, mut pause, mut is_told) = (self.link.clock().monotonic(), PAUSES.0, false);
        loop {
            let patience = self.link.patience();
            if self.link.clock().monotonic().saturating_sub(began) >= patience {
                return Err(error);
            }
            if !mem::replace(&mut is_told, true) {
                let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                tracing::warn!(%why, "the store is unreachable: asking again for up to {} s", patience.as_secs());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            match attempt().await {
                Err(again) if again.is_transient() => error = again,
                outcome => return outcome,
            }
        }
    }

    /// An answer of the present generation.
    async fn heard(&self, request: Request<'_>) -> Result<Reply> {
        let reply = self.once(request).await?;
        if self.memory.hear(&reply.epoch) {
            return Ok(reply);
        }
        // A server that was replaced and does not know it yet, or one that forgot the present generation: the latter says
        // so when it looks at itself.
        let look = Packer::new().list(1).int(1).finish();
        let (script, format) = (&scripts::FOLDERS, memory::FORMAT);
        let looked = self.once(Request { script, packed: &look, beside: &[], durable: false, format }).await?;
        _ = self.memory.hear(&looked.epoch);
        Err(Error::unavailable("a server answers that another one has taken the place of"))
    }

    async fn once(&self, request: Request<'_>) -> Result<Reply> {
        let prefix = self.link.namespace().prefix();
        let told = self.memory.argument(request.format);
        let call = request.script.call(&[prefix]).arg(self.server_clock.argument()).arg(request.packed).arg(told);
        let call = request.beside.iter().fold(call, Call::arg);
        let answer = if request.durable { self.link.call_durable(&call).await? } else { self.link.call(&call).await? };
        match answer {
            Value::Array(values) => {
                let mut texts = values.into_iter().map(text).collect::<Result<Vec<_>>>()?;
                let packed = if texts.is_empty() { Vec::new() } else { texts.remove(0) };
                Reply::read(packed, texts)
            }
            other => text(other).and_then(|packed| Reply::read(packed, Vec::new())),
        }
    }
}

fn text(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        other => Err(Error::broken(format!("a script answered {other:?}"))),
    }
}
