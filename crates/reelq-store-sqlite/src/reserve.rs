//! Room for acceptances that the state file cannot take: written in full before anything is sent, so that a full disk cannot
//! keep a paid task id from reaching it. What a process leaves there is recorded when the state is next opened.
//!
//! One room a process: `STATE.accepted-PID-N`. Each line is JSON.

use std::{
    collections::HashSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{Acceptance, Event, JobId, TaskId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{late, steady::Steady, tx::Tx};
use crate::error::{Result, StepError};
use reelq_files::room::{self, Room};
use reelq_store::{Commit, Committed, Error};

/// Stands between the state file's name and the process.
const INFIX: &str = ".accepted-";

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
    held: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    room: Room,
    /// What is in it and not in the state yet.
    open: HashSet<(JobId, TaskId)>,
}

impl Reserve {
    /// The room beside the state file at `state`; made when it is first needed.
    pub(super) fn beside(state: &Path) -> Self {
        Self { state: state.to_owned(), held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Option<Kept>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the room where there is none yet. Nothing may be sent before it stands.
    ///
    /// # Errors
    /// Unavailable where the disk has no room for it, broken where the folder cannot be written.
    pub(super) fn make(&self) -> Result<()> {
        let mut held = self.held();
        if held.is_none() {
            *held = Some(Kept::make(&self.state).map_err(|error| self.unusable(&error))?);
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

impl Kept {
    fn make(state: &Path) -> io::Result<Self> {
        Ok(Self { room: Room::make(&begin(state))?, open: HashSet::new() })
    }

    fn keep(&mut self, kept: &KeptAcceptance) -> io::Result<()> {
        let key = (kept.job, kept.acceptance.task.clone());
        if self.open.contains(&key) {
            return Ok(());
        }
        self.room.add(&serde_json::to_string(kept).map_err(io::Error::other)?)?;
        self.open.insert(key);
        Ok(())
    }

    /// Where what is told of cannot be cleared, it is told twice.
    fn told(&mut self, job: JobId, task: &TaskId) {
        if self.open.remove(&(job, task.clone())) && self.open.is_empty() {
            self.room.clear();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.open.is_empty() {
            std::fs::remove_file(self.room.path()).ok();
        }
    }
}

/// How the names of all rooms of a state begin.
fn begin(state: &Path) -> PathBuf {
    let mut begin = state.as_os_str().to_owned();
    begin.push(INFIX);
    PathBuf::from(begin)
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
    let begin = begin(state).file_name().map(OsString::from).unwrap_or_default();
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let ours = |name: &OsString| name.as_encoded_bytes().starts_with(begin.as_encoded_bytes());
    entries.flatten().map(|entry| entry.file_name()).filter(ours).map(|name| folder.join(name)).collect()
}

/// The lock is held until the file is gone.
fn replay_file(conn: &Connection, path: &Path, time: &Steady) -> Result<()> {
    let failed = |error: io::Error| Error::unavailable(format!("{}: {error}", path.display()));
    let Some((_lock, lines)) = room::left_at(path).map_err(failed)? else { return Ok(()) };
    record(conn, &read(&lines), path, time)?;
    Ok(std::fs::remove_file(path).map_err(failed)?)
}

fn read(lines: &[String]) -> Vec<KeptAcceptance> {
    lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
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

    fn left(path: &Path) -> Vec<KeptAcceptance> {
        read(&room::lines(&std::fs::read(path).unwrap()))
    }

    #[test]
    fn what_is_kept_is_read_again_and_gone_once_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut held = Kept::make(&folder.path().join("state.db")).unwrap();
        let path = held.room.path().to_owned();
        for number in [1, 2, 1] {
            held.keep(&kept(number)).unwrap();
        }
        assert_eq!(left(&path), [kept(1), kept(2)]);
        for number in [1, 2] {
            held.told(JobId::from_bytes([number; 16]), &kept(number).acceptance.task);
        }
        assert_eq!(left(&path), []);
        held.keep(&kept(3)).unwrap();
        assert_eq!(left(&path), [kept(3)]);
        drop(held);
        assert!(path.exists(), "a task that no one was told of outlives its process");
        assert_eq!(leavings(&folder.path().join("state.db")), [path]);
    }
}
