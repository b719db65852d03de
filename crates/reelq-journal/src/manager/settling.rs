//! Telling the store what it may have forgotten: the folder's journals are reconciled with each life of it.

use reelq_store::{Error, FolderDraft, GuardStep, Result, StoreGuard};

use super::{JournalManager, SAY_AGAIN};
use crate::{
    entry::{Line, encode_all},
    lives::{Life, Lives},
    reconcile::{Depot, reconcile},
};

/// How often the journals are held against a store that changes meanwhile.
const ROUNDS: usize = 8;

impl JournalManager {
    /// Tells the store everything that it may have forgotten since it was last told.
    pub(crate) async fn settle(&self) -> Result<()> {
        if self.is_settled() {
            return Ok(());
        }
        let _alone = self.settling.lock().await;
        for _ in 0..ROUNDS {
            if self.is_settled() || self.settle_once().await? {
                return Ok(());
            }
        }
        Err(Error::unavailable("the store changes faster than journals can be held against it"))
    }

    /// Holds the folder against the present generation; `false` where that was over before the end.
    async fn settle_once(&self) -> Result<bool> {
        let guard = self.store.guard(&GuardStep::Read).await?;
        let epoch = self.store.epoch();
        let lives = self.meet(&guard)?;
        let life = lives.find(&guard.identity).cloned().unwrap_or_default();
        if !guard.identity.is_empty() && !guard.is_confirmed(&self.draft.id) {
            self.announce(&guard, &lives, &life).await?;
        }
        let (stories, dead) = self.gather(&life).await?;
        let is_used = guard.folders.iter().any(|view| view.folder.id == self.draft.id && view.absent > 0);
        let depot = Depot { folder: Some(self.draft.id.as_str()).filter(|_| !guard.identity.is_empty()), is_used };
        let report = reconcile(&self.store, &stories, &depot, self.clock.now()).await?;
        let told: Vec<Line> =
            report.told.into_iter().map(|(job, stake, entry)| self.line(job, Some(stake), entry)).collect();
        if !told.is_empty() {
            self.writer.append(encode_all(&told)).await.unwrap_or_else(|error| self.block(&error));
        }
        let missing = report.missing.len();
        let confirm = GuardStep::Confirm {
            folder: self.draft.clone(),
            generation: guard.generation.clone(),
            absent: u64::try_from(missing).unwrap_or(u64::MAX),
            dropped: life.dropped,
            is_short: report.has_strays
                || (!life.settled && lives.before(&guard.identity).any(|life| life.dropped > 0)),
        };
        let forgotten = lives.forgotten(&guard.identity, &self.draft.id);
        if !forgotten.is_empty() && !guard.identity.is_empty() {
            let (folder, found) = (self.draft.id.clone(), Vec::new());
            self.store.guard(&GuardStep::Absent { folder, missing: forgotten, found }).await?;
        }
        let confirmed = self.store.guard(&confirm).await?;
        if confirmed.generation != guard.generation || self.store.epoch() != epoch {
            return Ok(false);
        }
        self.bury(&dead, &report.missing, &life);
        self.note_folders(&confirmed);
        tracing::info!(
            jobs = stories.len(),
            recalled = report.recalled,
            learned = report.learned,
            missing,
            "the journal was held against the store"
        );
        self.see_roster(&confirmed);
        let mut state = self.state();
        // What the store has just confirmed is kept for as long again.
        (state.settled, state.missing, state.trimmed) = (Some(epoch), report.missing, self.clock.monotonic());
        state.confirmed = Some(confirm).filter(|_| !guard.identity.is_empty());
        state.waits.see(&confirmed, &self.draft.id, self.clock.monotonic());
        Ok(true)
    }

    /// Says again that the folder was held against the store: it may have been taken for silent. Learns who is missing.
    pub(crate) async fn confirm_again(&self) -> Result<()> {
        if self.is_said() {
            return Ok(());
        }
        let mark = self.state().mark;
        let Some(confirm) = self.state().confirmed.clone() else { return Ok(()) };
        let guard = self.store.guard(&confirm).await?;
        self.state().waits.see(&guard, &self.draft.id, self.clock.monotonic());
        // Who has joined since must be waited for, too, should the store forget that.
        self.note_folders(&guard);
        {
            let mut state = self.state();
            (state.counted, state.noted) = (guard.counter, (self.clock.monotonic(), mark));
        }
        self.see_roster(&guard);
        Ok(())
    }

