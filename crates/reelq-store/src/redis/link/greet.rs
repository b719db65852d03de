//! What a server says about itself where it may refuse to.

use redis::{RedisResult, aio::MultiplexedConnection};

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
