//! Room for acceptances that the state file cannot take: written in full before anything is sent, so that a full disk cannot
//! keep a paid task id from reaching it. What a process leaves there is recorded when the state is next opened.
//!
//! One file a process, locked while it lives: `STATE.accepted-PID-N`. Lines of a checksum and JSON, up to the first zero byte.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reelq_model::{Acceptance, Digest, Event, JobId, TaskId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{late, steady::Steady, tx::Tx};
use crate::error::{Result, StepError};
use reelq_files::private;
use reelq_store::{Commit, Committed, Error};

/// Room for some five hundred acceptances.
const SIZE: usize = 256 * 1024;
/// Stands between the state file's name and the process.
const INFIX: &str = ".accepted-";
/// Characters of a line's checksum.
const CHECK: usize = 12;

/// An acceptance as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptAcceptance {
    job: JobId,
    acceptance: Acceptance,
    first_poll_ms: u64,
}

/// This process's room.
#[derive(Debug)]
pub(super) struct Reserve {
    state: PathBuf,
    held: Mutex<Option<ReserveFile>>,
}

#[derive(Debug)]
struct ReserveFile {
    path: PathBuf,
    file: File,
    used: usize,
    /// What is in the file and not in the state yet.
    open: HashSet<(JobId, TaskId)>,
}

impl Reserve {
    /// The room beside the state file at `state`; made when it is first needed.
    pub(super) fn beside(state: &Path) -> Self {
        Self { state: state.to_owned(), held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Option<ReserveFile>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the room where there is none yet. Nothing may be sent before it stands.
    ///
    /// # Errors
    /// Unavailable where the disk has no room for it, broken where the folder cannot be written.
    pub(super) fn make(&self) -> Result<()> {
        let mut held = self.held();
        if held.is_none() {
            *held = Some(ReserveFile::make(&self.state).map_err(|error| self.unusable(&error))?);
        }
        Ok(())
    }

    fn unusable(&self, error: &io::Error) -> Error {
        let reason = format!(
            "no room can be made beside {} for the task ids of purchases: {error}; make room on its disk",
            self.state.display()
        );
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Error::unavailable(reason)
        } else {
            Error::broken(reason)
        }
    }

    /// Keeps the acceptances among commits that the state did not take; what is kept already is not written again.
    /// Blocks until they are on disk.
    pub(super) fn keep(&self, commits: &[Commit]) {
        for commit in commits {
            if let Event::Accepted { acceptance, first_poll } = &commit.event {
                self.keep_one(commit.lease.job.id, acceptance, *first_poll);
            }
        }
    }

    /// Keeps one acceptance. Where even that fails, the log names it.
    pub(super) fn keep_one(&self, job: JobId, acceptance: &Acceptance, first_poll: Duration) {
        let first_poll_ms = u64::try_from(first_poll.as_millis()).unwrap_or(u64::MAX);
        let kept = KeptAcceptance { job, acceptance: acceptance.clone(), first_poll_ms };
        let outcome = self.make().and_then(|()| match self.held().as_mut() {
            Some(held) => Ok(held.keep(&kept).map_err(|error| self.unusable(&error))?),
            None => Ok(()),
        });
        if let Err(error) = outcome {
            tracing::error!(%job, task = %acceptance.task, %error, "a paid task is in no file yet: note it for `reelq resolve`");
        }
    }

    /// The state took commits.
    pub(super) fn told(&self, commits: &[Commit], answers: &[Committed]) {
        let mut held = self.held();
        let Some(held) = held.as_mut().filter(|held| !held.open.is_empty()) else { return };
        for (commit, _) in commits.iter().zip(answers).filter(|(_, answer)| !matches!(answer, Committed::Stale)) {
            if let Event::Accepted { acceptance, .. } = &commit.event {
                held.told(commit.lease.job.id, &acceptance.task);
            }
        }
    }

    /// The state took an acceptance.
    pub(super) fn told_one(&self, job: JobId, task: &TaskId) {
        if let Some(held) = self.held().as_mut() {
            held.told(job, task);
        }
    }
}

impl ReserveFile {
    fn make(state: &Path) -> io::Result<Self> {
        let (path, mut file) = create(state)?;
        file.lock()?;
        // Real bytes: a hole would need room once it is written to.
        let made = file
            .write_all(&vec![0; SIZE])
            .and_then(|()| file.sync_all())
            .and_then(|()| reelq_files::sync_parent(&path));
        if made.is_err() {
            std::fs::remove_file(&path).ok();
        }
        made.map(|()| Self { path, file, used: 0, open: HashSet::new() })
    }

    fn keep(&mut self, kept: &KeptAcceptance) -> io::Result<()> {
        let key = (kept.job, kept.acceptance.task.clone());
        if self.open.contains(&key) {
            return Ok(());
        }
        let line = encode(kept)?;
        if self.used + line.len() >= SIZE {
            return Err(io::Error::other("its room is used up"));
        }
        self.file.seek(SeekFrom::Start(self.used as u64))?;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.used += line.len();
        self.open.insert(key);
        Ok(())
    }

    fn told(&mut self, job: JobId, task: &TaskId) {
        if self.open.remove(&(job, task.clone())) && self.open.is_empty() {
            // What lies behind the first zero byte is not read; where this fails, it is told twice.
            let cleared = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&vec![0; self.used]));
            if cleared.is_ok() {
                self.used = 0;
            }
        }
    }
}

