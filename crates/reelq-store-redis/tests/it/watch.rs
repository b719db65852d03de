//! Waiting for news over Redis: what it costs, and that it outlives the server's restarts.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use crate::kit::{open, open_at, until};
use reelq_redis_server::RedisServer;
use reelq_store::{PauseReason, Store as _};
use reelq_store_conformance::kit::account;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn waiting_for_news_asks_nothing_of_a_server_that_tells_them() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    let before = server.calls("get");
    assert_eq!(store.watch(mark, Duration::from_secs(3)).await.unwrap(), mark);
    let asked = server.calls("get") - before;
    assert!((1..=2).contains(&asked), "{asked}");
}

#[tokio::test]
async fn waiting_for_news_costs_a_few_reads_a_second_where_the_server_does_not_tell_them() {
    let server = RedisServer::with().tcp().start();
    let rights = "on >pw ~* +@all -client|tracking";
    let words: Vec<_> = ["ACL", "SETUSER", "deaf"].into_iter().chain(rights.split(' ')).collect();
    assert_eq!(server.command(&words).text(), "OK");
    let store = open_at(&format!("redis://deaf:pw@127.0.0.1:{}", server.port())).await;
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    let before = server.calls("get");
    assert_eq!(store.watch(mark, Duration::from_secs(3)).await.unwrap(), mark);
    let asked = server.calls("get") - before;
    assert!((3..=16).contains(&asked), "{asked}");
    let news = async { store.pause_account(&account("acct"), &PauseReason::Operator, None).await.unwrap() };
    let (heard, ()) = tokio::join!(store.watch(mark, LONG), news);
    assert_ne!(heard.unwrap(), mark);
}

#[tokio::test]
async fn news_are_heard_by_every_waiting_process_and_task() {
    let server = RedisServer::start();
    let (store, other) = (open(&server).await, open(&server).await);
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    let change = async {
        until(async || tracked(&server) >= 2).await;
        other.pause_account(&account("acct"), &PauseReason::Operator, None).await.unwrap();
    };
    let waits = async { tokio::join!(store.watch(mark, LONG), store.watch(mark, LONG), other.watch(mark, LONG)) };
    let (heard, ()) = tokio::join!(waits, change);
    for heard in [heard.0, heard.1, heard.2] {
        assert_ne!(heard.unwrap(), mark);
    }
}

#[tokio::test]
async fn news_are_heard_after_the_connection_that_tells_them_was_cut() {
    let server = RedisServer::start();
    let (store, other) = (open(&server).await, open(&server).await);
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    let change = async {
        until(async || tracked(&server) >= 1).await;
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        until(async || other.pause_account(&account("acct"), &PauseReason::Operator, None).await.is_ok()).await;
    };
    let (heard, ()) = tokio::join!(store.watch(mark, LONG), change);
    assert_ne!(heard.unwrap(), mark);
}

/// How many connections are told of what changes.
fn tracked(server: &RedisServer) -> usize {
    let clients = server.command(&["INFO", "clients"]);
    let (_, from) = clients.text().split_once("tracking_clients:").unwrap();
    from.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn news_are_heard_after_the_server_was_restarted() {
    let mut server = RedisServer::with().append_only("always").start();
    let (store, other) = (open(&server).await, open(&server).await);
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    server.kill();
    let change = async {
        server.restart();
        until(async || other.pause_account(&account("acct"), &PauseReason::Operator, None).await.is_ok()).await;
    };
    let (heard, ()) = tokio::join!(store.watch(mark, LONG), change);
    assert_ne!(heard.unwrap(), mark);
}

#[tokio::test]
async fn a_server_that_stays_away_is_told_at_the_end() {
    let mut server = RedisServer::start();
    let store = open(&server).await;
    let mark = store.watch(0, Duration::ZERO).await.unwrap();
    server.kill();
    let error = store.watch(mark, Duration::from_millis(300)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}
