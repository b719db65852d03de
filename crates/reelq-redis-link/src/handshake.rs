//! Whether a server lets us in, and what it says about itself where it may refuse to.

use redis::{RedisResult, aio::MultiplexedConnection};

/// Fails where the server answers no one, or not us: one that asks for a password says so with the first command only.
pub(super) async fn lets_us_in(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    redis::cmd("PING").query_async(connection).await
}

/// Whether every command is on disk before it is answered; nothing where the server does not say.
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
