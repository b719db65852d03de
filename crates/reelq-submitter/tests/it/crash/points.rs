//! The points at which the world can be stopped, counted over all stages.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use reelq_store::{Commit, Result};
use reelq_testkit::Hook;
use tokio::sync::Notify;

/// Stops the world at the `fatal`-th point that is passed: nothing goes past it or any later one.
#[derive(Debug)]
pub(crate) struct Points {
    passed: AtomicUsize,
    fatal: usize,
    names: Mutex<Vec<String>>,
    pub(crate) stopped: Notify,
}

impl Points {
    pub(crate) fn stopping_at(fatal: usize) -> Self {
        Self { passed: AtomicUsize::new(0), fatal, names: Mutex::default(), stopped: Notify::new() }
    }

    pub(crate) async fn pass(&self, name: impl Into<String>) {
        let number = self.passed.fetch_add(1, Ordering::SeqCst);
        if number >= self.fatal {
            self.stopped.notify_one();
            return std::future::pending().await;
        }
        self.names.lock().unwrap().push(name.into());
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }
}

fn names(commits: &[Commit]) -> String {
    commits.iter().map(|commit| commit.event.name()).collect::<Vec<_>>().join(" and ")
}

#[async_trait]
impl Hook for Points {
    async fn before(&self, commits: &[Commit]) -> Result<()> {
        self.pass(format!("before {}", names(commits))).await;
        Ok(())
    }

    async fn after(&self, commits: &[Commit]) {
        self.pass(format!("after {}", names(commits))).await;
    }
}
