//! News: a counter on the server that moves with every change that others may wait for, whoever made it.

use std::time::Duration;

use redis::Value;

use super::caller::Caller;
use reelq_store::{Error, Result};

/// The counter is looked at this soon at first, and the more rarely the longer there was no news: ten plain reads a
/// second become two within four seconds. A shared connection of its own for messages would cost more when much happens,
/// for every change would be reported to every process.
const SOONEST: Duration = Duration::from_millis(100);
const RAREST: Duration = Duration::from_millis(500);

/// Waits until the mark differs from `mark`, at most `limit`.
pub(super) async fn wait(caller: &Caller, mark: u64, limit: Duration) -> Result<u64> {
    let (mut left, mut pause) = (limit, SOONEST);
    loop {
        let present = match present(caller).await {
            // A server that is unreachable for a moment brings no news; what it missed shows when it is back.
            Err(error) if error.is_transient() && !left.is_zero() && mark != 0 => mark,
            present => present?,
        };
        if present != mark || left.is_zero() {
            return Ok(present);
        }
        let step = left.min(pause);
        tokio::time::sleep(step).await;
        left -= step;
        pause = (pause + pause / 8).min(RAREST);
    }
}

/// The mark as it stands; never 0.
async fn present(caller: &Caller) -> Result<u64> {
    let key = format!("{}news", caller.link.namespace().prefix());
    let answer = caller.query(redis::cmd("GET").arg(key)).await?;
    let count = match answer {
        Value::Nil => 0,
        answer => redis::from_redis_value::<u64>(answer).map_err(|error| Error::broken(error.to_string()))?,
    };
    Ok(count.wrapping_add(1).max(1))
}
