//! A write in front of a wait, so that the wait covers everything older.
//!
//! The server waits for the last write of the connection that asks, and a script that found its work done wrote nothing.

use redis::{Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection};

/// So long lives a fence that a full server lets no one set anew; the next one that is set lives for good.
const A_YEAR_S: u32 = 365 * 24 * 3_600;

/// Writes to `fence`, then asks `wait`. A full server takes the write that needs no room.
pub(super) async fn fenced<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    fence: &str,
    wait: &Cmd,
) -> Result<T, RedisError> {
    let mut set = redis::cmd("SET");
    match behind(connection, set.arg(fence).arg(""), wait).await {
        Err(error) if error.code() == Some("OOM") => {
            let mut keep = redis::cmd("EXPIRE");
            behind(connection, keep.arg(fence).arg(A_YEAR_S), wait).await
        }
        outcome => outcome,
    }
}

/// Both are sent before either is answered, in this order.
async fn behind<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    write: &Cmd,
    wait: &Cmd,
) -> Result<T, RedisError> {
    let mut other = connection.clone();
    let (written, waited) = tokio::join!(write.query_async::<()>(connection), wait.query_async(&mut other));
    written.and(waited)
}
