//! Keeps this process's journal: writes, notes answers, holds the folder against the store, trims.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{Job, JobId, SharedClock, WorkerId};

use super::{
    JournalSettings,
    entry::{Entry, Header, Line, encode_all},
    epoch::Waits,
    folder::Folder,
    own_file::OwnFile,
    pending::{About, Pending},
    writer::JournalWriter,
};
use reelq_store::{Error, FolderDraft, GuardStep, Remembered, Result, SharedStore, Stake};

mod gathering;
mod joining;
mod settling;
mod trimming;

#[derive(Debug)]
pub(super) struct JournalManager {
    settings: JournalSettings,
    folder: Folder,
    /// The folder as the store knows it.
    draft: FolderDraft,
    store: SharedStore,
    name: String,
    clock: SharedClock,
    writer: JournalWriter,
    state: Mutex<State>,
    /// One process holds its journals against the store once at a time.
    settling: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// The store's standing when it had been told everything.
    settled: Option<u64>,
    /// How the folder was last confirmed, to be said again.
    confirmed: Option<GuardStep>,
    /// What the store had counted when its folders were last noted.
    counted: u64,
    /// When that was, and what the mark of the store's news was before.
    noted: (Duration, Option<u64>),
    /// The mark of the store's news as it was last heard; nothing where no one listens.
    mark: Option<u64>,
    /// The folders that the store waits for.
    waits: Waits,
    /// The store's identity and roster when the folder joined; and the same once whoever may take the server's place knows it.
    joined: Option<(String, u64)>,
    known: Option<(String, u64)>,
    /// When it was last said that someone does not know it yet.
    unknown_told: Option<Duration>,
    /// The roster when it was last noted who takes part.
    roster: u64,
    /// Jobs of the journal that the store does not know.
    missing: BTreeSet<JobId>,
    /// The journal could not be written; when that was last said.
    blocked: Option<Duration>,
    trimmed: Duration,
}

/// How soon it is seen that the store may have forgotten something: others buy again a few seconds later.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is said again that a folder was held against the store, where no one has done anything since.
const SAY_AGAIN: Duration = Duration::from_mins(1);
/// How often it is said that nothing is bought.
const REMIND: Duration = Duration::from_secs(30);

impl JournalManager {
    pub(super) fn open(
        store: SharedStore,
        settings: JournalSettings,
        worker: &WorkerId,
        clock: SharedClock,
    ) -> Result<Self> {
        let unusable = |error| {
            let shown = settings.folder.display();
            let advice =
                "every submission is written there before it leaves; make it writable, or name another with `journal`";
            Error::broken(format!("the journal's folder {shown} cannot be used: {error}; {advice}"))
        };
        let folder = Folder::open(&settings.folder, &settings.namespace).map_err(unusable)?;
        let name = folder.name(worker);
        let header = Header::new(&settings.namespace, worker.as_str());
        let own_file = OwnFile::open(folder.clone(), name.clone(), &header, settings.max_bytes).map_err(unusable)?;
        let state = Mutex::new(State { trimmed: clock.monotonic(), ..State::default() });
        let settling = tokio::sync::Mutex::new(());
        let path = settings.folder.canonicalize().unwrap_or_else(|_| settings.folder.clone());
        let id = folder.id().map_err(unusable)?;
        let draft = FolderDraft { id, host: settings.host.clone(), path: path.display().to_string() };
        store.remember(&draft.id, &told_to(&folder, &store.remembered().identity).map_err(unusable)?);
        Ok(Self {
            settings,
            folder,
            draft,
            store,
            name,
            clock,
            writer: JournalWriter::start(own_file),
            state,
            settling,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn line(&self, job: JobId, stake: Option<Stake>, entry: Entry) -> Line {
        let Remembered { identity, counter } = self.store.remembered();
        Line { job, at: self.clock.now(), entry, stake, identity, told: counter }
    }

    /// A line that says whose money it is.
    pub(super) fn line_of(&self, job: &Job, entry: Entry) -> Line {
        self.line(job.id, Some(Stake::of(job)), entry)
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
        if let Err(error) = self.writer.append(encode_all(&new)).await {
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
    pub(super) fn note(&self, lines: &[Line]) {
        self.writer.note(encode_all(lines));
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
        match self.writer.probe().await {
            Ok(()) => self.state().blocked = None,
            Err(error) => self.block(&error),
        }
        self.state().blocked.is_none()
    }

    // ---- holding journals against the store ----

    pub(super) fn is_settled(&self) -> bool {
        self.state().settled == Some(self.store.epoch())
    }

    pub(super) fn unsettle(&self) {
        self.state().settled = None;
    }

    /// Whether the journal tells of this job, and the store did not know it.
    pub(super) fn misses(&self, job: JobId) -> bool {
        self.state().missing.contains(&job)
    }

    /// Notes what was heard of the store's news: its mark, or that it does not say.
    pub(super) fn heard(&self, mark: Option<u64>) {
        self.state().mark = mark;
    }

    /// Waits until the store may have forgotten something.
    pub(super) async fn falls_behind(&self) {
        while self.is_settled() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What the journals of the folder were told of this life of the store.
fn told_to(folder: &Folder, identity: &str) -> std::io::Result<Remembered> {
    let mut counter = 0;
    for name in folder.names()? {
        let lines = folder.read(&name)?.lines;
        counter =
            counter.max(lines.iter().filter(|line| line.identity == identity).map(|line| line.told).max().unwrap_or(0));
    }
    Ok(Remembered { identity: identity.to_owned(), counter })
}
