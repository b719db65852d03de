//! Processes of one machine that share a folder of journals, each with a memory of its own.

use reelq_store::{FolderDraft, Remembered};

use super::*;
use crate::kit;

fn folder() -> FolderDraft {
    FolderDraft { id: "f".to_owned(), host: "here".to_owned(), path: "/journal".to_owned() }
}

/// A process that buys, whose journal is told by hand.
async fn buyer(server: &RedisServer, name: &str) -> Process {
    let store: SharedStore = Arc::new(kit::open(server).await);
    store.remember(&folder().id, &Remembered::default());
    let process = Process { store, name: name.to_owned(), limits: limits(1_000.0, 1_000, 1_000) };
    process.tell().await;
    process
}

impl Process {
    /// Holds the folder against the namespace, where it knows nothing that is not here.
    async fn tell(&self) {
        let guard = self.store.guard(&GuardStep::Enter(vec![folder()])).await.unwrap();
        let (folder, generation) = (folder(), guard.generation);
        let told = GuardStep::Confirm { folder, generation, absent: 0, dropped: 0, is_short: false };
        assert!(self.store.guard(&told).await.unwrap().is_confirmed("f"));
    }
}

#[tokio::test]
async fn who_knows_another_life_buys_nothing_before_it_has_told_of_it_though_its_folder_was_confirmed() {
    let server = RedisServer::start();
    let (one, other) = (buyer(&server, "one").await, buyer(&server, "other").await);
    one.load(2).await;
    assert_eq!(other.claim(1).await.len(), 1);
    server.command(&["FLUSHALL"]);
    one.load(2).await;
    one.tell().await;
    assert_eq!(one.claim(1).await.len(), 1);
    assert_eq!(other.claim(9).await.len(), 0, "a line of it may be younger than what was read");
    other.tell().await;
    assert_eq!(other.claim(9).await.len(), 1);
}
