//! Facts of real servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{sync::Arc, time::Duration};

use reelq_model::SystemClock;
use reelq_redis_server::{RedisServer, Reply};
use reelq_store_redis::{Durability, Gravity, LinkOptions, ServerFacts, judge_server};

async fn facts(url: &str) -> ServerFacts {
    let options = LinkOptions { connect_timeout: Duration::from_secs(10), ..LinkOptions::default() };
    ServerFacts::ask(url.parse().unwrap(), options, Arc::new(SystemClock::default())).await.unwrap()
}

#[tokio::test]
async fn server_tells_what_it_is_judged_by() {
    let server = RedisServer::with().append_only("always").directive("maxmemory 100mb").start();
    let found = facts(&server.socket_url()).await;
    assert!(found.version.as_ref().is_some_and(|version| version.contains('.')), "{found:?}");
    assert_eq!(found.role.as_deref(), Some("master"));
    assert_eq!(found.max_memory, Some(100 << 20));
    assert_eq!((found.appends, found.append_succeeds), (Some(true), Some(true)));
    assert_eq!(found.setting("appendfsync"), Some("always"));
    assert_eq!(found.settings.len(), 6);
    assert!(found.clock_ahead_ms.abs() < 1000, "{found:?}");
    assert_eq!(judge_server(&found, Durability::Strict), []);
    assert_eq!(server.command(&["DBSIZE"]), Reply::Int(0), "looking leaves nothing behind");
}

#[tokio::test]
async fn replica_and_a_user_without_rights_are_told_apart() {
    let master = RedisServer::with().tcp().start();
    let replica = RedisServer::with().tcp().directive(&format!("replicaof 127.0.0.1 {}", master.port())).start();
    let found = facts(&replica.socket_url()).await;
    assert_eq!(judge_server(&found, Durability::Normal)[0].found, "the server is a replica");
    let made = master.command(&["ACL", "SETUSER", "worker", "on", ">pw", "~*", "+@all", "-@dangerous", "-@admin"]);
    assert_eq!(made, Reply::Text("OK".into()));
    let found = facts(&format!("redis://worker:pw@127.0.0.1:{}", master.port())).await;
    assert_eq!((found.version.as_ref(), found.settings.len()), (None, 0));
    let findings = judge_server(&found, Durability::Strict);
    assert_eq!(findings[0].gravity, Gravity::Bad, "{findings:?}");
}
