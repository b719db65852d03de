//! Retention: a worker purges batches that ended longer ago than the configuration keeps them.

use std::time::Duration;

use reelq_store::SharedStore;

use crate::commands::purge::{ended_before, purge};

/// How often a worker looks.
const EVERY: Duration = Duration::from_mins(1);

/// Purges batches that ended longer ago than `age`.
#[derive(Debug)]
pub(crate) struct Retiring {
    store: SharedStore,
    /// `None` keeps them for ever.
    age: Option<Duration>,
}

impl Retiring {
    pub(crate) const fn new(store: SharedStore, age: Option<Duration>) -> Self {
        Self { store, age }
    }

    /// Looks for as long as it is polled. Several workers may purge one batch: each step is whole.
    pub(crate) async fn run(&self) {
        let Some(age) = self.age else { return std::future::pending().await };
        loop {
            if let Err(error) = self.look(age).await {
                tracing::debug!(%error, "nothing is purged for now");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn look(&self, age: Duration) -> reelq_store::Result<()> {
        for view in ended_before(&*self.store, age).await? {
            let name = &view.batch.name;
            if let Ok(jobs) = purge(&*self.store, name).await? {
                tracing::warn!(batch = %name, jobs, "purged: it ended longer ago than `retention`");
            }
        }
        Ok(())
    }
}
