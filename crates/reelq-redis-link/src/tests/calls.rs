//! Calls and restarts.

use std::{process::Command, time::Duration};

use redis::Value;
use reelq_redis_server::RedisServer;
use tokio::task::JoinSet;

use super::kit::{count, key, link, open, options, until_counted};
use crate::LinkOptions;

#[tokio::test]
async fn script_is_taught_once_and_called_by_hash() {
    let server = RedisServer::start();
    let link = link(&server).await;
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_eq!(count(&link).await.unwrap(), 2);
    server.command(&["SCRIPT", "FLUSH"]);
    assert_eq!(count(&link).await.unwrap(), 3);
}

#[tokio::test]
async fn calls_fail_as_unavailable_while_the_server_is_away_and_go_on_afterwards() {
    let mut server = RedisServer::with().append_only("everysec").start();
    let link = link(&server).await;
    count(&link).await.unwrap();
    server.kill();
    for _ in 0..3 {
        let error = count(&link).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    server.restart();
    assert!(until_counted(&link).await >= 1);
}

#[tokio::test]
async fn faults_of_scripts_and_types_stay() {
    let server = RedisServer::start();
    let link = link(&server).await;
    server.command(&["LPUSH", &key("count"), "x"]);
    let error = count(&link).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(error.to_string().contains("fails count: WRONGTYPE"), "{error}");
}

#[tokio::test]
async fn full_server_passes_and_says_what_to_do() {
    let server = RedisServer::with().directive("maxmemory-policy noeviction").start();
    let link = link(&server).await;
    count(&link).await.unwrap();
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = count(&link).await.unwrap_err();
    assert!(error.is_transient());
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("out of memory: raise `maxmemory`"), "{source}");
}

fn signal(server: &RedisServer, name: &str) {
    let sent = Command::new("kill").args([name, &server.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn frozen_server_holds_up_nobody_for_longer_than_an_answer_may_take() {
    let server = RedisServer::start();
    let limit = Duration::from_millis(300);
    let options = LinkOptions { connect_timeout: limit, response_timeout: limit, calls: 2, ..options() };
    let link = open(&server.socket_url(), options).await.unwrap();
    count(&link).await.unwrap();
    signal(&server, "-STOP");
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let link = link.clone();
        calls.spawn(async move { count(&link).await });
    }
    while let Some(call) = calls.join_next().await {
        let error = call.unwrap().unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    signal(&server, "-CONT");
    until_counted(&link).await;
}

#[tokio::test]
async fn a_plain_command_is_answered() {
    let server = RedisServer::start();
    let link = link(&server).await;
    server.command(&["SET", &key("a"), "1"]);
    let length = link.query(redis::cmd("STRLEN").arg(key("a"))).await.unwrap();
    assert_eq!(length, Value::Int(1));
}

/// How many clients the server has, beside whoever asks it that.
fn clients(server: &RedisServer) -> usize {
    let told = server.command(&["INFO", "clients"]).text().to_owned();
    let count = told.lines().find_map(|line| line.strip_prefix("connected_clients:")).unwrap();
    count.trim().parse::<usize>().unwrap() - 1
}

#[tokio::test]
async fn a_connection_that_is_given_up_is_closed_however_many_had_a_place_on_it() {
    let server = RedisServer::with().tcp().start();
    let link = link(&server).await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let link = link.clone();
        calls.spawn(async move { count(&link).await });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(clients(&server), 1);
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = count(&link).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    server.command(&["REPLICAOF", "NO", "ONE"]);
    until_counted(&link).await;
    for _ in 0..3000 {
        if clients(&server) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections are open", clients(&server));
}
