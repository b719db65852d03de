//! A machine that joins is known wherever the store may be looked for next, before it buys.

use super::*;

fn signal(server: &RedisServer, name: &str) {
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), &server.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// A replica that follows the master, up to now.
async fn replica_of(master: &RedisServer) -> RedisServer {
    let follows = format!("replicaof 127.0.0.1 {}", master.port());
    let replica = RedisServer::with().tcp().append_only("always").directive(&follows).start();
    for _ in 0..2_000 {
        if master.command(&["INFO", "replication"]).text().contains("state=online") {
            return replica;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the replica never followed");
}

#[tokio::test]
async fn a_machine_that_joins_buys_nothing_before_each_connected_replica_knows_of_it() {
    let mut master = RedisServer::with().tcp().append_only("always").start();
    let replica = replica_of(&master).await;
    let (here, there) = (Machine::new(), Machine::new());
    let url = format!("redis://127.0.0.1:{}/0", master.port());
    let one = here.process(&url, "one").await;
    let jobs = one.load(2).await;
    one.heartbeat().await;
    signal(&replica, "STOP");
    let joins = there.process(&url, "joins").await;
    assert_eq!(joins.claim(1).await.len(), 0, "the replica knows nothing of it");
    signal(&replica, "CONT");
    let mut leases = Vec::new();
    while leases.is_empty() {
        leases = joins.fresh(1).await;
    }
    // From here on the replica hears no more.
    signal(&replica, "STOP");
    joins.buy(&leases[0], "t1").await;
    drop((joins, one));
    master.kill();
    signal(&replica, "CONT");
    replica.command(&["REPLICAOF", "NO", "ONE"]);

    let url = format!("redis://127.0.0.1:{}/0", replica.port());
    let other = here.process(&url, "other").await;
    assert_eq!(other.fresh(9).await.len(), 0, "the journal of the machine that had joined was not asked yet");
    let again = there.process(&url, "again").await;
    again.heartbeat().await;
    assert_eq!(again.status(leases[0].job.id).await, Some(Status::Running));
    let rest: Vec<JobId> = jobs.into_iter().filter(|job| *job != leases[0].job.id).collect();
    assert_eq!(ids(&other.fresh(9).await), rest);
}

#[tokio::test]
async fn who_has_joined_is_noted_with_the_next_claim_and_waited_for_where_the_store_forgets_it() {
    let server = RedisServer::start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    one.load(3).await;
    one.heartbeat().await;
    let joins = there.process(&server.socket_url(), "joins").await;
    let lease = joins.fresh(1).await.remove(0);
    joins.buy(&lease, "t1").await;
    assert_eq!(one.fresh(1).await.len(), 1);
    drop(joins);
    server.command(&["FLUSHALL"]);
    one.load(3).await;
    assert_eq!(one.fresh(9).await.len(), 0, "the other machine's journal was not asked");
    let guard = one.store.guard(&GuardStep::Read).await.unwrap();
    assert_eq!(guard.awaited().map(|view| view.folder.host.as_str()).collect::<Vec<_>>(), ["joins"]);
}
