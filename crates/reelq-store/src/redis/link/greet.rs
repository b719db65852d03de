//! What is asked on every new connection: is this still the server that the namespace was last seen on?
//!
//! A server that was restarted or replaced may have forgotten its last second. Buying is held there before any script
//! that could claim is loaded, and everybody with a journal is told.

use redis::{RedisResult, aio::MultiplexedConnection};

use super::{faults, lane::Live, options::LinkOptions, script::Script, server::ServerId};
use crate::redis::Namespace;

static MARK: Script = Script::new("mark", &[include_str!("../scripts/mark.lua")]);
static HOLD: Script = Script::new("hold", &[include_str!("../scripts/hold.lua")]);

/// Which server the link stands on; every change of it is a reason to hold journals against the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How many connections were made so far.
    pub(crate) connections: u64,
    /// Names the server that the namespace is on; another one, or the same after a restart, has a greater epoch.
    pub(crate) epoch: u64,
}

/// The keys and times that greeting needs.
#[derive(Debug)]
pub(super) struct Greeter {
    server: String,
    epoch: String,
    hold_until: String,
    format: String,
    hold_ms: u64,
}

impl Greeter {
    pub(super) fn new(namespace: &Namespace, options: &LinkOptions) -> Self {
        let key = |name: &str| format!("{}{name}", namespace.prefix());
        Self {
            server: key("server"),
            epoch: key("epoch"),
            hold_until: key("hold_until"),
            format: key("format"),
            hold_ms: u64::try_from(options.hold.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Greets the server of a new connection and returns the epoch.
    pub(super) async fn greet(&self, connection: &mut MultiplexedConnection, id: &ServerId) -> RedisResult<u64> {
        if let Some((server, epoch)) = self.mark(connection).await?
            && server == id.run
        {
            return Ok(epoch);
        }
        let epoch = self.hold(connection, id).await?;
        load(connection, &MARK).await?;
        Ok(epoch)
    }

    /// Teaches the server a script that it does not know, after looking whether it is another server by now.
    pub(super) async fn teach(&self, live: &Live, script: &Script) -> RedisResult<u64> {
        let mut connection = live.wire.connection.clone();
        let epoch = match self.mark(&mut connection).await? {
            Some((_, epoch)) => epoch,
            None => self.greet(&mut connection, &live.server).await?,
        };
        load(&mut connection, script).await?;
        Ok(epoch)
    }

    /// The server that the namespace was last seen on and the epoch; nothing where the mark is not known.
    async fn mark(&self, connection: &mut MultiplexedConnection) -> RedisResult<Option<(String, u64)>> {
        let call = MARK.call(&[&self.server, &self.epoch]);
        match call.command.query_async::<(Option<String>, Option<u64>)>(connection).await {
            Ok((server, epoch)) => Ok(Some((server.unwrap_or_default(), epoch.unwrap_or_default()))),
            Err(error) if faults::is_unknown_script(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn hold(&self, connection: &mut MultiplexedConnection, id: &ServerId) -> RedisResult<u64> {
        let hold_ms = if syncs_always(connection).await? == Some(true) { 0 } else { self.hold_ms };
        let mut command = redis::cmd("EVAL");
        command.arg(HOLD.text()).arg(4).arg(&self.server).arg(&self.epoch).arg(&self.hold_until).arg(&self.format);
        command.arg(&id.run).arg(hold_ms);
        command.query_async(connection).await
    }
}

async fn load(connection: &mut MultiplexedConnection, script: &Script) -> RedisResult<()> {
    redis::cmd("SCRIPT").arg("LOAD").arg(script.text()).query_async(connection).await
}

/// Whether every command is on disk before it is answered; nothing where the server does not tell.
pub(super) async fn syncs_always(connection: &mut MultiplexedConnection) -> RedisResult<Option<bool>> {
    let wanted = [("appendonly", "yes"), ("appendfsync", "always"), ("no-appendfsync-on-rewrite", "no")];
    for (setting, value) in wanted {
        let asked = redis::cmd("CONFIG").arg("GET").arg(setting).query_async::<Vec<String>>(connection).await;
        match allowed(asked)?.as_deref() {
            Some([_, found]) if found == value => {}
            Some([_, _]) => return Ok(Some(false)),
            _ => return Ok(None),
        }
    }
    Ok(Some(true))
}

/// An answer, or nothing where the server refuses the question.
pub(super) fn allowed<T>(asked: RedisResult<T>) -> RedisResult<Option<T>> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(|code| matches!(code, "NOPERM" | "ERR")) => Ok(None),
        Err(error) => Err(error),
    }
}
