//! Gives jobs back that go no further here: with the looks at their tasks that no commit has counted yet.

use std::{sync::Arc, time::Duration};

use reelq_store::{Lease, SharedStore};

use crate::{
    SharedRng,
    assignment::Assignment,
    committer::{Committer, GROUP},
    fatal_error::FatalError,
    followed_tasks::Waiting,
    retry::retry_transient,
};

#[derive(Debug, Clone)]
pub(crate) struct Returner {
    pub(crate) store: SharedStore,
    pub(crate) committer: Committer,
    pub(crate) fatal: Arc<FatalError>,
    pub(crate) rng: Arc<SharedRng>,
}

impl Returner {
    /// Gives back what was to be begun and was not.
    pub(crate) async fn give_back(self, waiting: Vec<Assignment>) {
        let now = |it: &Assignment| Waiting { leased: Arc::clone(&it.leased), left: Duration::ZERO };
        self.give_back_all(waiting.iter().map(now).collect()).await;
    }

    /// Gives jobs back, each with its due time: those with looks by a commit that counts them, and the others as they are.
    pub(crate) async fn give_back_all(&self, waiting: Vec<Waiting>) {
        let (mut unseen, mut looked) = (Vec::new(), Vec::new());
        for Waiting { leased, left } in waiting {
            match leased.last_look(left) {
                Some(commit) => looked.push(commit),
                None => unseen.push(leased.lease()),
            }
        }
        for group in unseen.chunks(GROUP) {
            self.release(group).await;
        }
        let mut looked = looked.into_iter().peekable();
        while looked.peek().is_some() {
            let group = looked.by_ref().take(GROUP).map(|commit| self.committer.commit(commit));
            futures_util::future::join_all(group).await;
        }
    }

    async fn release(&self, leases: &[Lease]) {
        if let Err(error) = retry_transient(&self.rng, || self.store.release(leases)).await {
            self.fatal.raise(error);
        }
    }
}
