//! Keeps this process's journal: writes, notes answers, holds the folder against the store, trims.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{JobId, SharedClock, WorkerId};

use super::{
    JournalSettings,
    entry::{Contents, Entry, Header, Line, encode_all},
    folder::Folder,
    own::Own,
    pending::{About, Pending},
    reconcile::reconcile,
    scribe::Scribe,
    story::{Stories, tell},
};
use crate::{Error, Result, SharedStore};

#[derive(Debug)]
pub(super) struct Keeper {
    settings: JournalSettings,
    folder: Folder,
    name: String,
    clock: SharedClock,
    scribe: Scribe,
    state: Mutex<State>,
    /// One process holds its journals against the store once at a time.
    settling: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// The store's standing when it had been told everything.
    settled: Option<u64>,
    /// Jobs of the journal that the store does not know.
    missing: BTreeSet<JobId>,
    /// The journal could not be written; when that was last said.
    blocked: Option<Duration>,
    trimmed: Duration,
}

/// How soon it is seen that the store may have forgotten something: others buy again a few seconds later.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is said that nothing is bought.
const REMIND: Duration = Duration::from_secs(30);

impl Keeper {
    pub(super) fn open(settings: JournalSettings, worker: &WorkerId, clock: SharedClock) -> Result<Self> {
        let unusable = |error| {
            let shown = settings.folder.display();
            let advice =
                "every submission is written there before it leaves; make it writable, or name another with `journal`";
            Error::broken(format!("the journal's folder {shown} cannot be used: {error}; {advice}"))
        };
        let folder = Folder::open(&settings.folder, &settings.store).map_err(unusable)?;
        let name = folder.name(worker);
        let header = Header::new(&settings.store, worker.as_str());
        let own = Own::open(folder.clone(), name.clone(), &header, settings.max_bytes).map_err(unusable)?;
        let state = Mutex::new(State { trimmed: clock.monotonic(), ..State::default() });
        let settling = tokio::sync::Mutex::new(());
        Ok(Self { settings, folder, name, clock, scribe: Scribe::start(own), state, settling })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn line(&self, job: JobId, entry: Entry) -> Line {
        Line { job, at: self.clock.now(), entry }
    }

    // ---- writing ----

    /// Writes intents and yeses; `true` once they are on disk. What is there and unanswered is not written again.
    pub(super) async fn write(&self, lines: &[Line]) -> bool {
        let new: Vec<Line> = {
            let state = self.state();
            lines.iter().filter(|line| !state.pending.holds(line)).cloned().collect()
        };
        if new.is_empty() {
            return true;
        }
        if let Err(error) = self.scribe.append(encode_all(&new)).await {
            self.block(&error);
            return false;
        }
        let now = self.clock.monotonic();
        let mut state = self.state();
        state.blocked = None;
        for line in &new {
            state.pending.add(line, now);
        }
        true
    }

    /// Writes lines that only spare a person or a vendor a question.
    fn note(&self, lines: &[Line]) {
        self.scribe.note(encode_all(lines));
    }

    /// Writes that submissions are closed, once for each, however often the store has to be asked.
    pub(super) fn close(&self, lines: &[Line]) {
        let new: Vec<Line> = {
            let mut state = self.state();
            lines.iter().filter(|line| state.pending.closes(line)).cloned().collect()
        };
        self.note(&new);
    }

    /// The store has answered about these.
    pub(super) fn closed(&self, lines: &[Line]) {
        let mut state = self.state();
        for line in lines {
            state.pending.closed(line);
        }
    }

    /// Notes what the store answered: what it says is written, what it confirmed late is kept from now on.
    pub(super) fn answered(&self, lines: &[Line]) {
        let now = self.clock.monotonic();
        let mut notes = Vec::new();
        let mut state = self.state();
        for line in lines {
            notes.extend(About::answered_by(line).and_then(|about| state.pending.answered(&about, now)));
            if !matches!(line.entry, Entry::Accepted { .. }) {
                notes.push(line.clone());
            }
        }
        drop(state);
        self.note(&notes);
    }

    fn block(&self, error: &Error) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        if state.blocked.is_none_or(|told| now.saturating_sub(told) >= REMIND) {
            state.blocked = Some(now);
            tracing::error!(
                %error,
                "nothing is bought until the journal can be written: make room on its disk, or stop and name another folder"
            );
        }
    }

    /// Whether purchases can be written down; tries where the last attempt failed.
    pub(super) async fn is_writable(&self) -> bool {
        if self.state().blocked.is_none() {
            return true;
        }
        match self.scribe.probe().await {
            Ok(()) => self.state().blocked = None,
            Err(error) => self.block(&error),
        }
        self.state().blocked.is_none()
    }

    // ---- holding journals against the store ----

    pub(super) fn is_settled(&self, store: &SharedStore) -> bool {
        self.state().settled == Some(store.standing())
    }

    pub(super) fn unsettle(&self) {
        self.state().settled = None;
    }

