//! What every test of the link begins with.

use std::{sync::Arc, time::Duration};

use reelq_model::SystemClock;
use reelq_redis_server::RedisServer;

use crate::{Link, LinkOptions, LuaScript};
use reelq_store::Result;

/// Counts its calls.
pub(super) static COUNT: LuaScript = LuaScript::new("count", &["return redis.call('INCR', KEYS[1])"]);

pub(super) fn options() -> LinkOptions {
    LinkOptions {
        connect_timeout: Duration::from_secs(10),
        response_timeout: Duration::from_secs(10),
        longest_pause: Duration::from_millis(100),
        ..LinkOptions::default()
    }
}

pub(super) async fn open(url: &str, options: LinkOptions) -> Result<Link> {
    Link::open(url.parse().unwrap(), "test".parse().unwrap(), options, Arc::new(SystemClock::default())).await
}

pub(super) async fn link(server: &RedisServer) -> Link {
    open(&server.socket_url(), options()).await.unwrap()
}

pub(super) fn key(name: &str) -> String {
    format!("reelq:{{test}}:{name}")
}

pub(super) async fn count(link: &Link) -> Result<i64> {
    let value = link.call(&COUNT.call(&[key("count")])).await?;
    Ok(redis::from_redis_value(value).unwrap())
}

/// Repeats until the server is back, as every caller does.
pub(super) async fn until_counted(link: &Link) -> i64 {
    let mut last = String::new();
    for _ in 0..3000 {
        match count(link).await {
            Ok(count) => return count,
            Err(error) => {
                assert!(error.is_transient(), "{error:?}");
                last = format!("{error:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server never came back: {last}");
}

/// Repeats until a call fails for this reason.
pub(super) async fn until_refused(link: &Link, reason: &str) {
    let mut last = String::new();
    for _ in 0..3000 {
        last = count(link).await.err().map(|error| format!("{error:?}")).unwrap_or_default();
        if last.contains(reason) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never refused: {last}");
}
