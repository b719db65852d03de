//! Keeps this process's journal: writes, notes answers, holds the folder against the store, trims.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{Job, JobId, SharedClock, WorkerId};

use super::{
    JournalSettings,
    entry::{Contents, Entry, FORMAT, Header, Line, encode_all},
    epoch::Waits,
    folder::Folder,
    lives::{Life, Lives, inherited},
    own_file::OwnFile,
    pending::{About, Pending},
    reconcile::{Depot, reconcile},
    replay::{Stories, tell},
    writer::JournalWriter,
};
use reelq_store::{Error, FolderDraft, GuardStep, Remembered, Result, SharedStore, Stake, StoreGuard};

mod joining;
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
    /// The folders that the store waits for.
    waits: Waits,
    /// The store's identity and roster when the folder joined; and the same once whoever may take the server's place knows it.
    joined: Option<(String, u64)>,
    known: Option<(String, u64)>,
    /// When it was last said that somebody does not know it yet.
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
/// How often the journals are held against a store that changes meanwhile.
const ROUNDS: usize = 8;
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

    /// Waits until the store may have forgotten something.
    pub(super) async fn falls_behind(&self) {
        while self.is_settled() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells the store everything that it may have forgotten since it was last told.
    pub(super) async fn settle(&self) -> Result<()> {
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
    pub(super) async fn confirm_again(&self) -> Result<()> {
        let Some(confirm) = self.state().confirmed.clone() else { return Ok(()) };
        let guard = self.store.guard(&confirm).await?;
        self.state().waits.see(&guard, &self.draft.id, self.clock.monotonic());
        // Who has joined since must be waited for, too, should the store forget that.
        self.note_folders(&guard);
        self.state().counted = guard.counter;
        self.see_roster(&guard);
        Ok(())
    }

    /// Whether the store waits for somebody, and it is time to ask again for whom.
    pub(super) fn is_waited_for(&self) -> bool {
        self.state().waits.is_due(self.clock.monotonic())
    }

    /// The last process of the folder ends, and the store knows everything: nobody needs to wait for it.
    pub(super) async fn leave(&self) -> Result<()> {
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

    fn note_folders(&self, guard: &StoreGuard) {
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
    fn with_lives(&self, change: impl FnOnce(&mut Lives) -> bool) -> Result<Lives> {
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

    async fn gather(&self, life: &Life) -> Result<(Stories, Vec<(String, Contents)>)> {
        let mut unsent: BTreeSet<(JobId, u32)> = self.state().pending.unsent().collect();
        let own_file = self.writer.read().await?;
        told_of_damage(&self.name, &own_file)?;
        // Lines were written while the file was read.
        unsent.extend(self.state().pending.unsent());
        let others = self.others().await?;
        let all = own_file.lines.iter().chain(others.iter().flat_map(|(.., contents)| &contents.lines));
        let heirs = inherited(all, life);
        let belongs = |line: &&Line| line.identity == life.identity || heirs.contains(&line.job);
        let of_life = |lines: &[Line]| -> Vec<Line> { lines.iter().filter(belongs).cloned().collect() };
        let mut stories = Stories::new();
        tell(&mut stories, &of_life(&own_file.lines), |job, number| !unsent.contains(&(job, number)));
        let mut dead = Vec::new();
        for (name, live, contents) in others {
            told_of_damage(&name, &contents)?;
            // The process may be about to send what is not marked as left; it will be told that it may not.
            tell(&mut stories, &of_life(&contents.lines), |_, _| !live);
            if !live {
                dead.push((name, contents));
            }
        }
        Ok((stories, dead))
    }

    /// The journals of the other processes of this machine, and whether they live.
    async fn others(&self) -> Result<Vec<(String, bool, Contents)>> {
        let (folder, own_file) = (self.folder.clone(), self.name.clone());
        let read = tokio::task::spawn_blocking(move || {
            let names = folder.names()?.into_iter().filter(|name| *name != own_file);
            Ok(names.filter_map(|name| other(&folder, name)).collect())
        });
        let shown = self.folder.path().display();
        let unread =
            |error: std::io::Error| Error::broken(format!("the journal's folder {shown} cannot be read: {error}"));
        read.await.map_err(Error::unavailable)?.map_err(unread)
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
        Some(found) => Err(Error::Format { found, supported: FORMAT }),
        None => Ok(()),
    }
}