    /// Whether the journal tells of this job, and the store did not know it.
    pub(super) fn misses(&self, job: JobId) -> bool {
        self.state().missing.contains(&job)
    }

    /// Waits until the store may have forgotten something.
    pub(super) async fn falls_behind(&self, store: &SharedStore) {
        while self.is_settled(store) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells the store everything that it may have forgotten since it was last told.
    pub(super) async fn settle(&self, store: &SharedStore) -> Result<()> {
        if self.is_settled(store) {
            return Ok(());
        }
        let _alone = self.settling.lock().await;
        if self.is_settled(store) {
            return Ok(());
        }
        let standing = store.standing();
        let (stories, dead) = self.gather().await?;
        let report = reconcile(store, &stories, self.clock.now()).await?;
        if !report.told.is_empty() {
            self.scribe.append(encode_all(&report.told)).await.unwrap_or_else(|error| self.block(&error));
        }
        self.bury(&dead, &report.missing);
        let missing = report.missing.len();
        tracing::info!(
            jobs = stories.len(),
            recalled = report.recalled,
            learned = report.learned,
            missing,
            "the journal was held against the store"
        );
        let mut state = self.state();
        // What the store has just confirmed is kept for as long again.
        (state.settled, state.missing, state.trimmed) = (Some(standing), report.missing, self.clock.monotonic());
        Ok(())
    }

    async fn gather(&self) -> Result<(Stories, Vec<(String, Contents)>)> {
        let mut stories = Stories::new();
        let mut unsent: BTreeSet<(JobId, u32)> = self.state().pending.unsent().collect();
        let own = self.scribe.read().await?;
        told_of_damage(&self.name, &own)?;
        // Lines were written while the file was read.
        unsent.extend(self.state().pending.unsent());
        tell(&mut stories, &own.lines, |job, number| !unsent.contains(&(job, number)));
        let mut dead = Vec::new();
        for (name, live, contents) in self.others().await? {
            told_of_damage(&name, &contents)?;
            // The process may be about to send what is not marked as left; it will be told that it may not.
            tell(&mut stories, &contents.lines, |_, _| !live);
            if !live {
                dead.push((name, contents));
            }
        }
        Ok((stories, dead))
    }

    /// The journals of the other processes of this machine, and whether they live.
    async fn others(&self) -> Result<Vec<(String, bool, Contents)>> {
        let (folder, own) = (self.folder.clone(), self.name.clone());
        let read = tokio::task::spawn_blocking(move || {
            let names = folder.names()?.into_iter().filter(|name| *name != own);
            Ok(names.filter_map(|name| other(&folder, name)).collect())
        });
        let shown = self.folder.path().display();
        let unread =
            |error: std::io::Error| Error::broken(format!("the journal's folder {shown} cannot be read: {error}"));
        read.await.map_err(Error::unavailable)?.map_err(unread)
    }

    /// Removes the journals of dead processes once everything in them has stood long enough.
    fn bury(&self, dead: &[(String, Contents)], missing: &BTreeSet<JobId>) {
        let now = self.clock.now();
        for (name, contents) in dead {
            let is_old = |line: &Line| now.since(line.at) >= self.settings.keep && !missing.contains(&line.job);
            if contents.newer.is_none() && contents.lines.iter().all(is_old) {
                self.folder.remove(name);
            }
        }
    }

    // ---- trimming ----

    /// Drops what the store confirmed long ago.
    pub(super) async fn trim(&self) {
        let now = self.clock.monotonic();
        {
            let mut state = self.state();
            if now.saturating_sub(state.trimmed) < self.settings.keep {
                return;
            }
            state.trimmed = now;
            // Journals of processes that ended meanwhile are looked at with the next claim or heartbeat.
            state.settled = None;
        }
        if let Err(error) = self.rotate().await {
            tracing::warn!(%error, "the journal could not be trimmed; it grows until it can");
        }
    }

    async fn rotate(&self) -> Result<()> {
        let own = self.scribe.read().await?;
        let carried: Vec<Line> = {
            let state = self.state();
            let missing = own.lines.into_iter().filter(|line| state.missing.contains(&line.job));
            missing.chain(state.pending.lines()).collect()
        };
        self.scribe.rotate(encode_all(&carried)).await
    }
}

/// What another process's journal holds; one that cannot be read is told of and passed over.
fn other(folder: &Folder, name: String) -> Option<(String, bool, Contents)> {
    // Asked before reading: a process that ends in between has then written its last line.
    let live = folder.is_live(&name);
    match folder.read(&name) {
        Ok(contents) => Some((name, live, contents)),
        Err(error) => {
            tracing::error!(journal = name, %error, "a journal cannot be read: what only it knows may be bought again");
            None
        }
    }
}

fn told_of_damage(name: &str, contents: &Contents) -> Result<()> {
    if contents.damaged > 0 {
        tracing::error!(
            journal = name,
            lines = contents.damaged,
            "lines of a journal are damaged; the others are used"
        );
    }
    match contents.newer {
        Some(found) => Err(Error::Format { found, supported: 1 }),
        None => Ok(()),
    }
}
