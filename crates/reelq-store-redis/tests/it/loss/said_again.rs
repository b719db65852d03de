//! How often a process that rests says that its journal was held against the store.

use super::*;

/// How many scripts a heartbeat of the process takes.
async fn scripts_of_a_heartbeat(server: &RedisServer, process: &Process) -> u64 {
    let before = server.calls("evalsha");
    process.heartbeat().await;
    server.calls("evalsha") - before
}

#[tokio::test]
async fn a_journal_is_confirmed_again_with_the_next_heartbeat_once_anything_has_happened() {
    let server = RedisServer::start();
    let (here, there) = (Machine::new(), Machine::new());
    let one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    other.load(2).await;
    for process in [&one, &other, &one] {
        process.heartbeat().await;
    }
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 2, "it listens to nothing");
    let mut mark = one.store.watch(0, Duration::ZERO).await.unwrap();
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 2);
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 1, "nothing has happened");
    let lease = other.fresh(1).await.remove(0);
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 2, "a purchase was handed out");
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 1);
    other.buy(&lease, "t1").await;
    mark = one.store.watch(mark, Duration::ZERO).await.unwrap();
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 2, "something was bought");
    assert_eq!(scripts_of_a_heartbeat(&server, &one).await, 1);
    server.command(&["FLUSHALL"]);
    assert_ne!(one.store.watch(mark, Duration::from_secs(30)).await.unwrap(), mark);
    // The first begins another life of the namespace, and the second tells it of the journal.
    one.heartbeat().await;
    one.heartbeat().await;
    let guard = one.store.guard(&GuardStep::Read).await.unwrap();
    let is_known = guard.folders.iter().any(|view| view.folder.host == "one" && view.confirmed);
    assert!(is_known, "an emptied server knows of the journal again: {guard:?}");
}
