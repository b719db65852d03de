//! Retention: a worker purges batches that ended longer ago than the configuration keeps them.
//!
//! What is purged can be told no more: no batch goes before its result manifests tell how it ended.

use std::{collections::BTreeSet, time::Duration};

use reelq_collector::{Place, StorageOptions, loaded, note_loaded};
use reelq_model::BatchName;
use reelq_producer::{Accounts, keep_bought};
use reelq_store::{BatchView, SharedStore};

use super::reporting::{is_told, stamped};
use crate::purging::{ended_before, purge};

/// How often a worker looks.
const EVERY: Duration = Duration::from_mins(1);

/// Purges batches that ended longer ago than `age`.
#[derive(Debug)]
pub(crate) struct Retention {
    store: SharedStore,
    options: StorageOptions,
    /// `None` keeps them for ever.
    age: Option<Duration>,
    bought: KeepBought,
}

/// What is kept of purged batches: what they bought, so that running their manifests again asks first.
#[derive(Debug, Default)]
pub(crate) struct KeepBought {
    /// Whose catalogues tell what a request asks for.
    pub(crate) accounts: Accounts,
    /// At most so many requests, the newest.
    pub(crate) most: u64,
}

impl Retention {
    pub(crate) const fn new(
        store: SharedStore,
        options: StorageOptions,
        age: Option<Duration>,
        bought: KeepBought,
    ) -> Self {
        Self { store, options, age, bought }
    }

    /// Looks for as long as it is polled. Several workers may purge one batch: each step is whole.
    pub(crate) async fn run(&self) {
        let Some(age) = self.age else { return std::future::pending().await };
        let mut warned = BTreeSet::new();
        loop {
            if let Err(error) = self.look(age, &mut warned).await {
                tracing::debug!(%error, "nothing is purged for now");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// `warned` are the batches of which people know that they are kept.
    async fn look(&self, age: Duration, warned: &mut BTreeSet<BatchName>) -> reelq_store::Result<()> {
        for view in ended_before(&*self.store, age).await? {
            let name = &view.batch.name;
            if let Err(error) = self.tell(&view).await {
                if warned.insert(name.clone()) {
                    let error = format!("{error:#}");
                    tracing::warn!(batch = %name, error, "not purged: its result manifest cannot be written");
                }
                continue;
            }
            if let Err(error) = keep_bought(&*self.store, &self.bought.accounts, name, self.bought.most).await {
                tracing::debug!(batch = %name, %error, "not purged for now: what it bought is not noted");
                continue;
            }
            if let Ok(jobs) = purge(&*self.store, name).await? {
                forget_place(&view, &self.options).await;
                tracing::warn!(batch = %name, jobs, "purged: it ended longer ago than `retention`");
            }
        }
        Ok(())
    }

    /// Sees to it that the result manifests tell how a batch ended.
    async fn tell(&self, view: &BatchView) -> anyhow::Result<()> {
        // Without a whole load there was nothing to tell; of what is half purged, nothing true can be told any more.
        if !view.whole || view.purging {
            return Ok(());
        }
        let place = Place::open(&view.batch.output, &view.batch.name, &self.options)?;
        if !is_told(view, &place).await? {
            let written = stamped(&*self.store, view, &place, &mut |_| {}).await?;
            anyhow::ensure!(!written.older_kept, "the state came from a backup that no one has accepted yet");
        }
        Ok(())
    }
}

/// The place is no batch's any more. Where it is out of reach, a later batch of the same name is asked about once.
pub async fn forget_place(view: &BatchView, storage: &StorageOptions) {
    let Ok(place) = Place::open(&view.batch.output, &view.batch.name, storage) else { return };
    if matches!(loaded(&place).await, Ok(Some(_)))
        && let Err(error) = note_loaded(&place, None).await
    {
        tracing::debug!(%error, "the output place keeps the mark of the purged batch");
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use reelq_model::{ManualClock, SharedClock, Timestamp};
    use reelq_store::BatchDraft;
    use reelq_store_sqlite::SqliteStore;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn films() -> BatchName {
        BatchName::new("films").unwrap()
    }

    /// A store with one batch, which ended two days ago.
    async fn store(folder: &Path, output: &Path) -> SharedStore {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
        let shared: SharedClock = clock.clone();
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.join("state.db"), shared).unwrap());
        let draft = BatchDraft {
            name: films(),
            output: output.display().to_string(),
            file_name: "{row}.mp4".to_owned(),
            budget: None,
            priority: 0,
            manifest: "films.csv".to_owned(),
            manifest_path: None,
            passthrough: Vec::new(),
            loaded_with: None,
        };
        let load = store.begin_import(&draft).await.unwrap();
        store.commit_import(&load).await.unwrap();
        clock.advance(DAY * 2);
        store
    }

    #[tokio::test]
    async fn a_batch_is_purged_only_once_its_result_manifest_tells_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let barrier = folder.path().join("mount");
        std::fs::write(&barrier, "a file where a folder belongs").unwrap();
        let output = barrier.join("out");
        let store = store(folder.path(), &output).await;
        let options = StorageOptions::default();
        let retention = Retention::new(Arc::clone(&store), options, Some(DAY), KeepBought::default());
        let mut warned = BTreeSet::new();
        retention.look(DAY, &mut warned).await.unwrap();
        assert!(store.batch(&films()).await.unwrap().is_some(), "no one could know what became of it");
        assert!(warned.contains(&films()), "people are told");
        std::fs::remove_file(&barrier).unwrap();
        retention.look(DAY, &mut warned).await.unwrap();
        assert!(output.join("results.csv").exists());
        assert!(store.batch(&films()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_result_manifest_that_tells_the_end_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let store = store(folder.path(), &output).await;
        let options = StorageOptions::default();
        let view = store.batch(&films()).await.unwrap().unwrap();
        let place = Place::open(&view.batch.output, &films(), &options).unwrap();
        stamped(&*store, &view, &place, &mut |_| {}).await.unwrap();
        std::fs::write(output.join("results.csv"), "read by people since").unwrap();
        Retention::new(Arc::clone(&store), options, Some(DAY), KeepBought::default())
            .look(DAY, &mut BTreeSet::new())
            .await
            .unwrap();
        assert!(store.batch(&films()).await.unwrap().is_none());
        assert_eq!(std::fs::read_to_string(output.join("results.csv")).unwrap(), "read by people since");
    }
}
