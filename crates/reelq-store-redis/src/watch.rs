//! News: a counter on the server that moves with every change that others may wait for, whoever made it.

use std::{pin::pin, time::Duration};

use redis::{Cmd, Value};

use super::caller::Caller;
use reelq_store::{Error, Result};

/// Where the server does not tell that the counter moved, it is looked at this soon at first, and the more rarely the longer
/// there was no news: ten plain reads a second become two within four seconds.
const SOONEST: Duration = Duration::from_millis(100);
const RAREST: Duration = Duration::from_millis(500);
/// Where it tells, it is looked at this often all the same: what it said may be lost. It says once that the counter moved,
/// however often that happens, until it is read again: when much happens, no one is told more than is asked for.
const TOLD: Duration = Duration::from_secs(15);

/// Waits until the mark differs from `mark`, at most `limit`.
pub(super) async fn wait(caller: &Caller, mark: u64, limit: Duration) -> Result<u64> {
    let (mut end, mut is_over, mut pause) = (pin!(tokio::time::sleep(limit)), limit.is_zero(), SOONEST);
    loop {
        let mut ear = caller.link.ear();
        let (present, tells) = if is_over { (present(caller).await, false) } else { told(caller).await };
        let present = match present {
            // A server that is unreachable for a moment brings no news; what it missed shows when it is back.
            Err(error) if error.is_transient() && !is_over && mark != 0 => mark,
            present => present?,
        };
        if present != mark || is_over {
            return Ok(present);
        }
        tokio::select! {
            () = &mut end => is_over = true,
            () = ear.told() => {}
            () = tokio::time::sleep(if tells { TOLD } else { pause }) => {}
        }
        pause = (pause + pause / 8).min(RAREST);
    }
}

fn read(caller: &Caller) -> Cmd {
    let mut read = redis::cmd("GET");
    read.arg(format!("{}news", caller.link.namespace().prefix()));
    read
}

/// The mark as it stands, and whether the server tells when it moves from there.
async fn told(caller: &Caller) -> (Result<u64>, bool) {
    match caller.link.query_and_hear(&read(caller)).await {
        Ok(Some(answer)) => (mark(answer), true),
        _ => (present(caller).await, false),
    }
}

/// The mark as it stands; never 0.
async fn present(caller: &Caller) -> Result<u64> {
    caller.query(&read(caller)).await.and_then(mark)
}

fn mark(answer: Value) -> Result<u64> {
    let count = match answer {
        Value::Nil => 0,
        answer => redis::from_redis_value::<u64>(answer).map_err(|error| Error::broken(error.to_string()))?,
    };
    Ok(count.wrapping_add(1).max(1))
}
