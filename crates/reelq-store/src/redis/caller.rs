//! Calls of scripts: arguments packed, answers unpacked, and a call whose answer was lost made again.

use std::{future::Future, mem, time::Duration};

use redis::{Cmd, Value};
use reelq_model::Timestamp;

use super::{
    hours::Hours,
    link::{Link, Script},
    pack::Unpacker,
    unreadable::Unreadable,
};
use crate::{Error, Result};

/// How often a call is made again at once that brought no answer. Scripts are made to be repeated.
const REPEATS: usize = 2;
/// The first and the longest pause between further calls, where the link has patience.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A script's answer, from behind its time.
#[derive(Debug)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    start: usize,
    /// The time that the script worked with.
    pub now: Timestamp,
}

impl Reply {
    fn read(bytes: Vec<u8>) -> Result<Self> {
        let mut unpacker = Unpacker::new(&bytes);
        unpacker.list()?;
        let now = Timestamp::from_millis(unpacker.int()?);
        let start = bytes.len() - unpacker.rest().len();
        Ok(Self { bytes, start, now })
    }

    /// What follows the time.
    pub(super) fn unpack(&self) -> Unpacker<'_> {
        Unpacker::new(self.bytes.get(self.start..).unwrap_or_default())
    }
}

/// One namespace on one server, and its time.
#[derive(Debug)]
pub(super) struct Caller {
    pub link: Link,
    pub hours: Hours,
    pub unreadable: Unreadable,
}

impl Caller {
    /// Runs a script on its packed arguments.
    pub(super) async fn call(&self, script: &'static Script, arguments: &[u8]) -> Result<Reply> {
        self.repeat(script, arguments, false).await
    }

    /// The same; where durability is strict, it answers only once all of it is on the server's disk.
    pub(super) async fn call_durable(&self, script: &'static Script, arguments: &[u8]) -> Result<Reply> {
        self.repeat(script, arguments, true).await
    }

    async fn repeat(&self, script: &'static Script, arguments: &[u8], durable: bool) -> Result<Reply> {
        let mut left = REPEATS;
        let reply = loop {
            match self.once(script, arguments, durable).await {
                Err(error) if error.is_transient() && left > 0 => left -= 1,
                Err(error) if error.is_transient() => {
                    break self.patiently(error, || self.once(script, arguments, durable)).await?;
                }
                outcome => break outcome?,
            }
        };
        self.hours.hear(reply.now);
        Ok(reply)
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

    async fn once(&self, script: &'static Script, arguments: &[u8], durable: bool) -> Result<Reply> {
        let prefix = self.link.namespace().prefix();
        let call = script.call(&[prefix]).arg(self.hours.argument()).arg(arguments);
        let answer = if durable { self.link.call_durable(&call).await? } else { self.link.call(&call).await? };
        match answer.value {
            Value::BulkString(bytes) => Reply::read(bytes),
            other => Err(Error::broken(format!("a script answered {other:?}"))),
        }
    }
}
