//! A store that asks a hook before and after every commit; all else passes through.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use reelq_model::Timestamp;
use reelq_store::{Commit, Committed, Result, SharedStore, StoreDecorator, WorkerView};

/// What may happen around a commit.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Before the store is asked; an error is given instead of asking it.
    async fn before(&self, commits: &[Commit]) -> Result<()>;

    /// After the store has done it.
    async fn after(&self, commits: &[Commit]);

    /// Before the workers are listed.
    async fn looked_for(&self) {}
}

/// A store with a hook around its commits.
pub struct HookedStore<H> {
    /// The store itself.
    pub inner: SharedStore,
    /// What happens around commits.
    pub hook: Arc<H>,
}

impl<H> fmt::Debug for HookedStore<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookedStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl<H: Hook + 'static> StoreDecorator for HookedStore<H> {
    fn inner(&self) -> Result<SharedStore> {
        Ok(Arc::clone(&self.inner))
    }

    fn time(&self) -> Timestamp {
        self.inner.time()
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        self.hook.before(commits).await?;
        let done = self.inner.commit(commits).await?;
        self.hook.after(commits).await;
        Ok(done)
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        self.hook.looked_for().await;
        self.inner.workers().await
    }
}