impl Drop for ReserveFile {
    fn drop(&mut self) {
        if self.open.is_empty() {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// A file that no one had: another process of the same number may have left one.
fn create(state: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut name = state.as_os_str().to_owned();
        name.push(format!("{INFIX}{}-{number}", std::process::id()));
        let path = PathBuf::from(name);
        match private::options().create_new(true).read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (path, file)),
        }
    }
}

fn encode(kept: &KeptAcceptance) -> io::Result<Vec<u8>> {
    let text = serde_json::to_string(kept).map_err(io::Error::other)?;
    Ok(format!("{} {text}\n", checksum(&text)).into_bytes())
}

fn checksum(text: &str) -> String {
    let mut sum = Digest::of(text.as_bytes()).to_string();
    sum.truncate(CHECK);
    sum
}

/// The whole lines up to the first zero byte; one that was cut short is left out.
fn decode(bytes: &[u8]) -> Vec<KeptAcceptance> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let whole = |line: &str| {
        let (sum, json) = line.split_once(' ')?;
        (sum == checksum(json)).then(|| serde_json::from_str(json).ok()).flatten()
    };
    text.lines().filter_map(whole).collect()
}

/// Records what processes that ended have left beside the state. What cannot be recorded stays for the next time.
pub(super) fn replay(conn: &Connection, state: &Path, time: &Steady) {
    for path in leavings(state) {
        if let Err(error) = replay_file(conn, &path, time) {
            let path = path.display();
            tracing::error!(%path, %error, "paid tasks could not be recorded; they stay in the file until they can be");
        }
    }
}

fn leavings(state: &Path) -> Vec<PathBuf> {
    let folder = state.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut begin = state.file_name().map(OsString::from).unwrap_or_default();
    begin.push(INFIX);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let ours = |name: &OsString| name.as_encoded_bytes().starts_with(begin.as_encoded_bytes());
    entries.flatten().map(|entry| entry.file_name()).filter(ours).map(|name| folder.join(name)).collect()
}

fn replay_file(conn: &Connection, path: &Path, time: &Steady) -> Result<()> {
    let failed = |error: io::Error| Error::unavailable(format!("{}: {error}", path.display()));
    let mut file = match private::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => {}
        // Its process lives.
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(failed(error).into()),
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() < SIZE {
        // Another process is just making it, or died at that: nothing is sent before it is whole.
        return Ok(());
    }
    record(conn, &decode(&bytes), path, time)?;
    Ok(std::fs::remove_file(path).map_err(failed)?)
}

fn record(conn: &Connection, kept: &[KeptAcceptance], path: &Path, time: &Steady) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let tx = Tx { conn, now: time.now(), wall: time.wall(), news: std::cell::Cell::new(false) };
    let recorded = kept.iter().try_for_each(|kept| record_one(&tx, kept));
    let outcome = recorded.and_then(|()| Ok(conn.execute_batch("COMMIT")?));
    match &outcome {
        Ok(()) => {
            let from = path.display();
            tracing::warn!(tasks = kept.len(), %from, "paid tasks that the state could not take at the time were recorded");
        }
        Err(_) if !conn.is_autocommit() => drop(conn.execute_batch("ROLLBACK")),
        Err(_) => {}
    }
    outcome
}

fn record_one(tx: &Tx<'_>, kept: &KeptAcceptance) -> Result<()> {
    let KeptAcceptance { job, acceptance, first_poll_ms } = kept;
    let first_poll = Duration::from_millis(*first_poll_ms);
    match late::record_acceptance(tx, *job, acceptance, first_poll) {
        Ok(_) => Ok(()),
        // That is the first thing it looks for: nothing has changed.
        Err(StepError(Error::NoJob(_))) => {
            tracing::error!(%job, task = %acceptance.task, "a paid task belongs to a job that is in no batch any more");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::Timestamp;

    use super::*;

    fn kept(number: u8) -> KeptAcceptance {
        let task = TaskId::new(format!("task-{number}")).unwrap();
        let at = Timestamp::from_millis(1_790_000_000_000);
        let acceptance = Acceptance { task, submission: 1, cost: None, at, outputs: Vec::new() };
        KeptAcceptance { job: JobId::from_bytes([number; 16]), acceptance, first_poll_ms: 1500 }
    }

    fn read(path: &Path) -> Vec<KeptAcceptance> {
        decode(&std::fs::read(path).unwrap())
    }

    #[test]
    fn what_is_kept_is_read_again_and_gone_once_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut held = ReserveFile::make(&folder.path().join("state.db")).unwrap();
        for number in [1, 2, 1] {
            held.keep(&kept(number)).unwrap();
        }
        assert_eq!(read(&held.path), [kept(1), kept(2)]);
        for number in [1, 2] {
            held.told(JobId::from_bytes([number; 16]), &kept(number).acceptance.task);
        }
        assert_eq!(read(&held.path), []);
        held.keep(&kept(3)).unwrap();
        assert_eq!(read(&held.path), [kept(3)]);
        let path = held.path.clone();
        drop(held);
        assert!(path.exists(), "a task that no one was told of outlives its process");
    }

    #[test]
    fn a_line_that_was_cut_short_is_left_out() {
        let lines = [encode(&kept(1)).unwrap(), encode(&kept(2)).unwrap()].concat();
        for cut in 1..40 {
            assert_eq!(decode(&lines[..lines.len() - cut]).first(), Some(&kept(1)));
            let mut torn = lines[..lines.len() - cut].to_vec();
            torn.extend([0; 64]);
            assert!(decode(&torn).len() <= 2 && decode(&torn)[0] == kept(1));
        }
    }
}
