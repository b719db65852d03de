//! The server that tests start is real, and does what it is asked to.

use reelq_redis_server::{RedisReply, RedisServer};

#[test]
fn what_was_appended_survives_a_kill_and_a_restart() {
    let mut server = RedisServer::with().append_only("always").start();
    assert_eq!(server.command(&["SET", "k", "v"]), RedisReply::Text("OK".into()));
    server.kill();
    server.restart();
    assert_eq!(server.command(&["GET", "k"]), RedisReply::Text("v".into()));
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let mut server = RedisServer::start();
    server.command(&["SET", "k", "v"]);
    server.restart();
    assert_eq!(server.command(&["GET", "k"]), RedisReply::Nil);
}

#[test]
fn password_port_and_cluster_are_as_asked() {
    let server = RedisServer::with().tcp().password("secret").start();
    assert_eq!(server.url(), format!("redis://:secret@127.0.0.1:{}", server.port()));
    assert_eq!(server.command(&["PING"]), RedisReply::Text("PONG".into()));
    let cluster = RedisServer::with().cluster().start();
    assert_eq!(cluster.command(&["SET", "k", "v"]).text(), "OK");
}
