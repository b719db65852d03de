//! Waits until the server's disk and its replicas have what was done before.

use std::time::Duration;

use redis::{RedisError, aio::MultiplexedConnection};

use super::fence::fenced;
use reelq_store::Spread;

/// Asks for the disk and every replica that is connected; a write to `fence` makes the waits cover all that is older.
pub(super) async fn wait(
    connection: &mut MultiplexedConnection,
    fence: &str,
    limit: Duration,
) -> Result<Spread, RedisError> {
    let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
    let told: String = redis::cmd("INFO").arg("replication").query_async(connection).await?;
    let replicas = connected(&told);
    let disk = match fenced::<(u32, u32)>(connection, fence, redis::cmd("WAITAOF").arg(1).arg(0).arg(limit)).await {
        Ok((disks, _)) => Some(disks > 0),
        // Older than 7.2, without an append-only file, or forbidden: it cannot say.
        Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => None,
        Err(error) => return Err(error),
    };
    let reached: u32 = match replicas {
        0 => 0,
        some => redis::cmd("WAIT").arg(some).arg(limit).query_async(connection).await?,
    };
    Ok(Spread { replicas, reached: reached.min(replicas), disk })
}

/// How many replicas follow a server, by what it says of its replication. One that is still being filled takes no master's place.
fn connected(told: &str) -> u32 {
    let is_online = |line: &str| line.starts_with("slave") && line.contains("state=online");
    u32::try_from(told.lines().filter(|line| is_online(line)).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_that_are_still_being_filled_are_not_counted() {
        let told = "role:master\r\nconnected_slaves:2\r\nslave0:ip=127.0.0.1,port=1,state=online,offset=4,lag=0\r\n\
                    slave1:ip=127.0.0.1,port=2,state=send_bulk,offset=0,lag=0\r\nmaster_repl_offset:4\r\n";
        assert_eq!(connected(told), 1);
        assert_eq!(connected("role:master\r\nconnected_slaves:0\r\n"), 0);
    }
}
