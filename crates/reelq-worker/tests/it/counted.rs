//! A world that counts what its runtime says to the store.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use reelq_model::{Event, Timestamp};
use reelq_store::{Claim, ClaimStage, Claimed, Commit, Committed, Result, SharedStore, StoreDecorator};

use crate::support::World;

/// What was said.
#[derive(Debug)]
pub(crate) struct Calls {
    /// The stage whose claims count.
    stage: ClaimStage,
    claimed: AtomicUsize,
    looks: AtomicUsize,
}

impl Calls {
    /// The jobs that claims of the stage brought.
    pub(crate) fn claimed(&self) -> usize {
        self.claimed.load(Ordering::SeqCst)
    }

    /// The commits of looks at tasks that run on.
    pub(crate) fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct Counted {
    inner: SharedStore,
    calls: Arc<Calls>,
}

#[async_trait]
impl StoreDecorator for Counted {
    fn inner(&self) -> Result<SharedStore> {
        Ok(Arc::clone(&self.inner))
    }

    fn time(&self) -> Timestamp {
        self.inner.time()
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let claimed = self.inner.claim(claim).await?;
        if claim.stage == self.calls.stage {
            self.calls.claimed.fetch_add(claimed.leases.len(), Ordering::SeqCst);
        }
        Ok(claimed)
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let looks = commits.iter().filter(|commit| matches!(commit.event, Event::Running { .. })).count();
        self.calls.looks.fetch_add(looks, Ordering::SeqCst);
        self.inner.commit(commits).await
    }
}

/// A world as it is, the same with its store counted, and the counts.
pub(crate) fn counted(stage: ClaimStage) -> (World, World, Arc<Calls>) {
    let calls = Calls { stage, claimed: AtomicUsize::new(0), looks: AtomicUsize::new(0) };
    let (own, calls) = (World::open(), Arc::new(calls));
    let store = Counted { inner: Arc::clone(&own.store), calls: Arc::clone(&calls) };
    let world = World::over(Arc::new(store), Arc::clone(&own.clock));
    (own, world, calls)
}
