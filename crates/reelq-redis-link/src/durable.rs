//! Strict durability: an answer counts only once what it did is on the server's disk.
//!
//! Either the server waits for us (`WAITAOF`), or it syncs before it answers; one that does neither is refused.

use redis::{RedisError, Value, aio::MultiplexedConnection};

use super::{faults, faults::Fault, handshake::syncs_always};
use reelq_store::Error;

/// How the server is brought to have a command on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syncing {
    /// It does so before it answers, or no one asked for it.
    ByItself,
    /// It is asked, after the command and on the same connection.
    OnDemand,
}

/// Finds out how a server syncs; refuses one that does not, or that does not say.
pub(super) async fn examine(connection: &mut MultiplexedConnection, at: &str) -> Result<Syncing, Fault> {
    let asked = redis::cmd("WAITAOF").arg(1).arg(0).arg(1).query_async::<Value>(connection).await;
    match asked {
        Ok(_) => return Ok(Syncing::OnDemand),
        Err(error) if is_without_file(&error) => {
            return Err(refused(at, "keeps no append-only file", "set `appendonly yes` in its redis.conf"));
        }
        Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => {}
        Err(error) => return Err(faults::judge(&error, at, "WAITAOF")),
    }
    match syncs_always(connection).await.map_err(|error| faults::judge(&error, at, "CONFIG GET"))? {
        Some(true) => Ok(Syncing::ByItself),
        Some(false) => Err(refused(
            at,
            "is older than 7.2, so it cannot be asked to sync, and does not sync every command",
            "set `appendonly yes`, `appendfsync always` and `no-appendfsync-on-rewrite no` in its redis.conf, or use Redis \
             7.2 or newer",
        )),
        None => Err(refused(
            at,
            "knows no WAITAOF and does not say whether it syncs every command",
            "let this user run CONFIG GET, or use Redis 7.2 or newer",
        )),
    }
}

fn is_without_file(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("appendonly is disabled"))
}

fn refused(at: &str, what: &str, fix: &str) -> Fault {
    let reason = format!("durability is strict, but {at} {what}: {fix}; or set `durability = \"normal\"`");
    Fault { error: Error::broken(reason), reconnect: false, refused: false }
}
