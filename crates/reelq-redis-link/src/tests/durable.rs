//! Strict durability: against a server that syncs every command, and one that is asked to.

use std::time::Duration;

use reelq_redis_server::{Disk, Newer, RedisServer};
use tokio::task::JoinSet;

use super::kit::{COUNT, count, key, open, options};
use crate::{Durability, LinkOptions};

fn strict() -> LinkOptions {
    LinkOptions { durability: Durability::Strict, ..options() }
}

#[tokio::test]
async fn answer_waits_until_the_disk_has_it() {
    let newer = Newer::start(Disk::Ready).await;
    let link = open(&newer.url(), strict()).await.unwrap();
    let before = newer.waits();
    assert_eq!(before, 1, "the server is examined once");
    // A first call opens the connection for durable ones, which is examined as well.
    link.call_durable(&COUNT.call(&[key("count")])).await.unwrap();
    newer.disk.send_replace(Disk::Busy);
    let mut calls = JoinSet::new();
    let other = link.clone();
    calls.spawn(async move { other.call_durable(&COUNT.call(&[key("count")])).await });
    newer.saw_waits(before + 3).await;
    assert!(calls.try_join_next().is_none(), "answered before its intent was on disk");
    let log = newer.log();
    let connection = log.last().unwrap().split_once(' ').unwrap().0;
    assert_eq!(log[log.len() - 3..], ["EVALSHA", "SET", "WAITAOF"].map(|name| format!("{connection} {name}")));
    assert_eq!(count(&link).await.unwrap(), 3, "plain calls go on beside it");
    newer.disk.send_replace(Disk::Ready);
    assert_eq!(calls.join_next().await.unwrap().unwrap().unwrap(), redis::Value::Int(2));
}

#[tokio::test]
async fn disk_that_is_late_makes_the_call_unavailable() {
    let newer = Newer::start(Disk::Ready).await;
    let link = open(&newer.url(), strict()).await.unwrap();
    newer.disk.send_replace(Disk::Late);
    let error = link.call_durable(&COUNT.call(&[key("count")])).await.unwrap_err();
    assert!(error.is_transient());
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("did not write to its disk within 7.5 s"), "{source}");
}

#[tokio::test]
async fn durable_calls_wait_side_by_side() {
    let newer = Newer::start(Disk::Ready).await;
    let link = open(&newer.url(), LinkOptions { durable_calls: 3, ..strict() }).await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let other = link.clone();
        calls.spawn(async move { other.call_durable(&COUNT.call(&[key("count")])).await });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    newer.disk.send_replace(Disk::Busy);
    let seen = newer.waits();
    for _ in 0..3 {
        let other = link.clone();
        calls.spawn(async move { other.call_durable(&COUNT.call(&[key("count")])).await });
    }
    // New connections are examined on the way, so at least as many waits as calls are under way.
    newer.saw_waits(seen + 3).await;
    newer.disk.send_replace(Disk::Ready);
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
}

#[tokio::test]
async fn server_without_an_append_only_file_is_refused() {
    let newer = Newer::start(Disk::Off).await;
    let error = open(&newer.url(), strict()).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(error.to_string().contains("keeps no append-only file: set `appendonly yes`"), "{error}");
}

#[tokio::test]
async fn older_server_must_sync_every_command() {
    let good = RedisServer::with().append_only("always").start();
    let link = open(&good.socket_url(), strict()).await.unwrap();
    let answer = link.call_durable(&COUNT.call(&[key("count")])).await.unwrap();
    assert_eq!(answer, redis::Value::Int(1));
    let weak = [
        RedisServer::with(),
        RedisServer::with().append_only("everysec"),
        RedisServer::with().append_only("always").directive("no-appendfsync-on-rewrite yes"),
    ];
    for options in weak {
        let error = open(&options.start().socket_url(), strict()).await.unwrap_err();
        assert!(!error.is_transient());
        assert!(error.to_string().contains("does not sync every command: set `appendonly yes`"), "{error}");
    }
}

#[tokio::test]
async fn server_that_does_not_tell_is_refused() {
    let server = RedisServer::with().tcp().append_only("always").start();
    server.command(&["ACL", "SETUSER", "worker", "on", ">pw", "~*", "+@all", "-config"]);
    let url = format!("redis://worker:pw@127.0.0.1:{}", server.port());
    let error = open(&url, strict()).await.unwrap_err();
    assert!(error.to_string().contains("let this user run CONFIG GET"), "{error}");
    assert!(open(&url, options()).await.is_ok());
}

#[tokio::test]
async fn what_the_server_promises_is_examined_again_on_every_connection() {
    let server = RedisServer::with().append_only("always").start();
    let link = open(&server.socket_url(), strict()).await.unwrap();
    server.command(&["CONFIG", "SET", "appendfsync", "everysec"]);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    for _ in 0..1000 {
        match link.call_durable(&COUNT.call(&[key("count")])).await {
            Err(error) if !error.is_transient() => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Ok(_) => panic!("called on a server that does not sync"),
        }
    }
    panic!("the server was never refused");
}
