//! The one place that spawns tasks, so that a shutdown can wait for all of them.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Spawns tasks and knows when the last of them has ended. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Spawner {
    tracker: TaskTracker,
}

impl Spawner {
    /// Runs `work` as a task of its own on the current runtime.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(work)
    }

    /// How many tasks have not ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Waits until every task has ended.
    pub async fn wait(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        self.tracker.reopen();
    }
}