    /// Whether it was said lately, no one was missing, and nothing has happened since: there was no news, and no purchase was
    /// handed out to anyone, which the count tells. Without someone who listens nothing is known of that.
    fn is_said(&self) -> bool {
        let (counter, now, state) = (self.store.remembered().counter, self.clock.monotonic(), self.state());
        let (said, mark) = state.noted;
        let is_still = mark.is_some() && mark == state.mark && state.counted == counter;
        is_still && now.saturating_sub(said) < SAY_AGAIN && !state.waits.is_waiting()
    }

    /// Whether the store waits for someone, and it is time to ask again for whom.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.state().waits.is_due(self.clock.monotonic())
    }

    /// The last process of the folder ends, and the store knows everything: no one needs to wait for it.
    pub(crate) async fn leave(&self) -> Result<()> {
        let has_more = !self.state().pending.lines().is_empty() || self.state().confirmed.is_none();
        if has_more || !self.is_settled() {
            return Ok(());
        }
        let others = self.others().await?;
        if others.iter().all(|(_, live, _)| !live) {
            self.state().confirmed = None;
            self.store.guard(&GuardStep::Leave(self.draft.id.clone())).await?;
        }
        Ok(())
    }

    /// Notes that the folder met this life of the store.
    fn meet(&self, guard: &StoreGuard) -> Result<Lives> {
        self.with_lives(|lives| {
            let before = lives.0.len();
            if !guard.identity.is_empty() {
                lives.meet(&guard.identity, self.clock.now());
            }
            lives.0.len() != before
        })
    }

    pub(super) fn note_folders(&self, guard: &StoreGuard) {
        let all = || guard.folders.iter().map(|view| &view.folder);
        let folders: Vec<_> = all().map(|one| (one.id.clone(), one.host.clone(), one.path.clone())).collect();
        let noted = self.with_lives(|lives| {
            let Some(life) = lives.0.iter_mut().find(|life| life.identity == guard.identity) else { return false };
            let settled = life.settled || guard.is_confirmed(&self.draft.id);
            let is_new = life.settled != settled || life.folders != folders;
            (life.settled, life.folders) = (settled, folders);
            is_new
        });
        if let Err(error) = noted {
            tracing::warn!(%error, "it could not be noted whose journals the store knows");
        }
    }

    /// Changes what is kept of the store's lives; `change` says whether it did.
    pub(super) fn with_lives(&self, change: impl FnOnce(&mut Lives) -> bool) -> Result<Lives> {
        let path = self.folder.lives();
        let unusable = |error| Error::broken(format!("the file {} cannot be used: {error}", path.display()));
        let mut lives = Lives::read(&path).map_err(unusable)?;
        if change(&mut lives) {
            lives.write(&path).map_err(unusable)?;
        }
        Ok(lives)
    }

    /// Tells the store, before anything else, which folders may know what it lacks: nothing new is bought without them.
    async fn announce(&self, guard: &StoreGuard, lives: &Lives, life: &Life) -> Result<()> {
        let (stories, _) = self.gather(life).await?;
        let mut folders: Vec<FolderDraft> = Vec::new();
        if !life.settled {
            folders.extend(lives.before(&guard.identity).flat_map(|life| life.others(&self.draft.id)));
        }
        // A store that counts less than it did has forgotten who joined it lately.
        if self.state().counted > guard.survived {
            folders.extend(life.others(&self.draft.id));
        }
        folders.retain(|folder| guard.folders.iter().all(|view| view.folder.id != folder.id));
        folders.extend(Some(self.draft.clone()).filter(|_| !stories.is_empty()));
        if !folders.is_empty() {
            self.store.guard(&GuardStep::Enter(folders)).await?;
        }
        Ok(())
    }
}
