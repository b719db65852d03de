//! [`Journaled`]: a store in front of which a local journal stands. All but purchases passes through.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Acceptance, JobId, SharedClock, Timestamp, WorkerId};

use super::{
    JournalSettings,
    entry::{Entry, Line},
    manager::JournalManager,
};
use reelq_store::{
    Claim, ClaimStage, Claimed, Commit, Committed, Error, LateAcceptance, Result, SharedStore, StoreDecorator,
};

/// A store with this process's journal in front of it.
#[derive(Debug)]
pub struct Journaled {
    pub(super) inner: SharedStore,
    pub(super) manager: JournalManager,
}

impl Journaled {
    /// Opens the journal of `worker`, creating it and its folder where they are new. Blocks for a moment.
    ///
    /// What the folder holds is told to the store before the first purchase is claimed.
    pub fn open(inner: SharedStore, settings: JournalSettings, worker: &WorkerId, clock: SharedClock) -> Result<Self> {
        let manager = JournalManager::open(Arc::clone(&inner), settings, worker, clock)?;
        Ok(Self { inner, manager })
    }
}

#[async_trait]
impl StoreDecorator for Journaled {
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
        match claim.stage {
            ClaimStage::Submit => self.claim_purchases(claim).await,
            ClaimStage::Poll | ClaimStage::Collect => self.inner.claim(claim).await,
        }
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let closings: Vec<Line> = commits.iter().filter_map(|commit| self.closing(commit)).collect();
        self.manager.close(&closings);
        let intents: Vec<Line> = commits.iter().filter_map(|commit| self.intent(commit)).collect();
        if !self.manager.write(&intents).await {
            return self.commit_unwritten(commits).await;
        }
        let epoch = self.inner.epoch();
        let answers = self.inner.commit(commits).await?;
        if self.inner.epoch() != epoch && intents.iter().any(|line| matches!(line.entry, Entry::Sending { .. })) {
            // The answer may be of a server that is not the store any more: whoever asks again is told how it stands.
            return Err(Error::unavailable("the store changed hands in the middle of a commit"));
        }
        self.manager.closed(&closings);
        self.note_answers(commits, &answers);
        self.note_ends(commits, &answers);
        Ok(answers)
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        let line = self.manager.line(job, None, Entry::accepted(acceptance, first_poll));
        // Where it cannot be written, the store is told all the same.
        self.manager.write(std::slice::from_ref(&line)).await;
        let late = self.inner.record_acceptance(job, acceptance, first_poll).await?;
        self.manager.answered(&[line]);
        Ok(late)
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        let rescued = self.inner.heartbeat(worker).await?;
        self.manager.settle().await?;
        self.manager.confirm_again().await?;
        self.manager.trim().await;
        Ok(rescued)
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        self.inner.deregister(worker).await?;
        self.manager.leave().await
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        // A process whose hands are full claims nothing, and its next heartbeat may come after others buy again.
        if let Err(error) = self.manager.settle().await {
            tracing::debug!(%error, "the journal is held against the store later");
        }
        let heard = tokio::select! {
            news = self.inner.watch(mark, limit) => news,
            () = self.manager.falls_behind() => {
                self.manager.settle().await?;
                self.inner.watch(mark, Duration::ZERO).await
            }
        };
        self.manager.heard(heard.as_ref().ok().copied());
        heard
    }
}
