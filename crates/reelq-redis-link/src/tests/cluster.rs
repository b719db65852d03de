//! Cluster: the node that holds the namespace's slot, also after the slot has moved.

use reelq_redis_server::{RedisServer, Reply};

use super::kit::{count, key, open, options, until_counted};

fn url(nodes: &[&RedisServer]) -> String {
    let hosts: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    format!("redis+cluster://{}", hosts.join(","))
}

#[tokio::test]
async fn one_node_with_every_slot_serves() {
    let server = RedisServer::with().cluster().start();
    let link = open(&url(&[&server]), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    assert_eq!(server.command(&["GET", &key("count")]), Reply::Text("1".into()));
}

/// Waits until `node` says so.
fn wait_for(node: &RedisServer, command: &[&str], wanted: impl Fn(&str) -> bool) {
    for _ in 0..3000 {
        if wanted(node.command(command).text()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{command:?} answers {:?}", node.command(command));
}

/// A second node that knows the first and holds no slot.
fn joined(first: &RedisServer) -> RedisServer {
    let second = RedisServer::with().cluster_member().start();
    let (port, bus) = (first.port().to_string(), first.bus_port().to_string());
    second.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
    wait_for(&second, &["CLUSTER", "INFO"], |text| {
        text.contains("cluster_known_nodes:2") && text.contains("cluster_slots_assigned:16384")
    });
    wait_for(first, &["CLUSTER", "INFO"], |text| text.contains("cluster_known_nodes:2"));
    second
}

#[tokio::test]
async fn any_node_names_the_owner_and_a_moved_slot_is_followed() {
    let first = RedisServer::with().cluster().start();
    let second = joined(&first);
    let link = open(&url(&[&second]), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    // Reassigning a slot that holds keys takes more steps than a test needs; an empty one moves in one.
    first.command(&["FLUSHALL"]);
    let slot = second.command(&["CLUSTER", "KEYSLOT", &key("count")]).int().to_string();
    let id = second.command(&["CLUSTER", "MYID"]).text().to_owned();
    for node in [&second, &first] {
        assert_eq!(node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]), Reply::Text("OK".into()));
    }
    assert_eq!(until_counted(&link).await, 1);
    assert_eq!(second.command(&["GET", &key("count")]), Reply::Text("1".into()));
}

#[tokio::test]
async fn slot_on_its_way_is_waited_for_and_nothing_is_begun_where_it_goes() {
    let first = RedisServer::with().cluster().start();
    let second = joined(&first);
    let link = open(&url(&[&first, &second]), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    first.command(&["FLUSHALL"]);
    let slot = first.command(&["CLUSTER", "KEYSLOT", &key("count")]).int().to_string();
    let (from, to) = (first.command(&["CLUSTER", "MYID"]), second.command(&["CLUSTER", "MYID"]));
    second.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", from.text()]);
    first.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", to.text()]);
    // The server would have us ask the other node, which has a part of the namespace at best.
    let error = count(&link).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(second.command(&["DBSIZE"]), Reply::Int(0));
    for node in [&second, &first] {
        node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", to.text()]);
    }
    assert_eq!(until_counted(&link).await, 1);
    assert_eq!(second.command(&["GET", &key("count")]), Reply::Text("1".into()));
}

#[tokio::test]
async fn replica_that_takes_over_is_followed_though_the_first_seed_is_dead() {
    let mut first = RedisServer::with().cluster().start();
    let second = joined(&first);
    let id = first.command(&["CLUSTER", "MYID"]).text().to_owned();
    assert_eq!(second.command(&["CLUSTER", "REPLICATE", &id]), Reply::Text("OK".into()));
    let link = open(&url(&[&first]), options()).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    wait_for(&second, &["INFO", "replication"], |text| text.contains("master_link_status:up"));
    wait_for(&first, &["CLUSTER", "NODES"], |text| text.contains("slave"));
    // A connection made with both nodes known: the seed alone would lead nowhere once it is dead.
    let link = open(&url(&[&first]), options()).await.unwrap();
    first.kill();
    assert_eq!(second.command(&["CLUSTER", "FAILOVER", "TAKEOVER"]), Reply::Text("OK".into()));
    assert!(until_counted(&link).await >= 1);
    wait_for(&second, &["INFO", "replication"], |text| text.contains("role:master"));
}
