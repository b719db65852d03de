//! Sentinel: the master of the moment, also after the old one has died.

use std::time::Duration;

use reelq_redis_server::{Certificates, Options, RedisServer, Reply};

use super::kit::{count, key, open, options, until_counted};
use crate::{Link, LinkOptions, TlsFiles};

/// A master, its replica, and a sentinel that gives the master up quickly.
fn watched() -> (RedisServer, RedisServer, RedisServer) {
    watched_by(|| RedisServer::with().tcp())
}

/// The same, of servers that are reached like this.
fn watched_by(reached: impl Fn() -> Options) -> (RedisServer, RedisServer, RedisServer) {
    let master = reached().start();
    let replica = reached().directive(&format!("replicaof 127.0.0.1 {}", master.port())).start();
    let sentinel = reached()
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
    assert_takeover_is_followed(&link, &mut master, &replica, &sentinel).await;
}

#[tokio::test]
async fn service_that_no_sentinel_watches_is_named() {
    let (_master, _replica, sentinel) = watched();
    let error = open(&format!("redis+sentinel://127.0.0.1:{}/other", sentinel.port()), options()).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("watches no service `other`"), "{source}");
}

/// A sentinel that tells of a master with this epoch, and never acts alone.
fn teller(master: &RedisServer, epoch: u64) -> RedisServer {
    RedisServer::with()
        .sentinel()
        .directive(&format!("sentinel monitor main 127.0.0.1 {} 2", master.port()))
        .directive(&format!("sentinel config-epoch main {epoch}"))
        .start()
}

fn url(ports: &[u16]) -> String {
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("redis+sentinel://{}/main/0", hosts.join(","))
}

#[tokio::test]
async fn dead_master_of_a_stale_sentinel_does_not_hide_the_new_one() {
    let (mut old, new) = (RedisServer::with().tcp().start(), RedisServer::with().tcp().start());
    for epochs in [(1, 2), (0, 0)] {
        let (stale, fresh) = (teller(&old, epochs.0), teller(&new, epochs.1));
        old.kill();
        let link = open(&url(&[stale.port(), fresh.port()]), options()).await.unwrap();
        assert!(count(&link).await.unwrap() > 0);
    }
    assert_eq!(new.command(&["GET", &key("count")]), Reply::Text("2".into()));
}

#[tokio::test]
async fn master_that_became_a_replica_is_passed_over() {
    let (old, new) = (RedisServer::with().tcp().start(), RedisServer::with().tcp().start());
    old.command(&["REPLICAOF", "127.0.0.1", &new.port().to_string()]);
    let (stale, fresh) = (teller(&old, 0), teller(&new, 0));
    let link = open(&url(&[stale.port(), fresh.port()]), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_eq!(new.command(&["GET", &key("count")]), Reply::Text("1".into()));
}

#[tokio::test]
async fn living_master_of_an_older_epoch_is_never_used() {
    let (old, mut new) = (RedisServer::with().tcp().start(), RedisServer::with().tcp().start());
    let (first, second, fresh) = (teller(&old, 1), teller(&old, 1), teller(&new, 2));
    new.kill();
    let told = url(&[first.port(), second.port(), fresh.port()]);
    let error = open(&told, options()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(old.command(&["DBSIZE"]), Reply::Int(0));
    new.restart();
    let link = open(&told, options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_eq!(old.command(&["DBSIZE"]), Reply::Int(0));
}

#[tokio::test]
async fn sentinel_that_hangs_holds_nobody_up_for_long() {
    let master = RedisServer::with().tcp().start();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let fresh = teller(&master, 0);
    let options = LinkOptions { connect_timeout: Duration::from_secs(6), ..options() };
    let link = open(&url(&[silent.local_addr().unwrap().port(), fresh.port()]), options).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn sentinels_with_a_password_of_their_own_are_asked_with_it() {
    let master = RedisServer::with().tcp().password("of-the-server").start();
    let sentinel = RedisServer::with()
        .sentinel()
        .password("of-the-sentinel")
        .directive(&format!("sentinel monitor main 127.0.0.1 {} 2", master.port()))
        .directive("sentinel auth-pass main of-the-server")
        .start();
    let options = LinkOptions {
        password: Some("of-the-server".into()),
        sentinel_password: Some("of-the-sentinel".into()),
        ..options()
    };
    let link = open(&url(&[sentinel.port()]), options).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn failover_is_followed_over_tls() {
    let certificates = Certificates::make();
    let tls = || RedisServer::with().tls(certificates.tls(false)).directive("tls-replication yes");
    let (mut master, replica, sentinel) = watched_by(tls);
    let tls = TlsFiles { authorities: Some(certificates.authority()), ..TlsFiles::default() };
    let told = format!("rediss+sentinel://127.0.0.1:{}/main/0", sentinel.port());
    let link = open(&told, LinkOptions { tls, ..options() }).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_takeover_is_followed(&link, &mut master, &replica, &sentinel).await;
}

/// The replica has what was counted; once its master is gone it takes over, and the link goes on there.
async fn assert_takeover_is_followed(
    link: &Link,
    master: &mut RedisServer,
    replica: &RedisServer,
    sentinel: &RedisServer,
) {
    wait_for(replica, &["GET", &key("count")], "1").await;
    wait_for(sentinel, &["INFO", "sentinel"], "slaves=1").await;
    master.kill();
    assert_eq!(until_counted(link).await, 2);
    assert_eq!(replica.command(&["GET", &key("count")]), Reply::Text("2".into()));
}
