//! Ports, passwords, users and databases of real servers.

use std::sync::Arc;

use reelq_model::SystemClock;
use reelq_redis_server::{RedisServer, Reply};

use super::kit::{count, key, open, options};
use crate::{Durability, LinkOptions, ServerFacts};

#[tokio::test]
async fn password_and_database_of_the_address_are_used() {
    let server = RedisServer::with().tcp().password("s3cret").start();
    let link = open(&format!("{}/3", server.url()), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_eq!(server.command(&["GET", &key("count")]), Reply::Nil);
    assert!(server.command(&["INFO", "keyspace"]).text().contains("db3:"));
}

#[tokio::test]
async fn password_of_the_options_wins() {
    let server = RedisServer::with().tcp().password("s3cret").start();
    let url = format!("redis://:wrong@127.0.0.1:{}", server.port());
    let link = open(&url, LinkOptions { password: Some("s3cret".into()), ..options() }).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn missing_and_wrong_passwords_are_named_and_never_shown() {
    let server = RedisServer::with().tcp().password("s3cret").start();
    let refusals = [
        (format!("redis://127.0.0.1:{}", server.port()), "asks for a password: give the store one"),
        (format!("redis://:hunter2@127.0.0.1:{}", server.port()), "refuses the user and password"),
        (format!("redis://nobody:hunter2@127.0.0.1:{}", server.port()), "refuses the user and password"),
    ];
    for (url, words) in refusals {
        let error = open(&url, options()).await.unwrap_err();
        assert!(!error.is_transient(), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}{error}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_link_shows_the_password() {
    let server = RedisServer::with().tcp().password("s3cret").start();
    let link = open(&server.url(), options()).await.unwrap();
    assert!(!format!("{link:?}").contains("s3cret"));
    assert!(!format!("{:?}", server.url().parse::<crate::Address>()).contains("s3cret"));
}

/// The rights that docs/redis.md names, for the older of the two kinds of server.
fn documented_rights() -> Vec<String> {
    let page = include_str!("../../../../docs/redis.md");
    let text = page.split("user reelq on >PASSWORD ").nth(1).and_then(|rest| rest.split("```").next());
    let words = text.expect("the page has the rights").replace("{default}", "{test}");
    words.split_whitespace().filter(|word| *word != "+waitaof").map(str::to_owned).collect()
}

#[tokio::test]
async fn user_with_the_documented_rights_can_do_everything() {
    let server = RedisServer::with().tcp().append_only("always").start();
    let rights = documented_rights();
    let mut words = vec!["ACL", "SETUSER", "reelq", "on", ">pw"];
    words.extend(rights.iter().map(String::as_str));
    assert_eq!(server.command(&words), Reply::Text("OK".into()));
    let url = format!("redis://reelq:pw@127.0.0.1:{}", server.port());
    let link = open(&url, LinkOptions { durability: Durability::Strict, ..options() }).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    let facts = ServerFacts::ask(url.parse().unwrap(), options(), Arc::new(SystemClock::default())).await.unwrap();
    assert_eq!((facts.settings.len(), facts.version.is_some()), (6, true), "{facts:?}");
}

#[tokio::test]
async fn narrow_user_is_enough_for_normal_work() {
    let server = RedisServer::with().tcp().start();
    let rights = "on >pw ~reelq:{test}:* -@all +@read +@write +@scripting +@connection +time";
    let words: Vec<_> = ["ACL", "SETUSER", "worker"].into_iter().chain(rights.split(' ')).collect();
    assert_eq!(server.command(&words), Reply::Text("OK".into()));
    let link = open(&format!("redis://worker:pw@127.0.0.1:{}", server.port()), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    server.command(&["ACL", "SETUSER", "worker", "-incr"]);
    let error = count(&link).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn server_that_is_away_is_named() {
    let error = open("redis://127.0.0.1:1", options()).await.unwrap_err();
    assert!(error.is_transient());
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("redis://127.0.0.1:1 cannot be reached: "), "{source}");
}
