//! Sentinel: the master of the moment, also after the old one has died.

use std::time::Duration;

use reelq_redis_server::{RedisServer, Reply};

use super::kit::{count, key, open, options, until_counted};

/// A master, its replica, and a sentinel that gives the master up quickly.
fn watched() -> (RedisServer, RedisServer, RedisServer) {
    let master = RedisServer::with().tcp().start();
    let replica = RedisServer::with().tcp().directive(&format!("replicaof 127.0.0.1 {}", master.port())).start();
    let sentinel = RedisServer::with()
        .sentinel()
        .directive(&format!("sentinel monitor main 127.0.0.1 {} 1", master.port()))
        .directive("sentinel down-after-milliseconds main 300")
        .directive("sentinel failover-timeout main 3000")
        .start();
    (master, replica, sentinel)
}

async fn wait_for(server: &RedisServer, command: &[&str], wanted: &str) {
    for _ in 0..3000 {
        if let Reply::Text(text) = server.command(command)
            && text.contains(wanted)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{command:?} never answers {wanted}: {:?}", server.command(command));
}

#[tokio::test]
async fn failover_is_followed_and_scripts_are_taught_again() {
    let (mut master, replica, sentinel) = watched();
    let url = format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/main/0", sentinel.port());
    let link = open(&url, options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    wait_for(&replica, &["GET", &key("count")], "1").await;
    wait_for(&sentinel, &["INFO", "sentinel"], "slaves=1").await;
    master.kill();
    assert_eq!(until_counted(&link).await, 2);
    assert_eq!(replica.command(&["GET", &key("count")]), Reply::Text("2".into()));
}

#[tokio::test]
async fn service_that_no_sentinel_watches_is_named() {
    let (_master, _replica, sentinel) = watched();
    let error = open(&format!("redis+sentinel://127.0.0.1:{}/other", sentinel.port()), options()).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("watches no service `other`"), "{source}");
}
